"""What every object on the wire shares."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

OffsetUnit = Literal["unicode_code_points"]
Offset = Annotated[int, Field(ge=0)]


class Wire(BaseModel):
    """Root of what goes out: built field by field from records, so a NaN or a stray field is our bug."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, from_attributes=True)


class WireError(Wire):
    """What went wrong."""

    code: str = Field(description="stable name of the kind of error, for programs")
    message: str = Field(description="what was found, what was expected, what to do next; for people")
