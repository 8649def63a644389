"""Refuse an archive that unpacks to far more than it is."""

from io import BytesIO
from zipfile import BadZipFile, ZipFile

from qa.errors import InputError

MAX_RATIO = 100
MAX_BYTES = 100 * 2**20
MAX_MEMBERS = 10_000
_SMALL_BYTES = 2**20
"""A file that stays below it may be packed as tightly as it likes: empty styles are."""


def check_zip(data: bytes) -> None:
    """Raise InputError for what is no archive, or one that would not stay within the limits when unpacked."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            members = archive.infolist()
    except (BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise InputError(f"is no archive that can be read: {error}") from error
    total = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS or total > MAX_BYTES:
        raise InputError(
            f"unpacks to {total:,} bytes in {len(members):,} files; at most {MAX_BYTES:,} in {MAX_MEMBERS:,} are read"
        )
    for member in members:
        if member.file_size > max(_SMALL_BYTES, MAX_RATIO * member.compress_size):
            raise InputError(
                f"holds a file that unpacks to {member.file_size // max(1, member.compress_size):,} times its size; "
                f"at most {MAX_RATIO} times is read"
            )
