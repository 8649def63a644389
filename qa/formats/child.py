"""The process that reads risky files, one after the other: `python -P -m qa.formats.child`.

A request on stdin is a line of JSON, {"suffix", "bytes"}, and the bytes; the reply on stdout is a line of JSON, the
first one before any request. One with "keep" is the same whenever the file is read by the same libraries.
"""

import json
import os
import resource
import sys
from dataclasses import astuple

from qa.errors import InputError
from qa.formats.registry import extract

MEMORY_BYTES = 2**30
CPU_SECONDS = 30
MAX_TEXT_CHARS = 2**25


def main() -> None:
    """Answer requests until there is no more."""
    # What a parser prints must not stand between the replies.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.setrecursionlimit(5000)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, MEMORY_BYTES)
    replies.write(_line({}))
    replies.flush()
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        data = sys.stdin.buffer.read(asked["bytes"])
        replies.write(_reply(data, asked["suffix"]))
        replies.flush()


def _reply(data: bytes, suffix: str) -> bytes:
    used = resource.getrusage(resource.RUSAGE_SELF)
    # Past it the kernel ends us.
    _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + 1 + CPU_SECONDS)
    try:
        found = extract(data, suffix)
        if len(found.text) <= MAX_TEXT_CHARS:
            return _line({"keep": True, "extracted": astuple(found)})
        reason = f"holds {len(found.text):,} characters of text; at most {MAX_TEXT_CHARS:,} are read"
        return _line({"keep": True, "reason": reason})
    except InputError as error:
        return _line({"keep": True, "reason": str(error)})
    except MemoryError:
        reason = f"takes more than {MEMORY_BYTES >> 20} MiB of memory to read"
    except Exception as error:  # noqa: BLE001 (whatever a parser raises is about this file)
        what = " ".join(str(error).split())[:200]
        reason = f"cannot be read: {type(error).__name__}" + (f": {what}" if what else "")
    return _line({"reason": reason})


def _line(reply: dict[str, object]) -> bytes:
    # What a file says of itself may hold half characters.
    return json.dumps(reply, ensure_ascii=False).encode("utf-8", errors="surrogatepass") + b"\n"


def _limit(kind: int, wanted: int) -> None:
    """Limit this process, by less where whoever started it allows less: more would be refused."""
    _, most = resource.getrlimit(kind)
    resource.setrlimit(kind, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))


if __name__ == "__main__":
    main()
