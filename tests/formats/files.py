"""Files of every format, made from words."""

import zlib
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from docx import Document


def pdf(pages: Sequence[Sequence[str]], *, info: Mapping[str, str] | None = None) -> bytes:
    """Return a PDF with a line of text for each string."""
    streams = [_page(lines) for lines in pages]
    return pdf_of_streams(streams, info=info)


def pdf_of_streams(
    streams: Sequence[bytes], *, packed: bool = False, info: Mapping[str, str] | None = None
) -> bytes:
    """Return a PDF with a page for each content stream."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(streams)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(streams)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, stream in enumerate(streams):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> "
            b"/Contents %d 0 R >>" % (5 + 2 * number)
        )
        data = zlib.compress(stream, 9) if packed else stream
        kind = b"/Filter /FlateDecode " if packed else b""
        objects.append(b"<< %s/Length %d >>\nstream\n%s\nendstream" % (kind, len(data), data))
    if info is not None:
        rows = " ".join(f"/{name} ({_escaped(value)})" for name, value in info.items())
        objects.append(f"<< {rows} >>".encode("cp1252"))
    return pdf_of_objects(objects, last_is_info=info is not None)


def pdf_of_objects(objects: Sequence[bytes], *, last_is_info: bool = False) -> bytes:
    """Return a PDF of these objects, numbered from 1; the first is the catalog."""
    file = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    begins = len(file)
    file += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    for place in places:
        file += b"%010d 00000 n \n" % place
    info = b" /Info %d 0 R" % len(objects) if last_is_info else b""
    file += b"trailer\n<< /Size %d /Root 1 0 R%s >>\n" % (len(objects) + 1, info)
    return bytes(file + b"startxref\n%d\n%%%%EOF\n" % begins)


def _page(lines: Sequence[str]) -> bytes:
    shown = "".join(f"({_escaped(line)}) Tj T*\n" for line in lines)
    return f"BT /F1 11 Tf 14 TL 72 740 Td\n{shown}ET".encode("cp1252")


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def docx(paragraphs: Sequence[tuple[str, str]], **properties: object) -> bytes:
    """Return a Word file with a paragraph for each (style, text); the style "Table" is a row of cells parted by "|"."""
    file = Document()
    for style, text in paragraphs:
        if style == "Table":
            cells = text.split("|")
            table = file.add_table(rows=1, cols=len(cells))
            for cell, words in zip(table.rows[0].cells, cells, strict=True):
                cell.text = words
        else:
            file.add_paragraph(text, style=style)
    for name, value in properties.items():
        setattr(file.core_properties, name, value)
    out = BytesIO()
    file.save(out)
    return out.getvalue()


def changed_zip(data: bytes, changes: Mapping[str, bytes]) -> bytes:
    """Return an archive with some members put in place of those of the same names, or added."""
    out = BytesIO()
    with ZipFile(BytesIO(data)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in changes:
                new.writestr(name, old.read(name))
        for name, content in changes.items():
            new.writestr(name, content)
    return out.getvalue()


def mail(text: str | None = None, html: str | None = None, **headers: str) -> bytes:
    """Return a mail with a body of text, of HTML, or of both."""
    message = EmailMessage()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    if text is not None:
        message.set_content(text)
    if html is not None and text is not None:
        message.add_alternative(html, subtype="html")
    elif html is not None:
        message.set_content(html, subtype="html")
    return message.as_bytes()


def page(body: str, *, head: str = "", language: str = "en") -> str:
    """Return a saved web page."""
    return f'<!DOCTYPE html><html lang="{language}"><head>{head}</head><body>{body}</body></html>'
