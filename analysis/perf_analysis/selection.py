"""Which of a run's cells a threshold is about, merged once for all that ask the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from perf_analysis.arms import scenario_of, target_of
from perf_analysis.failure_classes import ABANDONED
from perf_analysis.histogram import Histogram, Split, merge
from perf_analysis.metrics import OUTCOME_TAGS, is_of_requests
from perf_analysis.series import ALL_PHASES, CANDIDATE, CONTROL, DRAIN
from perf_analysis.tags import fits_all

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from perf_analysis.series import Cell, Measured, ScenarioCell, SeriesKey
    from perf_analysis.timings import CheckKey, Tally, Timings
    from perf_analysis.verdict import Threshold

_LISTED = 5

Merged = dict[tuple["SeriesKey", str, str], Histogram]

_TAG_VALUES: dict[str, Callable[[SeriesKey], str]] = {
    "name": lambda key: key.label,
    "method": lambda key: key.method,
    "status": lambda key: str(key.status),
    "scenario": lambda key: key.scenario,
    "error_code": lambda key: key.error_class,
    "target": lambda key: key.target,
    "expected_response": lambda key: "false" if key.error_class else "true",
}


def matches(key: SeriesKey, selector: Mapping[str, str]) -> bool:
    """Whether a series carries all tags of a selector; without `target`, only the candidate's.

    A bare path matches its name under every method. No request carries a check's name; declared
    tags are not looked at.
    """
    if "check" in selector or ("target" not in selector and key.target == CONTROL):
        return False
    return all(
        _TAG_VALUES[tag](key) == value or (tag == "name" and key.name == value)
        for tag, value in selector.items()
        if tag in _TAG_VALUES
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedShare:
    """Dropped arrivals that are laid to a selection: how many, and their lower bounds."""

    count: int
    latency: Histogram


@dataclass(frozen=True, slots=True)
class Selection:
    """One threshold's view of a run.

    Attributes
    ----------
    measured : Measured
    selector : mapping of str to str
    phase : str
        The selector's own, else the judged one.
    names : tuple of tuple of str
        Patterns that a request's name must fit, one of each group.
    merged : dict
        Histograms by series, field and phase; shared by the selections of one evaluation.
    """

    measured: Measured
    selector: Mapping[str, str]
    phase: str
    merged: Merged = field(default_factory=dict)
    names: tuple[tuple[str, ...], ...] = ()

    def takes(self, key: SeriesKey) -> bool:
        """Whether the requests of a series are selected."""
        return matches(key, self.selector) and fits_all(self.names, key.label, key.name)

    def requests(self, *, scheduled: bool = False) -> list[tuple[SeriesKey, Cell]]:
        """Request cells with at least one request; `scheduled` leaves out the drain of `all`."""
        return [
            (key, cell)
            for key, cells in self.measured.sums.series.items()
            if self.takes(key)
            for phase, cell in cells.items()
            if cell.n and self._holds(phase, scheduled=scheduled)
        ]

    def timings(self, *, scheduled: bool = False) -> list[tuple[SeriesKey, Timings]]:
        """Timings of the requests whose client knows them."""
        return [
            (key, part)
            for key, parts in self.measured.timings.items()
            if self.takes(key)
            for phase, part in parts.items()
            if self._holds(phase, scheduled=scheduled)
        ]

    def timed(self, name: str) -> tuple[Histogram, Histogram]:
        """One timing of the selected requests: values, and lower bounds of what never ended."""
        parts = [part for _, part in self.timings()]
        return (
            merge(part.values[name] for part in parts if name in part.values),
            merge(part.censored[name] for part in parts if name in part.censored),
        )

    def checks(self) -> list[tuple[CheckKey, Tally]]:
        """Own checks of the scenario that carry all tags; a check has no name of a request."""
        wanted = {key: v for key, v in self.selector.items() if key in _TAG_VALUES}
        if self.names or wanted.keys() - {"scenario", "target"}:
            return []
        target = wanted.get("target", CANDIDATE)
        return [
            (key, tally)
            for key, parts in self.measured.checks.items()
            if key.target == target
            and key.scenario == wanted.get("scenario", key.scenario)
            and key.name == self.selector.get("check", key.name)
            for phase, tally in parts.items()
            if self._holds(phase, scheduled=False)
        ]

    def untimed(self) -> tuple[int, int]:
        """How many of the selected requests have a client that knows no timings, and of how many.

        An abandoned request counts with those of its client.
        """
        whole = sum(cell.n for _, cell in self.requests())
        return whole - sum(part.n for _, part in self.timings()), whole

    def iterations(self, *, scheduled: bool = False) -> list[ScenarioCell]:
        """Scenario cells of the selected scenario, target and phase."""
        return [
            cell
            for name, cells in self.measured.sums.scenarios.items()
            if self.is_mine(name)
            for phase, cell in cells.items()
            if self._holds(phase, scheduled=scheduled)
        ]

    def is_mine(self, name: str) -> bool:
        """Whether iterations counted under a name belong to the selected scenario and target."""
        scenario = scenario_of(name)
        target = self.selector.get("target", CANDIDATE)
        return target_of(name) == target and self.selector.get("scenario", scenario) == scenario

    def _holds(self, phase: str, *, scheduled: bool) -> bool:
        if self.phase == ALL_PHASES:
            return not (scheduled and phase == DRAIN)
        return phase == self.phase

    def histogram(self, field_name: str) -> Histogram:
        """Merge of one histogram field of the selected request or scenario cells.

        Each series is merged once for all selections that hold it.
        """
        if field_name in {"lag", "iteration"}:
            return merge(getattr(cell, field_name) for cell in self.iterations())
        parts: dict[SeriesKey, list[Histogram]] = {}
        for key, cell in self.requests():
            parts.setdefault(key, []).append(getattr(cell, field_name))
        for key, histograms in parts.items():
            if (key, field_name, self.phase) not in self.merged:
                self.merged[key, field_name, self.phase] = merge(histograms)
        return merge(self.merged[key, field_name, self.phase] for key in parts)

    def finished(self, metric: str) -> int:
        """Requests (or iterations) behind a metric that ended before the stop, failed or not.

        Tags that say what became of a request are left aside: a target that answers nothing but
        errors has finished requests, and what it lacks is a threshold's own business.
        """
        if not is_of_requests(metric):
            return sum(cell.finished + cell.failed for cell in self.iterations())
        if "check" in self.selector:
            return sum(tally.made for _, tally in self.checks())
        selector = {tag: v for tag, v in self.selector.items() if tag not in OUTCOME_TAGS}
        return sum(
            cell.n
            for key, cell in replace(self, selector=selector).requests()
            if key.error_class != ABANDONED
        )

    def dropped(self) -> list[DroppedShare]:
        """Dropped arrivals by scenario.

        Notes
        -----
        A dropped arrival has no request name. A selection by name or method is given, of each
        scenario's dropped arrivals, the share of the scenario's first requests that it holds in
        this phase, rounded up, and of their lower bounds the smallest. A selection by outcome is
        given none, everything else all. An arrival without a recorded lower bound counts as one
        of 0 s: it is never lost.
        """
        if self.selector.keys() & OUTCOME_TAGS:
            return []
        shares: list[DroppedShare] = []
        for name in filter(self.is_mine, self.measured.scenarios):
            whole = {"scenario": scenario_of(name), "target": target_of(name)}
            within = Selection(self.measured, whole, self.phase)
            cells = within.iterations()
            count = sum(cell.dropped for cell in cells)
            if count and (self.names or self.selector.keys() & {"name", "method"}):
                count = self._share_of(count, within)
            if count:
                known = merge(cell.dropped_latency for cell in cells).lowest(count)
                shares.append(
                    DroppedShare(
                        count=count, latency=merge([known, unknown_durations(count - known.n)])
                    )
                )
        return shares

    def _share_of(self, count: int, within: Selection) -> int:
        """Proportional part of a scenario's dropped arrivals, rounded up, in exact arithmetic."""
        cells = within.requests()
        total = sum(cell.first for _, cell in cells)
        if total:
            mine = sum(cell.first for key, cell in cells if self.takes(key))
        else:  # a client that does not mark first requests: all of them count alike
            total = sum(cell.n for _, cell in cells)
            mine = sum(cell.n for key, cell in cells if self.takes(key))
        return -(-count * mine // total) if total else 0

    def missing(self, threshold: Threshold) -> str:
        """Why there is nothing to judge, in words; empty if there is something."""
        control = any(key.target == CONTROL for key in self.measured.series)
        if self.selector.get("target") == CONTROL and not control:
            return "there is no control in this run"
        phases = dict.fromkeys(span.phase for span in self.measured.spans)
        if not phases or (self.phase != ALL_PHASES and self.phase not in phases):
            return f"the run has no phase {self.phase}; {_seen(list(phases))}"
        if not is_of_requests(threshold.metric):
            return "" if self.iterations() else self._no_iterations()
        tags = self.selector.keys() - {"phase"}
        if threshold.metric == "checks" and self.checks():
            return ""
        if "check" in tags:
            return self._no_check()
        if self.requests() or (not tags and self.iterations()):
            return ""
        return self._no_requests()

    def _no_iterations(self) -> str:
        scenario = self.selector.get("scenario")
        known = [scenario_of(name) for name in self.measured.scenarios]
        if scenario is not None and scenario not in known:
            return f"no iteration has scenario {scenario}; {_seen(known)}"
        return f"nothing was recorded in the phase {self.phase}"

    def _no_check(self) -> str:
        name = self.selector["check"]
        made = Selection(self.measured, {}, self.phase).checks()
        seen = list(dict.fromkeys(key.name for key, _ in made))
        return f"no check {name} was made in the phase {self.phase}; {_seen(seen)}"

    def _no_requests(self) -> str:
        """Blame the first tag whose value never occurred, and list those that did."""
        everything = Selection(self.measured, {}, self.phase).requests()
        for tag, value in self.selector.items():
            if tag not in _TAG_VALUES or any(matches(key, {tag: value}) for key, _ in everything):
                continue
            counted: Counter[str] = Counter()
            for key, cell in everything:
                counted[_TAG_VALUES[tag](key)] += cell.n
            seen = [name for name, _ in counted.most_common() if name]
            return f"no request in the phase {self.phase} has {tag} {value}; {_seen(seen)}"
        if self.names and not any(fits_all(self.names, k.label, k.name) for k, _ in everything):
            patterns = " and ".join(", ".join(group) for group in self.names)
            seen = list(dict.fromkeys(key.label for key, _ in everything))
            return f"no request in the phase {self.phase} fits {patterns}; {_seen(seen)}"
        if not everything:
            return f"no request was recorded in the phase {self.phase}"
        return f"no request in the phase {self.phase} has all of the selected tags"


def _seen(values: list[str]) -> str:
    """First values that did occur."""
    if not values:
        return "nothing occurred"
    more = f" and {len(values) - _LISTED} more" if len(values) > _LISTED else ""
    return "seen: " + ", ".join(values[:_LISTED]) + more


def unknown_durations(count: int) -> Histogram:
    """Lower bounds of 0 s, which say of `count` durations nothing but that they exist."""
    if count <= 0:
        return Histogram()
    return Histogram(
        counts={0: count}, min_s=0.0, max_s=0.0, splits={0.0: Split(below=0, equal=count)}
    )
