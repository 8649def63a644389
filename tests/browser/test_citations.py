"""What is marked is what was cited, and whatever articles hold stays text."""

from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest

from qa.settings import Settings
from qa.wiring import build_index, open_answerer
from tests.reliability.figures import Figure, dose
from tests.running import running

from .conftest import OpenPage
from .nasty import PAYLOADS, WIDE, write_payloads, write_texts

ARTICLES, SENTENCES = 60, 9
pytestmark = pytest.mark.usefixtures("loopback")

# Steps that the scripts below share: wait for what the page shows next, and find in it what is more than text.
STEPS = """
    const until = async (done) => {
        for (let tries = 0; !done(); tries += 1) {
            if (tries > 2000) throw new Error(`waited too long at ${location.href}`);
            await new Promise((resolve) => setTimeout(resolve));
        }
    };
    const opened = async (link) => {
        const shown = () => document.querySelector("#article .text");
        const before = shown();
        location.hash = link;
        await until(() => shown() && shown() !== before);
        return shown();
    };
    const foreign = () => [...document.querySelectorAll("main *, dialog *, [style]")]
        .filter((each) => each.matches("img, iframe, svg, math, template, style, base, meta, link, script, [style]")
            || (each.matches("[href]") && !/^(#|https?:)/i.test(each.getAttribute("href"))))
        .filter((each) => !each.matches(".bar, main > *, dialog"))
        .map((each) => each.outerHTML);
"""
# Asks through the page, and compares what it shows with what the API says.
ASK = f"""async (questions) => {{ {STEPS}
    const wrong = [];
    const compare = (what, shown, expected) => shown === expected || wrong.push([what, shown, expected]);
    for (const question of questions) {{
        const body = JSON.stringify({{question}});
        const reply = await fetch("ask", {{method: "POST", headers: {{"content-type": "application/json"}}, body}});
        const answer = await reply.json();
        location.hash = new URLSearchParams({{q: question}});
        await until(() => document.title === `${{question}} · qa` && !document.querySelector("#found[aria-busy]"));
        const quotes = [...document.querySelectorAll(".quote blockquote")];
        answer.citations.forEach((each, number) => compare("quote", quotes[number]?.textContent, each.cited_text));
        const passages = [...document.querySelectorAll(".passage")];
        answer.passages.forEach((each, number) => {{
            const points = Array.from(each.text);
            const cut = (place) => points.slice(...place.map((at) => at - each.start_char_index)).join("");
            const marks = [...passages[number].querySelectorAll("mark")].map((mark) => mark.textContent);
            compare("passage", passages[number].querySelector(".excerpt").textContent, each.text);
            compare("highlight", marks.join("|"), each.highlights.map(cut).join("|"));
        }});
        wrong.push(...foreign());
    }}
    return wrong;
}}"""
# Follows the permalinks of citations, and returns the article's text and the marked text for each.
FOLLOW = f"""async (links) => {{ {STEPS}
    const kept = new Map();  // each article is fetched once, however many of its places are cited
    const real = self.fetch;
    self.fetch = async (path) => {{
        if (!kept.has(path)) kept.set(path, await real(path));
        return kept.get(path).clone();
    }};
    const found = [];
    for (const link of links) {{
        const text = await opened(link);
        const marks = [...text.querySelectorAll("mark")].map((mark) => mark.textContent);
        found.push([text.textContent, marks.join("")]);
    }}
    return found;
}}"""
# Opens every article of the list.
VISIT = f"""async () => {{ {STEPS}
    const wrong = foreign();
    const links = [...document.querySelectorAll(".articles a.source")].map((each) => each.hash);
    for (const link of links) {{
        await opened(link);
        wrong.push(...foreign());
    }}
    return [links.length, wrong];
}}"""


def test_what_is_marked_is_what_was_cited(open_page: OpenPage, tmp_path: Path) -> None:
    figure = Figure("citations followed in a browser: the marked text is the cited text")
    settings = Settings(model="fake", index_dir=tmp_path / "index", refuse_below=0)
    (tmp_path / "articles").mkdir()
    folder = write_texts(tmp_path / "articles", articles=ARTICLES, sentences=SENTENCES)
    build_index(folder, settings, progress=lambda stage, done, total: None)
    questions = [f"Whom did Q{a}x{s} see?" for a in range(ARTICLES) for s in range(SENTENCES)]
    answerer = open_answerer(settings)
    with closing(answerer.generation) as generation:
        cited = {
            (each.article_id, each.start): each
            for question in questions
            for each in answerer.ask(question).citations
        }
        texts = {name: generation.article(name).text for name, _ in cited}
    links = [
        urlencode({"article": each.article_id, "start": each.start, "end": each.end, "sha256": each.sha256})
        for each in list(cited.values())[: dose(500, len(cited))]
    ]
    with running(settings.index_dir, QA_REFUSE_BELOW="0") as server:
        page = open_page(server.url)
        # Laying out so many lines of emoji would take most of the time, and changes no text.
        page.evaluate(
            "for (const id of ['found', 'article']) document.getElementById(id).style.display = 'none'"
        )
        figure.failures = [str(miss) for miss in page.evaluate(ASK, questions[:: dose(25, 1)])]
        followed = page.evaluate(FOLLOW, links)
    for citation, (text, marked) in zip(cited.values(), followed, strict=False):
        figure.trials += 1
        if (text, marked) != (texts[citation.article_id], citation.quote):
            figure.failures.append(f"{citation}: {marked!r}")
        if any(word in text[: citation.end] for word in WIDE):
            figure.count("after what UTF-16 counts otherwise")
    figure.write()
    assert not figure.failures[:3]
    assert figure.trials == len(links) >= 500
    assert int(figure.details["after what UTF-16 counts otherwise"]) >= 100


def test_whatever_articles_hold_stays_text(open_page: OpenPage, tmp_path: Path) -> None:
    figure = Figure("articles with scripts in title, metadata, body and name, visited in a browser")
    settings = Settings(model="fake", index_dir=tmp_path / "index")
    (tmp_path / "articles").mkdir()
    folder = write_payloads(tmp_path / "articles", articles=100)
    assert build_index(folder, settings, progress=lambda stage, done, total: None).added == 100
    with running(settings.index_dir) as server:
        page = open_page(server.url)
        page.wait_for_selector(".articles")
        page.get_by_role("button", name="Show more").click()
        figure.trials, figure.failures = page.evaluate(VISIT)
        asked = [f"Why was the harbour of number{number} closed?" for number in range(0, 100, 4)]
        figure.failures += page.evaluate(ASK, [*asked, *PAYLOADS])
        if page.evaluate("self.pwned"):
            figure.failures.append("a script has run")
    figure.write()
    assert figure.trials == 100
    assert not figure.failures  # requests elsewhere, dialogs and reports of the policy: `open_page`
