"""Figures of the generator itself."""

from __future__ import annotations

import time

import pytest

from perf_loadtests.engine import probes

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(("cores", "expected"), [(1.0, 0.4), (0.5, 0.8), (8.0, 0.4)])
def test_e13_a_share_is_of_what_the_quota_allows(
    monkeypatch: pytest.MonkeyPatch, cores: float, expected: float
) -> None:
    now = {"s": 0.0, "worked_s": 0.0}
    monkeypatch.setattr(time, "process_time", lambda: now["worked_s"])
    mine = probes.Probes(clock=lambda: now["s"], wall=lambda: 0.0, yielded=lambda: 0.0, cores=cores)
    now.update(s=1.0, worked_s=0.4)
    assert mine.take()["cpu_ratio"] == pytest.approx(expected)
