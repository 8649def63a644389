"""Where a Milvus is and which collection of it, as people write it."""

import re
from dataclasses import dataclass
from pathlib import Path

from qa.errors import InputError

EXPECTED = "Expected milvus://HOST:PORT/COLLECTION, https://HOST:PORT/COLLECTION or milvus://./FOLDER"
LITE_COLLECTION = "qa"
_REMOTE = re.compile(
    r"(?P<scheme>milvus|https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::(?P<port>\d{1,5}))?/(?P<collection>[^/]*)/?"
)
_COLLECTION = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_FOLDER = re.compile(r"milvus://(?P<folder>\.{0,2}/.*)", re.DOTALL)
_DEFAULT_PORT = 19530


@dataclass(frozen=True, slots=True)
class Address:
    """A collection of a Milvus; `uri` is what pymilvus takes, `shown` what people wrote.

    `lite` is the folder of a Milvus Lite in this process, None for a server.
    """

    shown: str
    uri: str
    collection: str
    lite: Path | None = None


def parse_address(text: str) -> Address:
    """Read `milvus://host:19530/collection`, the same with http or https, or `milvus://./folder` for Milvus Lite.

    Raises InputError for anything else; a password is refused, since addresses are shown.
    """
    if found := _FOLDER.fullmatch(text):
        folder = Path(found["folder"])
        return Address(text, str(folder / "milvus.db"), LITE_COLLECTION, lite=folder)
    if "@" in text:
        raise InputError(
            f"Found a user in the address of a store, which is shown. {EXPECTED}; the token goes into QA_STORE_TOKEN."
        )
    found = _REMOTE.fullmatch(text)
    if found is None or not 0 < int(found["port"] or _DEFAULT_PORT) < 65536:
        raise InputError(f"Found store {text!r}. {EXPECTED}. See: qa index --help")
    if not _COLLECTION.fullmatch(found["collection"]):
        raise InputError(
            f"Found collection {found['collection']!r} in {text!r}, expected letters, digits and _, a digit not first. "
            "See: qa index --help"
        )
    scheme = "http" if found["scheme"] == "milvus" else found["scheme"]
    port = int(found["port"] or (443 if scheme == "https" else _DEFAULT_PORT))
    return Address(text, f"{scheme}://{found['host']}:{port}", found["collection"])
