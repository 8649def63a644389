"""Ask, read, share, and come back: what people do with the page."""

import json
import re
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from qa.index import Generation
from qa.settings import Settings
from qa.shell import replay
from qa.wiring import build_index
from tests.running import Running, running

from .conftest import OpenPage, ask

pytestmark = pytest.mark.usefixtures("loopback")

HARBOUR = "Why was the harbour closed?"
QUOTE = "The harbour was closed on Monday because of a storm."
FAMILY = "What does a family ticket to the café cost?"
NOTHING = "How do I bake sourdough bread?"


def marks(page: Page) -> str:
    """Return what is marked in the open article."""
    page.wait_for_selector("#article .text")
    return "".join(page.locator("#article mark").all_text_contents())


def width(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))


def test_a_question_is_answered_with_a_quote_and_its_source(open_page: OpenPage, server: Running) -> None:
    page = open_page(server.url)
    ask(page, f"  {HARBOUR} ")
    expect(page).to_have_title(f"{HARBOUR} · qa")
    expect(page.locator(".quote blockquote").first).to_have_text(QUOTE)
    expect(page.locator("figcaption").first).to_have_text("The harbourThe Gazette · A. Writer · 11 July 2023")
    expect(page.locator(".passage mark").first).to_have_text(QUOTE)
    expect(page.locator("#said")).to_contain_text(QUOTE)  # what a screen reader says
    expect(page.locator(".why[open]")).to_have_count(0)
    page.locator(".quote .why summary").first.click()
    expect(page.locator(".quote .why th").first).to_be_visible()


def test_a_link_opens_the_same_mark_for_someone_else(open_page: OpenPage, server: Running) -> None:
    page = open_page(server.url)
    ask(page, FAMILY)
    quote = page.locator(".quote blockquote").first.text_content()
    page.locator(".quote .source").first.click()
    assert marks(page) == quote
    expect(page.locator("#article mark").first).to_be_in_viewport()
    assert "caf%C3%A9+100%25%3F%23.md" in page.url

    other = open_page(page.url)
    assert marks(other) == quote
    expect(other.locator("#question")).to_have_value(FAMILY)
    other.keyboard.press("Escape")
    expect(other).to_have_url(re.compile(r"#q=[^&]+$"))
    expect(other.locator(".quote blockquote").first).to_have_text(quote or "")

    page.go_back()
    expect(page.locator("#article")).not_to_be_visible()
    expect(page.locator(".quote")).to_be_visible()
    page.go_forward()
    assert marks(page) == quote
    page.go_back()
    page.go_back()
    expect(page.locator(".articles")).to_be_visible()


def test_a_link_says_when_its_article_has_changed_or_is_gone(open_page: OpenPage, tmp_path: Path) -> None:
    folder, settings = tmp_path / "articles", Settings(model="fake", index_dir=tmp_path / "index")
    folder.mkdir()

    def publish(name: str, text: str) -> None:
        (folder / name).write_text(text, encoding="utf-8")
        build_index(folder, settings, progress=lambda stage, done, total: None)

    publish("harbour.txt", f"Harbour\n\nNews of the week. {QUOTE}\n")
    with running(settings.index_dir) as server:
        page = open_page(server.url)
        ask(page, HARBOUR)
        page.locator(".quote .source").first.click()
        assert marks(page) == QUOTE
        link = page.url

        publish("harbour.txt", f"Harbour\n\nOld news. {QUOTE}\n")
        page.request.get(f"{server.url}/readyz")  # the first request opens the new generation
        changed = open_page(link)
        assert marks(changed) == ""
        expect(changed.locator("#article .notice")).to_contain_text("has changed since it was quoted")

        (folder / "harbour.txt").unlink()
        publish("other.txt", "Other\n\nSomething else.\n")
        page.request.get(f"{server.url}/readyz")
        gone = open_page(link)
        expect(gone.locator("#article")).to_contain_text("This article is gone.")

        foreign = open_page(f"{server.url}/#article=other.txt&start=9&end=99999")
        assert marks(foreign) == ""
        expect(foreign.locator("#article .notice")).to_contain_text("names no place")


