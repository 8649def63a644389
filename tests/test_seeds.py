"""The seed articles and the golden questions: in their own words, complete, and consistent with each other.

The originals that the seed articles digest are not part of this repository. Checks that need them are
skipped where they are not at hand.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped, unused-ignore]

ROOT = Path(__file__).parents[1]
SEEDS = ROOT / "seeds"
GOLDEN = ROOT / "tests" / "golden"
QUESTIONS = GOLDEN / "questions.jsonl"
ORIGINALS = ROOT.parent / "shared" / "seeds"

SEED_PATHS = sorted(SEEDS.glob("*.md"))
REQUIRED_KEYS = {"title", "source", "published", "original", "digest", "note"}
ALLOWED_KEYS = REQUIRED_KEYS | {"author"}
ANSWERABLE = {
    "direct",
    "paraphrase",
    "paraphrase_hard",
    "paraphrase_no_rare_word",
    "why",
    "number",
    "who_said",
    "across",
}
UNANSWERABLE = {"near", "far"}
LONGEST_COMMON_RUN = 12

NUMBER = re.compile(r"[$€]?(?:[^\W\d_]+-?)?\d+(?:[.,]\d+)*%?")
HASH = re.compile(r"\b[0-9a-f]{32}\b")
# Numbers of the originals that are page furniture and no part of the report.
FURNITURE_NUMBERS: dict[str, dict[str, str]] = {
    "001_8c332a546bdb656a.txt": {"24": "headline of another article, linked at the end"},
    "003_a8bb3dec37585fc3.txt": {
        "477055": "id of a picture",
        "477054": "id of a picture",
        "2022": "copyright line",
    },
}

needs_originals = pytest.mark.skipif(
    not ORIGINALS.is_dir(), reason="the original news texts (../shared/seeds) are not on this machine"
)
each_seed = pytest.mark.parametrize("path", SEED_PATHS, ids=lambda path: path.stem)


@dataclass(frozen=True)
class Question:
    id: str
    question: str
    kind: str
    evidence: list[tuple[str, str]]
    original_evidence: list[tuple[str, str]]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def front_matter(path: Path) -> dict[str, Any]:
    loaded: Any = yaml.safe_load(read(path).split("---\n", 2)[1])
    assert isinstance(loaded, dict)
    return loaded


def body(path: Path) -> str:
    return read(path).split("---\n", 2)[2]


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", re.sub("['\u2019\u02bc]", "", text.lower()))


def runs(text: str, length: int) -> set[tuple[str, ...]]:
    found = words(text)
    return {tuple(found[i : i + length]) for i in range(len(found) - length + 1)}


def numbers(text: str) -> set[str]:
    return set(NUMBER.findall(HASH.sub(" ", text)))


def questions() -> list[Question]:
    loaded = []
    for line in read(QUESTIONS).splitlines():
        row: dict[str, Any] = json.loads(line)
        assert row.keys() == {"id", "question", "kind", "evidence", "original_evidence"}
        loaded.append(
            Question(
                id=row["id"],
                question=row["question"],
                kind=row["kind"],
                evidence=[(e["article"], e["text"]) for e in row["evidence"]],
                original_evidence=[(e["article"], e["text"]) for e in row["original_evidence"]],
            )
        )
    return loaded


def originals() -> dict[str, str]:
    return {path.name: read(path) for path in sorted(ORIGINALS.glob("*.txt"))}


def misplaced(evidence: list[tuple[str, str]], texts: dict[str, str]) -> list[tuple[str, str]]:
    """The evidence whose fragment does not stand exactly as written in the article it names."""
    return [(article, text) for article, text in evidence if text not in texts.get(article, "")]


def test_there_are_five_seed_articles_each_of_its_own_original() -> None:
    named = [front_matter(path)["original"] for path in SEED_PATHS]
    assert len(named) == 5
    assert len(set(named)) == 5


@each_seed
def test_front_matter(path: Path) -> None:
    assert read(path).startswith("---\n")
    meta = front_matter(path)
    assert meta.keys() >= REQUIRED_KEYS
    assert meta.keys() <= ALLOWED_KEYS
    assert meta["digest"] is True
    for key in meta.keys() - {"digest"}:
        assert isinstance(meta[key], str), key
        assert meta[key].strip(), key
    assert re.fullmatch(r"\d{3}_[0-9a-f]{16}\.txt", meta["original"])


@each_seed
def test_published_is_an_iso_date_of_some_precision(path: Path) -> None:
    published = front_matter(path)["published"]
    assert re.fullmatch(r"\d{4}(-\d{2}){0,2}", published)
    date.fromisoformat(published + "-01-01"[len(published) - 4 :])


@each_seed
def test_body_opens_with_the_title_and_has_sections(path: Path) -> None:
    lines = body(path).strip().splitlines()
    assert lines[0] == f"# {front_matter(path)['title']}"
    assert sum(line.startswith("# ") for line in lines) == 1
    assert sum(line.startswith("## ") for line in lines) >= 3


@needs_originals
@each_seed
def test_original_exists(path: Path) -> None:
    assert front_matter(path)["original"] in originals()


@needs_originals
@pytest.mark.parametrize(
    "path",
    [*SEED_PATHS, *sorted(file for file in GOLDEN.rglob("*") if file.is_file())],
    ids=lambda path: path.name,
)
def test_no_long_run_of_words_comes_from_an_original(path: Path) -> None:
    own = runs(read(path), LONGEST_COMMON_RUN + 1)
    assert own
    for name, text in originals().items():
        copied = own & runs(text, LONGEST_COMMON_RUN + 1)
        assert sorted(" ".join(run) for run in copied) == [], name


def test_a_copied_run_is_seen_through_case_apostrophes_and_punctuation() -> None:
    original = "Ukraine\u2019s allies said: We don\u2019t know yet how the war between the two will end."
    copy = "ukraines Allies said we dont know -- yet how\nthe war between the two"
    changed = copy.replace("war", "fight")
    assert runs(original, LONGEST_COMMON_RUN + 1) & runs(copy, LONGEST_COMMON_RUN + 1)
    assert not runs(original, LONGEST_COMMON_RUN + 1) & runs(changed, LONGEST_COMMON_RUN + 1)


@needs_originals
@each_seed
def test_numbers_carry_over(path: Path) -> None:
    original = front_matter(path)["original"]
    expected = numbers(originals()[original])
    furniture = FURNITURE_NUMBERS.get(original, {}).keys()
    assert expected - furniture <= numbers(body(path))
    assert furniture <= expected


def test_numbers_are_read_with_what_belongs_to_them() -> None:
    assert numbers("S-400, TB2 and Minsk-2; $5.5 billion, 27.1%, 100,000. 30-member, 36th") == {
        "S-400",
        "TB2",
        "Minsk-2",
        "$5.5",
        "27.1%",
        "100,000",
        "30",
        "36",
    }


def test_questions_are_many_and_unique() -> None:
    asked = questions()
    assert len(asked) >= 80
    assert [q.id for q in asked] == [f"q{i:02d}" for i in range(1, len(asked) + 1)]
    assert [text for text, n in Counter(q.question.casefold() for q in asked).items() if n > 1] == []
    assert all(q.question == q.question.strip() != "" for q in asked)


def test_questions_cover_every_kind_and_every_article() -> None:
    asked = questions()
    counts = Counter(q.kind for q in asked)
    assert counts.keys() == ANSWERABLE | UNANSWERABLE
    assert min(counts.values()) >= 6
    assert {article for q in asked for article, _ in q.evidence} == {path.name for path in SEED_PATHS}


def test_only_answerable_questions_have_evidence() -> None:
    for q in questions():
        if q.kind in UNANSWERABLE:
            assert (q.evidence, q.original_evidence) == ([], []), q.id
        else:
            assert q.evidence, q.id
            assert q.original_evidence, q.id
        if q.kind == "across":
            assert len({article for article, _ in q.evidence}) >= 2, q.id


def test_evidence_stands_in_the_seed_articles() -> None:
    texts = {path.name: body(path) for path in SEED_PATHS}
    for q in questions():
        assert misplaced(q.evidence, texts) == [], q.id
        assert all(3 <= len(text.split()) <= 8 and "\n" not in text for _, text in q.evidence), q.id


@needs_originals
def test_original_evidence_stands_in_the_originals() -> None:
    texts = originals()
    for q in questions():
        assert misplaced(q.original_evidence, texts) == [], q.id


def test_original_evidence_is_short_and_names_the_digested_originals() -> None:
    original_of = {path.name: front_matter(path)["original"] for path in SEED_PATHS}
    for q in questions():
        assert all(len(text.split()) <= 8 and "\n" not in text for _, text in q.original_evidence), q.id
        digested = {original_of[article] for article, _ in q.evidence}
        assert {article for article, _ in q.original_evidence} == digested, q.id
