"""One screen of an article, with the part in its middle and marked."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.shell.page import page_lines
from qa.shell.render import Line, visible
from qa.shell.terminal import Screen
from qa.types import Article

DOTS = Line("...", "dim")


def _page(text: str, part: tuple[int, int], *, width: int = 80, height: int = 24) -> list[Line]:
    article = Article("a.txt", "A", text, "f" * 64)
    return list(page_lines(article, part, screen=Screen(width, height)))


def _marked(lines: list[Line]) -> str:
    return "".join(line.text[slice(*mark)] for line in lines for mark in line.marks)


def test_the_part_is_in_the_middle() -> None:
    text = "\n".join("abcdefghijklmnopqrstuvwxyz")
    lines = _page(text, (24, 25), height=10)  # "m"
    assert [line.text for line in lines] == ["...", *"jklmnop", "..."]
    assert _marked(lines) == "m"


@pytest.mark.parametrize(
    ("part", "shown"), [((0, 1), "abcdefg"), ((50, 51), "tuvwxyz"), ((0, 51), "abcdefghijklmnopqrstuvwxyz")]
)
def test_the_screen_is_filled_at_an_end_too(part: tuple[int, int], shown: str) -> None:
    text = "\n".join("abcdefghijklmnopqrstuvwxyz")
    lines = [line for line in _page(text, part, height=10) if line != DOTS]
    assert "".join(line.text for line in lines) == shown


def test_lines_that_wrap_take_the_room_that_they_need(article: Article) -> None:
    text = "\n".join(("x" * 40, "y" * 40, "part", "z" * 40, "w" * 40))
    start = text.index("part")
    shown = [line.text[:4] for line in _page(text, (start, start + 4), width=10, height=12)]
    assert shown == ["...", "yyyy", "part", "zzzz", "..."]
    shown = [line.text[:4] for line in _page(text, (start, start + 4), width=10, height=11)]
    assert shown == ["...", "yyyy", "part", "..."]
    whole = list(page_lines(replace(article, text="short"), (0, 5), screen=Screen(80, 24)))
    assert whole == [Line("short", marks=((0, 5),))]


@given(
    st.lists(st.text(alphabet="ab\n\x1b\u202e 港", max_size=8), min_size=3, max_size=3), st.integers(1, 30)
)
def test_what_is_marked_is_the_part(texts: list[str], height: int) -> None:
    before, part, after = texts
    lines = _page(before + part + after, (len(before), len(before) + len(part)), width=4, height=height)
    assert _marked(lines) == visible(part).replace("\n", "")
    assert "\x1b" not in "".join(line.text for line in lines)
