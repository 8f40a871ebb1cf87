"""`perf history import` of other tools' files, and what their runs are good for afterwards."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commands import Desk

DATA = Path(__file__).parents[1] / "data" / "imports"
RULES = "thresholds:\n  http_req_duration: ['p(95)<32']\n  http_req_failed: ['rate<0.02']\n"


def ids(desk: Desk) -> list[str]:
    """Stored runs, the oldest first."""
    listed = desk.perf("history", "list", "--limit", "100", "--json")
    return sorted(run["run_id"] for run in json.loads(listed.out or '{"runs": []}')["runs"])


def k6_file(desk: Desk, name: str, factor: float) -> str:
    document = json.loads((DATA / "k6/summary-export.json").read_text())
    trend = document["metrics"]["http_req_duration"]
    trend |= {key: trend[key] * factor for key in ("avg", "med", "max", "p(90)", "p(95)")}
    (desk.folder / name).write_text(json.dumps(document))
    return name


def test_files_of_several_tools_become_runs_once(desk: Desk) -> None:
    files = [str(DATA / f) for f in (
        "k6/summary-export.json", "locust/stats.csv", "criterion", "pytest-benchmark/0001.json",
        "github-action-benchmark/data.js",
    )]  # fmt: skip
    first = desk.perf("history", "import", *files)
    assert first.code == 0, first.said
    assert len(first.out.split()) == 9
    assert "k6-summary, 1 run" in first.err
    assert "unknown: V1, V3, V4, V5, V6, V7, V8, V9: never a baseline" in first.err
    assert "k6 itself says that a threshold failed: http_req_duration: p(95)<30" in first.err
    stored = ids(desk)
    assert stored == sorted(first.out.split())
    # a copy with another date of its own is the same content
    shutil.copy(files[0], desk.folder / "copy.json")
    again = desk.perf("history", "import", *files, "copy.json")
    assert again.code == 0, again.said
    assert again.err.count("already stored; nothing changed") == 10
    assert ids(desk) == stored
    other = desk.perf("history", "import", files[0], "--commit", "abc")
    assert other.code == 2
    assert "refused: is stored already with commit unknown, not abc" in other.err
    shown = desk.perf("history", "show", next(i for i in stored if "criterion" in i))
    assert "Fibonacci/Recursive" in shown.out
    assert desk.perf("trend", "--out", "site").code == 0
    drawn = {path.name.rsplit("-", 1)[0] for path in (desk.folder / "site/series").iterdir()}
    records = (desk.state / "history/records").iterdir()
    profiles = {json.loads(path.read_bytes())["profile"] for path in records}
    assert {re.sub("[^a-z0-9]+", "-", name.lower()) for name in profiles} <= {
        name.partition("-imported-")[0] for name in drawn
    }
    assert "criterion-imported-p50-of-fibonacci-recursive" in drawn


def test_a_file_that_cannot_be_read_leaves_nothing_of_the_others(desk: Desk) -> None:
    (desk.folder / "bad.jtl").write_text("timeStamp,elapsed,label,success\nx,1,a,true\n")
    good = str(DATA / "k6/summary-export.json")
    done = desk.perf("history", "import", good, "bad.jtl")
    assert done.code == 2
    assert "bad.jtl:2: timeStamp: found 'x'" in done.err
    assert done.out == ""
    assert ids(desk) == []
    wrong = desk.perf("history", "import", "--format", "locust-json", good)
    assert wrong.code == 2
    future = desk.perf("history", "import", good, "--at", "2099-01-01T00:00:00Z")
    assert future.code == 2
    assert "in the future" in future.err
    assert ids(desk) == []


def test_two_outputs_of_k6_are_compared_as_they_are(desk: Desk) -> None:
    base = [k6_file(desk, f"old{n}.json", f) for n, f in enumerate((1.0, 1.01, 0.99))]
    slow = desk.perf("compare", *base, "--", k6_file(desk, "new.json", 1.5))
    assert slow.code == 1, slow.said
    assert "p95" in slow.out
    same = desk.perf("compare", *base, "--", k6_file(desk, "same.json", 1.005))
    assert same.code == 0, same.said
    # one against one: shown, and honest about what it cannot prove
    two = desk.perf("compare", "old0.json", "--", "new.json")
    assert two.code == 3, two.said
    assert "few baselines" in two.said
    other = desk.perf("compare", "old0.json", "--", str(DATA / "wrk/wrk.txt"))
    assert other.code == 3
    assert "client changed from k6 to wrk" in other.said


def test_two_outputs_of_locust_are_compared_as_they_are(desk: Desk) -> None:
    files = [str(DATA / f"locust/{name}") for name in ("locust.json", "stats.csv")]
    done = desk.perf("compare", files[0], "--", files[1])
    assert done.code == 3, done.said
    assert "few baselines: 1 of 3" in done.said


def test_rules_are_checked_on_another_tools_file(desk: Desk) -> None:
    (desk.folder / "rules.yaml").write_text(RULES)
    held = desk.perf("check", "rules.yaml", "--run", k6_file(desk, "k6.json", 1.0))
    assert held.code == 0, held.said
    broken = desk.perf("check", "rules.yaml", "--run", k6_file(desk, "slow.json", 1.1))
    assert broken.code == 1, broken.said
    (desk.folder / "rules.yaml").write_text("thresholds:\n  http_req_failed: ['rate<0.5']\n")
    unknown = desk.perf("check", "rules.yaml", "--run", str(DATA / "hey/hey.csv"))
    assert unknown.code == 3, unknown.said
    assert "does not show it" in " ".join(unknown.said.split())
    several = desk.perf("check", "--run", str(DATA / "github-action-benchmark/data.js"))
    assert several.code == 2
    assert "holds 5 runs" in several.err


def test_micro_benchmarks_are_compared_and_commented_on_like_load_tests(desk: Desk) -> None:
    base = []
    for number, factor in enumerate((1.0, 1.01, 0.99, 1.4)):
        document = json.loads((DATA / "pytest-benchmark/sorting.json").read_text())
        stats = document["benchmarks"][0]["stats"]
        stats |= {key: stats[key] * factor for key in ("min", "max", "mean", "median", "iqr")}
        (desk.folder / f"{number}.json").write_text(json.dumps(document))
        base.append(f"{number}.json")
    done = desk.perf("compare", *base[:3], "--", base[3], "--json")
    assert done.code == 1, done.said
    rows = {row["name"]: row for row in json.loads(done.out)["comparison"]["rows"]}
    assert rows["bench_it.py::test_sum"]["verdict"] == "fail"
    assert rows["bench_it.py::test_sort"]["verdict"] == "pass"
    days = [f"2026-03-0{day}T12:00:00Z" for day in range(1, 5)]
    for file, at in zip(base, days, strict=True):
        done = desk.perf("history", "import", file, "--at", at, "--profile", "bench")
        assert done.code == 0, done.said
    assert "rose by 40 %" in done.err
    assert "against 3 earlier runs" in done.err
    comment = desk.perf("comment", "latest")
    assert comment.code == 0, comment.said
    assert "FAIL" in comment.out
    assert "rose by 40 %" in comment.out


def test_the_same_file_is_never_stored_under_another_start_or_direction(desk: Desk) -> None:
    file = desk.folder / "bmf.json"
    file.write_text('{"get": {"file-size": {"value": 7}}}')
    said = ("history", "import", "bmf.json", "--at")
    kept = desk.perf(*said, "2026-03-01T12:00:00Z", "--direction", "lower")
    assert kept.code == 0, kept.said
    again = desk.perf(*said, "2026-03-01T12:00:00Z", "--direction", "lower")
    assert "already stored; nothing changed" in again.err
    later = desk.perf(*said, "2026-03-02T12:00:00Z", "--direction", "lower")
    assert later.code == 2
    assert "stored already with start 2026-03-01T12:00:00.000Z, not 2026-03-02" in later.err
    other = desk.perf(*said, "2026-03-01T12:00:00Z", "--direction", "higher")
    assert other.code == 2
    assert "with better of get file-size lower, not higher" in other.err
    # a copy has a date of its own, and nobody said another
    assert desk.perf("history", "import", "bmf.json", "--direction", "lower").code == 0
    assert len(ids(desk)) == 1


def test_nothing_is_stored_before_every_file_was_looked_at(desk: Desk) -> None:
    good, known = k6_file(desk, "good.json", 1.0), k6_file(desk, "known.json", 1.1)
    assert desk.perf("history", "import", known, "--commit", "abc").code == 0
    refused = desk.perf("history", "import", good, known)
    assert refused.code == 2
    assert "with commit abc, not unknown" in refused.err
    assert len(ids(desk)) == 1
    desk.perf("history", "export", "latest", "--out", "out")
    (whole,) = (desk.folder / "out").iterdir()
    assert desk.perf("history", "prune", "--keep", "0", "--yes").code == 0
    (desk.folder / "run.json").write_text('{"client_notes":[],"schema":1}\n')
    damaged = desk.perf("history", "import", good, str(whole), "run.json")
    assert damaged.code == 2, damaged.said
    assert "run.json" in damaged.err
    assert ids(desk) == []


def test_what_k6_calls_failed_is_no_pass_wherever_it_is_judged(desk: Desk) -> None:
    document = json.loads((DATA / "k6/summary-export.json").read_text())
    for metric in document["metrics"].values():
        metric.pop("thresholds", None)
    document["metrics"]["http_req_failed"]["thresholds"] = {"rate<0.05": False}
    document["metrics"]["my_trend"] = {"avg": 3.0, "thresholds": {"avg<2": True}}
    (desk.folder / "k6.json").write_text(json.dumps(document))
    checked = desk.perf("check", "--run", "k6.json")
    assert checked.code == 3, checked.said
    assert "k6 itself says that a threshold failed: my_trend: avg<2" in checked.out
    assert desk.perf("history", "import", "k6.json").code == 0
    listed = json.loads(desk.perf("history", "list", "--json").out)["runs"]
    assert [run["verdict"] for run in listed] == ["inconclusive"]
    assert desk.perf("check", "--run", "latest").code == 3
    assert desk.perf("comment", "latest", "--exit-code").code in {2, 3}
