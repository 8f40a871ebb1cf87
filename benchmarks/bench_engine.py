"""What an arrival and a request cost the books: `make bench`.

A thousand of each a round, counted in the time of the processor, so that a busy neighbour counts
less. Of 50 us, in which one core makes 20,000 requests a second, the books may take a tenth.
"""

from __future__ import annotations

import itertools
import random
import time
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from engine_runs import plan_of
from perf_analysis.filling import HistogramBuilder
from perf_analysis.series import Slot
from perf_loadtests.pool import Pool
from perf_loadtests.recorder import Recorder
from perf_loadtests.request_cell import Sample
from perf_loadtests.schedule import arrivals

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

MANY = 1_000
SLOT = Slot("sustained", 3)
pytestmark = pytest.mark.benchmark(timer=time.process_time, min_rounds=50)


def durations() -> list[float]:
    """Log-normal seconds about 5 ms."""
    stream = random.Random(1)  # noqa: S311  # no secret
    return [0.005 * stream.lognormvariate(0.0, 0.5) for _ in range(MANY)]


def bench_thousand_durations_into_a_histogram(benchmark: BenchmarkFixture) -> None:
    values, builder = durations(), HistogramBuilder((0.005,))

    def add() -> None:
        for value in values:
            builder.keep(value)
        builder.fold()

    benchmark(add)
    assert sum(builder.counts.values()) % MANY == 0


def bench_thousand_requests_into_the_recorder(benchmark: BenchmarkFixture) -> None:
    recorder = Recorder(limits_s={"http_req_duration": (0.5,)})
    samples = [
        Sample("Ask", "GET", "/", 200, "", SLOT, 3, value, value, True, False, 40)  # noqa: FBT003  # fields
        for value in durations()
    ]

    def add() -> None:
        for sample in samples:
            recorder.add(sample)
        recorder.take()  # which counts what was kept, as after each second

    benchmark(add)
    assert recorder.ended % MANY == 0


def bench_encoding_a_second_of_200_series(benchmark: BenchmarkFixture) -> None:
    values = durations()

    def filled() -> tuple[tuple[Recorder], dict[str, object]]:
        recorder = Recorder(limits_s={})
        for number, value in zip(itertools.cycle(range(200)), values * 10, strict=False):
            recorder.add(
                Sample("Ask", "GET", f"/{number}", 200, "", SLOT, 3, value, value, True, False, 40)  # noqa: FBT003  # fields
            )
        return (recorder,), {}

    taken = benchmark.pedantic(Recorder.take, setup=filled, rounds=20)  # type: ignore[no-untyped-call]  # it has no types
    assert len(taken["series"]) == 200


@pytest.mark.parametrize("kind", ["constant", "poisson"])
def bench_thousand_arrivals_of_the_schedule(benchmark: BenchmarkFixture, kind: str) -> None:
    plan = plan_of(rate=100.0, duration_s=20.0, arrivals=kind)
    assert plan.stages[0].duration_s == Fraction(20)
    found = benchmark(lambda: list(itertools.islice(arrivals(plan), MANY)))
    assert len(found) == MANY


def bench_thousand_arrivals_through_the_pool(benchmark: BenchmarkFixture) -> None:
    pool: Pool[int, int] = Pool(max_vus=100)
    for vu in range(100):
        pool.start()
        pool.started(vu)

    def walk() -> None:
        for number in range(MANY):
            taken = pool.offer(number)
            assert isinstance(taken, int)
            pool.done(taken)

    benchmark(walk)
    assert pool.busy == 0