def test_no_evidence_is_an_answer(open_page: OpenPage, server: Running) -> None:
    page = open_page(server.url)
    ask(page, NOTHING)
    expect(page.locator(".plainly")).to_have_text("The articles do not answer this.")
    expect(page.locator("#said")).to_have_text("The articles do not answer this.")
    expect(page.get_by_role("heading", name="Closest, but not an answer")).to_be_visible()
    expect(page.locator(".quote")).to_have_count(0)
    assert page.locator(".passage").count() > 0


def test_the_list_can_be_filtered(open_page: OpenPage, server: Running) -> None:
    page = open_page(server.url)
    expect(page.locator(".articles li")).to_have_count(10)
    expect(page.locator(".articles li").nth(5)).to_have_text(
        "The harbourThe Gazette · A. Writer · 11 July 20231 chunk"
    )
    page.get_by_label("Filter the articles").fill("gazette HARB")
    expect(page.locator(".articles li")).to_have_count(1)
    expect(page.locator("#said")).to_have_text("1 article left.")
    page.locator(".articles a").click()
    assert marks(page) == ""
    expect(page.locator("#article .text")).to_contain_text("Ships waited outside.")


def test_everything_is_done_with_keys(open_page: OpenPage, server: Running) -> None:
    page = open_page(server.url)
    page.wait_for_selector(".articles")
    page.locator("body").evaluate("document.activeElement.blur()")
    page.keyboard.press("/")
    page.keyboard.type(HARBOUR)
    page.keyboard.press("Enter")
    page.wait_for_selector(".quote")
    expect(page.locator("#question")).to_be_focused()
    for key, stop in (("ArrowDown", 0), ("ArrowDown", 1), ("ArrowUp", 0)):
        page.keyboard.press(key)
        expect(page.locator("[data-stop]").nth(stop)).to_be_focused()
    page.keyboard.press("Enter")
    assert marks(page) == QUOTE
    expect(page.locator("#article .text")).to_be_focused()  # so that the keys that scroll, scroll it
    page.keyboard.press("Escape")
    expect(page.locator("#article")).not_to_be_visible()
    expect(page.locator("[data-stop]").first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#question")).to_be_focused()


def test_nothing_is_asked_without_a_question(open_page: OpenPage, server: Running) -> None:
    page = open_page(server.url)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_selector(".articles")
    for nothing in ("", "   \t "):
        page.fill("#question", nothing)
        page.press("#question", "Enter")
        expect(page.locator("#hint")).to_have_text("Type a question first.")
    assert not [url for url in asked if url.endswith("/ask")]


@pytest.mark.parametrize("question", [HARBOUR, NOTHING])
def test_a_phone_scrolls_in_one_direction(open_page: OpenPage, server: Running, question: str) -> None:
    page = open_page(server.url, viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    page.wait_for_selector(".articles")
    assert width(page) == 360
    ask(page, question)
    for summary in page.locator("summary").all():
        summary.click()
    assert width(page) == 360
    page.locator(".passage .source").first.click()
    page.wait_for_selector("#article .text")
    assert width(page) == 360
    assert page.locator("#article .text").evaluate("(text) => text.scrollWidth <= text.clientWidth")


def test_light_and_dark(open_page: OpenPage, server: Running) -> None:
    def paper(scheme: str) -> str:
        page = open_page(server.url, color_scheme=scheme)
        return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))

    assert (paper("light"), paper("dark")) == ("rgb(251, 250, 246)", "rgb(22, 23, 26)")


