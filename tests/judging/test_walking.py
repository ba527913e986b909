"""Whether a solution's moves follow what was shown, on three small pages."""

import json

import pytest

from sca.environment.loading import find, load
from sca.judging.surroundings import Surroundings
from sca.judging.walking import shown_on_the_way
from sca.sandbox.host.double import SubprocessSandbox

WEB = find("web_browsing")
PAGES = {
    "/": "Start\nOne [Clickable '/one']",
    "/one": "\n".join(f"line {number}" for number in range(1, 12)) + "\nTwo [Clickable '/two']",
    "/two": "Two\nBack [Clickable '/']",
    "/lost": "No page leads here.",
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    (folder / "pages.json").write_text(json.dumps(PAGES))
    return folder


async def shown(data, program):
    surroundings = Surroundings(load(WEB), load(WEB).load(data))
    async with (
        SubprocessSandbox(WEB, data=data, switches=frozenset({"any_address"})) as sandbox,
        sandbox.box() as box,
    ):
        world = await box.world(None)
        run = await world.run(program)
        assert run.status == "ok", run.exception
        await world.close()
        return await shown_on_the_way(run.calls, None, box, surroundings)


async def test_what_is_seen_before_anything_was_done_is_shown(data):
    assert await shown(data, 'click_url("/one")') == {"/one"}


async def test_what_scrolling_would_show_is_shown(data):
    assert await shown(data, 'click_url("/one")\nclick_url("/two")') == {"/one", "/two"}


async def test_an_address_that_nothing_shows_is_not(data):
    assert await shown(data, 'click_url("/one")\nclick_url("/lost")') == {"/one"}


async def test_an_address_that_was_guessed_before_it_was_shown_is_not(data):
    way = 'click_url("/two")\ngo_to_previous_page()\nclick_url("/one")\nclick_url("/two")'
    assert await shown(data, way) == {"/one"}


async def test_without_moves_nothing_is_walked(data):
    assert await shown(data, "view()") == frozenset()
