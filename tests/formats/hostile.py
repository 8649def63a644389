"""Files that were made to hurt whoever reads them, and the reason for which each must be skipped."""

import json
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from tests.formats.files import changed_zip, docx, pdf, pdf_of_objects, pdf_of_streams

MIB = 2**20
SUFFIXES = ("md", "txt", "html", "htm", "xhtml", "pdf", "docx", "eml", "jsonl")
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4s", 13, b"IHDR") + bytes(range(256)) * 8
WORD = "<?xml version='1.0'?><w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'><w:body>"
WORD_END = "</w:body></w:document>"
PROSE = "The good part of this file is here, and it has words enough for anybody to read it. " * 4
ANY = ""


def hostile_files() -> Iterator[tuple[str, bytes, str | None]]:
    """Yield names, contents, and a part of the reason; None where the file may as well become an article."""
    yield from _zips()
    yield from _pdfs()
    yield from _pages()
    yield from _mails()
    yield from _lines()
    yield from _front_matter()
    for suffix in SUFFIXES:
        if suffix != "jsonl":  # of which no line is missing
            yield f"empty.{suffix}", b"", ANY
    for suffix in ("pdf", "docx", "eml"):
        yield f"png.{suffix}", PNG, ANY
    yield "pdf.docx", _a_pdf(), "is no archive"
    yield "docx.pdf", docx([("Normal", PROSE)]), "is no PDF"
    yield "pdf.html", b"%PDF-1.4\n" + bytes(range(128, 256)) * 200, None
    yield "zip.md", docx([("Normal", PROSE)]), ANY


@cache
def _a_pdf() -> bytes:
    return pdf([[PROSE[:80], f"This is the {number} page."] for number in ("first", "second", "third")])


