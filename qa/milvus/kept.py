"""What was read lately, so that it need not be read again."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """Reads several things at once, those it does not have yet; safe to share between threads."""

    def __init__(self, read: Callable[[Sequence[Key]], Mapping[Key, Value]], *, most: int) -> None:
        """Take what reads, and returns a value for each key; `most` values stay."""
        self._read, self._most = read, most
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, keys: Sequence[Key]) -> dict[Key, Value]:
        """Return the value of each key; raises what reading raises."""
        with self._lock:
            found = {key: self._values[key] for key in keys if key in self._values}
        if missing := [key for key in dict.fromkeys(keys) if key not in found]:
            found |= self._read(missing)
        with self._lock:
            for key in keys:
                self._values[key] = found[key]
                self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        return found
