"""The wire contract of questions: what `POST /ask` and `POST /ask/batch` take."""

from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from qa.answer import MAX_K, MAX_QUESTION_CHARS
from qa.filters import DATES, Filters, days_of

MAX_CONTEXT_TOKENS = 32_000
DEFAULT_K = 5


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


# JSON has one kind of number, and JSON Schema calls 5.0 an integer.
Passages = Annotated[int, Field(ge=1, le=MAX_K), BeforeValidator(_whole)]
ContextTokens = Annotated[int, Field(ge=1, le=MAX_CONTEXT_TOKENS), BeforeValidator(_whole)]


def _date(value: str) -> str:
    if days_of(value) is None:
        raise PydanticCustomError("date", f"Expected {DATES}")
    return value


# The same as `days_of`, for programs: a year, a month, a day up to the 28th, the 29th and 30th, the 31st, a leap day.
_DATE_PATTERN = (
    r"^[1-9]\d{3}(-(0[1-9]|1[0-2])(-(0[1-9]|1\d|2[0-8]))?|-(0[13-9]|1[0-2])-(29|30)|-(0[13578]|1[02])-31)?$"
    r"|^([1-9]\d(0[48]|[2468][048]|[13579][26])|([2468][048]|[13579][26])00)-02-29$"
)
Date = Annotated[str, AfterValidator(_date), Field(json_schema_extra={"pattern": _DATE_PATTERN})]


class WireFilters(BaseModel):
    """Which articles may answer: all that fit every field that is given, in a list any one of its values."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    since: Date | None = Field(
        None,
        description="published then or later: a year, a month or a day in ISO 8601; who has no date does not fit",
    )
    until: Date | None = Field(None, description="published then or earlier")
    as_of: Date | None = Field(None, description="leaves out what was published later; who has no date stays")
    source: list[str] = Field([], description="publishers; capitals and blanks do not matter")
    author: list[str] = Field([], description="authors; of an article with several each counts")
    language: list[str] = Field([], description="languages, ISO 639-1")
    article: list[str] = Field([], description="ids of articles, as `document_id` names them")

    @property
    def record(self) -> Filters:
        """What an answerer takes."""
        return Filters(
            since=self.since,
            until=self.until,
            as_of=self.as_of,
            source=tuple(self.source),
            author=tuple(self.author),
            language=tuple(self.language),
            article=tuple(self.article),
        )


# One character that `str.strip` leaves. Spelled out: what \s means differs from program to program.
_NOT_BLANK = r"[^\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"


class AskRequest(BaseModel):
    """A question for the articles."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        json_schema_extra={
            "examples": [
                {"question": "Why won't NATO admit Ukraine?", "k": 5, "max_context_tokens": 2000},
                {"question": "Which drones did Turkey sell to Ukraine?"},
                {"question": "Who met Putin?", "filters": {"source": ["Reuters"], "since": "2022-02"}},
            ]
        },
    )

    question: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_QUESTION_CHARS)
    ] = Field(
        description="the question, in plain words; surrounding whitespace does not count",
        json_schema_extra={"pattern": _NOT_BLANK},  # what remains must be something
    )
    k: Passages = Field(DEFAULT_K, description="how many passages to return")
    max_context_tokens: ContextTokens | None = Field(
        None, description="token budget of `context`; without it `context` is null"
    )
    explain: bool = Field(
        False, description="say what every score is made of; without it `explanation` is null"
    )
    # In place: a reference would lead nowhere in the document of the API, which takes this schema up as it is.
    filters: Annotated[WireFilters, WithJsonSchema(WireFilters.model_json_schema())] = Field(
        WireFilters(), description="which articles may answer; without it all of them"
    )


MAX_BATCH = 100


class BatchRequest(BaseModel):
    """Questions to be answered together."""

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        json_schema_extra={"examples": [{"questions": [{"question": "Why won't NATO admit Ukraine?"}]}]},
    )

    # Each is checked by itself: a bad one gets an error in its place, and the others their answers.
    questions: list[Annotated[JsonValue, WithJsonSchema({})]] = Field(
        min_length=1, max_length=MAX_BATCH, description="objects as `POST /ask` takes them"
    )
