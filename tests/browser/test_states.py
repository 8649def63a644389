"""What the page shows while there is no answer yet, and when there will be none."""

import json

import pytest
from playwright.sync_api import Route, expect

from qa.settings import Settings
from tests.running import Running, running

from .conftest import OpenPage, ask

pytestmark = pytest.mark.usefixtures("loopback")

HARBOUR = "Why was the harbour closed?"
KEY = "key-number-one-of-the-test"


def test_a_key_is_asked_for_and_a_server_that_is_gone_is_named(
    open_page: OpenPage, settings: Settings
) -> None:
    with running(settings.index_dir, QA_API_KEYS=KEY) as server:
        page = open_page(f"{server.url}/#q=Why+was+the+harbour+closed%3F")
        form = page.locator("form.key")
        expect(form).to_contain_text("This server needs an API key.")
        form.locator("input").fill("wrong-wrong-wrong-wrong")
        form.locator("button").click()
        expect(form).to_contain_text("That key was not accepted.")
        form.locator("input").fill(f" {KEY} ")
        form.locator("button").click()
        expect(page.locator(".quote blockquote").first).to_contain_text("The harbour was closed")
        page.reload()
        expect(page.locator(".quote")).to_be_visible()
        assert KEY not in json.dumps(page.context.storage_state())  # nothing is left when the tab is closed
        server.process.kill()
        server.process.wait()
        page.press("#question", "Enter")
        notice = page.get_by_role("alert")
        expect(notice).to_contain_text("The server cannot be reached.")
        notice.get_by_role("button", name="Try again").click()
        expect(notice).to_contain_text("The server cannot be reached.")


def test_a_busy_server_is_asked_again_when_it_says(open_page: OpenPage, server: Running) -> None:
    page = open_page(server.url)
    statuses = [429, 503]

    def refuse(route: Route) -> None:
        if not statuses:
            route.continue_()
            return
        route.fulfill(
            status=statuses.pop(), headers={"retry-after": "1"}, json={"error": {"message": "busy"}}
        )

    page.route("**/ask", refuse)
    page.fill("#question", HARBOUR)
    page.press("#question", "Enter")
    expect(page.locator(".notice")).to_have_text("The server is busy. Asking again in 1 s.")
    expect(page.locator("#said")).to_contain_text("Asking again in 1 seconds.")
    expect(page.locator(".quote")).to_be_visible()


def test_what_goes_wrong_is_said_in_the_servers_words(open_page: OpenPage, server: Running) -> None:
    page = open_page(server.url)
    message = "The articles cannot be searched now."
    page.route("**/ask", lambda route: route.fulfill(status=503, json={"error": {"message": message}}))
    ask(page, HARBOUR)
    expect(page.get_by_role("alert")).to_contain_text(message)
    page.unroute("**/ask")
    page.route("**/ask", lambda route: route.fulfill(status=200, body="<html>a proxy's words</html>"))
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_contain_text("is not what was expected")
    page.unroute("**/ask")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".quote")).to_be_visible()


def test_waiting_is_shown_when_it_lasts_and_nothing_moves(open_page: OpenPage, server: Running) -> None:
    page = open_page(server.url)
    page.evaluate("""() => { self.moved = 0; new PerformanceObserver((list) => {
        for (const shift of list.getEntries()) self.moved += shift.value;
    }).observe({type: "layout-shift", buffered: true}); }""")
    page.wait_for_selector(".articles")
    held: list[Route] = []
    page.route("**/ask", lambda route: held.append(route))
    page.fill("#question", HARBOUR)
    page.press("#question", "Enter")
    loading = page.locator(".loading")
    assert loading.evaluate("(each) => getComputedStyle(each).opacity") == "0"
    expect(loading).to_have_css("opacity", "1")
    held[0].continue_()
    page.wait_for_selector(".quote")
    assert page.evaluate("self.moved") < 0.01


def test_an_empty_index_says_what_to_do(open_page: OpenPage, server: Running) -> None:
    page = open_page(server.url)
    page.route("**/articles", lambda route: route.fulfill(json={"articles": []}))
    page.reload()
    expect(page.locator(".notice")).to_contain_text("There are no articles yet.")
