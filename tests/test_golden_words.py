"""Golden questions put in wholly different words share no rare word with the sentences that answer them."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from qa.index import terms

QUESTIONS = Path(__file__).parent / "golden" / "questions.jsonl"
KIND = "paraphrase_no_rare_word"
# A paragraph, heading or bullet that does not end so goes on in the next: an original breaks its lines around names.
END = re.compile(r"[.!?…][\"”’)]*$")
PARAGRAPHS = re.compile(r"\n\s*\n|\n(?=\s*•)")
SENTENCES = re.compile(r"(?<!\bMr\.)(?<!\bU\.S\.)(?:(?<=[.!?])|(?<=[.!?][\"”’)]))\s+(?=[\"“‘(]?[A-Z])")


def asked() -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    return [row for row in rows if row["kind"] == KIND]


def bodies(folder: Path) -> dict[str, str]:
    """Return the articles' texts by file name, without front matter: its keys stand in every article."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}
    return {
        name: text.split("---\n", 2)[2] if text.startswith("---\n") else text for name, text in texts.items()
    }


def sentences(text: str) -> list[str]:
    """Return the sentences, rather two as one than one as two: that makes the rule stricter."""
    found, begun = [], ""
    for paragraph in PARAGRAPHS.split(text):
        begun = f"{begun} {' '.join(paragraph.split())}".strip()
        if END.search(begun):
            found += SENTENCES.split(begun)
            begun = ""
    return [*found, begun] if begun else found


def rare_words(texts: dict[str, str]) -> set[str]:
    """Return the terms, which no function word is, that stand in fewer than half of the articles."""
    counts = Counter(term for text in texts.values() for term in set(terms(text, "en")))
    return {term for term, articles in counts.items() if 2 * articles < len(texts)}


def shared_rare_words(texts: dict[str, str], evidence: str) -> list[tuple[str, str, str]]:
    """Return (id, fragment, rare word) for every rare word that a question shares with an answering sentence."""
    rare = rare_words(texts)
    by_article = {name: sentences(text) for name, text in texts.items()}
    found = []
    for row in asked():
        words = rare & set(terms(row["question"], "en"))
        for entry in row[evidence]:
            answering = [s for s in by_article[entry["article"]] if entry["text"] in s]
            assert len(answering) == 1, (row["id"], entry)
            found += [
                (row["id"], entry["text"], word) for word in sorted(words & set(terms(answering[0], "en")))
            ]
    return found


def test_there_are_enough_about_every_article(seeds_dir: Path) -> None:
    by_article = Counter(article for row in asked() for article in {e["article"] for e in row["evidence"]})
    assert by_article.keys() == bodies(seeds_dir).keys()
    assert min(by_article.values()) >= 9
    assert len(asked()) >= 48


def test_no_rare_word_is_shared_with_the_seeds(seeds_dir: Path) -> None:
    texts = bodies(seeds_dir)
    assert len(texts) == 5
    assert shared_rare_words(texts, "evidence") == []


def test_no_rare_word_is_shared_with_the_originals(shared_dir: Path) -> None:
    texts = bodies(shared_dir / "seeds")
    assert len(texts) == 5
    assert shared_rare_words(texts, "original_evidence") == []


def test_a_shared_rare_word_is_seen_in_any_form(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {"a": "# Sea\n\nTurkey sold a drone.\n\nMr. Doğan\n\nleft.", "b": "Turkey waits.", "c": "Snow."}
    assert sentences(texts["a"]) == ["# Sea Turkey sold a drone.", "Mr. Doğan left."]
    row = {"id": "q1", "kind": KIND, "question": "Did DOGAN's Turkey buy drones?"}
    entries = [{"article": "a", "text": "sold a drone"}, {"article": "a", "text": "left"}]
    monkeypatch.setattr(f"{__name__}.asked", lambda: [row | {"evidence": entries}])
    assert shared_rare_words(texts, "evidence") == [("q1", "sold a drone", "drone"), ("q1", "left", "dogan")]
