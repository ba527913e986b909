"""The environment as the tests use it: a browser on the site that ships, or on three small pages."""

from copy import deepcopy

from sca.environment.loading import find, load

FOLDER = find("web_browsing")
WEB = load(FOLDER)
STATE = WEB.load(FOLDER / "data")
PAGES = STATE["pages"]
SMALL = {
    "/": "Start\nOne [Clickable '/one']\nNowhere [Clickable '/gone']",
    "/one": "\n".join(f"line {number}" for number in range(1, 12)) + "\nTwo [Clickable '/two']",
    "/two": "Two\nBack [Clickable '/']",
    "/lost": "No page leads here.",
}


def browser(pages=PAGES):
    """On the start page."""
    return WEB({"pages": deepcopy(pages), "history": [{"url": "/", "top": 0}]})
