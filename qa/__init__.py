"""Local question answering over a folder of articles: verbatim quotes with replayable citations."""

__version__ = "0.1.0"
