"""Scores that are BM25 to the fifth digit, in every language of the index."""

import io
import math
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from itertools import repeat
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.errors import IndexDamagedError
from qa.index import LexicalIndex, terms
from qa.index.arrays import read_array, write_array
from qa.index.lexical import LexicalWriter
from tests.index.files import stored_file

CORPUS = [
    "The harbour was closed. The harbour pilots waited.",
    "Grain ships left the harbour on Monday, and grain prices fell.",
    "Storm after storm came up from the south.",
    "It was the of and.",
    "Ships, ships, ships: 100,000 tonnes of grain.",
]


def write(texts: Iterable[str], languages: Iterable[str | None] = repeat(None)) -> dict[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        writer = LexicalWriter(Path(folder))
        for text, language in zip(texts, languages, strict=False):
            writer.add(text, language)
        promised = writer.final_bytes
        writer.finish()
        files = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    assert sum(map(len, files.values())) <= promised + 1024
    return files


def read(files: Mapping[str, bytes], rows: int) -> LexicalIndex:
    return LexicalIndex({name: stored_file(data) for name, data in files.items()}, rows=rows)


def index(texts: list[str], languages: Iterable[str | None] = repeat(None)) -> LexicalIndex:
    return read(write(texts, languages), len(texts))


def reference(texts: list[str], question: str, k1: float = 0.9, b: float = 0.4) -> list[float]:
    """BM25 as in Lucene: idf * tf / (tf + k1 * (1 - b + b * length / mean length))."""
    documents = [terms(text, None) for text in texts]
    mean = sum(map(len, documents)) / len(documents)
    scores = [0.0] * len(documents)
    for term in set(terms(question, None)):
        n = sum(term in document for document in documents)
        idf = math.log(1 + (len(documents) - n + 0.5) / (n + 0.5))
        for place, document in enumerate(documents):
            tf = document.count(term)
            scores[place] += idf * tf / (tf + k1 * (1 - b + b * len(document) / mean))
    return scores


# --- scores -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        "harbour",
        "grain ships",
        "Which ships carried 100000 tonnes?",
        "storms storm STORM",
        "the of",
        "unknown harbour",
        "",
    ],
)
def test_scores_are_those_of_the_formula(question: str) -> None:
    scores = index(CORPUS).scores(question)
    assert scores.shape == (5,)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, reference(CORPUS, question), atol=1e-5)


WORDS = st.lists(st.sampled_from(["harbour", "ship", "grain", "storm", "the", "Kyiv"]), max_size=12).map(
    " ".join
)


@given(st.lists(WORDS, min_size=1, max_size=8), WORDS)
def test_scores_of_any_corpus(texts: list[str], question: str) -> None:
    expected = reference(texts, question) if any(terms(text, None) for text in texts) else [0.0] * len(texts)
    np.testing.assert_allclose(index(texts).scores(question), expected, atol=1e-5)


def test_a_word_said_twice_counts_once() -> None:
    found = index(CORPUS)
    np.testing.assert_array_equal(found.scores("grain grain grain"), found.scores("grain"))


@pytest.mark.parametrize(("term", "n"), [("harbour", 2), ("storm", 1), ("ship", 2), ("unknown", 0)])
def test_idf(term: str, n: int) -> None:
    assert index(CORPUS).idf(term) == pytest.approx(math.log(1 + (5 - n + 0.5) / (n + 0.5)), abs=1e-12)


@pytest.mark.parametrize("texts", [["the of and", "…"], [""], []])
def test_a_corpus_without_terms(texts: list[str]) -> None:
    found = index(texts)
    assert found.scores("harbour").tolist() == [0.0] * len(texts)
    assert found.idf("harbour") == pytest.approx(math.log(1 + (len(texts) + 0.5) / 0.5))


@pytest.mark.parametrize("postings_in_memory", [1, 7, 1 << 20])
def test_scores_are_those_of_bm25s(postings_in_memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    import bm25s

    monkeypatch.setattr("qa.index.lexical.POSTINGS_IN_MEMORY", postings_in_memory)
    chance = random.Random(4)
    words = [f"word{number}x" for number in range(60)]
    texts = [" ".join(chance.choices(words, k=chance.randrange(40))) for _ in range(200)]
    corpus = [terms(text, None) for text in texts]
    model = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    model.index(corpus, show_progress=False)
    found = index(texts)
    for question in ("word1x", "word2x word3x word59x", " ".join(words)):
        expected = model.get_scores(terms(question, None))
        np.testing.assert_allclose(found.scores(question), expected, rtol=1e-5, atol=1e-6)


def test_terms_of_every_script_are_found_again() -> None:
    texts = ["zebra", "Ärger", "наука", "科学", "a1", "🙂 émeute", "z"]
    found = index(texts)
    for row, text in enumerate(texts):
        assert np.flatnonzero(found.scores(text)).tolist() == [row]
    assert not found.scores("zeb zebras zz 科 学").any() or found.scores("zebras")[0] > 0


# --- languages ----------------------------------------------------------------------------------------

MIXED = [
    ("The harbour bridge was built in 1932, and the harbour is old.", "en"),
    ("Die Brücke über den Fluss wurde 1932 gebaut.", "de"),
    ("El puente sobre el río fue construido en 1932.", "es"),
    ("この橋は一九三二年に建設された。", "ja"),
    ("Der Film The Bridge kam in die Kinos.", "de"),
]


def mixed() -> LexicalIndex:
    return index([text for text, _ in MIXED], [language for _, language in MIXED])


def test_an_index_knows_its_languages() -> None:
    assert mixed().languages == ("de", "en", "es", "ja")
    assert index(CORPUS).languages == ("en",)
    assert index(CORPUS, ["en", None, "en", None, "en"]).languages == ("en",)


def test_an_index_without_languages_is_of_english() -> None:
    files = {name: data for name, data in write(CORPUS).items() if name != "languages.json"}
    found = read(files, len(CORPUS))
    assert found.languages == ("en",)
    np.testing.assert_array_equal(found.scores("ships"), index(CORPUS).scores("ships"))


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("Welche Brücken?", [1]),
        ("Which bridges?", [0, 4]),  # German leaves "Bridge" as it is, and so does English
        ("¿Cuáles puentes?", [2]),
        ("建設", [3]),
        ("What is the?", []),  # "the" is an English word wherever it stands
    ],
)
def test_a_question_is_asked_in_every_language(question: str, rows: list[int]) -> None:
    assert np.flatnonzero(mixed().scores(question)).tolist() == rows


