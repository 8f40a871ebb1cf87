"""`Comparison` as strict JSON, each model the twin of a dataclass and equal to it in names."""

# No postponed annotations here: pydantic reads them when a class is made.
from typing import Annotated, Literal

from pydantic import Field

from perf_analysis.compared import ComparedRow, Comparison, QuantileShift, RowVerdict
from perf_documents.cells import Count, StrictModel

Words = Annotated[str, Field(max_length=4000)]
Share = Annotated[float, Field(ge=0, le=1)]
NotNegative = Annotated[float, Field(ge=0)]
Change = Annotated[float, Field(ge=-1)]


class ComparedRowModel(StrictModel):
    """`ComparedRow`."""

    label: Annotated[str, Field(max_length=320)]
    metric: Annotated[str, Field(pattern=r"^(error_rate|p[0-9]{1,2}(\.[0-9]{1,3})?)$")]
    gated: bool
    candidate: NotNegative | None
    reference: NotNegative | None
    n: Count
    reference_n: Count
    effect: Change | None
    low: Change | None
    high: Change | None
    margin: NotNegative
    tolerance: NotNegative
    detectable: NotNegative | None
    must_detect: NotNegative | None
    p: Share | None
    p_adjusted: Share | None
    verdict: RowVerdict
    notes: tuple[Words, ...]
    reason: Words
    advice: Words

    def decode(self) -> ComparedRow:
        """Return the row."""
        return ComparedRow(**dict(self))


class ShiftModel(StrictModel):
    """`QuantileShift`."""

    q: Annotated[float, Field(gt=0, lt=1)]
    reference_s: NotNegative
    lowest_s: NotNegative
    highest_s: NotNegative
    effect: Change
    low: Change | None
    high: Change | None

    def decode(self) -> QuantileShift:
        """Return the shift."""
        return QuantileShift(**dict(self))


class ComparisonModel(StrictModel):
    """`Comparison`."""

    source: Literal["", "baselines", "control", "runs"]
    mode: Literal["regression", "proof", "advisory"]
    alpha: Annotated[float, Field(gt=0, lt=0.5)]
    reference: Annotated[tuple[Words, ...], Field(max_length=1000)]
    rows: Annotated[tuple[ComparedRowModel, ...], Field(max_length=20_000)]
    shift: Annotated[tuple[ShiftModel, ...], Field(max_length=40)]
    verdict: RowVerdict
    sentence: Words
    next_step: Words
    left_out: Annotated[tuple[Words, ...], Field(max_length=1000)]
    notes: Annotated[tuple[Words, ...], Field(max_length=1000)]

    def decode(self) -> Comparison:
        """Return the comparison."""
        return Comparison(
            **dict(self)
            | {
                "rows": tuple(row.decode() for row in self.rows),
                "shift": tuple(shift.decode() for shift in self.shift),
            }
        )
