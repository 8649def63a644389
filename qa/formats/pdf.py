"""PDF: a page after the other, by pypdf."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from io import BytesIO

from qa.errors import InputError
from qa.formats.extracted import Extracted, named
from qa.formats.plain import as_prose, normalise

PAGE = "\n\f"
"""What ends a page, the last one too: a place is on page 1 + the number of form feeds before it."""

_BROKEN_WORD = re.compile(r"([^\W\d_]+)-\n([^\W\d_]+)")
_NUMBER = re.compile(r"(?<!\d)\d{1,6}(?!\d)", re.ASCII)
_BY_A_PROGRAM = re.compile(
    r"(?i)(?:microsoft word - .*|powerpoint presentation|untitled.*|.*\.(?:docx?|indd|qxp|pdf|tex))\Z"
)
_NOBODY = re.compile(r"(?i)\(?(?:anonymous|unknown)\)?\Z")
_SHORT = 0.6
"""Of a page's usual line: shorter ones end a paragraph, or are headings."""
_EDGE_LINES = 2
_FURNITURE_PAGES = 3


def read(data: bytes) -> Extracted:
    """Read a PDF. Raises InputError when it is locked or holds no text."""
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    try:
        reader = PdfReader(BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise InputError("is locked with a password; save it without one")
        pages = [page.extract_text().strip().splitlines() for page in reader.pages]
        known = {str(name).removeprefix("/"): str(value) for name, value in (reader.metadata or {}).items()}
    except DependencyError as error:  # the ciphers of later versions are those of another library
        raise InputError("is locked in a way that is not read; save it without a password") from error
    except PyPdfError as error:
        raise InputError(f"is no PDF that can be read: {error}") from error
    texts = [_joined(page) for page in _without_furniture(pages)]
    if not any(texts):
        raise InputError(f"holds no text on its {len(pages)} pages; scanned pages need OCR first")
    title, author = known.get("Title", ""), known.get("Author", "")
    said = {
        "title": "" if _BY_A_PROGRAM.match(title) else title,
        "author": "" if _NOBODY.match(author) else author,
        "published": known.get("CreationDate", ""),
    }
    whole = as_prose("".join(f"{text}{PAGE}" for text in texts))
    return Extracted(normalise(whole), tuple(named(said, "PDF properties")))


def _joined(page: Sequence[str]) -> str:
    """Join the words that line ends took apart, and part the paragraphs, of which a short line is the last.

    A word keeps its hyphen where the page has it with that elsewhere too.
    """

    def whole(match: re.Match[str]) -> str:
        first, second = match.groups()
        hyphened = f"{first}-{second}"
        return hyphened if hyphened in text or second[0].isupper() else f"{first}{second}"

    text = "\n".join(page)
    lines = _BROKEN_WORD.sub(whole, text).split("\n")
    usual = sorted(map(len, lines))[len(lines) * 9 // 10]
    return "\n".join(f"{line}\n" if line and len(line) < _SHORT * usual else line for line in lines).strip()


def _without_furniture(pages: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    """Leave out lines at the edges that most pages have alike but for the page's number.

    A page that has nothing else keeps them.
    """
    if len(pages) < _FURNITURE_PAGES:
        return pages
    seen = Counter(
        form
        for number, page in enumerate(pages)
        for form in {form for line in _edges(page) for form in _forms(line, number)}
    )
    usual = {form for form, count in seen.items() if 2 * count > len(pages)}
    return [
        [
            line
            for place, line in enumerate(page)
            if _EDGE_LINES <= place < len(page) - _EDGE_LINES or usual.isdisjoint(_forms(line, number))
        ]
        or page
        for number, page in enumerate(pages)
    ]


def _edges(page: Sequence[str]) -> Sequence[str]:
    return [*page[:_EDGE_LINES], *page[max(_EDGE_LINES, len(page) - _EDGE_LINES) :]]


def _forms(line: str, number: int) -> Iterator[tuple[str, str, int]]:
    """Yield what another page's line has the same of: all of it, or all but one number that counts the pages."""
    line = line.strip()
    if line:
        yield line, "", 0
    for match in _NUMBER.finditer(line):
        yield line[: match.start()], line[match.end() :], int(match.group()) - number
