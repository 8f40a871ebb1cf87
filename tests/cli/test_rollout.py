"""`perf rollout` as a process: what it prints, its codes, and that a signal rolls back."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from perf_canary.aborts import TOKEN_VARIABLE
from rollout_stage import Stage

if TYPE_CHECKING:
    from pathlib import Path

RULES = """
rules:
  - {name: errors, metric: error_rate, when: '> 5%', for: 1s}
warm_up: 0s
promote: {after: 3s, needs: rules}
max_hold: 60s
"""
# the command with a source that counts by itself, from the weight that is live
PERF = """
import contextlib, pathlib, sys
from perf_canary.reading import Counters, Reading
from perf_cli.main import main
from perf_cli.verbs import rollout
from perf_documents.errors import UnreachableError

BAD, GONE = "bad" in sys.argv, "gone" in sys.argv
sys.argv[1:] = [word for word in sys.argv[1:] if word not in ("bad", "gone")]

class Source:
    def read(self, t_s):
        requests = 1000.0 * (t_s - 1e9)
        errors = requests * (0.5 if BAD else 0.0)
        return Reading(t_s=t_s, canary=Counters(requests=requests, errors=errors))

@contextlib.contextmanager
def live_source(rules, url, environ):
    if GONE:
        raise UnreachableError("prometheus: refused")
    yield Source()

rollout.live_source = live_source
main()
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    (tmp_path / "rules.yaml").write_text(RULES)
    stage.write(steps="[{weight: 50%, hold: 3s}]", every="1s")
    return stage


def long(stage: Stage, **changes: str) -> Stage:
    """A plan that is still watched when a test does something to it."""
    stage.write(steps="[{weight: 50%, hold: 60s}]", every="1s", **changes)
    return stage


def begin(stage: Stage, *arguments: str, **environ: str) -> subprocess.Popen[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("PERF_")}
    return subprocess.Popen(
        [sys.executable, "-P", "-c", PERF, "rollout", "plan.yaml", *arguments],
        cwd=stage.folder,
        env=own | environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def watched(stage: Stage, process: subprocess.Popen[str]) -> None:
    """Wait until the first step was read back."""
    for _ in range(600):
        if len(stage.calls()) >= 3 or process.poll() is not None:
            break
        time.sleep(0.05)
    assert stage.calls() == ["status", "shift 50", "status"]


def test_a_plan_is_walked_through_and_promoted(stage: Stage) -> None:
    code, out, err = ended(begin(stage))
    assert code == 0, out + err
    assert out.startswith("PROMOTE plan.yaml at 100 %: all 1 steps kept\naudit: .perf/rollouts/")
    assert stage.calls() == ["status", "shift 50", "status", "promote"]
    lines = err.splitlines()
    assert all(line.startswith("perf: ") for line in lines)
    assert any(re.fullmatch(r"perf: step 1 of 1, 50 %: \d s: PROMOTE: .*", one) for one in lines)
    (log,) = (stage.folder / ".perf/rollouts").iterdir()
    assert json.loads(log.read_text().splitlines()[-1])["event"] == "end"


def test_a_breach_is_1_and_one_document_on_stdout(stage: Stage) -> None:
    code, out, err = ended(begin(stage, "--json", "bad"))
    assert code == 1, out + err
    document = json.loads(out)
    assert document["verdict"] == "ROLLBACK"
    assert (document["exit_code"], document["rolled_back"], document["by_hand"]) == (1, True, "")
    assert stage.weight() == "0"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)]
)
def test_a_signal_rolls_back_and_keeps_its_code(
    stage: Stage, number: signal.Signals, code: int
) -> None:
    process = begin(long(stage))
    watched(stage, process)
    process.send_signal(number)
    returncode, out, err = ended(process)
    assert returncode == code, out + err
    assert out.startswith("ROLLBACK plan.yaml from 50 %, step 1 of 1: interrupted by signal")
    assert stage.calls()[3:] == ["rollback", "status"]
    assert "Traceback" not in err


def test_a_signal_while_a_command_hangs_kills_it_and_rolls_back(stage: Stage) -> None:
    stage.modes(shift=["hang"])
    process = begin(long(stage))
    for _ in range(600):
        if (stage.folder / "child.pid").exists() and (stage.folder / "child.pid").read_text():
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    code, out, err = ended(process)
    assert code == 143, out + err
    assert stage.calls() == ["status", "shift 50", "rollback", "status"]
    assert stage.child_is_gone()


