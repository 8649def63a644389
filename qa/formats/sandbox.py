"""Read risky files in a child process that may use so much time and memory and no more."""

import hashlib
import json
import os
import select
import signal
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self

from qa.cache import Cache
from qa.errors import InputError, QAError
from qa.formats.child import CPU_SECONDS
from qa.formats.extracted import Extracted, Found
from qa.formats.registry import FORMATS, extract

WALL_SECONDS = 33.0
"""A file that waits for something else than the processor is given up, too."""
_NO_START = "The program that reads PDF, Word, HTML and mail files does not start"


class Sandbox:
    """Reads files, the risky ones in a child that is started with the first of them; for one thread at a time."""

    def __init__(self, kept: Path | None = None) -> None:
        """Start nothing yet; `kept` is a file for what was found in risky files, so that each is read once."""
        self._child: _Child | None = None
        self._kept = kept
        self._cache: Cache | None = None
        self._used: set[bytes] = set()
        self._version = cache(lambda suffix: FORMATS[suffix].version())

    def extract(self, data: bytes, suffix: str) -> Extracted:
        """Return the text of a file.

        Raises InputError saying why it cannot become an article, QAError when the child does not start at all.
        """
        if not FORMATS[suffix].libraries:
            return extract(data, suffix)
        found = self._once(data, suffix)
        if isinstance(found, str):
            raise InputError(found)
        return found

    def forget_the_rest(self) -> None:
        """Keep nothing of files that were not read this time."""
        if self._cache is not None:
            self._cache.keep_only(self._used)

    def close(self) -> None:
        """End the child."""
        if self._cache is not None:
            self._cache.close()
        self._end_child()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _once(self, data: bytes, suffix: str) -> Extracted | str:
        """Return what the child finds, or found at a time before; in place of a text the reason why there is none."""
        if self._kept is None:
            return _found(json.loads(self._reply(data, suffix)))
        self._cache = self._cache or Cache(self._kept)
        key = hashlib.sha256(f"{suffix} {self._version(suffix)}\n".encode() + data).digest()
        self._used.add(key)
        with suppress(KeyError, TypeError, ValueError):  # not there, or not what we wrote
            return _found(json.loads(self._cache.get([key])[key]))
        line = self._reply(data, suffix)
        reply = json.loads(line)
        if reply.get("keep"):  # and not what is for want of time or memory, of which there may be more then
            self._cache.put({key: line})
        return _found(reply)

    def _reply(self, data: bytes, suffix: str) -> bytes:
        if self._child is not None and self._child.has_ended():
            self._end_child()  # while it waited, which is no fault of this file
        self._child = self._child or _Child()
        try:
            reply = self._child.exchange(
                json.dumps({"suffix": suffix, "bytes": len(data)}).encode() + b"\n" + data
            )
        except TimeoutError:
            self._end_child()
            raise InputError(f"takes more than {WALL_SECONDS:g} seconds to read") from None
        except BaseException:
            self._end_child()  # its reply would be taken for that to the next request
            raise
        if reply is not None:
            return reply
        code = self._end_child()
        if code == -signal.SIGXCPU:
            raise InputError(f"takes more than {CPU_SECONDS} seconds to read")
        raise InputError(f"ends the program that reads it (exit code {code})")

    def _end_child(self) -> int:
        child, self._child = self._child, None
        return child.end() if child is not None else 0


def _found(reply: dict[str, Any]) -> Extracted | str:
    """Return what a reply says. Raises KeyError, TypeError or ValueError when it is none."""
    if "reason" in reply:
        return str(reply["reason"])
    text, found, body_start = reply["extracted"]
    return Extracted(str(text), tuple(Found(*each) for each in found), int(body_start))


class _Child:
    def __init__(self) -> None:
        """Start it. Raises QAError when it does not come up, which is no file's fault."""
        self._requests, self._replies = os.pipe(), os.pipe()
        # -P: the folder in which we were started may be one of articles, and must not lend its modules.
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "qa.formats.child"],
                stdin=self._requests[0],
                stdout=self._replies[1],
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            for descriptor in (*self._requests, *self._replies):
                os.close(descriptor)
            raise QAError(f"{_NO_START} ({error}).") from error
        os.close(self._requests[0])
        os.close(self._replies[1])
        os.set_blocking(self._requests[1], False)
        try:
            ready = self.exchange(b"") is not None
        except TimeoutError:
            ready = False
        except BaseException:
            self.end()
            raise
        if not ready:
            raise QAError(
                f"{_NO_START} (exit code {self.end()}). "
                f"See what it says: {sys.executable} -P -m qa.formats.child < /dev/null"
            )

    def has_ended(self) -> bool:
        """Tell whether nobody reads any more."""
        return self._process.poll() is not None

    def exchange(self, request: bytes) -> bytes | None:
        """Send a request and return the line that answers it, None when the child ends.

        Raises TimeoutError when it takes too long.
        """
        until = monotonic() + WALL_SECONDS
        to_child, from_child = self._requests[1], self._replies[0]
        left, parts = memoryview(request), list[bytes]()
        poll = select.poll()  # select() takes no descriptor above 1023
        poll.register(from_child, select.POLLIN)
        poll.register(to_child, select.POLLOUT)
        while (seconds := until - monotonic()) > 0:
            ready = [descriptor for descriptor, _ in poll.poll(seconds * 1000)]
            if to_child in ready:
                with suppress(BrokenPipeError):  # it has ended, which reading will tell
                    left = left[os.write(to_child, left) :]
                if not left:
                    poll.unregister(to_child)
            if from_child in ready:
                part = os.read(from_child, 2**20)
                if not part:
                    return None
                parts.append(part)
                if part.endswith(b"\n"):
                    return b"".join(parts)
        raise TimeoutError

    def end(self) -> int:
        """Kill it if it still runs; return its exit code."""
        os.close(self._requests[1])
        os.close(self._replies[0])
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=0.2)  # one that has ended by itself has its own code
        self._process.kill()
        return self._process.wait()
