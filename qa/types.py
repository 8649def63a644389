"""Frozen records that flow through the package, in the order in which they are made.

Every offset is a half-open range of Unicode code points into `Article.text`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Article:
    """One article as stored: `text` is what its file holds, the whole of it where that is text.

    A form feed begins a page, and a line that begins with "#" a section. `published` is an ISO 8601 date as precise as
    it is known: a year, a month or a day. `provenance` says of every field that is known where it was found.
    """

    id: str
    title: str
    text: str
    sha256: str
    source: str | None = None
    author: str | None = None
    published: str | None = None
    url: str | None = None
    language: str | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file of the folder that could not become an article, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """A slice of one article, small enough for the embedding model to read whole.

    `sentences` are article offsets inside `[start, end)`, in order and not overlapping.
    """

    article_id: str
    start: int
    end: int
    heading: str
    sentences: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class ModelFingerprint:
    """Everything about an embedding model that shapes its vectors."""

    name: str
    weights_sha256: str
    tokenizer_sha256: str
    dim: int
    max_tokens: int
    pooling: str
    question_prefix: str
    chunk_prefix: str


@dataclass(frozen=True, slots=True)
class ChunkerSettings:
    """Everything that decides where chunks begin and end, besides the model's tokenizer."""

    version: int
    max_tokens: int
    overlap_tokens: int


@dataclass(frozen=True, slots=True)
class FileDigest:
    """Size in bytes and sha256 (hex) of one file of a generation."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one generation of an index is, and everything that shaped it.

    `digest` is the sha256 over model, chunker, lexical settings and articles: two builds of the same
    folder by the same code have the same digest. `runtime` is what computed the vectors; those of all
    runtimes of one model are interchangeable, so it is no part of the digest. `copies` counts the articles that are
    copies of others.
    """

    format_version: int
    min_reader_version: int
    generation: str
    digest: str
    corpus_sha256: str
    model: ModelFingerprint
    runtime: str
    chunker: ChunkerSettings
    lexical: Mapping[str, str | float]
    dense_kind: str
    articles: int
    chunks: int
    created_by: str
    files: Mapping[str, FileDigest]
    copies: int = 0


@dataclass(frozen=True, slots=True)
class ArticleSummary:
    """One line of the list of articles in an index; `characters` counts code points.

    `copy_of` is the id of the first of the articles that are copies of one another, None for that one and for others.
    """

    id: str
    title: str
    source: str | None
    author: str | None
    published: str | None
    url: str | None
    language: str | None
    sha256: str
    characters: int
    chunks: int
    copy_of: str | None = None


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What indexing a folder did. The four counts of articles compare with the generation before."""

    manifest: Manifest
    published: bool
    added: int
    changed: int
    removed: int
    unchanged: int
    chunks_embedded: int
    skipped: tuple[Skipped, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that `qa doctor` looked at."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk offered as evidence for a question; higher `score` is better.

    `sha256` is that of the article; `highlights` are the quoted sentences inside the passage, as article offsets.
    """

    chunk: Chunk
    title: str
    text: str
    rank: int
    score: float
    dense: float
    lexical: float
    sha256: str
    highlights: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Mention:
    """Another article that says the same."""

    article_id: str
    title: str
    source: str | None


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote and the place it was taken from: `article.text[start:end] == quote`, always.

    `answer_start` and `answer_end` say where the quote stands in the answer's text; lines count
    from 1, and so do pages, None where the article has none; `section` is the heading above the quote in an article
    without pages. `passage` is the rank of the passage that holds the quote. `answer_span` are the words of the
    quote, article offsets, in which a reader sees the answer itself, None where none does. `also_in` are copies of the
    article that hold the quote too, by id.
    """

    article_id: str
    title: str
    source: str | None
    author: str | None
    published: str | None
    url: str | None
    start: int
    end: int
    start_line: int
    end_line: int
    start_page: int | None
    end_page: int | None
    section: str | None
    quote: str
    sha256: str
    answer_start: int
    answer_end: int
    passage: int
    answer_span: Span | None
    also_in: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """Numbered passages to put in front of a language model, within a token budget."""

    text: str
    tokens: int
    encoding: str


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """Which generation answered."""

    generation: str
    model: str
    chunks: int
    articles: int


@dataclass(frozen=True, slots=True)
class Part:
    """One summand of a score: `value` times `weight`."""

    name: str
    value: float
    weight: float


@dataclass(frozen=True, slots=True)
class ExplainedPassage:
    """Why a passage stands at its rank: the parts add up to its score; `matched` are its words that the question has."""

    rank: int
    parts: tuple[Part, ...]
    matched: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExplainedQuote:
    """Why `article.text[start:end]` was quoted: the parts add up to `score`, which the best sentence had."""

    passage: int
    start: int
    end: int
    score: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """What an answer is made of; the parts of `confidence` add up to ln(p / (1 - p)) of the probability p."""

    passages: tuple[ExplainedPassage, ...]
    quotes: tuple[ExplainedQuote, ...]
    confidence: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to one question. `text` is None when `status` is "no_evidence".

    The first `differing` citations answer with different numbers or dates: each with others than the first one; 0 when
    none does among `passages`.
    `corroborated_by` are articles of other publishers that give the same answer, copies of one another counted once.
    `confidence` is the probability, 0 to 1, that the passages hold an answer; `passages_read` says how many
    of the best ones a reader has read for it.
    `facets` counts the ranked articles by source, author, language and year, most frequent first.
    `timings_ms` maps a stage to its wall time in milliseconds.
    """

    question: str
    status: Literal["answered", "no_evidence"]
    text: str | None
    confidence: float
    citations: tuple[Citation, ...]
    differing: int
    corroborated_by: tuple[Mention, ...]
    passages: tuple[Passage, ...]
    passages_read: int
    facets: Mapping[str, Mapping[str, int]]
    context: Context | None
    explanation: Explanation | None
    index: IndexInfo
    timings_ms: Mapping[str, float]
