"""One screen of an article with a part of it marked."""

from collections.abc import Iterator
from itertools import pairwise

from rich.cells import cell_len

from qa.shell.render import Line, visible
from qa.shell.terminal import Screen
from qa.types import Article, Span


def page_lines(article: Article, part: Span, *, screen: Screen) -> Iterator[Line]:
    """Show the lines of the part with the part marked, in the middle of as many others as the screen holds."""
    start, end = part
    text = article.text
    lines = list(_marked(text, start, end))
    rows = [max(1, -(-cell_len(line.text) // screen.width)) for line in lines]
    first = text.count("\n", 0, start)
    last = text.count("\n", 0, max(start, end - 1))
    above = below = 0
    room = screen.height - sum(rows[first : last + 1]) - 3  # two lines of dots, and the next prompt
    while True:
        up = rows[first - 1] if first else room + 1
        down = rows[last + 1] if last + 1 < len(rows) else room + 1
        if up <= room and (above <= below or down > room):
            first, above, room = first - 1, above + up, room - up
        elif down <= room:
            last, below, room = last + 1, below + down, room - down
        else:
            break
    if first:
        yield Line("...", "dim")
    yield from lines[first : last + 1]
    if last + 1 < len(lines):
        yield Line("...", "dim")


def _marked(text: str, start: int, end: int) -> Iterator[Line]:
    place = 0
    for line in text.split("\n"):
        cuts = (min(max(cut - place, 0), len(line)) for cut in (start, end))
        before, inside, after = (visible(line[slice(*cut)]) for cut in pairwise((0, *cuts, None)))
        marks = ((len(before), len(before) + len(inside)),) if inside else ()
        yield Line(f"{before}{inside}{after}", marks=marks)
        place += len(line) + 1
