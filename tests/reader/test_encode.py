"""Rows of ids: what the tokenizer itself makes of a pair, and offsets that point into the text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.models import find_model, load_tokenizer
from qa.reader import MAX_TOKENS, PairEncoder, header_text
from qa.reader.encode import HEADER_CHARS, QUESTION_TOKENS

QUESTION = "Why was the harbour closed?"
TEXT = "A storm broke the mole. The harbour was closed on Monday."
MODEL = find_model("default")
ENCODER = PairEncoder(MODEL)
TOKENIZER: Any = load_tokenizer(MODEL.path / "tokenizer.json", MODEL.fingerprint.tokenizer_sha256)
SEP = TOKENIZER.token_to_id("[SEP]")

words = st.text(st.sampled_from("aé\u0301😀中\u200bN7.’-İ \n"), max_size=30)


@given(words, words)
def test_without_a_header_it_is_the_tokenizers_own_pair(question: str, text: str) -> None:
    (found,) = ENCODER.encode(question, [""], [text])
    expected = TOKENIZER.encode(question, text)
    assert found.ids == tuple(expected.ids)
    assert expected.type_ids == [0] * found.passage + [1] * (len(found.ids) - found.passage)
    assert found.text == found.passage


@given(words, words, words)
def test_every_token_of_the_text_has_its_place(question: str, header: str, text: str) -> None:
    (found,) = ENCODER.encode(question, [header], [text])
    (bare,) = ENCODER.encode(question, [""], [text])
    assert found.ids[found.text :] == bare.ids[bare.text :]
    assert found.offsets == bare.offsets
    assert len(found.offsets) == len(found.ids) - 1 - found.text
    assert all(0 <= start <= end <= len(text) for start, end in found.offsets)
    assert list(found.offsets) == sorted(found.offsets)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("The 😀 left.", ["The", "😀", "left", "."]),
        ("😀😀 it rained", ["😀😀", "it", "rained"]),
        ("cafe\u0301 noir", ["cafe", "noir"]),  # an accent has no token: the word ends before one at its end
        ("nai\u0308ve men", ["nai\u0308ve", "men"]),
        ("中文 it", ["中", "文", "it"]),
        ("“No,” he\nsaid", ["“", "No", ",", "”", "he", "said"]),
        ("unforgettably", ["un", "for", "get", "ta", "bly"]),
    ],
)
def test_offsets_count_code_points(text: str, parts: list[str]) -> None:
    (found,) = ENCODER.encode(QUESTION, ["Title"], [text])
    assert [text[start:end] for start, end in found.offsets] == parts


def test_title_and_heading_stand_before_the_text() -> None:
    (found,) = ENCODER.encode(QUESTION, ["The harbour News"], [TEXT])
    assert found.ids == tuple(TOKENIZER.encode(QUESTION, f"The harbour News {TEXT}").ids)
    assert TOKENIZER.decode(list(found.ids[found.passage : found.text])) == "the harbour news"


def test_passages_do_not_see_each_other() -> None:
    headers, texts = ["", "Title", "Other title"], [TEXT, "", "Rain."]
    together = ENCODER.encode(QUESTION, headers, texts)
    assert together == [
        ENCODER.encode(QUESTION, [header], [text])[0] for header, text in zip(headers, texts, strict=True)
    ]


def test_a_long_question_is_cut() -> None:
    question = " ".join(f"word{number}" for number in range(200))
    (found,) = ENCODER.encode(question, [""], [TEXT])
    asked = TOKENIZER.encode(question, add_special_tokens=False).ids
    assert list(found.ids[1 : found.passage - 1]) == asked[:QUESTION_TOKENS]
    assert found.passage == QUESTION_TOKENS + 2
    assert found.ids[found.passage - 1] == found.ids[-1] == SEP
    assert len(found.offsets) == len(TOKENIZER.encode(TEXT, add_special_tokens=False).ids)


def test_a_long_text_is_cut() -> None:
    text = "it rained " * MAX_TOKENS
    (found,) = ENCODER.encode(QUESTION, ["Title"], [text])
    assert len(found.ids) == MAX_TOKENS
    assert found.ids[-1] == SEP
    assert SEP not in found.ids[found.passage : -1]
    assert len(found.offsets) == MAX_TOKENS - 1 - found.text
    assert text[slice(*found.offsets[-1])] in ("it", "rained")


def test_a_header_longer_than_everything_leaves_no_text() -> None:
    (found,) = ENCODER.encode(QUESTION, ["rain " * 2 * MAX_TOKENS], [TEXT])
    assert len(found.ids) == MAX_TOKENS
    assert found.ids[-1] == SEP
    assert found.text == MAX_TOKENS - 1
    assert found.offsets == ()


def test_a_header_is_title_and_heading() -> None:
    assert header_text("The harbour", "News") == "The harbour News"
    assert header_text("", "News") == "News"
    assert header_text("The harbour", "") == "The harbour"
    assert header_text("", "") == ""
    assert header_text("T" * 150, "H" * 150) == f"{'T' * 150} {'H' * 150}"[:HEADER_CHARS]
