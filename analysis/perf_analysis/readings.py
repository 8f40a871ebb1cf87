"""How each metric is taken from the cells that a threshold selects."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from perf_analysis.decision import Trend
from perf_analysis.failure_classes import ABANDONED
from perf_analysis.histogram import Histogram, merge
from perf_analysis.metrics import TIMED
from perf_analysis.selection import unknown_durations
from perf_analysis.series import ALL_PHASES

if TYPE_CHECKING:
    from perf_analysis.selection import Selection


class Share(NamedTuple):
    """A part of a whole, in numbers of requests."""

    part: int
    whole: int


def read_trend(metric: str, selection: Selection) -> Trend:
    """Durations of a Trend, and lower bounds of those that never completed.

    Notes
    -----
    Complete responses enter whatever their status; a request that failed without one enters no
    Trend, but timeouts and abandoned requests are censored. To the latency dropped arrivals are
    censored samples too. Iterations that were cut off are longer than anything known of them.
    """
    if metric == "http_req_duration":
        return Trend(
            values=selection.histogram("service"),
            censored=selection.histogram("service_censored"),
        )
    if metric == "http_req_latency":
        dropped = [share.latency for share in selection.dropped()]
        return Trend(
            values=selection.histogram("latency"),
            censored=merge([selection.histogram("latency_censored"), *dropped]),
        )
    if metric in TIMED:
        values, censored = selection.timed(TIMED[metric])
        return Trend(values=values, censored=censored)
    if metric == "iteration_duration":
        cut = sum(cell.abandoned for cell in selection.iterations())
        return Trend(values=selection.histogram("iteration"), censored=unknown_durations(cut))
    return Trend(values=selection.histogram("lag"), censored=Histogram())


def read_share(metric: str, selection: Selection) -> Share:
    """Part and whole of a Rate.

    Notes
    -----
    http_req_failed = (failed + abandoned + dropped) / (finished + abandoned + dropped), where the
    finished hold the failed; checks = (asserted responses without a failure + own checks that held)
    / (asserted responses + own checks).
    """
    if metric == "checks":
        return _read_checks(selection)
    cells = selection.requests()
    dropped = sum(share.count for share in selection.dropped())
    failed = sum(cell.n for key, cell in cells if key.error_class)
    return Share(failed + dropped, sum(cell.n for _, cell in cells) + dropped)


def _read_checks(selection: Selection) -> Share:
    own = [tally for _, tally in selection.checks()]
    cells = selection.requests()
    passed = sum(cell.asserted for key, cell in cells if not key.error_class)
    return Share(
        passed + sum(tally.passed for tally in own),
        sum(cell.asserted for _, cell in cells) + sum(tally.made for tally in own),
    )


def read_count(metric: str, selection: Selection, *, scheduled: bool) -> int:
    """Count of a Counter; `scheduled` leaves out what began in the drain after the schedule."""
    if metric == "iterations":
        return sum(cell.finished for cell in selection.iterations(scheduled=scheduled))
    if metric == "dropped_iterations":
        return sum(cell.dropped for cell in selection.iterations(scheduled=scheduled))
    if metric == "data_sent":
        return sum(part.sent_bytes for _, part in selection.timings(scheduled=scheduled))
    cells = selection.requests(scheduled=scheduled)
    if metric == "data_received":
        return sum(cell.received_bytes for _, cell in cells)
    return sum(cell.n for key, cell in cells if key.error_class != ABANDONED)


def read_gauge(metric: str, selection: Selection) -> int:
    """Last value of a Gauge in the phase.

    Notes
    -----
    `vus` sums the scenarios' virtual users present at the end of the phase's last window in which
    each was seen; `vus_max` is the most that were present in any window until then. Only the
    latter looks at windows: the highest sum over scenarios is no sum of each one's highest.
    """
    measured = selection.measured
    mine = [name for name in measured.scenarios if selection.is_mine(name)]
    if metric == "vus":
        # without a name, the cell would be that of all scenarios
        return measured.scenario_cell(selection.phase, *mine).vus if mine else 0
    present: dict[int, int] = {}
    end = -1
    for name in mine:
        for slot, cell in measured.scenarios[name].items():
            present[slot.window] = present.get(slot.window, 0) + cell.vus
            if selection.phase in (slot.phase, ALL_PHASES):
                end = max(end, slot.window)
    return max((vus for window, vus in present.items() if window <= end), default=0)
