"""Rooms whose public names are loaded on first use, since a command pays for every import it does not need."""

from collections.abc import Callable, Iterable, Mapping
from importlib import import_module


def lazy_door(package: str, names_of: Mapping[str, Iterable[str]]) -> Callable[[str], object]:
    """Return the `__getattr__` of a package (PEP 562) whose modules hold these public names."""
    home = {name: module for module, names in names_of.items() for name in names}

    def load(name: str) -> object:
        if name not in home:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{home[name]}"), name)

    return load
