"""How often a candidate is called a regression, and how often a slower one is found.

`python benchmarks/control_campaign.py [--out DIR] [--only NAME] [--show]` runs two instances of the
embedded service beside each other, control and candidate, at 100 arrivals a second each, again and
again, and writes what each run said to a file of its own: a campaign that was cut short goes on
where it stopped. `--show` prints the table, with what the same runs say against stored baselines.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from perf_analysis.compared import Demands
from perf_analysis.comparison import compare_runs
from perf_analysis.gating import gate
from perf_baselines.comparing import figures_of_run
from perf_documents.codec import read_run
from perf_documents.figures_codec import FiguresModel, encode_figures
from perf_loadtests.target.launch import DemoTarget

DEADLINE_S = 600.0
BASELINES = 8
PROFILE = """
scenario: api_endpoints
executor: constant-arrival-rate
rate: 100
duration: 60s
pre_allocated_vus: 40
max_vus: 400
seed: {seed}
thresholds: {{http_req_duration: ['p(95)<1000']}}
"""


@dataclass(frozen=True)
class Kind:
    """One row of the table: how slow the candidate is, and how many runs there are to be.

    Handling takes half a millisecond, as much as the client: both arms are slowed by `base`, so
    that the ratio of handling times is (nearly) the ratio that users see.
    """

    name: str
    slow: float
    runs: int
    base: float = 10.0
    options: tuple[str, ...] = ()


KINDS = (
    Kind("A/A", 1.0, 30),
    Kind("1.20", 1.2, 15),
    Kind("1.10 until decided", 1.1, 10, 100.0, ("--until-decided", "--max-duration", "5m")),
    Kind("1.05", 1.05, 10, 100.0),
)


def run_once(kind: Kind, number: int) -> dict[str, object]:
    """One run of fresh instances; what its last round says."""
    with (
        tempfile.TemporaryDirectory() as folder,
        DemoTarget(os.environ, ("--slow", f"{kind.base * kind.slow:g}")) as candidate,
        DemoTarget(os.environ, ("--slow", f"{kind.base:g}")) as control,
    ):
        profiles = Path(folder) / "loadtests" / "profiles"
        profiles.mkdir(parents=True)
        (profiles / "pair.yaml").write_text(PROFILE.format(seed=number + 1))
        command = [sys.executable, "-P", "-m", "perf_cli", "run", "--profile", "pair"]
        command += ["--target", candidate.url, "--control", control.url, "--quiet", *kind.options]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
            env=os.environ | {"PERF_TOKEN": candidate.token_env_value},
        )  # fmt: skip
        results = sorted(Path(folder).glob(".perf/runs/*/result.json"))
        if not results:
            raise SystemExit(done.stdout + done.stderr)
        last = results[-1].parent
        run = read_run(last / "run.json.gz")
    comparison = run.judgement.comparison if run.judgement else None
    rows = comparison.rows if comparison else ()
    total = next((row for row in rows if not row.label and row.metric == "p95"), None)
    return {
        "kind": kind.name,
        "number": number,
        "exit_code": done.returncode,
        "valid": bool(run.judgement and run.judgement.valid),
        # the broken rule, where the run is not valid
        "reason": run.judgement.reason if run.judgement else "",
        "verdict": str(comparison.verdict) if comparison else "",
        "sentence": comparison.sentence if comparison else "",
        "rounds": len(results),
        "effect": total.effect if total else None,
        "low": total.low if total else None,
        "high": total.high if total else None,
        "detectable": total.detectable if total else None,
        "figures": encode_figures(figures_of_run(run)),
    }


def show(rows: list[dict[str, object]]) -> None:
    """Print the table: verdicts beside the control, and against stored baselines alone."""
    demands = Demands(
        margins={"p95": 0.1, "error_rate": 0.005},
        tolerance={"p95": 0.05, "error_rate": 0.0025},
        must_detect={"p95": 0.5, "error_rate": 0.02},
    )
    figures = [
        FiguresModel.model_validate(row["figures"]).decode(str(at)) for at, row in enumerate(rows)
    ]
    stored = [one for one, row in zip(figures, rows, strict=True) if row["kind"] == "A/A"][
        :BASELINES
    ]
    for kind in KINDS:
        mine = [row for row in rows if row["kind"] == kind.name]
        if not mine:
            continue
        said = [str(row["verdict"]) if row["valid"] else "not valid" for row in mine]
        alone = [
            str(gate(compare_runs([one], stored, demands))) if row["valid"] else "not valid"
            for one, row in zip(figures, rows, strict=True)
            # stored runs are of equal instances with the same handling time, or say nothing
            if row["kind"] == kind.name
            and kind.base == KINDS[0].base
            and one not in stored
            and len(stored) == BASELINES
        ]
        effects = sorted(float(str(row["effect"])) for row in mine if row["effect"] is not None)
        detect = sorted(
            float(str(row["detectable"])) for row in mine if row["detectable"] is not None
        )
        print(
            f"{kind.name:<20} {len(mine):>3} runs  "
            f"control: {_count(said)}  baselines alone: {_count(alone)}  "
            f"effect {_middle(effects):+.1%}  detectable {_middle(detect):.1%}"
        )


def _count(words: list[str]) -> str:
    return ", ".join(f"{words.count(word)} {word}" for word in sorted(set(words))) or "-"


def _middle(values: list[float]) -> float:
    return values[len(values) // 2] if values else float("nan")


def main() -> int:
    """Run what is missing of the campaign, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("control_campaign"))
    parser.add_argument("--only", choices=[kind.name for kind in KINDS])
    parser.add_argument("--show", action="store_true")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        for number in range(0 if given.show else kind.runs):
            path = given.out / f"{KINDS.index(kind)}-{number:02}.json"
            if path.exists() or given.only not in {None, kind.name}:
                continue
            row = run_once(kind, number)
            path.write_text(json.dumps(row, indent=1))
            print(json.dumps(row), flush=True)
    show([json.loads(path.read_text()) for path in sorted(given.out.glob("?-??.json"))])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
