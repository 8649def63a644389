"""From the bytes of a file to the text of an article, whatever the format.

The names below are loaded on first use: asking needs none of them.
"""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.formats.dates import date_in_path, iso_date
    from qa.formats.extracted import Extracted, Found, named
    from qa.formats.plain import as_prose, front_matter, heading_text, normalise
    from qa.formats.registry import FORMATS, JSON_LINES, SUFFIXES
    from qa.formats.sandbox import Sandbox

__all__ = [
    "FORMATS",
    "JSON_LINES",
    "SUFFIXES",
    "Extracted",
    "Found",
    "Sandbox",
    "as_prose",
    "date_in_path",
    "front_matter",
    "heading_text",
    "iso_date",
    "named",
    "normalise",
]

__getattr__ = lazy_door(
    __name__,
    {
        "dates": ("date_in_path", "iso_date"),
        "extracted": ("Extracted", "Found", "named"),
        "plain": ("as_prose", "front_matter", "heading_text", "normalise"),
        "registry": ("FORMATS", "JSON_LINES", "SUFFIXES"),
        "sandbox": ("Sandbox",),
    },
)
