"""How often one key, or one client, may ask."""

import math
import time

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from qa.errors import InputError
from qa.gate.refusals import Refusal


class Rate:
    """Counts the requests of each name in a moving window."""

    def __init__(self, limit: str) -> None:
        """Take a limit like "60/minute". Raises InputError for what is none."""
        try:
            self._limit = parse(limit)
        except ValueError as error:
            raise InputError(f"Found the rate limit {limit!r}, expected one like 60/minute.") from error
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, name: str) -> dict[str, str]:
        """Count one request, and return the headers that say what is left (draft-ietf-httpapi-ratelimit-headers).

        Raises Refusal (429) when nothing is.
        """
        allowed = self._limiter.hit(self._limit, name)
        stats = self._limiter.get_window_stats(self._limit, name)
        seconds = max(1, math.ceil(stats.reset_time - time.time()))
        headers = {
            "ratelimit-policy": f'"default";q={self._limit.amount};w={self._limit.get_expiry()}',
            "ratelimit": f'"default";r={stats.remaining};t={seconds}',
        }
        if not allowed:
            raise Refusal(
                429,
                f"Found more than {self._limit.amount} requests in {self._limit.get_expiry()} seconds. "
                f"Ask again in {seconds}.",
                headers={"retry-after": str(seconds), **headers},
            )
        return headers
