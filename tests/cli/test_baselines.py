"""Baselines as people use them: real runs, real files, real exit codes."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from commands import desk_at
from comparisons import LAX, RATE, WIDE, compared

if TYPE_CHECKING:
    from commands import Desk, Done
    from perf_loadtests.target.launch import DemoTarget

# so much that what else the machine does changes little of it
USUAL_MS, MUCH_SLOWER_MS = 15, 400
COUNT = 6
PLACE = "baselines/short/local.jsonl"


def accept(desk: Desk, *arguments: str) -> Done:
    return desk.perf("baseline", "accept", *arguments)


@pytest.fixture(scope="session")
def first_set(tmp_path_factory: pytest.TempPathFactory, demo: DemoTarget) -> Desk:
    """Desk on which six runs of the profile `short` were accepted at once; only read."""
    desk = desk_at(tmp_path_factory.mktemp("accepted"), demo)
    desk.write(gate=WIDE, regression=LAX, rate=RATE)
    desk.faults(slow_ms=USUAL_MS)
    done = desk.run("--repeat", str(COUNT), "--out", "made", "--accept-baseline", "--quiet")
    assert done.code == 0, done.said
    return desk


@pytest.fixture
def accepted(desk: Desk, first_set: Desk) -> Desk:
    """Desk of its own with these baselines, and the service as it was."""
    desk.write(gate=WIDE, regression=LAX, rate=RATE)
    desk.faults(slow_ms=USUAL_MS)
    path = desk.folder / PLACE
    path.parent.mkdir(parents=True)
    path.write_bytes((first_set.folder / PLACE).read_bytes())
    return desk


def test_the_first_set_is_made_by_repeats(first_set: Desk) -> None:
    lines = (first_set.folder / PLACE).read_bytes().splitlines()
    assert len(lines) == COUNT
    assert len(first_set.stored()) == COUNT


def test_the_last_of_repeats_lies_where_it_was_asked_for(first_set: Desk) -> None:
    made = first_set.folder / "made"
    earlier = {str(number) for number in range(1, COUNT)}
    assert {path.name for path in made.iterdir() if path.is_dir()} == earlier
    assert all((made / place / "run.json.gz").is_file() for place in {"", *earlier})


def test_baselines_are_listed_and_shown(accepted: Desk) -> None:
    lines = (accepted.folder / PLACE).read_bytes().splitlines()
    listed = accepted.perf("baseline", "list")
    assert listed.code == 0
    assert listed.out.count("p95 ") == COUNT
    shown = accepted.perf("baseline", "show", json.loads(lines[0])["run_id"])
    assert json.loads(shown.out)["profile"] == "short"


def test_a_run_is_compared_and_a_slow_one_is_never_an_unremarked_pass(accepted: Desk) -> None:
    done = accepted.run("--quiet")
    assert done.code == 0, done.said
    assert compared(accepted)["verdict"] == "pass"
    assert f"against {COUNT} baselines" in str(compared(accepted)["sentence"])
    assert "would be found 4 times in 5" in str(compared(accepted)["sentence"])
    accepted.faults(slow_ms=MUCH_SLOWER_MS)
    slow = accepted.run("--quiet")
    assert slow.code == 1, slow.said
    assert compared(accepted)["verdict"] == "fail"
    assert "p95 of all requests rose by" in slow.out


def test_what_a_comparison_failed_is_accepted_only_with_a_reason(accepted: Desk) -> None:
    accepted.faults(slow_ms=MUCH_SLOWER_MS)
    assert accepted.run("--quiet").code == 1
    refused = accept(accepted, "latest")
    assert refused.code == 4
    assert "its comparison failed" in refused.err
    assert '--because "why' in refused.err
    assert accept(accepted, "latest", "--because", "two\nlines").code == 2
    done = accept(accepted, "latest", "--because", "new hardware")
    assert done.code == 0, done.said
    last = json.loads((accepted.folder / PLACE).read_bytes().splitlines()[-1])
    assert last["because"] == "new hardware"


def test_a_run_that_breached_a_threshold_is_never_accepted(desk: Desk) -> None:
    desk.write()
    desk.faults(errors=0.2)
    assert desk.run("--quiet").code == 1
    done = accept(desk, "latest", "--because", "please")
    assert done.code == 4
    assert "a threshold is breached" in done.err
    assert not (desk.folder / "baselines").exists()


def test_editing_a_threshold_orphans_nothing(accepted: Desk) -> None:
    accepted.write(
        gate=WIDE,
        regression=LAX,
        rate=RATE,
        thresholds="{http_req_duration: ['p(95)<400', 'p(50)<300']}",
    )
    assert accepted.run("--quiet").code == 0
    assert compared(accepted)["verdict"] == "pass"
    assert accept(accepted, "latest").code == 0


def test_another_load_is_not_compared_and_begins_a_new_set(accepted: Desk) -> None:
    accepted.write(gate=WIDE, regression=LAX, rate="250")
    done = accepted.run("--quiet")
    assert done.code == 0, done.said
    found = compared(accepted)
    assert found["verdict"] == "not judged"
    assert f"{COUNT} baselines not comparable: stage 1 changed" in str(found["sentence"])
    assert accept(accepted, "latest").code == 0


def test_a_missing_baseline_is_loud_and_may_be_required(desk: Desk) -> None:
    desk.write()
    done = desk.run()
    assert done.code == 0, done.said
    assert "not judged: no baseline of short on local" in done.out
    desk.write(gate="{baseline: required}")
    required = desk.run()
    assert required.code == 3, required.said
    assert "a baseline is required" in required.out
    assert "perfproof baseline accept" in required.out


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda data: data[:-9], f":{COUNT}: "),
        (lambda data: b"<<<<<<< HEAD\n" + data, ":1: "),
        (lambda data: data.replace(b'"n":', b'"m":', 1), ":1: check: does not fit"),
        (lambda data: data.replace(b'"schema":1', b'"schema":7', 1), ":1: schema: 7 was made"),
    ],
)
def test_a_damaged_baseline_is_said_before_any_load(
    accepted: Desk, damage: object, says: str
) -> None:
    path = accepted.folder / PLACE
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]  # a function of bytes
    before = accepted.served()
    done = accepted.perf(*accepted.order("--quiet"))
    assert done.code == 2
    assert f"local.jsonl{says}" in done.err
    assert accepted.served() == before


def test_baselines_of_a_commit_decide(accepted: Desk) -> None:
    def git(*arguments: str) -> None:
        command = ["git", "-c", "user.name=x", "-c", "user.email=x@x", *arguments]
        subprocess.run(command, cwd=accepted.folder, check=True, capture_output=True)

    git("init", "-q")
    git("add", "baselines")
    git("commit", "-qm", "accepted")
    (accepted.folder / PLACE).unlink()
    assert accepted.run("--quiet").code == 0
    assert compared(accepted)["verdict"] == "not judged"
    assert accepted.run("--quiet", "--baseline", "HEAD").code == 0
    assert compared(accepted)["verdict"] == "pass"
    unknown = accepted.perf(*accepted.order("--baseline", "nothing"))
    assert unknown.code == 2
    assert "git knows no commit" in unknown.err


def test_a_stored_run_is_compared_again(accepted: Desk) -> None:
    assert accepted.run("--quiet").code == 0
    done = accepted.perf("check", "--run", "latest", "--json")
    assert done.code == 0, done.said
    found = json.loads(done.out)["comparison"]
    assert found["verdict"] == "pass"
    assert len(found["reference"]) == COUNT


def test_pruning_keeps_the_newest(accepted: Desk) -> None:
    known = (accepted.folder / PLACE).read_bytes().splitlines()
    dry = accepted.perf("baseline", "prune", "short", "local", "--keep", "1", "--dry-run")
    assert dry.code == 0
    assert f"would remove {COUNT - 1} of {COUNT}" in dry.err
    assert (accepted.folder / PLACE).read_bytes().splitlines() == known
    assert accepted.perf("baseline", "prune", "short", "local", "--keep", "1").code == 0
    assert (accepted.folder / PLACE).read_bytes().splitlines() == known[-1:]
    assert accepted.perf("baseline", "prune", "short", "other").code == 2
