"""Who may ask, and how much at a time."""

from collections.abc import Collection
from dataclasses import dataclass, field

from qa.gate import Keys, Rate

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may ask, and how much at a time.

    `threads` compute answers, `queue` questions wait for them, `deadline_s` covers both; `allowed_hosts` are names
    without a port, IPv6 addresses in brackets; no `keys` let everyone in; `rate` counts the requests of each key
    or, without keys, of each client; `log_questions` writes what is asked to the log.
    """

    threads: int = 2
    queue: int = 16
    deadline_s: float = 10.0
    allowed_hosts: Collection[str] = LOOPBACK_HOSTS
    keys: Keys = field(default_factory=lambda: Keys(()))
    rate: Rate | None = None
    log_questions: bool = False
