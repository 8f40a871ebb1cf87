"""A canary judged by a run that is going on: rolled back before the run has ended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from commands import wait_for

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
