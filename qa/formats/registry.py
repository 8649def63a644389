"""Which files are read, and by what."""

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from qa.formats.extracted import Extracted


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file. `module` has `read(data: bytes) -> Extracted`, which raises InputError with a reason.

    `libraries` are those whose parsers read it, if any: a file may make them take any amount of time or memory, so
    that a child process reads it.
    """

    module: str
    libraries: tuple[str, ...] = ()

    def version(self) -> str:
        """Return what the text that is found depends on, besides the file: a digest of our sources, and versions."""
        sources = hashlib.sha256()
        for path in sorted(Path(__file__).parent.glob("*.py")):
            sources.update(path.read_bytes())
        return " ".join([sources.hexdigest(), sys.version, *map(_installed, self.libraries)])


def _installed(library: str) -> str:
    try:
        return f"{library} {version(library)}"
    except PackageNotFoundError:  # one that some files need only
        return f"no {library}"


_TEXT = Format("qa.formats.plain")
_OF_PAGES = ("trafilatura", "lxml", "jusText", "charset-normalizer")
_HTML = Format("qa.formats.html", _OF_PAGES)

FORMATS: Mapping[str, Format] = {
    ".md": _TEXT,
    ".markdown": _TEXT,
    ".txt": _TEXT,
    ".html": _HTML,
    ".htm": _HTML,
    ".xhtml": _HTML,
    ".pdf": Format("qa.formats.pdf", ("pypdf", "cryptography")),
    ".docx": Format("qa.formats.docx", ("python-docx", "lxml")),
    ".eml": Format("qa.formats.mail", _OF_PAGES),
}
"""By the suffix of a file's name, in small letters."""

JSON_LINES = ".jsonl"
"""A file of many articles, one a line."""

SUFFIXES = frozenset({*FORMATS, JSON_LINES})


def extract(data: bytes, suffix: str) -> Extracted:
    """Read a file in this process. Raises InputError saying why it cannot become an article."""
    found: Extracted = import_module(FORMATS[suffix].module).read(data)
    return found
