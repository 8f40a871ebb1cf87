"""What a run is to do: a profile with every default filled in, and its hashes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from perf_analysis.series import DRAIN, SUSTAINED, Span
from perf_analysis.tags import NO_TAGS, Tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_analysis.verdict import Threshold

Executor = Literal["ramping-arrival-rate", "constant-arrival-rate", "ramping-vus", "constant-vus"]
Arrivals = Literal["constant", "poisson"]
MAX_WINDOWS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One linear piece of the load.

    Attributes
    ----------
    duration_s : Fraction
        Seconds, after time scaling; 0 is a jump.
    start, target : Fraction
        Iterations per second (arrival-rate executors) or VUs (`*-vus`) at both ends.
    phase : str
        `warm-up`, `ramp` or `sustained`.
    """

    duration_s: Fraction
    start: Fraction
    target: Fraction
    phase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """What a comparison must show.

    Attributes
    ----------
    comparison : str
        `regression`, `proof` or `advisory`.
    comparison_given : bool
        Whether the profile says it; the default depends on what is compared with.
    must_detect : mapping of str to float
        By metric, the rise that must be found 4 times in 5.
    baseline : str
        `optional` or `required`.
    baseline_source : str
        `files` or `history`.
    """

    comparison: str = "regression"
    comparison_given: bool = False
    must_detect: Mapping[str, float] = field(default_factory=dict)
    baseline: str = "optional"
    baseline_source: str = "files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One execution of a profile, fully spelled out.

    Attributes
    ----------
    profile : str
        Name of the profile.
    source : str
        Its path as given, where it was given as a path; empty for a name.
    scenario : str
        As written: `NAME`, `NAME:Class` or a path.
    pre_allocated_vus, max_vus : int
        Under `*-vus` both are the highest number of VUs.
    timeout_s : float
        Total deadline of one request.
    graceful_stop_s, graceful_ramp_down_s : float
        After time scaling.
    time_scale : Fraction
        Factor on every stage duration; 1 unless asked for.
    insecure : bool
        TLS certificates are not verified.
    regression : mapping of str to float
        Margins as ratios (`p95`: 0.1) or absolute shares (`error_rate`: 0.005).
    tolerance : mapping of str to float
        For the same metrics, in the same units: half the margin unless said.
    alpha : float
        Accepted rate of false alarms of one comparison.
    tags : Tags
        Declared for selectors of thresholds.
    notes : tuple of str
        Defaults that were filled in and that a reader should know.
    """

    profile: str
    scenario: str
    executor: Executor
    stages: tuple[Stage, ...]
    arrivals: Arrivals = "constant"
    pre_allocated_vus: int
    max_vus: int
    seed: int = 1
    timeout_s: float = 30.0
    graceful_stop_s: float = 30.0
    graceful_ramp_down_s: float = 30.0
    time_scale: Fraction = Fraction(1)
    insecure: bool = False
    thresholds: tuple[Threshold, ...]
    regression: Mapping[str, float] = field(default_factory=dict)
    tolerance: Mapping[str, float] = field(default_factory=dict)
    alpha: float = 0.01
    gate: Gate = field(default_factory=Gate)
    tags: Tags = NO_TAGS
    notes: tuple[str, ...] = ()
    source: str = ""

    @property
    def open_model(self) -> bool:
        """Whether arrivals follow a schedule whatever the target does."""
        return self.executor.endswith("arrival-rate")

    @property
    def duration_s(self) -> float:
        """Length of the schedule in seconds, without the drain."""
        return float(sum(stage.duration_s for stage in self.stages))

    @property
    def window_s(self) -> float:
        """Length of a window: 1 s, wider only where a run would have more than 600 of them."""
        total_s = self.duration_s + self.graceful_stop_s + self.timeout_s
        return float(max(1, -(-int(total_s) // MAX_WINDOWS)))

    @property
    def peak(self) -> float:
        """Highest planned rate (iterations per second) or number of VUs."""
        return float(max(max(stage.start, stage.target) for stage in self.stages))

    @property
    def has_sustained(self) -> bool:
        """Whether any stage belongs to the phase that is judged."""
        return any(stage.phase == SUSTAINED and stage.duration_s for stage in self.stages)

    def spans(self, reached_s: float | None = None) -> tuple[Span, ...]:
        """Phases in order, neighbours of one phase joined, cut at `reached_s`; `drain` follows.

        A phase that was not reached stays, with no length: nothing of it was measured.
        """
        spans: list[Span] = []
        at = Fraction(0)
        for stage in self.stages:
            start_s, end_s = float(at), float(at + stage.duration_s)
            at += stage.duration_s
            if not stage.duration_s:
                continue
            if reached_s is not None:
                start_s, end_s = min(start_s, reached_s), min(end_s, reached_s)
            if spans and spans[-1].phase == stage.phase:
                start_s = spans.pop().start_s
            spans.append(Span(phase=stage.phase, start_s=start_s, end_s=end_s))
        end_s = spans[-1].end_s if spans else 0.0
        return (*spans, Span(phase=DRAIN, start_s=end_s, end_s=end_s))

    def limits_s(self) -> dict[str, tuple[float, ...]]:
        """Limits in seconds that thresholds put on each trend, for exact counts beside them."""
        limits: dict[str, set[float]] = {}
        for threshold in self.thresholds:
            if threshold.q is not None:
                limits.setdefault(threshold.metric, set()).add(threshold.limit_s)
        return {metric: tuple(sorted(values)) for metric, values in limits.items()}

    def load_facts(self, scenario_sha256: str, client_kind: str) -> dict[str, object]:
        """All that makes two runs comparable: the load, not how it is judged; plain JSON."""
        return {
            "executor": self.executor,
            "stages": [
                [str(s.duration_s), str(s.start), str(s.target), s.phase] for s in self.stages
            ],
            "vus": [self.pre_allocated_vus, self.max_vus],
            "arrivals": self.arrivals,
            "timeout_s": float(self.timeout_s),
            "time_scale": str(self.time_scale),
            "scenario": scenario_sha256,
            "client_kind": client_kind,
        }

    def load_hash(self, scenario_sha256: str, client_kind: str) -> str:
        """Hash of `load_facts`."""
        return digest_of(self.load_facts(scenario_sha256, client_kind))


def digest_of(value: object) -> str:
    """SHA-256 of a value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
