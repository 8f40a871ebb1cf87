"""`perf history` as it is called, on both places: prune, export, import, sync."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fakes.judgements import judged
from fakes.runs import make_run
from perf_analysis.verdict import Verdict
from perf_baselines.acceptance import baseline_of
from perf_baselines.baseline_files import BaselineFiles
from perf_baselines.comparing import figures_of_run
from perf_documents.codec import dump_run
from perf_documents.strict_json import pack

if TYPE_CHECKING:
    from perf_baselines.history import History
    from shelves import Call, Shelf

RUNS = [make_run(seed, verdict=Verdict.PASS) for seed in range(1, 6)]
IDS = [run.run_id for run in RUNS]
GIT = shutil.which("git") or "git"


def _ids(out: str) -> list[str]:
    return [line.split()[0] for line in out.splitlines()]


def test_prune_only_says_what_would_go(call: Call, filled: History) -> None:
    code, out, err = call("prune", "--keep", "2", "--older-than", "1d")
    assert (code, _ids(out)) == (0, IDS[:3])
    assert "would remove 3 of 5 runs; nothing was changed; next: the same with --yes" in err
    assert filled.ids() == set(IDS)


def test_prune_removes_with_yes(call: Call, filled: History) -> None:
    code, out, err = call("prune", "--keep-last", "2", "--yes")
    assert (code, _ids(out)) == (0, IDS[:3])
    assert "removed 3 of 5 runs" in err
    assert filled.ids() == set(IDS[3:])
    assert call("prune", "--keep", "2", "--yes")[:2] == (0, "")


def test_prune_keeps_what_a_baseline_refers_to(call: Call, filled: History) -> None:
    figures = figures_of_run(RUNS[1])
    files = BaselineFiles(Path("baselines").absolute(), Path(".perf").absolute())
    files.add(baseline_of(RUNS[1], figures, accepted_at=RUNS[1].started_at, because=""))
    code, out, err = call("prune", "--keep", "0", "--yes")
    assert (code, _ids(out)) == (0, [IDS[0], *IDS[2:]])
    assert f"{IDS[1]} stays: it is a baseline" in err
    assert filled.ids() == {IDS[1]}


def test_prune_keeps_the_last_passing_runs_where_they_are_the_baseline(
    call: Call, shelf: Shelf
) -> None:
    """No such profile is known here, so that it may compare with the history."""
    history = shelf.open()
    for seed in range(1, 24):
        run = make_run(seed)
        plan = replace(run.plan, profile="elsewhere")
        run = judged(replace(run, plan=plan, figures=figures_of_run(run)), Verdict.PASS)
        history.store(run)
    code, out, _ = call("prune", "--keep", "0", "--json")
    facts = json.loads(out)
    assert (code, len(facts["would_remove"]), len(facts["spared"])) == (0, 3, 20)


def test_prune_keeps_the_runs_around_the_last_change(call: Call, shelf: Shelf) -> None:
    history, fast = shelf.open(), make_run(1)
    for seed in range(1, 61):
        run = replace(make_run(seed, slowness=1.5 if seed > 30 else 1.0), plan=fast.plan)
        history.store(judged(run, Verdict.PASS))
    code, out, _ = call("prune", "--keep", "0", "--json")
    facts = json.loads(out)
    spared = [int(run_id[-6:], 16) for run_id in facts["spared"]]
    assert code == 0
    assert {*range(21, 41)} <= {*spared} < {*range(10, 52)}
    assert len(facts["would_remove"]) == 60 - len(spared)


def test_prune_removes_nothing_while_a_baseline_cannot_be_read(call: Call, filled: History) -> None:
    path = Path("baselines/sustained/demo.jsonl")
    path.parent.mkdir(parents=True)
    path.write_text("<<<<<<< ours\n")
    code, _, err = call("prune", "--keep", "0", "--yes")
    assert code == 2
    assert "baselines/sustained/demo.jsonl:1: " in err
    assert filled.ids() == set(IDS)


def test_prune_can_remove_documents_alone(call: Call, filled: History) -> None:
    code, out, _ = call("prune", "--keep", "2", "--documents-only", "--yes")
    assert (code, _ids(out)) == (0, IDS[:3])
    assert (filled.ids(), filled.documented()) == (set(IDS), set(IDS[3:]))
    assert call("prune", "--keep", "2", "--documents-only", "--yes")[1] == ""


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        ([], "says nothing of age or count"),
        (["--yes"], "says nothing of age or count"),
        (["--older-than", "90"], "no unit"),
        (["--older-than", "-1d"], "not negative"),
        (["--keep", "-1"], "-1"),
        (["--keep", "x"], "x"),
    ],
)
def test_prune_refuses_what_it_does_not_understand(
    call: Call, filled: History, arguments: list[str], cause: str
) -> None:
    code, out, err = call("prune", *arguments)
    assert (code, out) == (2, "")
    assert cause in err
    assert filled.ids() == set(IDS)


def test_a_history_that_cannot_be_written_is_infrastructure(
    call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "b.json.gz").write_bytes(pack(dump_run(RUNS[1])))
    monkeypatch.setenv("PERF_HISTORY", "postgresql://me:hunter22@127.0.0.1:1/perf")
    for arguments in (["list"], ["import", str(tmp_path / "b.json.gz")], ["prune", "--keep", "1"]):
        code, out, err = call(*arguments)
        assert (code, out) == (5, "")
        assert "postgresql 127.0.0.1:1/perf: cannot be reached: " in err
        assert "hunter22" not in err


@pytest.mark.parametrize("option", [["--history"], ["--url"], []])
def test_an_address_with_a_password_is_no_argument_and_not_repeated(
    call: Call, option: list[str]
) -> None:
    for sub in ("list", "show", "prune", "export"):
        code, out, err = call(sub, *option, "postgresql://me:hunter22@db/perf")
        assert (code, out) == (2, "")
        assert "hunter22" not in err


def test_sync_says_how_many_went_which_way(call: Call, filled: History, tmp_path: Path) -> None:
    for arguments in (
        ["init", "--bare", "--quiet", str(tmp_path / "origin.git")],
        ["init", "--quiet", "."],
        ["remote", "add", "origin", str(tmp_path / "origin.git")],
    ):
        subprocess.run([GIT, *arguments], check=True, timeout=30)
    sync = ["sync", "--branch", "perfproof-history"]
    assert call(*sync) == (
        0, "origin/perfproof-history: 5 sent, 0 received; 5 runs are here now\n", ""
    )  # fmt: skip
    filled.remove(IDS[:2])
    code, out, err = call(*sync, "--json", "--no-push")
    assert (code, json.loads(out), err) == (0, {"sent": 0, "received": 2, "tries": 1}, "")
    code, out, err = call("sync", "--branch", "perfproof-history", "--remote", "upstream")
    assert (code, out) == (2, "")
    assert "--remote 'upstream': git knows no remote of this name here; next: " in err
