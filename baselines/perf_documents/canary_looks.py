"""One look at a canary as it is written down and shown: counts, rules, evidence, and the answer."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from perf_documents.strict_json import dump_json

if TYPE_CHECKING:
    from collections.abc import Mapping


class Answer(StrEnum):
    """What to do with the canary."""

    PROMOTE = "PROMOTE"
    ROLLBACK = "ROLLBACK"
    HOLD = "HOLD"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmLook:
    """One arm: requests and errors since the look before, and since the beginning.

    `p95_s` is of the last minute, interpolated; at or beyond the last bound it is that bound, and
    `clipped`. `why` says why there are no data.
    """

    requests: float | None
    errors: float | None
    total_requests: float
    total_errors: float
    p95_s: float | None = None
    clipped: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLook:
    """One rule: its state, what it saw, and how long it has been broken."""

    name: str
    metric: str
    when: str
    for_s: float
    state: str
    share: float | None
    share_limit: float
    n: float
    held_s: float
    fired: str = ""
    blind: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceLook:
    """One comparison: evidence as natural logarithms, the ratio and its confidence sequence."""

    name: str
    ln_harm: float
    ln_harmless: float
    ratio: float | None
    low: float
    high: float | None
    tolerance: float
    margin: float
    canary_events: float
    events: float
    seconds_to_harm: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look.

    Attributes
    ----------
    t_s, elapsed_s : float
        Time of the source, and since the step began.
    warm : bool
        Warm-up is over: evidence counts.
    arms : mapping of str to ArmLook
    traffic_share : float or None
        The canary's part of all requests since the step began.
    rules : tuple of RuleLook
    evidence : tuple of EvidenceLook
    ln_harm : float or None
        Average of the evidence for harm, as a logarithm, against `ln_needed`.
    ln_needed : float or None
    answer : Answer
    reason : str
        One sentence: what decided, or what is missing.
    notes : tuple of str
        What a reader should know besides.
    """

    t_s: float
    elapsed_s: float
    warm: bool
    arms: Mapping[str, ArmLook]
    traffic_share: float | None
    rules: tuple[RuleLook, ...]
    evidence: tuple[EvidenceLook, ...]
    ln_harm: float | None
    ln_needed: float | None
    answer: Answer
    reason: str
    notes: tuple[str, ...] = field(default=())


def dump_look(look: Look) -> bytes:
    """One line of JSON."""
    return dump_json(asdict(look))


def finite(value: float) -> float | None:
    """None for what is infinite: JSON has no such number."""
    return value if math.isfinite(value) else None
