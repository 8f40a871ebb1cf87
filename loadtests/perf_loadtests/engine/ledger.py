"""The engine's books: every iteration and request enters here once, and the accounts close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_analysis.series import DRAIN, Slot
from perf_loadtests.recorder import Recorder, clean_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_documents.plan import Plan
    from perf_loadtests.iteration_cell import IterationCell
    from perf_loadtests.request_cell import Sample

WARM_UP = "warm-up"
MAX_SAMPLES = 20
# Kinds of failures and of exceptions that are told apart; the rest share one.
MAX_GROUPS = 500
OTHER_GROUP = "(other)"


@dataclass(slots=True)
class _Failure:
    count: int
    first_s: float
    last_s: float
    text: str


@dataclass(slots=True)
class _Raised:
    count: int = 0
    excused: int = 0
    text: str = ""


@dataclass(slots=True)
class Counts:
    """Accounts since the start of the run that no cell holds; see `perf_analysis.facts.Accounts`.

    Those of iterations are the sums of the cells, so that both can only agree.
    """

    requests_started: int = 0
    requests_known: bool = True


class Ledger:
    """Books of one engine.

    Parameters
    ----------
    plan : Plan
    clock : callable
        Monotonic seconds.
    clean : callable
        Removes secrets from error texts before anything keeps them.
    """

    def __init__(
        self, plan: Plan, *, clock: Callable[[], float], clean: Callable[[str], str]
    ) -> None:
        self.clock = clock
        self.t0_s = float("inf")
        self.window_s = plan.window_s
        self.recorder = Recorder(limits_s=plan.limits_s(), clean=clean)
        # what a scenario's slot is counted into; never kept, as a flush takes it away
        self.cell: Callable[[str, Slot], IterationCell] = self.recorder.iterations
        self.counts = Counts()
        self._spans = plan.spans()
        self._clean = clean
        self._failures: dict[tuple[str, str], _Failure] = {}
        self._labels: dict[str, str] = {}
        self._texts: dict[str, int] = {}
        self._known_labels: set[str] = set()
        self._kinds: set[str] = set()
        self._places: set[str] = set()
        self._raised: dict[tuple[str, str], _Raised] = {}

    def offset_s(self) -> float:
        """Seconds since the start of the load; negative before it."""
        return self.clock() - self.t0_s

    def slot_at(self, offset_s: float) -> Slot:
        """Slot of something that began at an offset and has no place in the schedule."""
        return Slot(self.phase_at(offset_s), self.window_at(offset_s))

    def window_at(self, offset_s: float) -> int:
        """Window of an offset; everything before the start belongs to the first one."""
        return int(offset_s / self.window_s) if offset_s > 0.0 else 0

    def phase_at(self, offset_s: float) -> str:
        """Phase of an offset; `warm-up` before the schedule, `drain` after it."""
        if not offset_s >= 0.0:
            return WARM_UP
        for span in self._spans:
            if offset_s < span.end_s:
                return span.phase
        return DRAIN

    def request(self, sample: Sample, text: str, aside: str = "") -> None:
        """Book the end of a request; `text` describes its failure, empty for a success.

        Failures with something said aside are counted apart from others of their class and name.
        """
        self.recorder.add(sample)
        if not sample.error_class:
            return
        self.note(sample.error_class, f"{sample.method[:20]} {sample.name[:1000]}{aside}", text)

    def note(self, error_class: str, label: str, text: str) -> None:
        """Count something that went wrong, beside the samples."""
        if label not in self._labels:
            self._labels[label] = self._admit(self._known_labels, clean_name(label, self._clean))
        label = self._labels[label]
        at_s = max(0.0, self.offset_s())
        known = self._failures.get((error_class, label))
        if known is None:
            text = self._sample_text(error_class, text)
            self._failures[error_class, label] = _Failure(1, at_s, at_s, text)
        else:
            known.count += 1
            known.last_s = at_s

    def raised(self, kind: str, place: str, text: str, *, excused: bool) -> None:
        """Book an exception outside a request; excused where a request had failed before it."""
        kind = self._admit(self._kinds, kind[:100])
        place = self._admit(self._places, place[:100])
        row = self._raised.setdefault((kind, place), _Raised())
        row.count += 1
        row.excused += excused
        row.text = row.text or self._clean(text)[:200]

    def take(self, rest: Callable[[], None] = lambda: None) -> dict[str, object]:
        """Hand over what was booked since the last call, as parts of a `SecondRecord`.

        All of it is cut off at the same moment; `rest` is called while it is encoded.
        """
        failures, self._failures = self._failures, {}
        raised, self._raised = self._raised, {}
        self._labels.clear()
        counts = self.closing()
        return {
            "counts": counts,
            "cells": self.recorder.take(rest),
            "errors": [
                [*key, row.count, row.first_s, row.last_s, row.text]
                for key, row in failures.items()
            ],
            "exceptions": [[*key, row.count, row.excused, row.text] for key, row in raised.items()],
        }

    def closing(self) -> dict[str, object]:
        """Return the accounts as a `CountsModel`."""
        counts = self.counts
        return self.recorder.totals() | {
            "requests_started": counts.requests_started,
            "requests_ended": self.recorder.ended,
            "requests_failed": self.recorder.failed,
            "requests_abandoned": self.recorder.abandoned,
            "requests_known": counts.requests_known,
            "invalid_samples": self.recorder.invalid_samples,
            "names": self.recorder.names,
        }

    def _admit(self, known: set[str], name: str) -> str:
        if name not in known:
            if len(known) >= MAX_GROUPS:
                return OTHER_GROUP
            known.add(name)
        return name

    def _sample_text(self, error_class: str, text: str) -> str:
        kept = self._texts.get(error_class, 0)
        if kept >= MAX_SAMPLES:
            return ""
        self._texts[error_class] = kept + 1
        return self._clean(text)[:200]
