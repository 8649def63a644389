"""What comes in: a file, or stdin as a whole or line by line."""

import sys
from collections.abc import Iterator
from pathlib import Path

from qa.errors import InputError


def read_text(file: Path, *, max_bytes: int | None = None) -> str:
    """Read UTF-8 text from a file, or from stdin when `file` is `-`.

    Raises InputError when it cannot be read, is longer than `max_bytes` or is not UTF-8.
    """
    where = "stdin" if str(file) == "-" else str(file)
    try:
        data = _read_stdin(max_bytes) if where == "stdin" else file.read_bytes()
    except OSError as error:
        raise InputError(
            f"Cannot read {where}: {error.strerror or error}. Save an answer first: qa ask QUESTION --json > FILE"
        ) from error
    return _decode(data, where, max_bytes)


def read_lines(*, max_bytes: int) -> Iterator[str | InputError]:
    """Yield each line of stdin as soon as it is there, or why it cannot be used."""
    if sys.stdin is None:
        return
    stdin, number = sys.stdin.buffer, 0
    while line := stdin.readline(max_bytes + 1):
        number += 1
        rest = line
        while rest and not rest.endswith(b"\n"):  # too long: what follows belongs to the same line
            rest = stdin.readline(max_bytes)
            line += rest[: max(0, max_bytes + 1 - len(line))]
        try:
            yield _decode(line.removesuffix(b"\n"), f"line {number} of stdin", max_bytes)
        except InputError as error:
            yield error


def _decode(data: bytes, where: str, max_bytes: int | None) -> str:
    if max_bytes is not None and len(data) > max_bytes:
        raise InputError(
            f"Found more than {max_bytes} bytes in {where}, expected at most that. See: qa --help"
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"Found bytes in {where} that are not UTF-8 ({error.reason} at {error.start}). See: qa --help"
        ) from error


def _read_stdin(max_bytes: int | None) -> bytes:
    if sys.stdin is None:  # closed by the caller: <&-
        return b""
    return sys.stdin.buffer.read(-1 if max_bytes is None else max_bytes + 1)
