"""Signals and kills at any moment: the code, what is kept, and that nothing goes on loading."""

from __future__ import annotations

import json
import signal
import time
from random import Random
from typing import TYPE_CHECKING

import pytest

from commands import wait_for

if TYPE_CHECKING:
    from commands import Desk

pytestmark = pytest.mark.slow
# from the start of Python to the writing of reports, on a machine of usual speed
LATEST_S = 7.0
SPAN_S = "3s"


def moments(count: int) -> list[float]:
    """Seconds after the start, drawn anew by nobody: the same in every night."""
    random = Random(count)  # noqa: S311  # moments of a test
    return sorted(random.uniform(0.3, LATEST_S) for _ in range(count))


@pytest.mark.parametrize("times", [1, 2, 10])
@pytest.mark.parametrize("at_s", moments(20))
def test_p01_p02_an_interrupt_at_any_moment(desk: Desk, at_s: float, times: int) -> None:
    desk.write(duration=SPAN_S)
    process = desk.launch()
    time.sleep(at_s)
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.1 / times)
    out, err = (stream.decode() for stream in process.communicate(timeout=30))
    # before its handlers are there Python itself ends by the signal
    early = not desk.spools() and not desk.stored()
    assert process.returncode in ({130, -signal.SIGINT} if early else {0, 1, 3, 130}), out + err
    assert early or "Traceback" not in out + err
    wait_for(lambda: desk.processes() == [], 1)
    for name in [path.name for path in desk.spools()]:
        assert desk.perf("history", "import", f".perf/spool/{name}").code == 0
    for run in desk.stored():
        shown = desk.perf("history", "show", run, "--json")
        assert shown.code == 0, shown.said
        document = json.loads(shown.out)
        assert document["state"] in {"completed", "interrupted"}
        assert document["state"] == "completed" or document["verdict"] == "inconclusive"


@pytest.mark.parametrize("at_s", moments(100))
def test_p07_a_kill_at_any_moment(desk: Desk, at_s: float) -> None:
    desk.write(duration=SPAN_S)
    process = desk.launch()
    time.sleep(at_s)
    process.kill()
    wait_for(lambda: desk.processes() == [], 3)
    process.communicate()
    served = desk.served()
    unfinished = [path.name for path in desk.spools()]
    listed = desk.perf("history", "list")
    assert desk.served() == served
    for name in unfinished:
        if (desk.state / "spool" / name / "spool.jsonl").is_file():
            assert f"unfinished run {name}; next: perf history import" in listed.err
            imported = desk.perf("history", "import", f".perf/spool/{name}")
            assert imported.code == 0, imported.said
    for run in desk.stored():
        assert desk.perf("history", "show", run).code == 0
