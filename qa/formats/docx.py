"""Word files, by python-docx."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING

from qa.errors import InputError
from qa.formats.extracted import Extracted, named
from qa.formats.plain import as_prose, first_heading, normalise
from qa.formats.zips import check_zip

if TYPE_CHECKING:
    from docx.document import Document as WordFile
    from docx.oxml.xmlchemy import BaseOxmlElement as Element

_HEADING = re.compile(r"(?:Heading|heading) ([1-9])\Z")
_TEMPLATE_AUTHOR, _TEMPLATE_CREATED = "python-docx", datetime(2013, 12, 23, 23, 15)
"""What a file says that a program made from an empty one and said nothing of its own."""

_WRAPPERS = ("sdt", "sdtContent", "customXml")
# By element, for a paragraph's own text leaves out what was inserted while changes were tracked, or stands in a field.
_WORDS = (
    ".//*[self::w:t or self::w:tab or self::w:br or self::w:cr or self::w:noBreakHyphen]"
    "[not(ancestor::w:txbxContent or ancestor::w:moveFrom or ancestor::w:r/w:rPr/w:vanish["
    "not(@w:val='0' or @w:val='false' or @w:val='off')])]"
)


def read(data: bytes) -> Extracted:
    """Read a Word file. Raises InputError when it is none or unpacks to too much."""
    check_zip(data)
    import docx
    from docx.opc.exceptions import OpcError

    try:
        file = docx.Document(BytesIO(data))
    except (OpcError, AttributeError, KeyError, SyntaxError, ValueError) as error:
        raise InputError(f"is no Word file that can be read: {error}") from error
    text = normalise("\n\n".join(_paragraphs(file)))
    return Extracted(text, (*named(_said(file), "Word properties"), *first_heading(text)))


def _said(file: "WordFile") -> Mapping[str, object]:
    from docx.opc.constants import RELATIONSHIP_TYPE

    # Of a file without properties the library makes some up.
    if all(each.reltype != RELATIONSHIP_TYPE.CORE_PROPERTIES for each in file.part.package.rels.values()):
        return {}
    known = file.core_properties
    created = known.created.replace(tzinfo=None) if known.created else None
    return {
        "title": known.title,
        "author": known.author if known.author != _TEMPLATE_AUTHOR else "",
        "published": created.date().isoformat() if created and created != _TEMPLATE_CREATED else "",
        "language": known.language,
    }


def _paragraphs(file: "WordFile") -> Iterator[str]:
    # A paragraph's own look-up takes 1 ms.
    names = {style.style_id: style.name or "" for style in file.styles}
    for part in _within(file.element.body, "p", "tbl"):
        if _kind(part) == "tbl":
            yield as_prose("\n".join(_rows(part)))
            continue
        text, name = _line(part), names.get(part.style, "")
        if not text or name.lower().startswith("toc "):
            continue
        if name == "Title":
            yield f"# {text}"
        elif match := _HEADING.match(name):
            yield f"{'#' * min(int(match[1]) + 1, 6)} {text}"
        else:
            yield f"- {text}" if name.startswith("List") else as_prose(text)


def _within(element: "Element", *kinds: str) -> Iterator["Element"]:
    """Yield the elements of these kinds right below, or in content controls there."""
    for child in element:
        if _kind(child) in kinds:
            yield child
        elif _kind(child) in _WRAPPERS:
            yield from _within(child, *kinds)


def _kind(element: "Element") -> str:
    return str(element.tag).rpartition("}")[2]


def _rows(table: "Element") -> Iterator[str]:
    for row in _within(table, "tr"):
        cells = (" ".join(map(_line, cell.xpath(".//w:p"))) for cell in _within(row, "tc"))
        yield " | ".join(filter(None, cells))


def _line(paragraph: "Element") -> str:
    parts = paragraph.xpath(_WORDS)
    return " ".join("".join(_words(_kind(part), part.text) for part in parts).split())


def _words(kind: str, text: str | None) -> str:
    return (text or "") if kind == "t" else "-" if kind == "noBreakHyphen" else " "
