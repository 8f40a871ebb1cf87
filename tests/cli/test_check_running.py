"""A canary judged by a run that is going on: rolled back before the run has ended."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from commands import PERF, environment, wait_for

if TYPE_CHECKING:
    from commands import Desk

RULES = """
rules:
  - {name: errors, metric: error_rate, when: '> 5%', for: 2s}
warm_up: 0s
promote: {after: 5s}
"""


def test_a_run_that_fails_is_rolled_back_while_it_goes_on(desk: Desk) -> None:
    desk.write(duration="20s", rate="60")
    (desk.folder / "rules.yaml").write_text(RULES)
    desk.faults(errors=0.5)
    running = desk.launch()
    try:
        wait_for(lambda: bool(list(desk.state.glob("spool/*/spool.jsonl"))))
        words = ("check", "rules.yaml", "--run", "running", "--every", "1s")
        done = desk.perf(*words, "--json")
        assert running.poll() is None, "the run had ended"
    finally:
        desk.faults()
        running.terminate()
        running.communicate(timeout=30)
    assert done.code == 1, done.said
    assert json.loads(done.out)["answer"] == "ROLLBACK"
    # nothing is running any more: the stored part is judged as before, and is not valid
    after = desk.perf(*words)
    assert after.code == 2
    assert "expected one run going on here; found none" in after.err
    stored = desk.perf("check", "rules.yaml", "--run", "latest", "--every", "1s")
    assert stored.code == 3
    assert "the run is not valid" in stored.out


def test_a_run_that_ends_undecided_is_held(desk: Desk) -> None:
    desk.write(duration="4s")
    (desk.folder / "rules.yaml").write_text(RULES)
    running = desk.launch()
    try:
        wait_for(lambda: bool(list(desk.state.glob("spool/*/spool.jsonl"))))
        done = desk.perf("check", "rules.yaml", "--run", "running", "--every", "1s")
    finally:
        running.communicate(timeout=30)
    assert done.code == 3, done.said
    assert "until it may be promoted" in done.out


def test_a_run_whose_supervisor_is_gone_is_held(desk: Desk) -> None:
    desk.write(duration="20s", rate="60")
    (desk.folder / "rules.yaml").write_text(RULES)
    running = desk.launch()
    try:
        wait_for(lambda: bool(list(desk.state.glob("spool/*/spool.jsonl"))))
        words = [*PERF, "check", "rules.yaml", "--run", "running", "--every", "1s"]
        watching = subprocess.Popen(
            words, cwd=desk.folder, env=environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        served = desk.served()
        wait_for(lambda: desk.served() > served + 60)
    finally:
        running.kill()
        running.communicate(timeout=30)
    out, err = watching.communicate(timeout=40)
    assert watching.returncode == 3, (out, err)
    assert b"HOLD" in out


def test_of_two_runs_one_has_to_be_named(desk: Desk) -> None:
    desk.write(duration="8s", rate="20")
    (desk.folder / "rules.yaml").write_text(RULES)
    both = [desk.launch(), desk.launch()]
    try:
        wait_for(lambda: len(list(desk.state.glob("spool/*/spool.jsonl"))) == 2)
        for spec in ("running", "20"):
            done = desk.perf("check", "rules.yaml", "--run", spec)
            assert done.code == 2
            assert "expected one run going on here; found 20" in done.err
    finally:
        for running in both:
            running.terminate()
            running.communicate(timeout=30)


@pytest.mark.slow
def test_a_run_that_does_well_is_promoted_while_it_goes_on(desk: Desk) -> None:
    desk.write(duration="80s", rate="60")
    (desk.folder / "rules.yaml").write_text(RULES)
    running = desk.launch()
    try:
        wait_for(lambda: bool(list(desk.state.glob("spool/*/spool.jsonl"))))
        words = [*PERF, "check", "rules.yaml", "--run", "running", "--every", "1s"]
        done = subprocess.run(
            words, cwd=desk.folder, env=environment(), stdin=subprocess.DEVNULL,
            capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        assert running.poll() is None, "the run had ended"
    finally:
        running.terminate()
        running.communicate(timeout=30)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert b"PROMOTE" in done.stdout
