"""`RunFigures` as strict JSON: rounded where no digit means anything, equal for equal runs."""

# No postponed annotations here: pydantic reads them when a class is made.
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from perf_analysis.figures import QuantileFigure, RunFigures, SeriesFigures
from perf_documents.cells import Count, Seconds, StrictModel

MAX_SERIES = 502
# method, a blank and a name
Label = Annotated[str, Field(max_length=320)]
# a femtosecond (micro-benchmarks) to years
LogSeconds = Annotated[float, Field(ge=-35.0, le=20.0)]
_DECIMALS = 9


class QuantileModel(StrictModel):
    """A `QuantileFigure`; `ln` and `high` are natural logarithms of seconds."""

    q: Annotated[float, Field(gt=0.0, lt=1.0)]
    ln: LogSeconds
    high: LogSeconds | None
    error: Annotated[float, Field(ge=0.0)]
    dof: Annotated[int, Field(ge=1, lt=2**31)]
    n: Annotated[int, Field(ge=1, lt=2**53)]
    n_effective: Annotated[float, Field(gt=0.0)]
    flags: Annotated[
        list[Literal["short", "tail-thin", "thin", "error-unknown"]], Field(default_factory=list)
    ]
    resolution: Seconds = 0.0

    def decode(self) -> QuantileFigure:
        """Return the figure."""
        return QuantileFigure(
            q=self.q,
            ln_s=self.ln,
            ln_high_s=self.high,
            error=self.error,
            dof=self.dof,
            n=self.n,
            n_effective=self.n_effective,
            flags=tuple(self.flags),
            resolution_s=self.resolution,
        )


def _check_quantiles(rows: list[QuantileModel]) -> list[QuantileModel]:
    for before, after in pairwise(rows):
        if before.q >= after.q or before.ln > after.ln:
            raise ValueError("quantiles must ascend, and their values with them")
    if any(row.high is not None and row.high < row.ln for row in rows):
        raise ValueError("a quantile's upper value lies below its lower one")
    return rows


class SeriesModel(StrictModel):
    """A `SeriesFigures`."""

    label: Label
    n: Count
    failed: Count
    finished: Count
    dispersion: Annotated[float, Field(ge=1.0)]
    quantiles: Annotated[
        list[QuantileModel], AfterValidator(_check_quantiles), Field(max_length=40)
    ]

    def decode(self) -> SeriesFigures:
        """Return the figures."""
        if self.failed > self.n or self.finished > self.n:
            raise ValueError(f"{self.label or 'total'}: more failed or finished requests than n")
        return SeriesFigures(
            label=self.label,
            n=self.n,
            failed=self.failed,
            finished=self.finished,
            dispersion=self.dispersion,
            quantiles=tuple(row.decode() for row in self.quantiles),
        )


class FiguresModel(StrictModel):
    """A `RunFigures`, without the id of its run."""

    phase_s: Seconds
    resolution_s: Seconds
    series: Annotated[list[SeriesModel], Field(max_length=MAX_SERIES)]

    def decode(self, run_id: str) -> RunFigures:
        """Return the figures of a run.

        Raises
        ------
        ValueError
            If they contradict each other.
        """
        labels = [row.label for row in self.series]
        if len(set(labels)) != len(labels):
            raise ValueError("series: a label stands twice")
        return RunFigures(
            run_id=run_id,
            phase_s=self.phase_s,
            resolution_s=self.resolution_s,
            series=tuple(row.decode() for row in self.series),
        )


def stored(figures: RunFigures) -> RunFigures:
    """Figures as they read back: rounded, so that a run equals what is kept of it."""
    return FiguresModel.model_validate(encode_figures(figures)).decode(figures.run_id)


def encode_figures(figures: RunFigures) -> dict[str, object]:
    """Return figures as JSON."""
    return {
        "phase_s": float(figures.phase_s),
        "resolution_s": float(figures.resolution_s),
        "series": [
            {
                "label": series.label,
                "n": series.n,
                "failed": series.failed,
                "finished": series.finished,
                "dispersion": _rounded(series.dispersion),
                "quantiles": [_quantile(figure) for figure in series.quantiles],
            }
            for series in figures.series
        ],
    }


def _quantile(figure: QuantileFigure) -> dict[str, object]:
    coded: dict[str, object] = {
        "q": figure.q,
        "ln": _rounded(figure.ln_s),
        "high": None if figure.ln_high_s is None else _rounded(figure.ln_high_s),
        "error": _rounded(figure.error),
        "dof": figure.dof,
        "n": figure.n,
        "n_effective": _rounded(figure.n_effective),
    }
    optional = {"flags": list(figure.flags), "resolution": float(figure.resolution_s)}
    return coded | {name: value for name, value in optional.items() if value}


def _rounded(value: float) -> float:
    """A float of few digits; -0 is 0, so that equal figures give equal bytes."""
    return round(float(value), _DECIMALS) + 0.0
