"""Memory that a scenario can fill: the limits are seen in time, and the books do not grow."""

from __future__ import annotations

import resource
import tracemalloc
from pathlib import Path

import pytest

from engine_runs import plan_of
from perf_analysis.series import Slot
from perf_loadtests.accumulate import Accumulator
from perf_loadtests.engine.ledger import MAX_GROUPS, Ledger
from perf_loadtests.engine.memory import nearly_out
from perf_loadtests.protocol import HealthModel, parse_record
from perf_loadtests.recorder import MAX_NAMES
from perf_loadtests.request_cell import Sample

GIB = 2**30


def failed(name: str) -> Sample:
    """A request that failed."""
    return Sample(
        scenario="S", method="GET", name=name, status=500, error_class="http_5xx",
        slot=Slot("sustained", 0), end_window=0, service_s=0.1, latency_s=None, first=False,
        asserted=False, received_bytes=0,
    )  # fmt: skip


def test_p22_p23_ever_new_names_and_texts_take_no_more_memory() -> None:
    ledger = Ledger(plan_of(rate=1.0), clock=lambda: 0.0, clean=str)
    ledger.t0_s = 0.0
    labels: set[str] = set()
    kept: list[int] = []
    tracemalloc.start()
    try:
        for number in range(30_000):
            ledger.request(failed(f"/item/{number}"), f"error {number}")
            ledger.raised(f"Error{number}", f"at {number}", f"text {number}", excused=False)
            if number % 6_000 == 5_999:
                taken = ledger.take()
                labels |= {row[1] for row in taken["errors"]}  # type: ignore[attr-defined]  # rows
                assert len(taken["exceptions"]) <= MAX_GROUPS + 1  # type: ignore[arg-type]  # rows
                del taken
                kept.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert len(labels) == MAX_GROUPS + 1
    assert kept[-1] < kept[0] + 2**20
    assert MAX_NAMES < ledger.recorder.names <= MAX_NAMES + 10_000


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """Folder that looks like that of a process in a cgroup."""
    (tmp_path / "statm").write_text(f"{GIB // resource.getpagesize()} 0 0 0 0 0 0\n")
    (tmp_path / "cgroup").write_text("0::/job\n")
    (tmp_path / "job").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("limit", "inactive", "said"),
    [
        pytest.param(f"{GIB * 5 // 4}", 0, "the limit of its cgroup is 1,280 MiB", id="80-percent"),
        pytest.param(f"{GIB * 5 // 4 + 9}", 0, "", id="less"),
        pytest.param(f"{GIB}", GIB // 2, "", id="files"),
        pytest.param("max", 0, "", id="none"),
    ],
)
def test_p09_four_fifths_of_a_cgroups_limit_are_near(
    proc: Path, limit: str, inactive: int, said: str
) -> None:
    (proc / "job" / "memory.max").write_text(limit + "\n")
    (proc / "job" / "memory.current").write_text(f"{GIB}\n")
    (proc / "job" / "memory.stat").write_text(f"anon 1\ninactive_file {inactive}\n")
    text = nearly_out(proc, proc)
    assert said in text
    assert bool(text) == bool(said)


def test_p09_without_any_limit_nothing_is_near(tmp_path: Path) -> None:
    assert nearly_out(tmp_path, tmp_path) == ""


@pytest.mark.slow
def test_p24_a_day_of_load_takes_no_more_memory_than_its_first_hours() -> None:
    plan = plan_of(rate=1.0, duration_s=86_400)
    now = [0.0]
    ledger = Ledger(plan, clock=lambda: now[0], clean=str)
    ledger.t0_s = 0.0
    total = Accumulator(plan)
    resident: list[int] = []
    health = dict.fromkeys(HealthModel.model_fields, 0)
    for second in range(86_400):
        now[0] = second + 0.5
        slot = ledger.slot_at(now[0])
        for number in range(5):
            ledger.request(failed(f"/{number}")._replace(slot=slot, service_s=0.01 * number), "")
        now[0] = second + 1.0
        raw: dict[str, object] = {"type": "second", "at_s": now[0], "phase": "load", "vus": 1}
        total.feed(parse_record(raw | {"health": health} | ledger.take()))
        if second % 21_600 == 21_599:
            statm = Path("/proc/self/statm").read_text(encoding="ascii")
            resident.append(int(statm.split()[1]) * resource.getpagesize())
    assert len(total.measured(86_400.0).ended) <= 600
    assert len(total.pulses.windows()) <= 600
    assert max(resident) - resident[0] <= 16 * 2**20
