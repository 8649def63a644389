"""Tell an article's prose from its title, headings and page furniture, without changing a character."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto

from qa.corpus.metadata import BYLINE_LINES, byline
from qa.formats import front_matter, heading_text
from qa.types import Article


class BlockKind(Enum):
    """What a block of lines is; only PROSE and LIST_ITEM go into chunks."""

    FRONT_MATTER = auto()
    TITLE = auto()
    HEADING = auto()
    PROSE = auto()
    LIST_ITEM = auto()
    FURNITURE = auto()


@dataclass(frozen=True, slots=True)
class Block:
    """A run of the article's text, `[start, end)`, with no blank space at either end."""

    kind: BlockKind
    start: int
    end: int


# Whole lines that saved pages carry around an article. Each has to match the line from its start, so
# that a sentence about copyright or a newsletter in the prose is not taken for furniture.
_FURNITURE = re.compile(
    r"""
      press\ play\ to\ listen\b .*
    | listen\ to\ (?:this|the)\ article\b .*
    | (?:leave|post|add|write)\ a\ (?:comment|reply) .{0,20}
    | (?:\d+|one|two|three|no)\ (?:thoughts?|comments?|responses?|replies)\ (?:on|to)\b .* (?<![.!?])
    | (?:post\ )?comments?\ ?(?:\(\d+\))?:?
    | your\ e-?mail\ address\ will\ not\ be\ published\b .*
    | required\ fields\ are\ marked\b .*
    | save\ my\ name,?\ e-?mail\b .*
    | (?:share|tweet|e-?mail|print|pin|follow\ us)(?:\ (?:this|on|via|with|to)\b .{0,60})? \s*:?
    | (?:facebook|twitter|x|linkedin|whatsapp|telegram|reddit|copy\ link)
    | (?:copyright\ (?:©|\(c\)|\d{4}) | © | \(c\)\ \d{4} ) .*
    | all\ rights\ reserved\b .*
    | (?:photo|image|picture|photograph|video|credit|photo\ credit|image\ credit)s?\ ?
      (?: : .{0,120} | by\b .{0,80} (?<![.!?”"]) )
    | im\ \d{4,}
    | [-–—]?\s*[\w .,'’&-]{0,60}/\s*(?:[\w .'’&-]{1,40}/\s*)?
      (?:getty(?:\ images)?|reuters|associated\ press|ap|afp|agence\ france-presse|epa|bloomberg|shutterstock|alamy|zuma)
      (?:\ images|\ press|\ photo)?(?:\ via\ .{1,40})?
    | (?:sign\ up|subscribe)\b .{0,160}
    | (?:get|receive)\ (?:our|the|your)\b .{0,80}\bnewsletter\b .*
    | write\ to\b .{0,120}\ at\b .{0,60}
    | news\ in\ association\ with\b .*
    | source\ link
    | error:\ content\ is\ protected\b .*
    | advertisement | sponsored(?:\ content)? | (?:article\ )?continues\ (?:after|below)\b .{0,40}
    | .{0,200}\bclick\ here\.?
    | (?:accept|manage)\ (?:all\ )?cookies\b .* | (?:we|this\ (?:web)?site)\ uses?\ cookies\b .*
    """,
    re.IGNORECASE | re.VERBOSE,
)
# From one of these lines on, a page lists other pages.
_TAIL = re.compile(
    r"(?:related|recommended|more) (?:posts?|articles?|stories|news|reading|from\b.{0,40}|on this\b.{0,40})\s*:?"
    r"|(?:you (?:may|might) also like|read (?:next|also|more)|trending|most (?:read|popular))\s*:?"
    r"|leave a (?:comment|reply)|(?:\d+|one) (?:thoughts?|comments?) on\b.*(?<![.!?])",
    re.IGNORECASE,
)
# A credit or a newsletter line glued to the end of a caption or a biography.
_TRAILING = re.compile(
    r"(?<=[.!?”\"’)])\s+(?:Photo(?:graph)?|Image|Credit|Video)s?:\s[^\n]{1,120}\Z"
    r"|(?<=[.!?”\"’)])\s+[^.!?\n]{0,60}\bsubscribers can now receive alerts\b[^\n]*\Z"
)
_LINES = re.compile(r"[^\n]*\n?")
_MARKDOWN_HEADING = re.compile(r"#{1,6}[ \t]+\S")
_LIST_ITEM = re.compile(r"(?:[-*+•‣◦–]|\d{1,3}[.)])[ \t]+(?=\S)")
_RULE = re.compile(r"(?:[-*_=~#][ \t]*){3,}")
_TERMINAL = re.compile(r"[.!?…:;。！？][\"'”’»)\]*_]*\Z")

