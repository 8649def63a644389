"""Ways in which a file can be damaged."""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

KINDS = ("bit flip", "byte", "truncate", "append", "swap", "zero page", "delete")
_PAGE = 512


@contextmanager
def damaged(
    kind: str, path: Path, originals: Mapping[Path, bytes], chance: random.Random
) -> Iterator[Sequence[Path]]:
    """Damage `path`, yield the files whose bytes differ now, and put everything back."""
    touched = [path]
    if kind == "swap":
        touched.append(chance.choice([other for other in originals if other != path]))
    try:
        _damage(kind, touched, originals, chance)
        yield [one for one in touched if not one.exists() or one.read_bytes() != originals[one]]
    finally:
        for one in touched:
            one.write_bytes(originals[one])


def _damage(
    kind: str, touched: Sequence[Path], originals: Mapping[Path, bytes], chance: random.Random
) -> None:
    path = touched[0]
    data = bytearray(originals[path])
    place = chance.randrange(len(data))
    if kind == "bit flip":
        data[place] ^= 1 << chance.randrange(8)
    elif kind == "byte":
        data[place] = chance.randrange(256)
    elif kind == "truncate":
        del data[place:]
    elif kind == "append":
        data += chance.randbytes(chance.randint(1, 64))
    elif kind == "zero page":
        start = place // _PAGE * _PAGE
        data[start : start + _PAGE] = bytes(len(data[start : start + _PAGE]))
    elif kind == "swap":
        path.write_bytes(originals[touched[1]])
        touched[1].write_bytes(originals[path])
        return
    elif kind == "delete":
        path.unlink()
        return
    path.write_bytes(data)