def test_a_kill_leaves_the_weight_and_the_next_call_goes_on_from_it(stage: Stage) -> None:
    process = begin(long(stage))
    watched(stage, process)
    process.kill()
    ended(process)
    assert stage.weight() == "50"
    stage.write(steps="[{weight: 5%, hold: 3s}, {weight: 50%, hold: 3s}]", every="1s")
    code, out, err = ended(begin(stage))
    assert code == 0, out + err
    assert "50 % is live: going on from step 2 of 2" in err
    assert stage.calls()[3:] == ["status", "shift 50", "status", "promote"]


def test_a_file_of_the_command_line_aborts(stage: Stage) -> None:
    process = begin(long(stage), "--abort-file", "STOP")
    watched(stage, process)
    (stage.folder / "STOP").touch()
    code, out, err = ended(process)
    assert code == 3, out + err
    assert "aborted: the file STOP is there" in out


def test_a_request_aborts_with_the_token_that_commands_do_not_get(stage: Stage) -> None:
    process = begin(long(stage, abort="{port: 0}"), **{TOKEN_VARIABLE: "t0ken-t0ken"})
    watched(stage, process)
    assert process.stderr is not None
    url = urlsplit(process.stderr.readline().split("POST ")[1].strip())
    connection = http.client.HTTPConnection(url.netloc, timeout=10)
    connection.request("GET", "/")
    assert json.loads(connection.getresponse().read())["weight"] == 50.0
    connection.close()
    connection.request("POST", url.path, headers={"Authorization": "Bearer t0ken-t0ken"})
    assert connection.getresponse().status == 202
    connection.close()
    code, out, err = ended(process)
    assert code == 3, out + err
    assert "aborted: POST" in out
    assert not (stage.folder / "token").exists()


def test_a_second_rollout_of_a_plan_is_refused(stage: Stage) -> None:
    process = begin(long(stage))
    watched(stage, process)
    code, out, err = ended(begin(stage))
    assert (code, out) == (4, "")
    assert "another rollout of this plan is running" in err
    process.send_signal(signal.SIGTERM)
    assert ended(process)[0] == 143
    assert stage.calls()[3:] == ["rollback", "status"]


def test_a_rollback_that_fails_is_5_with_the_verdict_and_the_command(stage: Stage) -> None:
    stage.modes(rollback=["fail"])
    code, out, err = ended(begin(stage, "bad"))
    assert code == 5, out + err
    assert out.startswith("ROLLBACK plan.yaml from 50 %")
    assert "NOT ROLLED BACK: exit status 1: the cluster said no (tries: 3)" in out
    line = out.split("next:\n")[1].splitlines()[0].strip()
    stage.modes()
    assert subprocess.run(["sh", "-c", line], check=False).returncode == 0  # noqa: S607  # as a person would
    assert stage.weight() == "0"


def test_a_source_that_cannot_be_reached_is_told_before_anything_is_run(stage: Stage) -> None:
    code, out, err = ended(begin(stage, "gone"))
    assert (code, out) == (5, "")
    assert "prometheus: refused" in err
    assert stage.calls() == []


def test_a_dry_run_prints_every_command_and_runs_none(stage: Stage) -> None:
    code, out, err = ended(begin(stage, "--dry-run", "gone"))
    assert (code, err) == (0, "")
    for part in ("tool.py shift 50", "watch 50 % for 3 s, at most 60 s", "tool.py rollback"):
        assert part in out
    code, out, err = ended(begin(stage, "--dry-run", "--json"))
    assert json.loads(out)["steps"][0]["weight"] == 50.0
    assert stage.calls() == []
    assert not (stage.folder / ".perf").exists()


@pytest.mark.parametrize(
    ("steps", "part"),
    [
        pytest.param("[{weight: 0%, hold: 3s}]", "nothing could be judged", id="0 %"),
        pytest.param("[{weight: 200%, hold: 3s}]", "out of range", id="200 %"),
        pytest.param("[{weight: 50%, hold: 3}]", "no unit", id="no unit"),
    ],
)
def test_a_plan_with_a_mistake_is_2_and_runs_nothing(stage: Stage, steps: str, part: str) -> None:
    stage.write(steps=steps)
    code, out, err = ended(begin(stage))
    assert (code, out) == (2, "")
    assert "plan.yaml:2:" in err
    assert part in err
    assert stage.calls() == []


def test_a_plan_that_is_not_there_is_2(stage: Stage) -> None:
    stage.plan.unlink()
    code, out, err = ended(begin(stage))
    assert (code, out) == (2, "")
    assert "plan.yaml:1:1: no such file" in err


def test_an_audit_log_that_cannot_be_opened_is_5_and_nothing_is_run(stage: Stage) -> None:
    (stage.folder / "there").mkdir()
    stage.write(steps="[{weight: 50%, hold: 3s}]", every="1s", audit="there")
    code, out, err = ended(begin(stage))
    assert (code, out) == (5, "")
    assert "audit there: cannot be written" in err
    assert stage.calls() == []
