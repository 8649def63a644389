"""What axe-core finds on every view, in light and dark: nothing."""

from collections.abc import Iterator
from functools import partial
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from tests.running import Running

from .conftest import OpenPage, ask

pytestmark = pytest.mark.usefixtures("loopback")

NOTICE = {"status": 500, "json": {"error": {"message": "Something went wrong here."}}}
KEY = {"status": 401, "json": {"error": {"message": "Found no valid API key."}}}


def views(page: Page) -> Iterator[str]:
    """Show one view after the other, and name it."""
    page.wait_for_selector(".articles")
    yield "the list"
    page.press("#question", "Enter")
    yield "no question"
    ask(page, "How do I bake sourdough bread?")
    yield "no evidence"
    ask(page, "Why was the harbour closed?")
    for summary in page.locator("summary").all():
        summary.click()
    yield "an answer, explained"
    page.locator(".quote .source").first.click()
    page.wait_for_selector("#article .text")
    yield "an article"
    page.evaluate("location.hash += '0'")
    page.wait_for_selector("#article .notice")
    yield "a changed article"
    page.evaluate("location.hash = 'article=nothing.md'")
    page.wait_for_selector("#article > h2:not(.unseen)")
    yield "an article that is gone"
    page.keyboard.press("Escape")
    for reply, name in ((NOTICE, "an error"), (KEY, "the form for a key")):
        page.route("**/ask", partial(fulfil, reply))
        ask(page, "Why?")
        yield name
        page.unroute("**/ask")


def fulfil(reply: dict[str, Any], route: Route) -> None:
    route.fulfill(**reply)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_page: OpenPage, server: Running, scheme: str) -> None:
    page = open_page(server.url, color_scheme=scheme, reduced_motion="reduce")
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    found = []
    for view in views(page):
        for rule in page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]:
            targets = [node["target"] for node in rule["nodes"]]
            found.append(f"{view}: {rule['impact']} {rule['id']} at {targets[:4]}")
    assert not found