MAX_HEADING_CHARS = 90
MAX_HEADING_WORDS = 14
MAX_BROKEN_CHARS = 60
MAX_LEFTOVERS = 2
MAX_TEASER_CHARS = 400


def marker_length(block: Block, text: str) -> int:
    """Return how many characters of a list item are its bullet or number."""
    match = _LIST_ITEM.match(text, block.start, block.end) if block.kind is BlockKind.LIST_ITEM else None
    return len(match.group()) if match else 0


def blocks(article: Article) -> tuple[Block, ...]:
    """Cut the article into blocks that hold every character but the blank space between them.

    An article without prose (one line, only headings) keeps its title and headings as prose, so that
    nothing readable is out of reach of a question.
    """
    text = article.text
    _, body_start = front_matter(text)
    found = _find_furniture(text, _mark_title(article, list(_paragraphs(text, body_start))))
    found = list(_find_headings(text, _join_broken(text, found)))
    if not any(block.kind in {BlockKind.PROSE, BlockKind.LIST_ITEM} for block in found):
        found = [replace(b, kind=BlockKind.PROSE) if b.kind is not BlockKind.FURNITURE else b for b in found]
    if body_start:
        found.insert(0, _trimmed(text, 0, body_start, BlockKind.FRONT_MATTER))
    return tuple(found)


def _paragraphs(text: str, body_start: int) -> Iterator[Block]:
    """Cut at blank lines, before each list item and around each Markdown heading or rule."""
    start: int | None = None
    kind = BlockKind.PROSE
    for line in _LINES.finditer(text, body_start):
        content = line.group().strip()
        heading = _MARKDOWN_HEADING.match(content) is not None
        single = heading or _RULE.fullmatch(content) is not None
        item = _LIST_ITEM.match(content) is not None
        if start is not None and (not content or single or item):
            yield _trimmed(text, start, line.start(), kind)
            start = None
        if single:
            yield _trimmed(text, *line.span(), BlockKind.HEADING if heading else BlockKind.FURNITURE)
        elif content and start is None:
            start, kind = line.start(), BlockKind.LIST_ITEM if item else BlockKind.PROSE
    if start is not None:
        yield _trimmed(text, start, len(text), kind)


def _trimmed(text: str, start: int, end: int, kind: BlockKind) -> Block:
    part = text[start:end]
    lead = len(part) - len(part.lstrip())
    return Block(kind, start + lead, start + max(lead, len(part.rstrip())))


def _mark_title(article: Article, found: list[Block]) -> list[Block]:
    """Mark the line that repeats the title: it is put in front of every chunk anyway."""
    for place, block in enumerate(found[:2]):
        first_line, _, rest = _content(article.text, block).partition("\n")
        if article.title in {" ".join(first_line.split()), heading_text(first_line)}:
            title = _trimmed(article.text, block.start, block.start + len(first_line), BlockKind.TITLE)
            others = [_trimmed(article.text, title.end, block.end, BlockKind.PROSE)] if rest.strip() else []
            return [*found[:place], title, *others, *found[place + 1 :]]
    return found


def _find_furniture(text: str, found: list[Block]) -> list[Block]:
    result: list[Block] = []
    for place, block in enumerate(found):
        content = _content(text, block)
        if block.kind is not BlockKind.PROSE:
            result.append(block)
        elif _is_furniture(content, place):
            result.append(replace(block, kind=BlockKind.FURNITURE))
        elif match := _TRAILING.search(content, max(0, len(content) - 400)):
            cut = block.start + match.start()
            result.append(_trimmed(text, block.start, cut, BlockKind.PROSE))
            result.append(_trimmed(text, cut, block.end, BlockKind.FURNITURE))
        else:
            result.append(block)
    return _find_tail(text, result)


