"""The laws of chunks, for every text and for two tokenizers."""

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from qa.corpus import (
    CHUNKER_VERSION,
    BlockKind,
    TokenCounter,
    blocks,
    embedding_text,
    split_article,
)
from qa.formats import front_matter, heading_text, normalise
from qa.models import FakeEmbedder, SentenceTransformersEmbedder, find_model
from qa.types import Article, Chunk, ChunkerSettings
from tests.articles import load_all

FAKE = FakeEmbedder().count_tokens
PIECES = [
    "The ships waited. ", "He said “no” and left. ", "It was closed, officials said", " on Monday", "\n", "\n\n", "\n\n", "\r",
    "# Heading\n\n", "## Part of C#\n", "Announcement:\n\n", "Share:\n\n", "- item one\n", "12. twelfth thing. And more.\n", "• ",
    "U.S. forces ", "e.g. ", "Mr. Putin ", "$5.5 billion ", "?! ", "!!!", "... ", "\x00", "\u00a0", "\u2028", "\ufeff", "\u200b",
    "😀", "👩‍👩‍👧", "中文没有空格。", "中" * 40, "שלום עולם. ", "e\u0301", "\u0301" * 20, "ﷺ", "한국어 ", "x" * 90, "ab-cd_ef/gh ", "y" * 600, "?!" * 300,
]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(PIECES), min_size=1, max_size=40).map("".join).map(normalise)
TITLES = st.sampled_from(["T", "A title of some words", "word " * 60, "w" * 400, "中" * 90, "ﷺ 😀"])
BUDGETS = st.sampled_from([16, 24, 62])


def article(text: str, title: str = "T") -> Article:
    return Article("a.md", title, text, hashlib.sha256(text.encode()).hexdigest())