def test_a_quote_is_copied_with_its_source(
    open_page: OpenPage, server: Running, generation: Generation
) -> None:
    page = open_page(server.url, permissions=["clipboard-read", "clipboard-write"])
    ask(page, HARBOUR)

    def copied(name: str) -> str:
        page.locator(".quote .copy").first.get_by_role("button", name=name).click()
        expect(page.locator("#said")).to_have_text(f"Copied: {name}.")
        return str(page.evaluate("navigator.clipboard.readText()"))

    link = copied("Link")
    assert link.startswith(f"{server.url}/#article=plain.md&start=")
    credit = "A. Writer, “The harbour”, The Gazette, 2023-07-11"
    assert copied("Text") == f"“{QUOTE}”\n— {credit}\n{link}"
    assert (
        copied("Markdown") == f"> {QUOTE}\n>\n> — A. Writer, [The harbour]({link}), The Gazette, 2023-07-11"
    )
    assert re.fullmatch(
        r"@online\{plain,\n  title = \{\{The harbour\}\},\n  author = \{A. Writer\},\n"
        r"  organization = \{The Gazette\},\n  date = \{2023-07-11\},\n  note = \{plain.md, characters \d+--\d+: "
        rf"``{re.escape(QUOTE)}''\}},\n\}}",
        copied("BibTeX"),
    )
    saved = json.loads(copied("JSON"))
    assert [each.verdict for each in replay((saved,), generation.article)] == ["ok"]
    assert marks(open_page(link)) == QUOTE


def test_the_time_to_paint_and_to_answer(
    open_page: OpenPage, server: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    page = open_page(server.url)
    page.wait_for_selector(".articles")
    page.evaluate("""() => {
        addEventListener("keydown", (event) => { if (event.key === "Enter") self.pressed = performance.now(); });
        new MutationObserver(() => {
            if (document.querySelector(".quote") && document.querySelector(".passage mark"))
                requestAnimationFrame(() => { self.answered ??= performance.now(); });
        }).observe(document.getElementById("found"), {childList: true, subtree: true});
    }""")
    ask(page, HARBOUR)
    page.wait_for_function("self.answered")
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    waited = page.evaluate("self.answered - self.pressed")
    with capsys.disabled():
        sys.stdout.write(
            f"\nfirst contentful paint {painted:.0f} ms, Enter to marked answer {waited:.0f} ms\n"
        )


def test_a_quote_names_the_copies_that_hold_it_and_leads_to_them(open_page: OpenPage, tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    for name, head in (
        ("a.md", ""),
        ("b.md", "---\nsource: The Echo\n---\n\n"),
        ("c.md", "# Other <i>words\n\n"),
    ):
        (folder / name).write_text(f"{head}{QUOTE} Ships waited outside the bay.\n", encoding="utf-8")
    made = Settings(model="fake", index_dir=tmp_path / "index")
    build_index(folder, made)
    with running(made.index_dir) as server:
        page = open_page(server.url)
        ask(page, HARBOUR)
        expect(page.locator(".also")).to_have_text("Also in The Echo, Other <i>words")
        page.locator(".also a").first.click()
        expect(page.locator("#article .text")).to_contain_text(QUOTE)
        assert "article=b.md" in page.url
        page.keyboard.press("Escape")
        expect(page.locator(".quote blockquote").first).to_have_text(QUOTE)


@pytest.mark.model
def test_sources_that_differ_and_sources_that_agree_are_told_apart(
    open_page: OpenPage, tmp_path: Path
) -> None:
    folder = tmp_path / "articles"
    folder.mkdir()
    for name, report in (
        ("a", "# Health\n\nThe hospital in Eskby has 120 beds."),
        ("b", "With 120 beds, the hospital in Eskby serves three valleys."),
        ("c", "The hospital in Eskby has 90 beds since the fire."),
    ):
        text = f"---\nsource: Paper {name}\npublished: 2021\n---\n\n{report} A choir gave a concert.\n"
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    made = Settings(index_dir=tmp_path / "index")
    build_index(folder, made)
    with running(made.index_dir, model=made.model) as server:
        page = open_page(server.url)
        ask(page, "How many beds does the hospital in Eskby have?")
        expect(page.locator(".answer .kicker")).to_contain_text("The sources differ")
        told = " ".join(page.locator(".answer .quote").all_text_contents())
        assert "120 beds" in told
        assert "90 beds" in told
        expect(page.locator(".answer .also")).to_contain_text("Corroborated by Paper")
        (folder / "c.md").unlink()
        build_index(folder, made)
        ask(page, "How many beds does the hospital in Eskby have?")
        expect(page.locator(".answer .kicker")).not_to_contain_text("differ")
