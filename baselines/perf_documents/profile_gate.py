"""The part of a profile that says how runs are compared: `regression` and `gate`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from perf_documents.plan import Gate
from perf_documents.problems import escape
from perf_documents.yaml_fields import Keys, keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from perf_documents.yaml_fields import Field

ERROR_RATE = "error_rate"
_QUANTILE = re.compile(r"p(?:[1-9][0-9]?)(?:\.[0-9]{1,3})?")
_MAX_PERCENT = 1_000
_MAX_POINTS = 100
DEFAULT_MARGINS = {"p95": 0.1, ERROR_RATE: 0.005}
DEFAULT_ALPHA = 0.01
_MUST_DETECT_QUANTILE = 0.5
_MUST_DETECT_ERROR_RATE = 0.02
_MIN_ALPHA = Fraction(1, 1_000_000)
_MAX_ALPHA = Fraction(499_999, 1_000_000)
_METRICS = "p50, p95, p99, any other pNN, or error_rate"
COMPARISONS = ("regression", "proof", "advisory")
_GATE_KEYS = Keys(
    known=keys("comparison", "must_detect", "baseline", "baseline_source").known,
    elsewhere={
        "inconclusive": "nowhere: no setting turns an inconclusive run into a pass",
        "alpha": "in regression",
        "tolerance": "in regression",
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """Margins and tolerances as shares of one, and the accepted rate of false alarms."""

    margins: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_MARGINS))
    tolerance: Mapping[str, float] = field(
        default_factory=lambda: {name: value / 2 for name, value in DEFAULT_MARGINS.items()}
    )
    alpha: float = DEFAULT_ALPHA


def read_regression(value: Field | None) -> Regression:
    """Return what `regression` says; margins that it does not name keep their defaults."""
    entries = value.entries() if value is not None else None
    if entries is None:
        return Regression()
    alpha = DEFAULT_ALPHA
    if "alpha" in entries:
        alpha = float(entries.pop("alpha").number(_MIN_ALPHA, _MAX_ALPHA) or alpha)
    tolerances = entries.pop("tolerance", None)
    margins = DEFAULT_MARGINS | _read_shares(entries)
    tolerance = {metric: margin / 2 for metric, margin in margins.items()}
    if tolerances is not None:
        named = tolerances.entries() or {}
        given = _read_shares(named, or_zero=True)
        _refuse_without_margin(named, margins)
        for metric in given.keys() & margins.keys():
            if given[metric] >= margins[metric]:
                named[metric].refuse("not below the margin", expected="less than the margin")
        tolerance |= given
    return Regression(margins=margins, tolerance=tolerance, alpha=alpha)


def read_gate(value: Field | None, margins: Mapping[str, float]) -> Gate:
    """Return what `gate` says."""
    must_detect = {
        metric: _MUST_DETECT_ERROR_RATE if metric == ERROR_RATE else _MUST_DETECT_QUANTILE
        for metric in margins
    }
    members = value.members(_GATE_KEYS) if value is not None else None
    if members is None:
        return Gate(must_detect=must_detect)
    if "must_detect" in members:
        named = members["must_detect"].entries() or {}
        _refuse_without_margin(named, margins)
        must_detect |= _read_shares(named)
    return Gate(
        comparison=_word(members, "comparison", COMPARISONS),
        comparison_given="comparison" in members,
        must_detect=must_detect,
        baseline=_word(members, "baseline", ("optional", "required")),
        baseline_source=_word(members, "baseline_source", ("files", "history")),
    )


def _word(members: Mapping[str, Field], name: str, options: tuple[str, ...]) -> str:
    """Return a word; the first option is the default."""
    return members[name].choice(options) or options[0] if name in members else options[0]


def _read_shares(entries: Mapping[str, Field], *, or_zero: bool = False) -> dict[str, float]:
    shares: dict[str, float] = {}
    for metric, value in entries.items():
        if metric == ERROR_RATE:
            share = value.share("pp", _MAX_POINTS, or_zero=or_zero)
        elif _QUANTILE.fullmatch(metric):
            share = value.share("%", _MAX_PERCENT, or_zero=or_zero)
        else:
            value.refuse("not a compared metric", expected=_METRICS, found=f'"{escape(metric)}"')
            continue
        if share is not None:
            shares[metric] = float(share)
    return shares


def _refuse_without_margin(entries: Mapping[str, Field], margins: Mapping[str, float]) -> None:
    for metric, value in entries.items():
        if metric not in margins and (metric == ERROR_RATE or _QUANTILE.fullmatch(metric)):
            value.refuse("not compared: it has no margin in regression", found=f'"{metric}"')
