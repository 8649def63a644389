"""Every sentence of a folder in every format is found again where it stands: the page, the heading, the characters."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from qa.corpus import load_article
from qa.formats import Sandbox
from qa.settings import Settings
from qa.shell import folder_articles, parse_saved, replay
from qa.types import Article
from qa.wire import wire_answer
from qa.wiring import build_index, open_answerer, open_generation
from tests.formats.files import docx, mail, page, pdf

NUMBER = {"pdf": 8, "html": 10, "docx": 8, "eml": 6, "md": 6, "txt": 4, "jsonl": 2}
_ONSETS, _VOWELS = "bdfgklmnprstvz", "aeiou"


@dataclass(frozen=True)
class Sentence:
    """A sentence that no other article has, and where it stands."""

    text: str
    article_id: str
    page: int | None
    section: str | None


class Words:
    """Words and sentences that come once."""

    def __init__(self) -> None:
        self._numbers = count(1000)

    def word(self) -> str:
        """Return a word that was never returned before; without digits, which page numbers may have."""
        number, made = next(self._numbers), ""
        while number:
            number, rest = divmod(number, len(_ONSETS) * len(_VOWELS))
            onset, vowel = divmod(rest, len(_VOWELS))
            made += _ONSETS[onset] + _VOWELS[vowel]
        return made

    def sentence(self) -> str:
        """Return a sentence of several such words, longer than a line that ends a paragraph."""
        return f"The {self.word()} of {self.word()} was seen by the {self.word()} near the old {self.word()} gate."


def make_pdf(words: Words, name: str) -> tuple[bytes, Iterator[Sentence]]:
    pages = [[words.sentence() for _ in range(4)] for _ in range(3)]
    lines = [[f"The Gazette, page {number}", *each] for number, each in enumerate(pages, start=1)]
    found = (
        Sentence(text, name, number, None) for number, each in enumerate(pages, start=1) for text in each
    )
    return pdf(lines, info={"Title": f"Paper {words.word()}"}), found


def sections(words: Words) -> Mapping[str, list[str]]:
    return {f"About {words.word()}": [words.sentence(), words.sentence()] for _ in range(3)}


def make_html(words: Words, name: str) -> tuple[bytes, Iterator[Sentence]]:
    parts = sections(words)
    body = "".join(
        f"<h2>{heading}</h2><p>{first}</p><ul><li>{second}</li></ul>"
        for heading, (first, second) in parts.items()
    )
    around = f"<nav><a href='/'>Home</a></nav><main><h1>Page {words.word()}</h1>{body}</main><footer>© 2023</footer>"
    encoding = ("utf-8", "cp1251", "utf-16")[len(name) % 3]
    head = f"<meta charset='{'windows-1251' if encoding == 'cp1251' else encoding}'>"
    return page(around, head=head).encode(encoding), _in_sections(parts, name)


def make_docx(words: Words, name: str) -> tuple[bytes, Iterator[Sentence]]:
    parts = sections(words)
    paragraphs = [("Title", f"Report {words.word()}")]
    for heading, (first, second) in parts.items():
        paragraphs += [("Heading 2", heading), ("Normal", first), ("Table", f"{words.word()}|{second}")]
    return docx(paragraphs), _in_sections({heading: pair[:1] for heading, pair in parts.items()}, name)


def make_markdown(words: Words, name: str) -> tuple[bytes, Iterator[Sentence]]:
    parts = sections(words)
    body = "\r\n".join(f"## {heading}\r\n\r\n{' '.join(pair)}\r\n" for heading, pair in parts.items())
    return f"---\r\ntitle: {words.word()}\r\n---\r\n\r\n{body}".encode("utf-8-sig"), _in_sections(parts, name)


def make_mail(words: Words, name: str) -> tuple[bytes, Iterator[Sentence]]:
    found = [words.sentence() for _ in range(4)]
    text = f"Dear {words.word()},\n\n{' '.join(found)}\n"
    return mail(text, Subject=f"Größe {words.word()}"), (Sentence(each, name, None, None) for each in found)


def make_text(words: Words, name: str) -> tuple[bytes, Iterator[Sentence]]:
    pages = [[words.sentence() for _ in range(3)] for _ in range(2)]
    text = f"A note on {words.word()}\n\n" + "\n\f".join("\n\n".join(each) for each in pages)
    found = (
        Sentence(each, name, number, None) for number, page in enumerate(pages, start=1) for each in page
    )
    return text.encode(("utf-8", "utf-16")[len(name) % 2]), found


def make_lines(words: Words, name: str) -> tuple[bytes, Iterator[Sentence]]:
    found = [Sentence(words.sentence(), f"{name}#{key}", None, None) for key in ("b", "a", "2")]
    rows = [
        {"_id": each.article_id.partition("#")[2], "title": words.word(), "text": each.text} for each in found
    ]
    return "\n".join(map(json.dumps, rows)).encode(), iter(found)


def _in_sections(parts: Mapping[str, list[str]], name: str) -> Iterator[Sentence]:
    return (Sentence(each, name, None, heading) for heading, found in parts.items() for each in found)


MAKERS = {
    "pdf": make_pdf,
    "html": make_html,
    "docx": make_docx,
    "eml": make_mail,
    "md": make_markdown,
    "txt": make_text,
    "jsonl": make_lines,
}


def write_folder(folder: Path) -> list[Sentence]:
    """Write the articles; return every sentence that must be found."""
    words, found = Words(), list[Sentence]()
    for suffix, number in NUMBER.items():
        for place in range(number):
            name = f"{suffix}/{'x' * (place + 1)}.{suffix}"
            data, sentences = MAKERS[suffix](words, name)
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
            found += sentences
    return found


def test_every_citation_is_in_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "articles"
    sentences = write_folder(folder)
    settings = Settings(model="fake", index_dir=tmp_path / "index", refuse_below=0)
    report = build_index(folder, settings)
    assert (report.added, report.skipped) == (sum(NUMBER.values()) + 2 * NUMBER["jsonl"], ())
    assert report.added >= 40
    assert len(sentences) >= 150
    answerer, generation = open_answerer(settings), open_generation(settings)
    articles: dict[str, Article] = {}
    wrong, saved = [], []
    for sentence in sentences:
        answer = answerer.ask(f"What about: {sentence.text}")
        saved.append(wire_answer(answer).model_dump_json())
        for citation in answer.citations:
            article = articles.setdefault(citation.article_id, generation.article(citation.article_id))
            assert article.text[citation.start : citation.end] == citation.quote
        best = answer.citations[0]
        section = best.section if sentence.section else None
        if (" ".join(best.quote.split()), best.article_id, best.start_page, best.end_page, section) != (
            sentence.text, sentence.article_id, sentence.page, sentence.page, sentence.section,
        ):  # fmt: skip
            wrong.append((sentence, best))
    assert not wrong
    with folder_articles(folder) as find:
        verdicts = {one.verdict for one in replay(parse_saved("\n".join(saved)), find)}
    assert verdicts == {"ok"}
    with Sandbox() as sandbox:
        for article_id, article in articles.items():
            assert load_article(folder / article_id.partition("#")[0], article_id, sandbox) == article
