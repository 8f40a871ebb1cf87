"""Series that a file only sums up: counts, an average, quantiles, a median with its error."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from perf_analysis.figures import ERROR_UNKNOWN, THIN, QuantileFigure, RunFigures, SeriesFigures
from perf_analysis.series import CANDIDATE, Cell, Measured, SeriesKey
from perf_analysis.stated import Stated
from perf_analysis.thresholds import least_for_quantile
from perf_importers.counted import cells_of, measured_of
from perf_importers.rows import MAX_NAMES, check_name, clean_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

EVERYTHING = "all requests"
OTHERS = "other requests"
_LEAST_S = 1e-15
_LONGEST_S = 86_400.0
# a logarithm that may be off by more says nothing
_LARGEST_ERROR = 10.0
_MAX_DOF = 2**31 - 1
LEAST_ROUNDS = 3
IQR_OF_NORMAL = 1.349
_MEDIAN_FACTOR = math.sqrt(math.pi / 2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One series as its source sums it up.

    Attributes
    ----------
    method, name : str
        Both empty for all requests together.
    n, failed : int
        Requests (or rounds of a micro-benchmark), and those that failed.
    timed : int or None
        Samples behind the durations, where not all requests have one.
    average_s : float or None
    quantiles_s : mapping of float to float
        Ascending; 0 and 1 are the extremes.
    errors : mapping of float to (float, int)
        Standard error of a quantile's logarithm and its degrees of freedom, where they are known.
    is_benchmark : bool
        Rounds of one function: the run is the unit, so few of them are no reason not to gate.
    """

    method: str = ""
    name: str = ""
    n: int
    failed: int = 0
    timed: int | None = None
    average_s: float | None = None
    quantiles_s: Mapping[float, float] = field(default_factory=dict)
    errors: Mapping[float, tuple[float, int]] = field(default_factory=dict)
    is_benchmark: bool = False

    @property
    def label(self) -> str:
        """Name with its method."""
        return f"{self.method} {self.name}" if self.method else self.name

    @property
    def samples(self) -> int:
        """Durations behind the quantiles."""
        return self.n if self.timed is None else self.timed

    def check(self) -> None:
        """Raise ValueError for what cannot be: an odd name, quantiles that do not ascend."""
        text = self.label
        if text:
            check_name(self.method, self.name)
        for value in (*self.quantiles_s.values(), self.average_s or 0.0):
            if not 0.0 <= value <= _LONGEST_S:
                raise ValueError(
                    f"{text or EVERYTHING}: a duration of {value:g} s; expected 0 to {_LONGEST_S:g}"
                )
        for (q, value), (other, higher) in pairwise(sorted(self.quantiles_s.items())):
            if value > higher:
                raise ValueError(
                    f"{text or EVERYTHING}: the {q * 100:g} % quantile, {value:g} s, is above "
                    f"the {other * 100:g} % quantile, {higher:g} s"
                )

    def stated(self) -> Stated:
        """What thresholds are judged by."""
        return Stated(
            label=self.label,
            n=self.samples,
            average_s=self.average_s,
            quantiles_s=dict(sorted(self.quantiles_s.items())),
        )

    def figures(self, resolution_s: Callable[[float], float]) -> SeriesFigures:
        """What comparisons are made of."""
        inner = sorted(q for q in self.quantiles_s if 0.0 < q < 1.0)
        return SeriesFigures(
            label=self.label,
            n=self.n,
            failed=self.failed,
            finished=self.n,
            quantiles=tuple(
                self._figure(q, self.quantiles_s[q], resolution_s) for q in inner if self.samples
            ),
        )

    def _figure(
        self, q: float, value_s: float, resolution_s: Callable[[float], float]
    ) -> QuantileFigure:
        error, dof = self.errors.get(q, (math.inf, 1))
        is_known = error <= _LARGEST_ERROR
        flags = () if is_known else (ERROR_UNKNOWN,)
        thin = not self.is_benchmark and self.samples < least_for_quantile(q)
        ln_s = math.log(max(value_s, _LEAST_S))
        return QuantileFigure(
            q=q,
            ln_s=ln_s,
            ln_high_s=ln_s,
            error=error if is_known else 0.0,
            dof=min(dof, _MAX_DOF),
            n=self.samples,
            n_effective=float(self.samples),
            flags=(*flags, THIN) if thin else flags,
            resolution_s=resolution_s(value_s),
        )