def chunker(max_tokens: int) -> ChunkerSettings:
    return ChunkerSettings(version=CHUNKER_VERSION, max_tokens=max_tokens, overlap_tokens=max_tokens // 6)


def split(text: str, max_tokens: int = 62, title: str = "T") -> list[Chunk]:
    return split_article(article(text, title), settings=chunker(max_tokens), count_tokens=FAKE)


def texts(text: str, max_tokens: int = 62) -> list[str]:
    return [text[chunk.start : chunk.end] for chunk in split(text, max_tokens)]


def check_laws(subject: Article, max_tokens: int, count: TokenCounter) -> None:
    limits = chunker(max_tokens)
    text = subject.text
    chunks = split_article(subject, settings=limits, count_tokens=count)
    assert chunks == split_article(subject, settings=limits, count_tokens=count)
    found = blocks(subject)

    covered = bytearray(len(text))
    for chunk in chunks:
        assert chunk.article_id == subject.id
        assert 0 <= chunk.start < chunk.end <= len(text)
        assert not text[chunk.start].isspace()
        assert not text[chunk.end - 1].isspace()
        assert chunk.sentences
        covered[chunk.start : chunk.end] = b"\x01" * (chunk.end - chunk.start)
        place = chunk.start
        for start, end in chunk.sentences:
            assert place <= start < end <= chunk.end
            assert text[start:end] == text[start:end].strip()
            place = end
        assert place == chunk.end
        inside = [block for block in found if block.start < chunk.end and chunk.start < block.end]
        assert {block.kind for block in inside} <= {BlockKind.PROSE, BlockKind.LIST_ITEM}
        shown = embedding_text(subject, chunk, settings=limits, count_tokens=count)
        assert shown.endswith(text[chunk.start : chunk.end])
        assert count([shown])[0] <= max_tokens

    for block in found:
        wanted = block.kind in {BlockKind.PROSE, BlockKind.LIST_ITEM}
        for place in range(block.start, block.end):
            assert text[place].isspace() or covered[place] == wanted, text[block.start : block.end]

    for before, after in pairwise(chunks):
        assert before.start < after.start
        assert before.end < after.end
        shared = [sentence for sentence in before.sentences if sentence in after.sentences]
        assert after.sentences[: len(shared)] == tuple(shared)
        if shared:
            assert shared[0][0] >= after.start
            assert sum(count([text[start:end]])[0] for start, end in shared) <= limits.overlap_tokens
        else:
            assert before.end <= after.start


@given(HOSTILE, TITLES, BUDGETS)
@example("- " + " " * 400 + "x" * 900, "T", 16)
@example("a" + " " * 5000 + "b. " + "c" + "\u2028" * 5000 + "d", "T", 16)
@example("\u200b\n\n" * 400, "T", 16)
@example("- " + "ab " * 100, "T", 16)
@example("12345678 " * 200 + ".", "word " * 60, 16)
def test_laws(text: str, title: str, max_tokens: int) -> None:
    check_laws(article(text, title), max_tokens, FAKE)


@given(st.text(min_size=1).map(normalise), BUDGETS)
def test_laws_for_any_text(text: str, max_tokens: int) -> None:
    check_laws(article(text), max_tokens, FAKE)


# --- examples -----------------------------------------------------------------------------------------


def test_sentences_and_offsets() -> None:
    text = "T\n\nThe U.S. sent ships. “Why?” he asked. They left."
    assert split(text) == [Chunk("a.md", 3, 51, "", ((3, 23), (24, 40), (41, 51)))]
    assert [text[a:b] for a, b in split(text)[0].sentences] == [
        "The U.S. sent ships.",
        "“Why?” he asked.",
        "They left.",
    ]


def test_a_chunk_ends_with_a_paragraph_where_that_keeps_it_half_full() -> None:
    paragraphs = [
        "One two three four five six seven.",
        "Eight nine ten one two three four.",
        "Five six seven.",
    ]
    text = "\n\n".join(paragraphs)
    assert texts(text, 18) == [paragraphs[0] + "\n\n" + paragraphs[1], paragraphs[2]]
    assert texts(text, 24) == [text]


def test_no_chunk_crosses_a_heading_or_furniture() -> None:
    text = "Before it.\n\n## One\n\nFirst part.\n\nShare:\n\nSecond part.\n\n## Two ##\n\nThird part.\n"
    chunks = split(text)
    assert [(chunk.heading, text[chunk.start : chunk.end]) for chunk in chunks] == [
        ("", "Before it."),
        ("One", "First part."),
        ("One", "Second part."),
        ("Two", "Third part."),
    ]


def test_title_and_heading_stand_in_front() -> None:
    subject = article("## The C# part\n\nText.", title="The title")
    (chunk,) = split_article(subject, settings=chunker(62), count_tokens=FAKE)
    assert (chunk.heading, subject.text[chunk.start : chunk.end]) == ("The C# part", "Text.")
    shown = embedding_text(subject, chunk, settings=chunker(62), count_tokens=FAKE)
    assert shown == "The title\nThe C# part\nText."


def test_a_long_title_is_cut_at_a_word_to_a_quarter() -> None:
    subject = article("Text.", title="one two three four five six seven eight")
    (chunk,) = split_article(subject, settings=chunker(16), count_tokens=FAKE)
    assert (
        embedding_text(subject, chunk, settings=chunker(16), count_tokens=FAKE) == "one two three four\nText."
    )


def test_overlap_is_the_last_whole_sentence() -> None:
    sentences = [f"Number {word} is here now." for word in ("one", "two", "three", "four", "five", "six")]
    limits = ChunkerSettings(version=CHUNKER_VERSION, max_tokens=20, overlap_tokens=6)
    text = " ".join(sentences)
    found = split_article(article(text), settings=limits, count_tokens=FAKE)
    assert [text[chunk.start : chunk.end] for chunk in found] == [
        " ".join(sentences[0:3]),
        " ".join(sentences[2:5]),
        " ".join(sentences[4:6]),
    ]


def test_a_bullet_goes_with_its_item() -> None:
    text = "Things:\n\n- one thing. And more.\n- " + "long " * 30 + "item."
    first, second, third = split(text, 24)
    assert (first.heading, second.heading) == ("Things:", "Things:")
    assert [text[a:b] for a, b in first.sentences] == ["one thing.", "And more.", ("long " * 10)[:-1]]
    assert text[first.start : first.end] == "- one thing. And more.\n- " + ("long " * 10)[:-1]
    assert [text[a:b] for a, b in (*second.sentences, *third.sentences)] == [
        ("long " * 11)[:-1],
        ("long " * 9) + "item.",
    ]


def test_an_oversized_sentence_is_cut_at_spaces_and_an_oversized_word_inside() -> None:
    assert texts("aaa bbb ccc " * 20, 16)[0] == ("aaa bbb ccc " * 5)[:-1]
    assert "".join(texts("中" * 500, 62)) == "中" * 500


def test_an_endless_word_is_a_sentence_of_its_own() -> None:
    text = "Look at this. " + "!" * 500 + " It was loud."
    (chunk,) = split_article(article(text), settings=chunker(2000), count_tokens=FAKE)
    assert [text[a:b] for a, b in chunk.sentences] == ["Look at this.", "!" * 500, "It was loud."]


def test_furniture_alone_gives_no_chunk() -> None:
    assert split("Share:\n\nAdvertisement") == []


# --- time ---------------------------------------------------------------------------------------------

ENDLESS: dict[str, Callable[[int], str]] = {
    "one word": lambda n: "x" * n,
    "exclamation marks": lambda n: "!" * n,
    "question and exclamation marks": lambda n: "a?!" * (n // 3),
    "words just short of endless": lambda n: ("!" * 499 + " ") * (n // 500),
    "abbreviations": lambda n: "e.g. " * (n // 5),
    "dots": lambda n: ". " * (n // 2),
    "sentences": lambda n: "The cat sat. " * (n // 13),
    "words": lambda n: "word " * (n // 5),
    "blanks": lambda n: "a" + " " * n + "b",
    "a heading and blanks": lambda n: "# a" + " " * n + "b",
    "hashes": lambda n: "# a" + " #" * (n // 2) + "b",
    "items": lambda n: "1. a\n" * (n // 5),
    "paragraphs": lambda n: "a b\n\n" * (n // 5),
    "front matter": lambda n: "---\n" + "a: b\n" * (n // 5),
    "marks": lambda n: "a" + "\u0301\u0316" * (n // 2),
    "furniture": lambda n: "Related posts\n\n" * (n // 15),
    "quotes": lambda n: "“. " * (n // 3),
    "no spaces": lambda n: "中文。" * (n // 3),
}


def read(text: str) -> None:
    text = normalise(text)
    metadata, start = front_matter(text)
    heading_text(text)
    split(text, title=str(metadata.get("title", text[start : start + 50])))


def best_time(text: str) -> float:
    """Seconds of processor time, which other programs on the machine do not lengthen."""

    def once() -> float:
        start = time.process_time()
        read(text)
        return time.process_time() - start

    return min(once() for _ in range(3))


def growth(make: Callable[[int], str], length: int = 10_000) -> float:
    return best_time(make(4 * length)) / max(best_time(make(length)), 0.01)


@pytest.mark.parametrize("name", ENDLESS)
def test_time_grows_with_the_text_and_not_with_its_square(name: str) -> None:
    # Four times the text: 4 if linear, 16 if quadratic, and a busy machine gets a second and a third chance.
    assert any(growth(ENDLESS[name]) <= 8 for _ in range(3))


@pytest.mark.parametrize("name", ["one word", "exclamation marks", "a heading and blanks"])
def test_two_megabytes_in_one_line(name: str) -> None:
    assert any(growth(ENDLESS[name], 500_000) <= 8 for _ in range(3))


def test_a_long_title_does_not_cost_every_chunk() -> None:
    def seconds(title_words: int) -> float:
        subject = article("A short sentence. " * 500, title="word " * title_words)
        start = time.process_time()
        for chunk in split_article(subject, settings=chunker(62), count_tokens=FAKE):
            embedding_text(subject, chunk, settings=chunker(62), count_tokens=FAKE)
        return time.process_time() - start

    assert any(seconds(100_000) <= 3 * seconds(1_000) for _ in range(3))


# --- the real tokenizer -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real() -> SentenceTransformersEmbedder:
    return SentenceTransformersEmbedder(find_model("default"), threads=1)


@pytest.mark.model
@settings(max_examples=25)
@given(HOSTILE, TITLES, st.sampled_from([16, 62, 254]))
@example("e3r4t5y6שלוםKyiv!!!", "中" * 90, 16)
@example("- ab-cd\ufeff 한국어 the İ ab-cd ______________________________ á -  ...!!!", "word " * 60, 16)
def test_laws_with_the_real_tokenizer(
    real: SentenceTransformersEmbedder, text: str, title: str, max_tokens: int
) -> None:
    check_laws(article(text, title), max_tokens, real.count_tokens)


def hostile_articles() -> Iterator[Article]:
    rng = random.Random(7)  # noqa: S311 (texts, no secrets)
    yield article("z" * 100_000)
    for piece in PIECES:
        yield article(normalise(piece * 400 + "x"), title=piece.strip() or "T")
    for _ in range(20):
        yield article(normalise("".join(rng.choices(PIECES, k=200))), title="".join(rng.choices(PIECES, k=3)))


@pytest.mark.model
def test_the_model_truncates_no_chunk(
    real: SentenceTransformersEmbedder, seeds_dir: Path, request: pytest.FixtureRequest
) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(find_model("default").path))
    limits = chunker(254)
    subjects = [*load_all(seeds_dir)[0], *hostile_articles()]
    originals = Path(request.config.rootpath).parent / "shared" / "seeds"
    if originals.is_dir():
        subjects += load_all(originals)[0]
    longest = 0
    for subject in subjects:
        chunks = split_article(subject, settings=limits, count_tokens=real.count_tokens)
        shown = [
            embedding_text(subject, chunk, settings=limits, count_tokens=real.count_tokens)
            for chunk in chunks
        ]
        if shown:
            counts = [len(ids) for ids in tokenizer(shown, truncation=False, verbose=False)["input_ids"]]
            assert counts == [count + 2 for count in real.count_tokens(shown)]
            longest = max(longest, *counts)
    assert 200 < longest <= 256
