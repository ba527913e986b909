"""What the tools do."""

import inspect
import re

import pytest
from web_browsing.site import SMALL, WEB, browser

from sca.environment import ToolError, tools_of

FIRST = "Page /, lines 1 to 3 of 3\nStart\nOne [Clickable '/one']\nNowhere [Clickable '/gone']\n(end of the page)"


def lines(first, last):
    return "\n".join(f"line {number}" for number in range(first, last + 1))


def test_the_tools_are_those_of_the_benchmark():
    assert {tool.call: tool.kind for tool in tools_of(WEB).values()} == {
        "click_url(url)": "move",
        "go_to_previous_page()": "move",
        "scroll_down()": "move",
        "scroll_up()": "move",
        "view()": "read",
        "calculator(expression)": "read",
    }


def test_browsing_begins_on_the_start_page():
    assert browser(SMALL).view() == FIRST


def test_a_click_shows_five_lines_and_says_that_there_are_more():
    assert browser(SMALL).click_url("/one") == f"Page /one, lines 1 to 5 of 12\n{lines(1, 5)}\n(more below)"


def test_scrolling_ends_with_the_lines_that_are_left():
    web = browser(SMALL)
    web.click_url("/one")
    assert web.scroll_down() == f"Page /one, lines 6 to 10 of 12\n{lines(6, 10)}\n(more below)"
    last = "Page /one, lines 11 to 12 of 12\nline 11\nTwo [Clickable '/two']\n(end of the page)"
    assert web.scroll_down() == web.view() == last


def test_scrolling_up_undoes_scrolling_down():
    web = browser(SMALL)
    first = web.click_url("/one")
    web.scroll_down()
    assert web.scroll_up() == first


def test_going_back_shows_the_page_as_it_was_left():
    web = browser(SMALL)
    web.click_url("/one")
    left = web.scroll_down()
    web.click_url("/two")
    assert web.go_to_previous_page() == left


def test_a_link_may_be_clicked_whether_or_not_it_is_in_view():
    web = browser(SMALL)
    web.click_url("/one")
    assert web.click_url("/two").startswith("Page /two")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("click_url('/lost')", "this page has no link to '/lost'; click one that stands on it as [Clickable '…']"),
        ("click_url('/gone')", "this page has no link to '/gone'"),
        ("click_url('https://elsewhere.example/')", "this page has no link to 'https://elsewhere.example/'"),
        ("go_to_previous_page()", "this is the page that browsing began on; click_url(url) opens another"),
        ("scroll_down()", "the page ends here; scroll_up(), click a link or go_to_previous_page()"),
        ("scroll_up()", "the page begins here; scroll_down(), click a link or go_to_previous_page()"),
        ("calculator('9**9**9')", "the numbers grow too large"),
        ("calculator('view()')", "'view()' is not arithmetic"),
    ],
)
def test_a_refusal_says_what_to_do(call, message):
    with pytest.raises(ToolError, match=re.escape(message)):
        eval(f"web.{call}", {"web": browser(SMALL)})


def test_with_any_address_pages_open_that_no_link_leads_to():
    web = browser(SMALL)
    web.switches_on = frozenset({"any_address"})
    assert web.click_url("/lost") == "Page /lost, lines 1 to 1 of 1\nNo page leads here.\n(end of the page)"


def test_with_any_address_there_still_is_no_page_outside_the_site():
    web = browser(SMALL)
    web.switches_on = frozenset({"any_address"})
    with pytest.raises(ToolError, match="this page has no link to '/gone'"):
        web.click_url("/gone")


@pytest.mark.parametrize("name", [tool.name for tool in tools_of(WEB).values() if "scroll" not in tool.name])
def test_every_tool_shows_an_example_that_runs(name):
    doc = inspect.getdoc(getattr(WEB, name)) or ""
    call, _, shown = re.search(r"Example: (.*)$", doc)[1].partition(" returns ")
    web = browser()
    if name == "go_to_previous_page":
        web.click_url("/people")
    result = eval(call, {name: getattr(web, name)})
    assert not shown or result == eval(shown)
