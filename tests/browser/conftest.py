"""A real browser at a real server. Whatever a test does, no page may run, ask or reach what it should not."""

import os
import shutil
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from qa.settings import Settings
from tests.running import Running, running

CHROMIUM = os.environ.get("QA_CHROMIUM") or shutil.which("chromium")
# Chromium runs as whoever runs the tests, in a container often root, and asks nobody for anything.
FLAGS = (
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=Translate,OptimizationHints,MediaRouter",
)
REPORTS = """addEventListener("securitypolicyviolation",
    (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));"""
# The browser's own line about a reply of 400 and above, or none: the page says it in words.
EXPECTED = "Failed to load resource"


class OpenPage(Protocol):
    """Opens an address in a fresh profile, with the options of a playwright context."""

    def __call__(self, url: str, **options: Any) -> Page: ...


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs chromium: install it, or set QA_CHROMIUM to its path")
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Open pages; when the test has ended, nothing may have been out of order in any of them."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def open_one(url: str, **options: Any) -> Page:
        context = browser.new_context(**options)
        context.set_default_timeout(10_000)
        context.add_init_script(REPORTS)
        contexts.append(context)
        origin = url.partition("/#")[0].rstrip("/") + "/"

        def on_request(request: Request) -> None:
            if not request.url.startswith(origin):
                wrong.append(f"request to {request.url}")

        context.on("request", on_request)
        context.on("dialog", lambda dialog: wrong.append(f"dialog {dialog.message}"))
        context.on("weberror", lambda error: wrong.append(f"script: {error.error}"))
        context.on(
            "console",
            lambda message: (
                wrong.append(f"console: {message.text}")
                if message.type in ("error", "warning") and not message.text.startswith(EXPECTED)
                else None
            ),
        )
        page = context.new_page()
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert not wrong


@pytest.fixture(scope="package")
def server(browser: Browser, settings: Settings) -> Iterator[Running]:
    """A server of the articles that have broken offsets before; without a browser none is started."""
    with running(settings.index_dir) as found:
        yield found


def ask(page: Page, question: str) -> None:
    """Type a question, press Enter and wait for what comes of it."""
    page.fill("#question", question)
    page.press("#question", "Enter")
    page.wait_for_selector("#found:not([aria-busy])")