def test_a_term_of_several_languages_counts_once() -> None:
    found = mixed()
    alone = index([text for text, _ in MIXED], repeat("xx"))
    np.testing.assert_allclose(found.scores("1932") > 0, alone.scores("1932") > 0)
    scored = found.scores("1932")[2]
    length, mean = len(terms(*MIXED[2])), sum(len(terms(*each)) for each in MIXED) / len(MIXED)
    assert scored == pytest.approx(found.idf("1932") / (1 + 0.9 * (0.6 + 0.4 * length / mean)), rel=1e-5)


# --- on disk ------------------------------------------------------------------------------------------


def test_the_same_texts_are_the_same_bytes() -> None:
    assert write(CORPUS) == write(list(CORPUS))
    assert sorted(write(CORPUS)) == [
        "chunks.npy",
        "languages.json",
        "scores.npy",
        "starts.npy",
        "term_ends.npy",
        "terms.bin",
    ]


def test_every_process_writes_the_same_bytes() -> None:
    script = (
        "import hashlib; from tests.index.test_lexical import CORPUS, write; files = write(CORPUS); "
        "print({name: hashlib.sha256(data).hexdigest() for name, data in files.items()})"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(outputs) == 1


def _starts(change: Callable[[np.ndarray], object]) -> Callable[[dict[str, bytes]], None]:
    def damage(files: dict[str, bytes]) -> None:
        array = read_array(stored_file(files["starts.npy"]), np.int64).copy()
        change(array)
        files["starts.npy"] = write_array(array)

    return damage


DAMAGES: dict[str, Callable[[dict[str, bytes]], object]] = {
    "a missing file": lambda f: f.pop("scores.npy"),
    "no terms": lambda f: f.pop("terms.bin"),
    "no places of terms": lambda f: f.pop("term_ends.npy"),
    "cut terms": lambda f: f.update({"terms.bin": f["terms.bin"][:-1]}),
    "a term too few": lambda f: f.update({"term_ends.npy": write_array(read_array(stored_file(f["term_ends.npy"]), np.int64)[:-1])}),
    "no array": lambda f: f.update({"scores.npy": b"not an array"}),
    "an empty file": lambda f: f.update({"scores.npy": b""}),
    "a cut array": lambda f: f.update({"scores.npy": f["scores.npy"][:-3]}),
    "another type": lambda f: f.update({"scores.npy": write_array(np.zeros(3))}),
    "languages that are none": lambda f: f.update({"languages.json": b'{"en": 1}'}),
    "languages that are numbers": lambda f: f.update({"languages.json": b"[1]"}),
    "languages cut short": lambda f: f.update({"languages.json": b'["en"'}),
    "a number for an array": lambda f: f.update({"starts.npy": write_array(np.array(3))}),
    "a table for an array": lambda f: f.update({"chunks.npy": write_array(np.zeros((16, 1), dtype=np.int32))}),
    "fewer scores": lambda f: f.update({"scores.npy": write_array(np.zeros(1, dtype=np.float32))}),
    "a row out of range": lambda f: f.update({"chunks.npy": write_array(read_array(stored_file(f["chunks.npy"]), np.int32) + 3)}),
    "a negative row": lambda f: f.update({"chunks.npy": write_array(read_array(stored_file(f["chunks.npy"]), np.int32) - 1)}),
    "a wrong first start": _starts(lambda array: array.__setitem__(0, 1)),
    "a wrong last start": _starts(lambda array: array.__setitem__(-1, array[-1] - 1)),
    "starts that go back": _starts(lambda array: array.__setitem__(1, 10**6)),
}  # fmt: skip


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_refused(name: str) -> None:
    files = write(CORPUS)
    DAMAGES[name](files)
    with pytest.raises(IndexDamagedError):
        read(files, len(CORPUS)).scores(" ".join(CORPUS))


def test_a_pickle_is_refused() -> None:
    files = write(CORPUS)
    buffer = io.BytesIO()
    np.save(buffer, np.array([{}], dtype=object))
    with pytest.raises(IndexDamagedError, match="object"):
        read({**files, "scores.npy": buffer.getvalue()}, len(CORPUS))