def _is_furniture(content: str, place: int) -> bool:
    # The page's own <title>, pasted under the headline: "Story - Section | Publisher".
    if place < 3 and "|" in content and len(content) <= 250 and not _TERMINAL.search(content):
        return True
    if len(content) > 1200:
        return False
    if place < BYLINE_LINES and byline(content):
        return True
    return all(_FURNITURE.fullmatch(line.strip()) for line in content.split("\n"))


def _find_tail(text: str, found: list[Block]) -> list[Block]:
    """Mark what follows "Related posts" and the like, and the short leftovers just before the furniture."""
    cut = len(found)
    for place in range(len(found) - 1, len(found) // 2, -1):
        content = _content(text, found[place])
        if len(content) > MAX_TEASER_CHARS:  # the article goes on: what stands above it was an inset
            break
        if len(content) <= 150 and _TAIL.fullmatch(content):
            cut = place
    leftovers = 0
    while cut > 1:
        if found[cut - 1].kind is not BlockKind.FURNITURE:
            leftovers += 1
            if cut == len(found) or leftovers > MAX_LEFTOVERS or not _is_leftover(text, found[cut - 1]):
                break
        cut -= 1
    return [*found[:cut], *(replace(block, kind=BlockKind.FURNITURE) for block in found[cut:])]


def _is_leftover(text: str, block: Block) -> bool:
    """Tell a line such as the author's name between the prose and the comment form."""
    content = _content(text, block)
    return (
        block.kind is BlockKind.PROSE and len(content) <= MAX_BROKEN_CHARS and not _TERMINAL.search(content)
    )


def _content(text: str, block: Block) -> str:
    return text[block.start : block.end]


def _join_broken(text: str, found: list[Block]) -> list[Block]:
    """Join paragraphs that a converter broke inside a sentence, such as "President / Vladimir Putin / massed"."""
    result: list[Block] = []
    for place, block in enumerate(found):
        previous = result[-1] if result else None
        if previous is not None and previous.kind is block.kind is BlockKind.PROSE:
            following = found[place + 1] if place + 1 < len(found) else None
            if _is_open(text, previous) and (
                text[block.start].islower()
                or (
                    block.end - block.start <= MAX_BROKEN_CHARS
                    and following is not None
                    and following.kind is BlockKind.PROSE
                    and text[following.start].islower()
                )
            ):
                result[-1] = replace(previous, end=block.end)
                continue
        result.append(block)
    return result


def _is_open(text: str, block: Block) -> bool:
    return not _TERMINAL.search(text, max(block.start, block.end - 8), block.end)


def _find_headings(text: str, found: list[Block]) -> Iterator[Block]:
    """Mark a short line without a full stop that stands between finished prose and more prose."""
    for place, block in enumerate(found):
        before = found[place - 1] if place else None
        after = found[place + 1] if place + 1 < len(found) else None
        interrupts = before is not None and before.kind is BlockKind.PROSE and _is_open(text, before)
        announces = text[block.end - 1] == ":"
        if (
            block.kind is BlockKind.PROSE
            and after is not None
            and (announces or not interrupts)
            and _looks_like_heading(text, block, after)
        ):
            yield replace(block, kind=BlockKind.HEADING)
        else:
            yield block


def _looks_like_heading(text: str, block: Block, after: Block) -> bool:
    content = _content(text, block)
    return (
        len(content) <= MAX_HEADING_CHARS
        and len(content.split()) <= MAX_HEADING_WORDS
        and "\n" not in content
        and not content[0].islower()
        and content[-1] not in ",-–—"
        and (content.endswith(":") or not _TERMINAL.search(content))
        and after.kind in {BlockKind.PROSE, BlockKind.LIST_ITEM}
        and after.end - after.start > len(content)
        and not text[after.start].islower()
    )
