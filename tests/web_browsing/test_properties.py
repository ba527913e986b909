"""What holds after any calls at all."""

import hashlib
import json
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web_browsing.site import PAGES, WEB, browser

from environments.web_browsing.environment import LINES, links
from sca.environment import ToolError, tools_of

KINDS = {name: tool.kind for name, tool in tools_of(WEB).items()}
CALLS = st.one_of(
    st.tuples(st.just("click_url"), st.integers(0, 12)),  # one of the links of the page
    st.tuples(st.just("click_url"), st.sampled_from([*PAGES, "/nowhere", "", "https://elsewhere.example/"])),
    st.tuples(st.sampled_from(["go_to_previous_page", "scroll_down", "scroll_up", "view"]), st.none()),
    st.tuples(st.just("calculator"), st.text(max_size=6)),
)
SEQUENCES = st.lists(CALLS, max_size=25)
some = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def history(web):
    return json.loads(json.dumps(web.state["history"]))


def here(web):
    return web.state["history"][-1]["url"]


def call(web, name, argument):
    """What a call returned, None where it was refused, and how the call was written."""
    if isinstance(argument, int):
        found = links(PAGES[here(web)])
        argument = found[argument % len(found)]
    try:
        return name, argument, getattr(web, name)(*([] if argument is None else [argument]))
    except ToolError:
        return name, argument, None


def steps(calls):
    """The history before and after each call, and the call."""
    web = browser()
    for one in calls:
        before = history(web)
        yield before, *call(web, *one), history(web)
    assert web.state["pages"] == PAGES


@some
@given(SEQUENCES)
def test_calls_never_leave_the_site_nor_a_page(calls):
    for *_, after in steps(calls):
        assert after[0]["url"] == "/"
        for entry in after:
            lines = PAGES[entry["url"]].splitlines()
            assert entry["top"] % LINES == 0
            assert 0 <= entry["top"] < len(lines)


@some
@given(SEQUENCES)
def test_each_page_of_the_history_is_linked_to_by_the_one_before(calls):
    for *_, after in steps(calls):
        for earlier, later in pairwise(after):
            assert later["url"] in links(PAGES[earlier["url"]])


@some
@given(SEQUENCES)
def test_the_history_is_a_stack(calls):
    for before, name, argument, result, after in steps(calls):
        if result is None or KINDS[name] == "read":
            assert after == before
        elif name == "click_url":
            assert after == [*before, {"url": argument, "top": 0}]
        elif name == "go_to_previous_page":
            assert after == before[:-1]
        else:
            assert after[:-1] == before[:-1]


@some
@given(SEQUENCES)
def test_a_view_is_five_lines_of_the_page(calls):
    for _, name, _, result, after in steps(calls):
        if result is not None and name != "calculator":
            url, top = after[-1]["url"], after[-1]["top"]
            assert result.splitlines()[1:-1] == PAGES[url].splitlines()[top : top + LINES]


@some
@given(SEQUENCES)
def test_going_back_as_often_as_clicked_ends_on_the_start_page(calls):
    web = browser()
    for one in calls:
        call(web, *one)
    for _ in web.state["history"][1:]:
        web.go_to_previous_page()
    assert here(web) == "/"


@some
@given(SEQUENCES)
def test_the_same_calls_leave_the_same_state(calls):
    hashes = set()
    for _ in range(2):
        web = browser()
        for one in calls:
            call(web, *one)
        assert json.loads(json.dumps(web.state, allow_nan=False)) == web.state
        text = json.dumps(web.state, sort_keys=True, ensure_ascii=False)
        hashes.add(hashlib.sha256(text.encode()).hexdigest())
    assert len(hashes) == 1
