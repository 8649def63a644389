"""What conversion found out about a model on this machine: the compiled model itself, or why there is none.

One file an entry: a line of JSON, padded, and the compiled model behind it. Nothing in it is trusted before
its digest is checked, since OpenVINO parses it; an entry that is not what was written is as good as none.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from qa.models.folder import ModelFolder

# Part of the key: raise it when the conversion, the check or the file changes.
_VERSION = 1
_HEAD_BYTES = 8192
KEPT = 8
"""Entries that stay: each is the size of a model, and those of earlier versions are never asked for again."""

_SHAPING_FILES = ("config.json", "modules.json", "sentence_bert_config.json")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a conversion. `reason` lists what was found; without a precision nothing may be used."""

    model: str
    precision: str | None
    reason: str
    least_cosine: float | None
    sample: int
    openvino: str
    reference: str
    date: str


def shape_of(model: ModelFolder) -> dict[str, object]:
    """Return everything that shapes a model's vectors."""
    shape = asdict(model.fingerprint) | {name: _sha256(model.path / name) for name in _SHAPING_FILES}
    del shape["name"]  # a copy of a folder is the same model
    return shape


def entry_path(
    folder: Path, shape: Mapping[str, object], *, machine: Sequence[str], check: Sequence[str]
) -> Path:
    """Return where the entry of a network lives: elsewhere as soon as anything that shapes it differs."""
    key = {**shape, "machine": machine, "check": check, "version": _VERSION}
    return folder / f"{hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()}.compiled"


def read_entry(path: Path) -> tuple[Verdict, bytes] | None:
    """Return an entry as it was written, or None when there is none or it is damaged."""
    try:
        with path.open("rb") as file:
            head = json.loads(file.read(_HEAD_BYTES))
            body = file.read()
        verdict = Verdict(**head["verdict"])
        if _sign(verdict, body) == head["sha256"]:
            return verdict, body
    except (OSError, ValueError, TypeError, KeyError):
        pass
    return None


def write_entry(path: Path, verdict: Verdict, body: bytes) -> None:
    """Publish an entry in one step, readable by its owner only. Raises OSError."""
    from tempfile import mkstemp  # it takes a while to import, and the cache is mostly read

    short = replace(verdict, reason=verdict.reason[:1000])
    head = json.dumps({"verdict": asdict(short), "sha256": _sign(short, body)}).encode()
    descriptor, name = mkstemp(dir=path.parent, prefix=".tmp-")  # its mode is 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(head.ljust(_HEAD_BYTES - 1) + b"\n")
            file.write(body)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    for older in sorted(path.parent.glob("*.compiled"), key=lambda entry: entry.stat().st_mtime)[:-KEPT]:
        older.unlink(missing_ok=True)


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Make the cache folder and, inside it, an empty folder for temporary files. Raises OSError."""
    from tempfile import TemporaryDirectory

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=".tmp-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _sign(verdict: Verdict, body: bytes) -> str:
    digest = hashlib.sha256(repr(verdict).encode())
    digest.update(body)
    return digest.hexdigest()


def _sha256(path: Path) -> str | None:
    """Return a file's digest, None for a file that a model may do without."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
