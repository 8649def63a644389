"""The wire contract of explanations: what every score of an answer is the sum of."""

from pydantic import Field

from qa.types import Explanation, Part
from qa.wire.fields import Offset, Wire


class WirePart(Wire):
    """One summand of a score."""

    name: str = Field(description="the sign; docs/quality.md says what each means")
    value: float = Field(description="what was found")
    weight: float = Field(description="what it counts")
    adds: float = Field(description="value times weight")


class WireExplainedPassage(Wire):
    """Why a passage stands at its rank."""

    rank: int = Field(ge=1, description="rank of the passage")
    score: float = Field(description="sum of the parts, the passage's `score`")
    parts: list[WirePart] = Field(description="what the score is made of")
    matched_words: list[str] = Field(description="words of title and passage that the question has too")


class WireExplainedQuote(Wire):
    """Why a sentence was quoted."""

    passage: int = Field(ge=1, description="`rank` of the passage that holds the quote")
    start_char_index: Offset = Field(description="where the quote starts in the article's text")
    end_char_index: Offset = Field(description="where it ends, exclusive")
    score: float = Field(description="sum of the parts; of joined sentences that of the better one")
    parts: list[WirePart] = Field(description="what the score is made of")


class WireExplanation(Wire):
    """What the scores of an answer are made of."""

    passages: list[WireExplainedPassage] = Field(description="one for each passage")
    quotes: list[WireExplainedQuote] = Field(
        description="the best quotes, also when they are too unsure to answer"
    )
    confidence_logit: float = Field(
        description="sum of the parts; confidence = 1 / (1 + exp(-confidence_logit))"
    )
    confidence_parts: list[WirePart] = Field(description="what the confidence is made of")


def wire_explanation(explanation: Explanation) -> WireExplanation:
    """Turn an explanation into what the API and `qa ask --json --explain` return."""
    return WireExplanation(
        passages=[
            WireExplainedPassage(
                rank=each.rank,
                score=_total(each.parts),
                parts=_parts(each.parts),
                matched_words=list(each.matched),
            )
            for each in explanation.passages
        ],
        quotes=[
            WireExplainedQuote(
                passage=each.passage,
                start_char_index=each.start,
                end_char_index=each.end,
                score=each.score,
                parts=_parts(each.parts),
            )
            for each in explanation.quotes
        ],
        confidence_logit=_total(explanation.confidence),
        confidence_parts=_parts(explanation.confidence),
    )


def _parts(parts: tuple[Part, ...]) -> list[WirePart]:
    return [WirePart(name=p.name, value=p.value, weight=p.weight, adds=p.value * p.weight) for p in parts]


def _total(parts: tuple[Part, ...]) -> float:
    return sum(part.value * part.weight for part in parts)
