"""The one frozen document that every output reads, and its parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_analysis.verdict import Verdict

if TYPE_CHECKING:
    from perf_analysis.compared import Comparison
    from perf_analysis.series import Span
    from perf_analysis.verdict import Check, ThresholdResult
    from perf_reports.drawn import Distribution, Timeline


WORDS = {Verdict.PASS: "PASS", Verdict.FAIL: "FAIL", Verdict.INCONCLUSIVE: "INCONCLUSIVE"}
GLYPHS = {Verdict.PASS: "✓", Verdict.FAIL: "✗", Verdict.INCONCLUSIVE: "?"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """One quantile of one stream.

    Attributes
    ----------
    value_s : float or None
        None where fewer than `needs` requests were measured.
    at_least : bool
        Only a lower bound: it falls among requests that never completed.
    n, needs : int
        Requests it rests on, and how many it takes; 0 where the source of an imported run states
        what it states.
    """

    q: float
    value_s: float | None
    at_least: bool = False
    n: int
    needs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRow:
    """One request name over the judged phase; the first row of a view is all of them.

    Attributes
    ----------
    label : str
        Method and name, as the target's author wrote them: foreign text.
    requests : int
        Requests that ended by themselves, failed ones included.
    rate_per_s : float or None
        None where the phase has no length.
    failed, failed_of : int
        Failed, abandoned and dropped, and all that could have failed.
    service : tuple of Quantile
        Service time at the `QUANTILES`.
    latency : Quantile or None
        p95 from the intended start; None under closed executors.
    """

    label: str
    requests: int
    rate_per_s: float | None
    failed: int
    failed_of: int
    service: tuple[Quantile, ...]
    latency: Quantile | None

    @property
    def failed_ratio(self) -> float:
        """Failed share, 0 of nothing."""
        return self.failed / self.failed_of if self.failed_of else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedRow:
    """Where the time of one endpoint's requests went.

    Attributes
    ----------
    n : int
        Requests with timings.
    figures : tuple of (Quantile, Quantile)
        Median and p95 of each of `TIMINGS`.
    """

    label: str
    n: int
    sent_bytes: int
    figures: tuple[tuple[Quantile, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRow:
    """One check of the scenario's own."""

    name: str
    passed: int
    made: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRow:
    """One class of failure over the whole run.

    Attributes
    ----------
    of : int
        All requests of the run, dropped arrivals included.
    judged : int
        How many of them began in the judged phase.
    first_s, last_s : float or None
        Since the start of the run; None where nothing was noted.
    labels : tuple of str
        Endpoints, most failures first: foreign text.
    sample : str
        One redacted text: foreign.
    generator : bool
        Whether the generator is to blame; the target otherwise.
    """

    error_class: str
    count: int
    of: int
    judged: int
    first_s: float | None
    last_s: float | None
    labels: tuple[str, ...]
    sample: str
    generator: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One named fact in words; `hint` is its limit or its meaning."""

    label: str
    value: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One equation of the closing accounts: what it says, and whether it holds."""

    text: str
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """One row that decided the verdict, in words."""

    glyph: str
    verdict: Verdict
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where files were written; printed, and never part of a stored page."""

    report: str = ""
    data: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A judged run as every output shows it: facts in order, nothing left to decide.

    Attributes
    ----------
    verdict, exit_code
        `exit_code` is the process's own; `word` and `glyph` say the verdict in two more ways.
    qualifier : str
        `interrupted`, `run not valid`, `ended early` or empty: said beside the word.
    headline, reason, next_step, repeat : str
        One sentence; the deciding row; what to do; the command to repeat the run.
    phase, phase_s : str, float
        Phase that was judged, and its length.
    checks : tuple of Check
        Validity, broken rules first, then unknown, then held.
    thresholds : tuple of ThresholdResult
        Fail, inconclusive, pass; inside, nearest to (or farthest beyond) the limit first.
    comparison : Comparison
        With other runs; it says itself where nothing could be compared.
    endpoints : tuple of EndpointRow
        `all`, then the names, most failed and slowest first.
    trend : str
        What the run does to the trend of its history; empty where nothing is to be said.
    """

    verdict: Verdict
    exit_code: int
    qualifier: str
    headline: str
    reason: str
    next_step: str
    repeat: str
    deciders: tuple[Decider, ...]
    run_id: str
    version: str
    valid: bool
    profile: str
    target: str
    length_s: float
    open_model: bool
    phase: str
    phase_s: float
    spans: tuple[Span, ...]
    provenance: tuple[Item, ...]
    checks: tuple[Check, ...]
    accounts: tuple[Account, ...]
    thresholds: tuple[ThresholdResult, ...]
    comparison: Comparison
    endpoints: tuple[EndpointRow, ...]
    timeline: Timeline
    distribution: Distribution
    failures: tuple[FailureRow, ...]
    fault: str
    generator: tuple[Item, ...]
    environment: tuple[Item, ...]
    notes: tuple[str, ...]
    places: Places
    trend: str = ""
    timings: tuple[TimedRow, ...] = ()
    scenario_checks: tuple[CheckRow, ...] = ()

    @property
    def word(self) -> str:
        """Verdict as a word."""
        return WORDS[self.verdict]

    @property
    def glyph(self) -> str:
        """Verdict as a glyph."""
        return GLYPHS[self.verdict]

    @property
    def total(self) -> EndpointRow:
        """Row of all requests."""
        return self.endpoints[0]
