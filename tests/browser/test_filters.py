"""Narrowing an answer to a source, a language or a year, and widening it again."""

from collections.abc import Iterator
from importlib.resources import files

import pytest
from playwright.sync_api import Browser, Page, expect

from qa.settings import Settings
from qa.wiring import build_index
from tests.running import Running, running

from .conftest import OpenPage, ask

pytestmark = pytest.mark.usefixtures("loopback")

STORM = "Why was the harbour closed?"
ARTICLES = (
    ("a", "Reuters", "2023-07-11", "a storm"),
    ("b", "The <b>Times</b>", "2021", "a strike"),
    ("c", "", "", "ice"),
)


@pytest.fixture(scope="module")
def sources(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server of articles from several sources and years."""
    folder = tmp_path_factory.mktemp("articles")
    for name, source, published, reason in ARTICLES:
        head = f"---\nsource: {source}\npublished: {published}\n---\n\n" if source else ""
        text = f"{head}Harbour\n\nThe harbour was closed because of {reason}. Ships waited outside the bay.\n"
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    settings = Settings(model="fake", index_dir=tmp_path_factory.mktemp("index"))
    build_index(folder, settings, progress=lambda stage, done, total: None)
    with running(settings.index_dir) as found:
        yield found


def buttons(page: Page, *, pressed: bool) -> list[str]:
    page.wait_for_selector("#found:not([aria-busy])")
    return page.locator(f".filters [aria-pressed={str(pressed).lower()}]").all_text_contents()


def press(page: Page, name: str) -> None:
    page.get_by_role("group", name="Narrow the answer").get_by_role("button", name=name).click()
    page.wait_for_selector("#found:not([aria-busy])")


def test_an_answer_is_narrowed_and_widened(open_page: OpenPage, sources: Running) -> None:
    page = open_page(sources.url)
    ask(page, STORM)
    expect(page.locator(".passage")).to_have_count(3)
    assert (buttons(page, pressed=True), buttons(page, pressed=False)) == (
        [],
        ["Reuters 1", "The <b>Times</b> 1", "2021 1", "2023 1"],
    )
    press(page, "The <b>Times</b>")
    expect(page.locator(".passage")).to_have_count(1)
    expect(page.locator(".passage")).to_contain_text("a strike")
    assert (buttons(page, pressed=True), buttons(page, pressed=False)) == (["The <b>Times</b>"], [])
    assert page.url.endswith("&source=The+%3Cb%3ETimes%3C%2Fb%3E")
    expect(page.locator("#found")).to_be_focused()

    other = open_page(page.url)
    expect(other.locator(".passage")).to_have_count(1)
    ask(other, "Where did ships wait?")  # another question to the same articles
    assert buttons(other, pressed=True) == ["The <b>Times</b>"]
    press(other, "The <b>Times</b>")
    expect(other.locator(".passage")).to_have_count(3)

    page.go_back()
    expect(page.locator(".passage")).to_have_count(3)
    press(page, "2023")
    expect(page.locator(".passage")).to_contain_text("a storm")
    assert page.url.endswith("&since=2023&until=2023")
    page.locator(".quote .source").first.click()
    page.wait_for_selector("#article mark")
    page.keyboard.press("Escape")
    expect(page.locator("#article")).not_to_be_visible()
    assert buttons(page, pressed=True) == ["2023"]
    press(page, "2023")
    assert page.url.endswith("#q=Why+was+the+harbour+closed%3F")


def test_what_leaves_nothing_can_be_taken_off(open_page: OpenPage, sources: Running) -> None:
    page = open_page(f"{sources.url}/#q=Why%3F&source=Nobody&language=xx&since=2022-03")
    expect(page.locator(".plainly")).to_have_text("The articles do not answer this.")
    assert (buttons(page, pressed=True), buttons(page, pressed=False)) == (
        ["Nobody", "xx", "since 2022-03"],
        [],
    )
    for name, left in (("Nobody", 2), ("xx", 1), ("since 2022-03", 0)):
        press(page, name)
        assert len(buttons(page, pressed=True)) == left
    assert page.locator(".passage").count() == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_and_fits_a_phone(open_page: OpenPage, sources: Running, scheme: str) -> None:
    page = open_page(
        sources.url, color_scheme=scheme, reduced_motion="reduce", viewport={"width": 360, "height": 740}
    )
    ask(page, STORM)
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    for _ in range(2):
        assert page.evaluate("axe.run({resultTypes: ['violations']})")["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        press(page, "Reuters")