def _zips() -> Iterator[tuple[str, bytes, str | None]]:
    word = docx([("Normal", PROSE)])
    bomb = changed_zip(word, {"word/document.xml": b" " * (500 * MIB)})
    yield "bomb.docx", bomb, "unpacks to"
    yield (
        "bomb-media.docx",
        changed_zip(word, {f"word/media/{n}.png": bytes(9 * MIB) for n in range(11)}),
        "unpacks",
    )
    yield (
        "many-media.docx",
        changed_zip(word, {f"word/media/{n}": bytes(2**18) for n in range(500)}),
        "unpacks to",
    )
    yield "nested.docx", changed_zip(word, {"word/inner.zip": bomb}), None
    yield "members.docx", changed_zip(word, {f"a{number}": b"" for number in range(100_000)}), "100,0"
    # The sizes that the directory names are lies: the first member says that it unpacks to a hundred bytes.
    small = changed_zip(word, {"word/document.xml": b" " * (30 * MIB)})
    yield "lying.docx", small.replace(struct.pack("<I", 30 * MIB), struct.pack("<I", 100)), ANY
    tenfold = [f"&e{number};" * 10 for number in range(11)]
    entities = "".join(f'<!ENTITY e{number} "{value}">' for number, value in enumerate(["lol", *tenfold]))
    laughs = f"{WORD.replace('<w', f'<!DOCTYPE w [{entities}]><w', 1)}<w:p><w:r><w:t>&e11;</w:t></w:r></w:p>{WORD_END}"
    yield "laughs.docx", changed_zip(word, {"word/document.xml": laughs.encode()}), ANY
    outside = laughs.replace(f"[{entities}]", "[<!ENTITY e11 SYSTEM 'file:///etc/passwd'>]")
    yield "outside.docx", changed_zip(word, {"word/document.xml": outside.encode()}), ANY
    deep = f"{WORD}{'<w:p>' * 200_000}"
    yield "deep.docx", changed_zip(word, {"word/document.xml": deep.encode()}), ANY
    loop = b"<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>" + b"".join(
        b"<Relationship Id='r%d' Type='x' Target='../word/document.xml'/>" % n for n in range(50)
    )
    yield "loop.docx", changed_zip(word, {"word/_rels/document.xml.rels": loop + b"</Relationships>"}), None
    for quarter in (1, 2, 3):
        yield f"truncated-{quarter}.docx", word[: len(word) * quarter // 4], "is no archive"
    plain = BytesIO()
    with ZipFile(plain, "w", ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", "text")
    yield "no-word.docx", plain.getvalue(), "is no Word file"


def _pdfs() -> Iterator[tuple[str, bytes, str | None]]:
    whole = _a_pdf()
    shown = b"BT /F1 11 Tf 72 740 Td (The same words again.) Tj ET\n"
    yield "stream-10.pdf", pdf_of_streams([shown * (10 * MIB // len(shown))], packed=True), ANY
    yield "stream-200.pdf", pdf_of_streams([b"q Q " * (50 * MIB)], packed=True), ANY
    yield "matrices.pdf", pdf_of_streams([b"q 1 0 0 1 0 0 cm " * 400_000], packed=True), ANY
    twice = zlib.compress(zlib.compress(bytes(400 * MIB), 9), 9)
    head = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>"
    body = b"<< /Filter [/FlateDecode /FlateDecode] /Length %d >>\nstream\n%s\nendstream" % (
        len(twice),
        twice,
    )
    tree = [b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"]
    yield "twice.pdf", pdf_of_objects([*tree, head, body]), ANY
    yield "loop.pdf", pdf_of_objects([tree[0], b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 9 >>"]), ANY
    chain = [b"<< /Type /Pages /Kids [%d 0 R] /Count 1 >>" % (n + 3) for n in range(20_000)]
    yield "chain.pdf", pdf_of_objects([tree[0], *chain]), ANY
    kids = b"<< /Type /Pages /Kids [" + b"3 0 R " * 100_000 + b"] /Count 100000 >>"
    yield "pages.pdf", pdf_of_objects([tree[0], kids, head, b"<< /Length 0 >>\nstream\n\nendstream"]), ANY
    yield "brackets.pdf", pdf_of_objects([b"<< /Type /Catalog /Pages " + b"[" * 100_000 + b" >>"]), ANY
    yield "count.pdf", pdf_of_objects([tree[0], b"<< /Type /Pages /Kids [] /Count 999999999 >>"]), ANY
    yield "xref.pdf", whole.replace(b"startxref\n", b"startxref\n9999999"), None
    yield "no-xref.pdf", whole.partition(b"xref\n")[0] + b"%%EOF", None
    yield "prev.pdf", whole.replace(b"/Root", b"/Prev %d /Root" % whole.rindex(b"xref\n0")), None
    yield "length.pdf", whole.replace(b"/Length ", b"/Length 9999999999"), None
    for quarter in (1, 2, 3):
        yield f"truncated-{quarter}.pdf", whole[: len(whole) * quarter // 4], None


def _pages() -> Iterator[tuple[str, bytes, str | None]]:
    prose = f"<p>{PROSE}</p>"
    yield "divs.html", b"<div>" * 200_000 + prose.encode(), None
    yield "bold.html", b"<p>" + b"<b>" * 200_000 + prose.encode(), None
    yield "tables.html", b"<table><tr><td>" * 20_000 + prose.encode(), None
    yield "links.html", b"<p>" + b'<a href="/x">a link</a> ' * 50_000, None
    yield "long-line.html", f"<p>{'The line goes on. ' * 600_000}</p>".encode(), None
    yield "unclosed.html", b"<p <b <i <table <tr <td <ul <li <a href='" * 20_000, None
    yield "attribute.html", f'<meta property="og:title" content="{"x" * 5_000_000}">{prose}'.encode(), None
    yield "nul.html", f"<p>\0{PROSE}\0</p>\0<p>more\0</p>".encode() + bytes(10_000), None
    yield "entities.html", f"<p>{'&#x110000;&#xd800;&bogus;&#0;' * 20_000}</p>{prose}".encode(), None
    ld = '{"@type":"Article","headline":' + "[" * 900 + "]" * 900 + "}"
    yield "ld.html", f"<script type='application/ld+json'>{ld}</script>{prose}".encode(), None
    yield "comments.html", b"<!-- " * 100_000 + prose.encode(), None
    dates = "".join(f'<meta name="date" content="{number} {"a1 " * 15}">' for number in range(200))
    yield "dates.html", f'<html lang="xx"><head>{dates}</head><body>{prose}</body></html>'.encode(), None


def _mails() -> Iterator[tuple[str, bytes, str | None]]:
    parts = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (number, number)
        for number in range(10_000)
    )
    yield "parts.eml", b"Subject: Deep\n" + parts, ANY
    yield "header.eml", b"Subject: " + b"word " * 1_000_000 + b"\n\nText.\n", None
    yield "folded.eml", b"Subject: a\n" + b" b\n" * 200_000 + b"\nText.\n", None
    yield "addresses.eml", b"From: " + b"a@b.example, " * 50_000 + b"\n\nText.\n", None
    yield "encoded.eml", b"Subject: " + b"=?utf-8?q?a?= " * 20_000 + b"\n\nText.\n", None
    yield "brackets.eml", b"From: " + b"(" * 20_000 + b"\n\nText.\n", None
    yield "no-text.eml", b"Subject: A\nContent-Type: image/png\n\nabc\n", "is a mail without text"


def _lines() -> Iterator[tuple[str, bytes, str | None]]:
    good = json.dumps({"_id": "good", "text": PROSE}).encode()
    bad = (
        b"{", b"[]", b"3", b'{"text": 3}', b"[" * 100_000, b'{"text": "a", "_id": ' + b"9" * 5_000 + b"}", b"\xff\xfe",
        b'{"text": "a", "_id": []}', b'{"text": "a", "_id": "' + b"x" * 300 + b'"}', good,
        b'{"text": "", "_id": "blank"}', b'{"_id": 1e999, "text": "b"}',
    )  # fmt: skip
    yield "bad.jsonl", good + b"\n" + b"\n".join(bad), "line 2 is no JSON"
    deep = b'{"_id": "deep", "title": ' + b"[" * 900 + b"]" * 900 + b', "text": "Deep text."}'
    half = rb'{"_id": "\ud800", "title": "\udfff", "author": "\ud800", "text": "Half \ud800 a character."}'
    yield "odd.jsonl", deep + b"\n" + half, None
    dated = (
        {"_id": str(number), "text": PROSE, "lang": "zz", "date": f"{number} {'a1 ' * 15}"}
        for number in range(200)
    )
    yield "dates.jsonl", b"\n".join(json.dumps(each).encode() for each in dated), None
    yield "no-lines.jsonl", b"[" * (20 * MIB), "has 16,777,216 bytes or more"


def _front_matter() -> Iterator[tuple[str, bytes, str | None]]:
    rows = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9 if n else ['x'] * 9)}]" for n in range(12))
    yield "laughs.md", f"---\n{rows}\ntitle: *a11\nauthor: *a10\n---\n\nText of it.\n".encode(), None
    yield "half.md", b'---\ntitle: "a \\ud800 b"\n---\n\nText of it.\n', None
