"""How long the trend site takes over a large history, and how large its pages are.

`python benchmarks/trend_speed.py [RUNS]` makes a history of 10,000 runs (or RUNS), 20 series each,
with steps, spikes and runs that are not valid; draws the site, draws it again unchanged, and again
after one more run, each in a process of its own. Targets: 30 s first, 3 s afterwards, index at most
500 kB, a page of a series at most 500 kB; where there is a Chromium, the index is usable in 1 s.
`--keep DIR` leaves workspace and site there.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from perf_analysis.facts import EndState
from perf_analysis.figures import QUANTILES, QuantileFigure, RunFigures, SeriesFigures
from perf_analysis.verdict import Verdict
from perf_baselines.record import Record, SeriesSummary
from perf_baselines.record_codec import dump_record

# with p50, p95, p99 and errors of all requests: 20 series
NAMES = tuple(f"GET /api/v1/items/{place}" for place in range(16))
START = datetime(2025, 1, 1, tzinfo=UTC)
EVERY = timedelta(hours=1)
NOISE = 0.05
COMPILED_ANEW = "PYTHONDONTWRITEBYTECODE"


def make_record(at: int, rng: np.random.Generator, *, profile: str = "sustained") -> Record:
    """Record of the run of that number: levels step every 900 runs, some up, some down."""
    began = START + at * EVERY
    run_id = f"{began:%Y%m%dt%H%M%Sz}-{at:06x}"
    good = rng.random() > 0.01
    spike = 1.6 if rng.random() < 0.01 else 1.0
    step = 1.0 + 0.2 * math.sin(at // 900)
    noise = np.exp(NOISE * rng.standard_normal(len(NAMES) + 1))
    whole, *named = (
        _series(label, 0.02 * (place + 2) * step * spike * noise[place], int(rng.poisson(2)))
        for place, label in enumerate(("", *NAMES))
    )
    return Record(
        run_id=run_id,
        version="0.1.0",
        started_at=f"{began:%Y-%m-%dT%H:%M:%S}.000Z",
        profile=profile,
        environment="staging",
        target_url="http://127.0.0.1:8089",
        commit=f"{at * 2654435761 % 2**32:08x}" * 5,
        branch="main",
        load_hash="b" * 64,
        state=EndState.COMPLETED,
        verdict=Verdict.PASS if good else Verdict.INCONCLUSIVE,
        exit_code=0 if good else 3,
        valid=good,
        reason="every threshold held" if good else "V6: generator CPU p95 93 %, limit 85 %",
        duration_s=40.0,
        phase="sustained",
        phase_s=20.0,
        dropped=0,
        total=whole[0],
        series=tuple(summary for summary, _ in named),
        figures=RunFigures(run_id=run_id, phase_s=20.0, series=(whole[1], *(f for _, f in named))),
        thresholds=(),
        document_sha256="c" * 64,
        document_bytes=100_000,
    )


def _series(label: str, p50_s: float, failed: int) -> tuple[SeriesSummary, SeriesFigures]:
    p95_s, p99_s = 2.2 * p50_s, 3.1 * p50_s
    failed = 0 if label else failed
    summary = SeriesSummary(
        label=label, n=2000, failed=failed, abandoned=0, censored=0,
        p50_s=p50_s, p95_s=p95_s, p99_s=p99_s,
    )  # fmt: skip
    quantiles = tuple(
        QuantileFigure(
            q=q, ln_s=math.log(p50_s * (1.0 + 2.2 * (q - 0.5) * 2.0)), ln_high_s=None,
            error=0.02, dof=18, n=2000, n_effective=1500.0,
        )
        for q in QUANTILES
    )  # fmt: skip
    figures = SeriesFigures(label=label, n=2000, failed=failed, finished=2000, quantiles=quantiles)
    return summary, figures


def write_history(workspace: Path, runs: int, first: int = 0) -> None:
    """Records of runs in a workspace's history."""
    folder = workspace / ".perf" / "history" / "records"
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / "runs").mkdir(exist_ok=True)
    rng = np.random.default_rng(1 + first)
    for at in range(first, first + runs):
        record = make_record(at, rng)
        (folder / f"{record.run_id}.json").write_bytes(dump_record(record))


def draw(workspace: Path, out: Path) -> tuple[float, str]:
    """Seconds that `perf trend` takes, and what it said."""
    # as installed: modules are compiled once, whatever the shell says of that
    environ = {name: value for name, value in os.environ.items() if name != COMPILED_ANEW}
    begin = time.perf_counter()
    said = subprocess.run(
        [sys.executable, "-m", "perf_cli", "trend", "--out", str(out)],
        cwd=workspace, check=True, capture_output=True, text=True, env=environ,
    )  # fmt: skip
    return time.perf_counter() - begin, said.stdout.strip()


def usable_s(page: Path) -> float | None:
    """Seconds until Chromium has drawn the index and filtered it; None without a browser."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        return None
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # only where there is one

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        tab = found.new_page()
        begin = time.perf_counter()
        tab.goto(page.as_uri())
        if page.name == "index.html":
            tab.locator("input[name=q]").fill("items/7")
            tab.locator("#shown", has_text="of").wait_for()
        else:
            tab.locator("button", has_text="all").click()
        took_s = time.perf_counter() - begin
        found.close()
    return took_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="?", type=int, default=10_000)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    workspace = given.keep or Path(tempfile.mkdtemp())
    out = workspace / "site"
    write_history(workspace, given.runs)
    figures: dict[str, object] = {"runs": given.runs}
    figures["first_s"], figures["first"] = draw(workspace, out)
    figures["unchanged_s"], figures["unchanged"] = draw(workspace, out)
    write_history(workspace, 1, first=given.runs)
    figures["one_more_s"], figures["one_more"] = draw(workspace, out)
    figures["index_bytes"] = (out / "index.html").stat().st_size
    pages = sorted(out.glob("series/*.html"), key=lambda path: path.stat().st_size)
    figures["largest_page_bytes"] = pages[-1].stat().st_size
    figures["index_usable_s"] = usable_s(out / "index.html")
    figures["page_usable_s"] = usable_s(pages[-1])
    print(json.dumps(figures, indent=1))
    if given.keep is None:
        shutil.rmtree(workspace)


if __name__ == "__main__":
    main()
