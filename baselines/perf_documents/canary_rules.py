"""What a canary must keep, and for how long it is watched: the RULES file as values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

ERROR_RATE, HEALTH = "error_rate", "health_failures"
CANARY, CONTROL = "canary", "control"
ARMS = (CANARY, CONTROL)
# what stands for the arm's labels in a query
ARM = "$arm"
DEFAULT_SCRAPE_S = 15.0
DEFAULT_WARM_UP_S = 60.0
DEFAULT_AFTER_S = 600.0
DEFAULT_MAX_HOLD_S = 1800.0
# a rule's share is taken over so long, and over more only where samples are few
WINDOW_S = 60.0
# events expected at the limit before a share is believed
_EVENTS_AT_LIMIT = 5.0
FAST_BURN_FACTOR = 10.0
FAST_BURN_PART = 8.0

# sums of floats
_TINY = 1e-6

Needs = Literal["rules", "proof"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A hard rule: where it fires, the canary is rolled back.

    Attributes
    ----------
    name : str
    metric : str
        `error_rate`, `health_failures`, or a quantile such as `p95`.
    q : float or None
        Of a quantile, in (0, 1).
    limit : float
        A share in (0, 1), or seconds of a quantile.
    or_equal : bool
        `>=`: the limit itself is a breach.
    for_s : float
        How long it must be broken at each evaluation.
    min_samples : int
        Below so many the share alone decides nothing.
    fast_burn : bool
        Ten times the limit fires after an eighth of the time.
    when : str
        As it was written.
    """

    name: str
    metric: str
    q: float | None
    limit: float
    or_equal: bool
    for_s: float
    min_samples: int
    fast_burn: bool
    when: str

    @property
    def share_limit(self) -> float:
        """Share of hits that the rule allows: of a quantile, those slower than its limit."""
        return self.limit if self.q is None else 1.0 - self.q


def default_min_samples(share_limit: float) -> int:
    """Samples at which the limit itself would be five events."""
    return round(_EVENTS_AT_LIMIT / share_limit)


def stepped(every_s: float, scrape_s: float) -> float:
    """Time between looks: whole scrapes, or some looks would see two of them and some none.

    Examples
    --------
    >>> stepped(10, 15), stepped(40, 15)
    (15.0, 45.0)
    """
    return max(1, math.ceil(every_s / scrape_s - _TINY)) * float(scrape_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """Our own GET of a health path."""

    url: str
    every_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSource:
    """Where readings come from.

    Attributes
    ----------
    prometheus : str or None
        Address of its API; the command may give another.
    headers_env : mapping of str to str
        Header to the variable that holds its value.
    scrape_interval_s : float
    canary, control : str
        Label matchers that take the place of `$arm`; without control, rules alone decide.
    probe : Probe or None
    """

    prometheus: str | None
    headers_env: Mapping[str, str]
    scrape_interval_s: float
    canary: str
    control: str | None
    probe: Probe | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queries:
    """PromQL of raw cumulative counters, with `$arm`."""

    requests: str
    errors: str
    latency_buckets: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioGate:
    """A ratio of candidate to control that is never called harm, and one that must be excluded."""

    tolerance: float
    margin: float
    q: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Canary against control."""

    alpha: float
    error_ratio: RatioGate | None
    exceedance_ratio: RatioGate | None

    @property
    def gates(self) -> dict[str, RatioGate]:
        """Gates by their names in the file."""
        named = {"error_ratio": self.error_ratio, "exceedance_ratio": self.exceedance_ratio}
        return {name: gate for name, gate in named.items() if gate is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A whole RULES file."""

    source: LiveSource | None
    queries: Queries | None
    rules: tuple[Rule, ...]
    evidence: Evidence | None
    warm_up_s: float = DEFAULT_WARM_UP_S
    after_s: float = DEFAULT_AFTER_S
    needs: Needs = "rules"
    max_hold_s: float = DEFAULT_MAX_HOLD_S

    @property
    def longest_for_s(self) -> float:
        """Before it some rule could not have fired yet."""
        return max((rule.for_s for rule in self.rules), default=0.0)

    @property
    def shortest_span_s(self) -> float:
        """A promotion before it could not have seen every rule break for its whole time."""
        return max(self.after_s, self.longest_for_s + WINDOW_S)

    @property
    def latency_limits_s(self) -> tuple[float, ...]:
        """Limits of quantile rules in seconds."""
        return tuple(sorted({rule.limit for rule in self.rules if rule.q is not None}))
