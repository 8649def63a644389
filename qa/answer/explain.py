"""Take an answer's scores apart: every score is a sum, and these are its summands."""

from collections.abc import Mapping, Sequence

from qa.answer.passages import Evidence
from qa.answer.select import Asked, Quote
from qa.answer.weights import Weights
from qa.index import matched_words
from qa.types import ExplainedPassage, ExplainedQuote, Explanation, Part


def explain(
    evidence: Sequence[Evidence],
    quotes: Sequence[Quote],
    signs: Mapping[str, float],
    asked: Asked,
    *,
    weights: Weights,
) -> Explanation:
    """Return the parts of every score."""
    return Explanation(
        passages=tuple(
            ExplainedPassage(
                rank=each.passage.rank,
                parts=_parts(each.candidate.signs, weights.passage),
                matched=matched_words(
                    f"{each.passage.title} {each.passage.text}",
                    asked.idf_in(each.language).keys(),
                    each.language,
                ),
            )
            for each in evidence
        ),
        quotes=tuple(
            ExplainedQuote(
                quote.passage.rank, quote.start, quote.end, quote.score, _parts(quote.signs, weights.quote)
            )
            for quote in quotes
        ),
        confidence=_parts(signs, weights.confidence),
    )


def _parts(signs: Mapping[str, float], weights: Mapping[str, float]) -> tuple[Part, ...]:
    return tuple(Part(name, signs[name], weight) for name, weight in weights.items())
