"""Saved web pages: the article without what stands around it, by trafilatura."""

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from html import unescape
from itertools import chain, islice, takewhile
from typing import TYPE_CHECKING, Any

from qa.errors import InputError
from qa.formats.dates import MAX_DATE_CHARS
from qa.formats.extracted import Extracted, Found, named
from qa.formats.plain import as_prose, decode, decode_declared, first_heading, normalise

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w-]{2,40})""", re.IGNORECASE)
_HEAD_BYTES = 4096
_META = {
    "og:title": "title",
    "twitter:title": "title",
    "og:site_name": "source",
    "application-name": "source",
    "author": "author",
    "article:author": "author",
    "parsely-author": "author",
    "dc.creator": "author",
    "article:published_time": "published",
    "datepublished": "published",
    "date": "published",
    "dc.date": "published",
    "og:url": "url",
    "og:locale": "language",
}
_WHOLE = re.compile(r"<(?:html|body)\b", re.IGNORECASE)
_BLOCKS = ("div", "head", "list", "p", "quote", "table")
_DATE_CLASSES = {"date", "published", "pubdate", "post-date", "entry-date", "dateline", "dt-published"}
_CHANGED = re.compile("modif|updat")
_DATES_AT_MOST = 3
_INLINE = ("time", "output", "label", "q")
"""What trafilatura drops with the words in it, or takes for a paragraph, in the midst of a sentence."""
_HEADING = re.compile(r"#{1,6} ")
_POWER = re.compile(r"[-−+]?\d+")
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_ARTICLES = re.compile(r"(?:\w*Article|BlogPosting|Report|WebPage)\Z")


def read(data: bytes) -> Extracted:
    """Read a page. Raises InputError when there is no article in it."""
    return read_page(decode_page(data))


def read_page(page: str) -> Extracted:
    """Read a page that is decoded. Raises InputError when there is no article in it."""
    from lxml import etree
    from trafilatura import bare_extraction, load_html
    from trafilatura.settings import Document

    # Of a fragment the first element would be taken for the whole.
    tree = load_html(page if _WHOLE.search(page) else f"<html><body>{page}</body></html>")
    if tree is None:
        raise InputError("is no page that can be read")
    # Of some pages the title is escaped once more in what they say to machines; an address is not.
    said = tuple(
        each if each.field == "url" else replace(each, value=unescape(each.value)) for each in _said(tree)
    )
    etree.strip_tags(tree, *_INLINE)
    _mark_powers(tree)
    _name_the_main_part(tree)
    found = bare_extraction(
        tree,
        with_metadata=True,
        include_comments=False,
        include_formatting=True,  # else the levels of headings are lost
        date_extraction_params={"original_date": True, "extensive_search": False, "outputformat": "%Y-%m-%d"},
    )
    if not isinstance(found, Document):
        raise InputError("holds no article, as far as can be seen")
    for element in found.body.iter("lb", "item", "cell", *_BLOCKS):  # at which words end
        element.text, element.tail = f" {element.text or ''}", f" {element.tail or ''}"
    # The date is not taken from here: of 4/5/2023 it would make a day.
    guessed = {"title": found.title, "author": found.author, "source": found.sitename}
    text = normalise("\n\n".join(filter(None, _lines(found.body))))
    return Extracted(text, (*said, *named(guessed, "page"), *first_heading(text)))


def decode_page(data: bytes) -> str:
    """Decode as browsers do: by byte order mark, then by what the page says, then by what fits."""
    match = _CHARSET.search(data[:_HEAD_BYTES])
    if match is None or data.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return decode(data)
    name = match.group(1).decode("ascii").lower()
    # In UTF-16 the name could not have been found.
    return decode_declared(data, "utf-8" if name.startswith("utf-16") else name)


def _mark_powers(tree: "Element") -> None:
    """Write 10^6 where raised digits are all that tells it from 106."""
    for raised in tree.iter("sup"):
        previous, parent = raised.getprevious(), raised.getparent()
        before = previous.tail if previous is not None else parent.text if parent is not None else ""
        if before and before[-1].isdigit() and _POWER.fullmatch(_words(raised)):
            raised.text = f"^{raised.text or ''}"


def _name_the_main_part(tree: "Element") -> None:
    """Call all of a page its main part when nothing is marked so: trafilatura would lose its headings."""
    from trafilatura.xpaths import BODY_XPATH

    body = tree.find("body")
    if body is None or any(find(tree) for find in BODY_XPATH):
        return
    main = body.makeelement("main")
    main.text, body.text = body.text, None
    main.extend(list(body))
    body.append(main)


def _lines(element: "Element") -> Iterator[str]:
    """Yield headings, paragraphs, lists and tables; an item and a row are a line of theirs."""
    if element.tag == "head":
        if text := _words(element):
            yield f"{'#' * int(re.sub(r'[^1-6]', '', element.get('rend', '')) or 2)} {text}"
    elif element.tag == "table":
        rows = (" | ".join(filter(None, map(_words, row.iter("cell")))) for row in element.iter("row"))
        yield as_prose("\n".join(filter(None, rows)))
    elif element.tag == "list":
        yield "\n".join(line for item in element for line in _item(item))
    elif not any(child.tag in _BLOCKS for child in element):
        yield as_prose(_words(element))
    else:
        loose = element.text or ""
        for child in element:
            if child.tag in _BLOCKS:
                yield as_prose(" ".join(loose.split()))
                yield from _lines(child)
                loose = child.tail or ""
            else:
                loose += "".join(child.itertext()) + (child.tail or "")
        yield as_prose(" ".join(loose.split()))


def _item(item: "Element") -> Iterator[str]:
    """Yield an item, and those of the lists in it."""
    inner = [line for line in _lines(item) if line]
    # A heading in it has no line of its own.
    own = [_HEADING.sub("", line) for line in inner if not line.startswith("- ")]
    if own:
        yield f"- {' '.join(own)}"
    yield from (line for line in inner if line.startswith("- "))


def _words(element: "Element") -> str:
    return " ".join("".join(element.itertext()).split())


def _said(tree: "Element") -> Iterator[Found]:
    """Yield what the page says of itself to machines."""
    for block in tree.iterfind(".//script[@type='application/ld+json']"):
        for thing in _things(block.text or ""):
            yield from named(thing, "JSON-LD")
    for meta in tree.iterfind(".//meta"):
        name = (meta.get("property") or meta.get("name") or meta.get("itemprop") or "").lower()
        if name in _META and (value := " ".join((meta.get("content") or "").split())):
            yield Found(_META[name], value, f"meta {name}")
    for element in islice(_dates(tree), _DATES_AT_MOST):
        written = element.get("datetime") or element.get("content") or _words(element)
        if 0 < len(written) <= MAX_DATE_CHARS:
            yield Found("published", written, "page")
    for link in tree.iterfind(".//link[@rel='canonical']"):
        if url := (link.get("href") or "").strip():
            yield Found("url", url, "canonical link")
    if language := (tree.get("lang") or tree.get(_XML_LANG) or tree.get("xml:lang") or "").strip():
        yield Found("language", language, "html lang")


def _dates(tree: "Element") -> Iterator["Element"]:
    """Yield what names the article's date: what says so of itself, then what a class names so, then bare times.

    Not that of a change; nor a time in a sentence, for it is one of those that the article tells of.
    """
    article = next(tree.iter("article", "main"), None)
    named = (tree if article is None else article).xpath(".//time | .//*[@class or @itemprop]")
    found = (each for each in named if "datepublished" in _names(each) or each.get("pubdate") is not None)
    classed = (each for each in named if not _DATE_CLASSES.isdisjoint(_names(each)))
    times = (each for each in named if each.tag == "time" and not _is_in_a_sentence(each))
    for each in chain(found, classed, times) if article is not None else found:
        above = takewhile(lambda above: above is not article, each.iterancestors())
        changed = any(_CHANGED.search(name) for place in (each, *above) for name in _names(place))
        if not changed:
            yield each


def _names(element: "Element") -> Sequence[str]:
    return f"{element.get('class', '')} {element.get('itemprop', '')}".lower().split()


def _is_in_a_sentence(element: "Element") -> bool:
    return any(_words(each) != _words(element) for each in element.iterancestors("p", "li", "td"))


def _things(text: str) -> Iterable[dict[str, Any]]:
    """Yield the articles that a block of JSON-LD describes."""
    try:
        values = json.loads(text, strict=False)  # with line breaks in what it quotes, as browsers do not mind
    except (ValueError, RecursionError):
        return
    if isinstance(values, dict):
        values = values.get("@graph", [values])
    for value in values if isinstance(values, list) else []:
        if isinstance(value, dict):
            kinds = value.get("@type")
            if any(_ARTICLES.match(str(kind)) for kind in (kinds if isinstance(kinds, list) else [kinds])):
                yield value
