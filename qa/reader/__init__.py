"""Read a question together with a passage: is it answered here, and where."""

from typing import TYPE_CHECKING

from qa.doors import lazy_door

if TYPE_CHECKING:
    from qa.reader.encode import MAX_TOKENS, EncodedPair, PairEncoder, header_text, padded_arrays
    from qa.reader.fake import FakeReader
    from qa.reader.network import ReaderNetwork
    from qa.reader.network_reader import NetworkReader, open_reader
    from qa.reader.reading import SPAN_TOKENS, FoundSpan, Page, Reader, Reading, best_span
    from qa.reader.reranker import RerankingReader, open_reranker
    from qa.reader.weights import WEIGHTS

__all__ = [
    "MAX_TOKENS",
    "SPAN_TOKENS",
    "WEIGHTS",
    "EncodedPair",
    "FakeReader",
    "FoundSpan",
    "NetworkReader",
    "Page",
    "PairEncoder",
    "Reader",
    "ReaderNetwork",
    "Reading",
    "RerankingReader",
    "best_span",
    "header_text",
    "open_reader",
    "open_reranker",
    "padded_arrays",
]

__getattr__ = lazy_door(
    __name__,
    {
        "encode": ("MAX_TOKENS", "EncodedPair", "PairEncoder", "header_text", "padded_arrays"),
        "fake": ("FakeReader",),
        "network": ("ReaderNetwork",),
        "network_reader": ("NetworkReader", "open_reader"),
        "reading": ("SPAN_TOKENS", "FoundSpan", "Page", "Reader", "Reading", "best_span"),
        "reranker": ("RerankingReader", "open_reranker"),
        "weights": ("WEIGHTS",),
    },
)
