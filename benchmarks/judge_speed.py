"""How long it takes to judge a large stored run again, and how much memory that needs.

`python benchmarks/judge_speed.py` makes a run of 10,000,000 requests in 20 series over 600 windows
and 20 baselines of its profile, then runs `perf check --run FILE` as a whole process five times and
prints medians beside the targets: 1 s and 300 MB.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from perf_analysis.facts import Accounts, EndState
from perf_analysis.filling import build
from perf_analysis.grammar import parse_threshold
from perf_analysis.grid import bucket_edges_s, bucket_index
from perf_analysis.histogram import Histogram
from perf_analysis.judgement import judge
from perf_analysis.series import SUSTAINED, Cell, Measured, ScenarioCell, SeriesKey, Slot
from perf_baselines.acceptance import baseline_of
from perf_baselines.baseline_files import BaselineFiles
from perf_baselines.comparing import figures_of_run
from perf_documents.codec import dump_run
from perf_documents.health import HealthWindow
from perf_documents.plan import Plan, Stage
from perf_documents.profile_gate import Regression, read_gate
from perf_documents.run import EngineFacts, Run, ScenarioFacts, TargetFacts
from perf_documents.strict_json import pack

REQUESTS, SERIES, WINDOWS, BASELINES, TIMES = 10_000_000, 20, 600, 20, 5
TARGET_S, TARGET_MB = 1.0, 300.0
# A small process of its own: the peak of a child begins with that of whoever started it.
LAUNCHER = """
import os, sys, time
began = time.perf_counter()
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
print(os.waitstatus_to_exitcode(status), time.perf_counter() - began, usage.ru_maxrss, end="")
"""


def histogram_of(values_s: np.ndarray) -> Histogram:
    """Histogram of many values, by their buckets."""
    buckets, counts = np.unique([bucket_index(float(v)) for v in values_s], return_counts=True)
    return Histogram(
        counts=dict(zip(map(int, buckets), map(int, counts), strict=True)),
        sum_s=float(values_s.sum()), min_s=float(values_s.min()), max_s=float(values_s.max()),
    )  # fmt: skip


def shifted(one: Histogram, steps: int) -> Histogram:
    """Histogram with every value moved by whole buckets."""
    counts = {index + steps: count for index, count in one.counts.items()}
    low, high = next(iter(counts)), next(reversed(counts))
    edges = [bucket_edges_s(low), bucket_edges_s(high)]
    middle = sum(count * sum(bucket_edges_s(index)) / 2 for index, count in counts.items())
    return Histogram(counts=counts, sum_s=middle, min_s=edges[0][0], max_s=sum(edges[1]) / 2)


def plan() -> Plan:
    """Ten minutes at some 17,000 requests a second."""
    usual = Regression()
    rate = Fraction(REQUESTS, WINDOWS)
    stage = Stage(duration_s=Fraction(WINDOWS), start=rate, target=rate, phase=SUSTAINED)
    return Plan(
        profile="large", scenario="api", executor="constant-arrival-rate", stages=(stage,),
        pre_allocated_vus=100, max_vus=1000, graceful_stop_s=0.0, timeout_s=0.9,
        thresholds=(
            parse_threshold("http_req_duration", "p(95)<500"),
            parse_threshold("http_req_failed", "rate<0.01"),
        ),
        regression=usual.margins, tolerance=usual.tolerance, alpha=usual.alpha,
        gate=read_gate(None, usual.margins),
    )  # fmt: skip


def made(number: int) -> Run:
    """A run of that size; `number` moves its level by a bucket or two."""
    rng = np.random.default_rng(number)
    each = REQUESTS // SERIES // WINDOWS
    shapes = [histogram_of(rng.lognormal(-3.0, 0.4, each)) for _ in range(8)]
    series: dict[SeriesKey, dict[Slot, Cell]] = {}
    for place in range(SERIES):
        key = SeriesKey("candidate", "Api", "GET", f"/api/v1/{place}", 200, "")
        series[key] = {
            Slot(SUSTAINED, window): Cell(
                n=each, first=each,
                service=(shape := shifted(shapes[int(rng.integers(8))], int(rng.integers(3)))),
                latency=shape,
            )
            for window in range(WINDOWS)
        }  # fmt: skip
    one = build([0.0002] * 100)
    one = replace(one, counts={next(iter(one.counts)): each * SERIES}, sum_s=0.0002 * each * SERIES)
    total = each * SERIES * WINDOWS
    schedule = plan()
    cell = ScenarioCell(
        planned=each * SERIES, started=each * SERIES, finished=each * SERIES, lag=one
    )
    run = Run(
        run_id=f"20260301t1200{number:02}z-abcdef", version="0.1.0",
        started_at="2026-03-01T12:00:00Z", state=EndState.COMPLETED, reached_s=float(WINDOWS),
        plan=schedule, target=TargetFacts(name="demo", url="http://127.0.0.1:1",
                                          environment="demo"),
        scenario=ScenarioFacts(spec="api", sha256="a" * 64, client_kind="fasthttp",
                               classes=("Api",)),
        measured=Measured(
            window_s=schedule.window_s, spans=schedule.spans(), open_model=True, series=series,
            scenarios={"Api": {Slot(SUSTAINED, w): cell for w in range(WINDOWS)}},
            ended=dict.fromkeys(range(WINDOWS), each * SERIES),
        ),
        health=tuple(
            HealthWindow(window=w, cpu_ratio=0.4, loop_lag_s=0.001, rss_bytes=1, open_files=1)
            for w in range(WINDOWS)
        ),
        engine=EngineFacts(
            accounts=Accounts(planned=total, started=total, finished=total, requests_started=total,
                              requests_ended=total),
            cpu_p95_ratio=0.4, wall_step_s=0.0, silent_s=1.0, processes_final=1, names=SERIES,
        ),
    )  # fmt: skip
    return replace(run, figures=figures_of_run(run))


def main() -> int:
    """Make the run and its baselines, then judge it again and again."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        run = made(0)
        judgement = judge(run.facts(), run.measured, run.plan.thresholds)
        (root / "run.json.gz").write_bytes(pack(dump_run(replace(run, judgement=judgement))))
        files = BaselineFiles(root / "baselines", root / ".perf")
        figures = figures_of_run(run)
        for number in range(1, BASELINES + 1):
            one = replace(run, run_id=f"20260301t1200{number:02}z-abcdef")
            moved = replace(figures, run_id=one.run_id)
            files.add(baseline_of(one, moved, accepted_at="2026-03-02T00:00:00Z", because=""))
        size = (root / "run.json.gz").stat().st_size
        times, peaks, said, code = [], [], "", 0.0
        for _ in range(TIMES):
            command = [sys.executable, "-P", "-m", "perf_cli", "check", "--run", "run.json.gz"]
            done = subprocess.run(
                [sys.executable, "-c", LAUNCHER, *command, "--quiet"],
                cwd=root, capture_output=True, text=True, check=True, timeout=120,
            )  # fmt: skip
            said, _, figures_line = done.stdout.rpartition("\n")
            code, took_s, peak_kb = map(float, figures_line.split())
            times.append(took_s)
            peaks.append(peak_kb / 1024)
        print(said)
        print(f"document {size / 2**20:.1f} MiB, exit {code:.0f}")
    print(f"{statistics.median(times):.2f} s (target {TARGET_S}), "
          f"{statistics.median(peaks):.0f} MB (target {TARGET_MB:.0f})")  # fmt: skip
    return int(statistics.median(times) > TARGET_S or statistics.median(peaks) > TARGET_MB)


if __name__ == "__main__":
    raise SystemExit(main())
