"""An archive is refused before it is unpacked."""

import re
import struct
from io import BytesIO
from random import Random
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from qa.errors import InputError
from qa.formats.zips import MAX_BYTES, MAX_MEMBERS, check_zip

MIB = 2**20


def archive(*members: bytes) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as file:
        for number, content in enumerate(members):
            file.writestr(str(number), content)
    return out.getvalue()


def test_an_ordinary_archive_passes() -> None:
    check_zip(archive(b"text" * 100, bytes(MIB), Random(1).randbytes(2 * MIB)))


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ([bytes(MIB + 1)], r"holds a file that unpacks to [\d,]+ times its size; at most 100 times is read"),
        (
            [bytes(MIB)] * 101,
            r"unpacks to 105,906,176 bytes in 101 files; at most 104,857,600 in 10,000 are read",
        ),
        (
            [b""] * (MAX_MEMBERS + 1),
            r"unpacks to 0 bytes in 10,001 files; at most 104,857,600 in 10,000 are read",
        ),
    ],
)
def test_what_unpacks_to_too_much_is_refused(members: list[bytes], reason: str) -> None:
    with pytest.raises(InputError, match=f"^{reason}$"):
        check_zip(archive(*members))


def test_the_sizes_that_count_are_those_it_names() -> None:
    data = archive(Random(1).randbytes(1000))
    huge = data.replace(struct.pack("<I", 1000), struct.pack("<I", MAX_BYTES + 1))
    with pytest.raises(InputError, match=re.escape(f"unpacks to {MAX_BYTES + 1:,} bytes in 1 files")):
        check_zip(huge)


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04", b"text", archive(b"text")[:-1], archive(b"a")[:20]],
    ids=["empty", "a mark", "text", "cut at its end", "cut in its head"],
)
def test_what_is_no_archive(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^is no archive that can be read: "):
        check_zip(data)
