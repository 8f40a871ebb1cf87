"""Canaries that are known to be well or ill, as readings: what the gate's promises are tried on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from perf_canary.reading import Counters, Reading
from perf_canary.watch import Watch
from perf_documents.canary_looks import Answer
from perf_documents.canary_rules_load import load_canary_rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from perf_documents.canary_looks import Look
    from perf_documents.canary_rules import Rules

EVERY_S = 10.0
MEDIAN_S, SIGMA = 0.1, 0.5
# four and eight to the octave, and what a service usually has
USUAL_S = tuple(0.01 * 2.0 ** (step / 4.0) for step in range(35))
FINE_S = tuple(0.01 * 2.0 ** (step / 8.0) for step in range(70))
COARSE_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
RULES = """
metrics:
  requests: 'sum(http_requests_total{$arm})'
  errors: 'sum(http_requests_total{$arm,status=~"5.."})'
  latency_buckets: 'sum by (le) (http_request_duration_seconds_bucket{$arm})'
rules:
  - {name: errors, metric: error_rate, when: '> 1%', for: 2m, fast_burn: true}
  - {name: slow, metric: p95, when: '> 2s', for: 5m}
evidence:
  alpha: 0.05
  error_ratio: {tolerance: 1.0, margin: 2.0}
  exceedance_ratio: {quantile: 0.95, tolerance: 1.25, margin: 1.5}
warm_up: @WARM_UP@
promote: {after: @AFTER@, needs: @NEEDS@}
max_hold: 60m
"""


@dataclass(frozen=True)
class World:
    """Traffic, and what becomes of it; functions are of seconds since the beginning."""

    rate: float = 100.0
    share: Callable[[float], float] = lambda _: 0.05
    errors: Callable[[float], float] = lambda _: 0.005
    # of the canary, over the control's
    worse: Callable[[float], float] = lambda _: 1.0
    slower: Callable[[float], float] = lambda _: 1.0
    noise: float = 0.0
    burst: float = 1.0
    bounds_s: tuple[float, ...] = USUAL_S


def rules_of(
    folder: Path,
    *,
    warm_up: str = "0s",
    after: str = "10m",
    needs: str = "rules",
    text: str = RULES,
) -> Rules:
    """Rules of the reference pipeline, with evidence."""
    path = folder / "rules.yaml"
    filled = text.replace("@WARM_UP@", warm_up).replace("@AFTER@", after)
    path.write_text(filled.replace("@NEEDS@", needs))
    return load_canary_rules(path)


@dataclass
class Arm:
    """Counters of one arm while they grow."""

    world: World
    rng: np.random.Generator
    ill: bool
    requests: float = 0.0
    errors: float = 0.0
    wander: float = 0.0

    def __post_init__(self) -> None:
        self._bounds = np.log(np.array(self.world.bounds_s))
        self._below = np.zeros(len(self._bounds) + 1)

    def grow(self, t_s: float, share: float) -> None:
        """Ten seconds of traffic."""
        world, rng = self.world, self.rng
        if world.noise:
            self.wander = 0.9 * self.wander + rng.normal(0.0, world.noise * math.sqrt(0.19))
        n = int(rng.poisson(world.rate * share * EVERY_S))
        p = min(1.0, world.errors(t_s) * (world.worse(t_s) if self.ill else 1.0))
        scale = MEDIAN_S * (world.slower(t_s) if self.ill else 1.0) * math.exp(self.wander)
        below = ndtr((self._bounds - math.log(scale)) / SIGMA)
        parts = np.diff(np.concatenate(([0.0], below, [1.0])))
        self.requests += n
        self.errors += min(n, _burst(rng, n, p, world.burst))
        self._below = self._below + np.cumsum(rng.multinomial(n, parts))

    def counters(self) -> Counters:
        """What is read of it now."""
        pairs = zip((*self.world.bounds_s, math.inf), self._below.tolist(), strict=True)
        return Counters(requests=self.requests, errors=self.errors, buckets=tuple(pairs))


def readings(
    world: World, rng: np.random.Generator, looks: int, before: int = 0
) -> Iterator[Reading]:
    """Readings every ten seconds, the first with nothing counted; `before` of the control alone."""
    canary, control = Arm(world, rng, ill=True), Arm(world, rng, ill=False)
    for number in range(-before, looks + 1):
        t_s = number * EVERY_S
        if number > -before:
            share = world.share(t_s) if number > 0 else 0.0
            canary.grow(t_s, share)
            control.grow(t_s, 1.0 - share)
        yield Reading(t_s=t_s, canary=canary.counters(), control=control.counters())


def _burst(rng: np.random.Generator, n: int, p: float, burst: float) -> float:
    """Failures, in clusters of a mean size where `burst` is above 1."""
    if burst <= 1.0:
        return float(rng.binomial(n, p))
    clusters = rng.poisson(n * p / burst)
    return float(rng.geometric(1.0 / burst, clusters).sum())


def outcome(rules: Rules, world: World, seed: int, looks: int = 180, before: int = 0) -> Look:
    """Last look at a canary: the decision, or where it was left."""
    watch = Watch(rules=rules, began_s=0.0, every_s=EVERY_S)
    look = None
    for reading in readings(world, np.random.default_rng(seed), looks, before):
        if reading.t_s < 0.0:
            watch.before(reading)
            continue
        look = watch.look(reading, detailed=False)
        if look.answer is not Answer.HOLD:
            break
    assert look is not None
    return look
