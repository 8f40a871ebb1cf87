"""Answers about durations: buckets that are none, and quantiles beyond the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fakes.prometheus import ASKED_S, GREEN, SECONDS, Canned, Series, sample, selector_of, vector
from perf_documents.canary_looks import Answer
from watched import TIMED, rules_of, source_of, watched

if TYPE_CHECKING:
    from pathlib import Path

    from fakes.prometheus import FakePrometheus

NATIVE = vector({"metric": {}, "histogram": [ASKED_S, {"count": "9", "sum": "1", "buckets": []}]})
BUCKETS = f"sum by (le) ({selector_of(GREEN, SECONDS)})"


def buckets(*pairs: tuple[str, str]) -> Canned:
    """A histogram's answer."""
    return Canned(vector(*(sample(ASKED_S, value, {"le": bound}) for bound, value in pairs)))


# id, answer to the canary's buckets, part of the reason
HISTOGRAMS: list[tuple[str, Canned, str]] = [
    ("empty", buckets(), "latency_buckets: empty"),
    ("no top", buckets(("0.1", "5"), ("2", "6")), "no bucket le=+Inf"),
    ("a bound twice", buckets(("0.1", "5"), ("1e-1", "5"), ("+Inf", "6")), "stands twice"),
    ("a count that falls", buckets(("0.1", "7"), ("2", "6"), ("+Inf", "8")), "at least what"),
    ("a bound that is NaN", buckets(("NaN", "5"), ("+Inf", "6")), '"NaN" is not a finite'),
    ("a bound that is hexadecimal", buckets(("0x1", "5"), ("+Inf", "6")), '"0x1" is not'),
    ("a bound that is Inf", buckets(("Inf", "6")), '"Inf" is not a finite'),
    ("not aggregated", Canned(vector(sample(ASKED_S, "5", {"le": "+Inf", "path": "/"}))),
     "expected the label le alone"),
    ("native", Canned(NATIVE), "a native histogram"),
    ("one number", Canned(vector(sample(ASKED_S, "5"))), "expected the label le alone"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("canned", "reason"), [row[1:] for row in HISTOGRAMS], ids=[row[0] for row in HISTOGRAMS]
)
def test_a_histogram_that_is_none_never_promotes(
    prometheus: FakePrometheus, tmp_path: Path, canned: Canned, reason: str
) -> None:
    rules = rules_of(TIMED, prometheus.url, tmp_path)
    prometheus.canned = {BUCKETS: canned}
    found = watched(source_of(rules), rules)
    assert found.promotions == 0
    assert reason in found.reasons


def test_a_quantile_beyond_the_last_bound_is_no_answer(
    prometheus: FakePrometheus, tmp_path: Path
) -> None:
    rules = rules_of(TIMED, prometheus.url, tmp_path)
    clipped = Series(50.0, {"0.1": 0.5, "1": 0.9, "+Inf": 1.0})
    prometheus.series[selector_of(GREEN, SECONDS)] = clipped
    found = watched(source_of(rules), rules)
    assert found.promotions == 0
    assert found.looks[-1].arms["canary"].clipped
    # with the limit at or under the last bound it is a breach
    clipped.shares = {"0.1": 0.5, "2": 0.9, "+Inf": 1.0}
    assert watched(source_of(rules), rules).looks[-1].answer is Answer.ROLLBACK
