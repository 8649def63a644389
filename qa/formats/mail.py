"""Mail: subject, sender, date and the body; what is attached is left out."""

from email import policy
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from email.utils import parseaddr, parsedate_to_datetime

from qa.errors import InputError
from qa.formats import html
from qa.formats.extracted import Extracted, named
from qa.formats.plain import as_prose, decode_declared, normalise

MAX_HEADER_CHARS = 5000


def read(data: bytes) -> Extracted:
    """Read a mail as .eml. Raises InputError when it has no body of text."""
    message = BytesParser(policy=policy.default).parsebytes(data)
    if not message.keys():
        raise InputError("is no mail that can be read")
    name, address = parseaddr(_header(message, "from"))
    said = {"title": _header(message, "subject"), "author": name or address, "published": _date(message)}
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        raise InputError("is a mail without text")
    content = _content(body)
    if body.get_content_type() == "text/html":
        page = html.read_page(content)
        return Extracted(page.text, (*named(said, "mail header"), *page.found))
    return Extracted(normalise(as_prose(content)), tuple(named(said, "mail header")))


def _header(message: EmailMessage, name: str) -> str:
    """Return a header, decoded; one without end, which takes the square of its length to decode, counts as none.

    So does one that the library cannot take, which raises whatever comes.
    """
    try:
        raw = next((str(value) for key, value in message.raw_items() if key.lower() == name), "")
        return str(message[name]) if 0 < len(raw) <= MAX_HEADER_CHARS else ""
    except Exception:  # noqa: BLE001
        return ""


def _content(body: MIMEPart) -> str:
    data = body.get_payload(decode=True)
    if not isinstance(data, bytes):
        raise InputError("is a mail without text")
    return decode_declared(data, body.get_content_charset("utf-8"))


def _date(message: EmailMessage) -> str:
    try:
        return parsedate_to_datetime(_header(message, "date")).date().isoformat()
    except (ValueError, TypeError, OverflowError):
        return ""