def exact(_value_s: float) -> float:
    """Resolution of a source that does not round."""
    return 0.0


def summed_up(
    summaries: Sequence[Summary],
    *,
    tool: str,
    length_s: float,
    shows: frozenset[str],
    resolution_s: Callable[[float], float] = exact,
) -> tuple[Measured, RunFigures]:
    """Return what a run of such series measured, and its figures; all together come first.

    Raises
    ------
    ValueError
        If the figures contradict each other, or two series have one name.
    """
    for summary in summaries:
        summary.check()
    if len(summaries) > MAX_NAMES + 1:
        raise ValueError(f"more than {MAX_NAMES} names; group them")
    names = clean_names([(summary.method, summary.name) for summary in summaries])
    summaries = [replace(one, name=name) for one, name in zip(summaries, names, strict=True)]
    if [summary.label for summary in summaries] == [""]:
        # the only name is all requests together
        summaries = [*summaries, replace(summaries[0], name=EVERYTHING)]
    order = sorted(summaries, key=lambda summary: summary.label)
    series = {} if order[0].is_benchmark else _cells(order, tool)
    measured = replace(
        measured_of(series, length_s, shows),
        stated=tuple(summary.stated() for summary in order),
    )
    figures = RunFigures(
        run_id="",
        phase_s=length_s,
        series=tuple(summary.figures(resolution_s) for summary in order),
    )
    return measured, figures


def _cells(summaries: Sequence[Summary], tool: str) -> dict[SeriesKey, Cell]:
    """Counts as cells without durations."""
    return {
        SeriesKey(CANDIDATE, tool, summary.method, summary.name, 0, error): cell
        for summary in _with_rest(summaries)
        for error, cell in cells_of(summary.n, summary.failed).items()
    }


def _with_rest(summaries: Sequence[Summary]) -> list[Summary]:
    """Named series, and what is left of all requests together."""
    named = [summary for summary in summaries if summary.label]
    total = next((summary for summary in summaries if not summary.label), None)
    if total is None:
        return named
    n = total.n - sum(summary.n for summary in named)
    failed = total.failed - sum(summary.failed for summary in named)
    if not 0 <= failed <= n:
        raise ValueError("the series do not add up to all requests together")
    return [*named, Summary(name=OTHERS, n=n, failed=failed)] if n else named


def median_error(values: Sequence[float], median: float) -> tuple[float, int] | None:
    """Standard error of ln(median) of rounds, and its degrees of freedom; None of fewer than three.

    Notes
    -----
    sqrt(pi / 2) s / sqrt(n) over the median, the asymptotic error under a normal distribution, with
    s taken from the quartiles (IQR / 1.349): rounds of a micro-benchmark have wild outliers above.

    References
    ----------
    McGill, Tukey, Larsen (1978), "Variations of Box Plots": the notch's error of a median.
    """
    n = len(values)
    if n < LEAST_ROUNDS or median <= 0.0:
        return None
    ordered = sorted(values)
    spread = (_at(ordered, 0.75) - _at(ordered, 0.25)) / IQR_OF_NORMAL
    return error_of(spread, n, median)


def error_of(spread: float, n: int, median: float) -> tuple[float, int]:
    """The same from a spread that is known already."""
    return _MEDIAN_FACTOR * spread / math.sqrt(n) / median, n - 1


def _at(ordered: Sequence[float], q: float) -> float:
    place = q * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def coarse(figures: RunFigures, step_s: Callable[[float], float]) -> RunFigures:
    """Figures of a source without windows, whose values are rounded to steps of their own.

    How far a quantile may be off within the run shows only in windows, so that is unknown.
    """
    return replace(
        figures,
        series=tuple(
            replace(
                series,
                quantiles=tuple(
                    replace(
                        figure,
                        error=0.0,
                        dof=1,
                        n_effective=float(figure.n),
                        flags=(ERROR_UNKNOWN, *(flag for flag in figure.flags if flag == THIN)),
                        resolution_s=step_s(math.exp(figure.ln_s)),
                    )
                    for figure in series.quantiles
                ),
            )
            for series in figures.series
        ),
    )
