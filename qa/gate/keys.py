"""API keys: kept and compared as digests, never as text."""

import hashlib
import hmac
import re
from collections.abc import Iterable

from qa.errors import InputError

_BEARER = re.compile(rb"[Bb]earer +([!-~]{1,512})")
SHORTEST = 16
"""Characters of a key: fewer can be guessed."""


class Keys:
    """The keys that open the service."""

    def __init__(self, keys: Iterable[str]) -> None:
        """Take keys of at least `SHORTEST` printable ASCII characters without blanks. Raises InputError for others."""
        self._digests = tuple(_digest(_checked(key)) for key in keys)

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self._digests)

    def owner(self, header: bytes | None) -> str | None:
        """Return a name for the key in an Authorization header, None if it is no key of ours.

        The name is the beginning of the key's digest: it tells keys apart in logs and does not open anything.
        """
        match = _BEARER.fullmatch(header or b"")
        if match is None:
            return None
        digest = _digest(match[1])
        # All are compared, each in the same time whatever they hold: time tells nothing of a key.
        found = [hmac.compare_digest(digest, each) for each in self._digests]
        return digest.hex()[:8] if any(found) else None


def _checked(key: str) -> bytes:
    if not re.fullmatch(f"[!-~]{{{SHORTEST},512}}", key):
        raise InputError(
            f"Found an API key of {len(key)} characters, expected {SHORTEST} to 512 of printable ASCII without blanks. "
            "Make one: openssl rand -hex 24"
        )
    return key.encode("ascii")


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
