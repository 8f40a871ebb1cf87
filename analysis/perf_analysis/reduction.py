"""A run reduced to its figures."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np

from perf_analysis.compared import TOTAL
from perf_analysis.dispersion import LEAST_FOR_BLOCKS, block_sums
from perf_analysis.error_rates import dispersion
from perf_analysis.failure_classes import ABANDONED
from perf_analysis.figures import QUANTILES, RunFigures, SeriesFigures
from perf_analysis.histogram import Histogram, merge
from perf_analysis.quantiles import quantile_figure
from perf_analysis.readings import read_share
from perf_analysis.selection import Selection
from perf_analysis.series import CANDIDATE, SUSTAINED
from perf_analysis.thresholds import least_for_quantile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from perf_analysis.figures import QuantileFigure
    from perf_analysis.series import Cell, Measured, SeriesKey, Slot


def figures_of(
    run_id: str, measured: Measured, quantiles: Iterable[float] = (), *, target: str = CANDIDATE
) -> RunFigures:
    """Figures of one arm of a run, over its sustained phase.

    Parameters
    ----------
    run_id : str
    measured : Measured
    quantiles : iterable of float
        Beside the usual .5, .9, .95 and .99.
    target : str
        Arm.
    """
    wanted = tuple(sorted({*QUANTILES, *quantiles}))
    arm = {key: slots for key, slots in measured.series.items() if key.target == target}
    labels = sorted({key.label for key in arm})
    rows: list[SeriesFigures] = []
    for label in (TOTAL, *labels):
        mine = [(key, slots) for key, slots in arm.items() if label in (TOTAL, key.label)]
        selector = {"target": target} | ({"name": label} if label else {})
        share = read_share("http_req_failed", Selection(measured, selector, SUSTAINED))
        windows = series_windows(measured, mine)
        rows.append(
            SeriesFigures(
                label=label,
                n=share.whole,
                failed=share.part,
                finished=sum(w.finished for w in windows),
                dispersion=dispersion_of([(w.failed, w.n) for w in windows]),
                quantiles=_quantiles(windows, wanted),
            )
        )
    return RunFigures(run_id=run_id, phase_s=measured.phase_s(SUSTAINED), series=tuple(rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Requests of one series that began in one window of the judged phase.

    Attributes
    ----------
    n, failed, finished : int
        Ended and abandoned ones; those that failed, and those that ended by themselves.
    complete, censored : Histogram
        Service times; lower bounds of those that never completed.
    """

    n: int
    failed: int
    finished: int
    complete: Histogram
    censored: Histogram

    def samples(self) -> Histogram:
        """All durations, censored ones at their lower bounds."""
        return merge([self.complete, self.censored])


def windows_of(measured: Measured) -> list[int]:
    """Indices of the windows that the sustained phase touches, in order."""
    length_s = measured.window_s
    touched: dict[int, None] = {}
    for span in measured.spans:
        if span.phase == SUSTAINED and span.length_s > 0.0:
            first, end = floor(span.start_s / length_s), ceil(span.end_s / length_s)
            touched |= dict.fromkeys(range(first, end))
    return list(touched)


def series_windows(
    measured: Measured, series: Sequence[tuple[SeriesKey, Mapping[Slot, Cell]]]
) -> list[Window]:
    """Windows of the sustained phase in order, with what some series hold in each."""
    found: dict[int, list[tuple[SeriesKey, Cell]]] = {w: [] for w in windows_of(measured)}
    for key, slots in series:
        for slot, cell in slots.items():
            if slot.phase == SUSTAINED:
                found.setdefault(slot.window, []).append((key, cell))
    return [_window(cells) for _, cells in sorted(found.items())]


def _window(cells: Sequence[tuple[SeriesKey, Cell]]) -> Window:
    return Window(
        n=sum(cell.n for _, cell in cells),
        failed=sum(cell.n for key, cell in cells if key.error_class),
        finished=sum(cell.n for key, cell in cells if key.error_class != ABANDONED),
        complete=merge(cell.service for _, cell in cells),
        censored=merge(cell.service_censored for _, cell in cells),
    )


def _quantiles(windows: Sequence[Window], wanted: Sequence[float]) -> tuple[QuantileFigure, ...]:
    complete = [window.complete for window in windows]
    censored = [window.censored for window in windows]
    if not any(h.counts for h in complete):
        return ()  # nothing but lower bounds says nothing of a level
    found = (quantile_figure(complete, censored, q, least_n=least_for_quantile(q)) for q in wanted)
    return tuple(figure for figure in found if figure is not None)


def dispersion_of(counts: Sequence[tuple[int, int]]) -> float:
    """Larger of the dispersions over windows and over blocks of them."""
    over_windows = dispersion(counts)
    if len(counts) < LEAST_FOR_BLOCKS:
        return max(1.0, over_windows)
    failed, _ = block_sums(np.array([float(x) for x, _ in counts]))
    sizes, _ = block_sums(np.array([float(n) for _, n in counts]))
    blocks = [(round(x), round(n)) for x, n in zip(failed, sizes, strict=True)]
    return max(1.0, over_windows, dispersion(blocks))
