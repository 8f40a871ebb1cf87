"""Runs a row: the service with its fault, and beside it Locust and perfproof at the same time."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torture
from commands import PERF, environment, wait_for
from engine_runs import counts_of
from false_greens.acts import ACTS
from false_greens.rows import ELSEWHERE, Row, locust_words, perf_words, profile_of
from perf_loadtests.target.launch import DemoTarget
from wall_clock import WallClock, build

if TYPE_CHECKING:
    from collections.abc import Iterator

FILES = Path(__file__).parent / "locustfiles"
LOCUST = [sys.executable, "-P", "-m", "locust"]
DEADLINE_S = 60.0
BEGUN = 150  # requests that a service has answered when the load runs
TRIES = 3  # perfproof says so (V6) where this machine was too busy for the row
FULL = 'mount -t tmpfs -o size=64k tmpfs "$1" && shift && exec "$@"'


@dataclass(frozen=True, slots=True)
class Ended:
    """How one of the two ended: its exit code, `None` after the deadline, and what it said."""

    code: int | None
    said: str


@dataclass(frozen=True, slots=True)
class Result:
    """A row and how both ended."""

    row: Row
    locust: Ended
    perf: Ended

    @property
    def right(self) -> bool:
        """Whether perfproof ended as it must: 0 for nothing but health, else for the fault."""
        if self.row.healthy:
            return self.perf.code == 0 and self.locust.code == 0
        return self.perf.code not in (0, None) and self.row.because in self.perf.said


@dataclass(frozen=True, slots=True)
class Seat:
    """Folder and service of one of the two."""

    folder: Path
    url: str
    visit: str = ""
    clock: WallClock | None = None

    def environ(self, row: Row) -> dict[str, str]:
        """Its environment."""
        more = dict(row.environ)
        if self.visit:
            more["VISIT"] = self.visit
        return environment(more | (self.clock.environ if self.clock else {}))


def run_row(row: Row, folder: Path) -> Result:
    """Run both for a row."""
    with ExitStack() as stack:
        seats = [stack.enter_context(_seat(row, folder / name)) for name in ("locust", "perf")]
        shutil.copytree(FILES, seats[0].folder, dirs_exist_ok=True)
        _workspace(row, seats[1].folder)
        with ThreadPoolExecutor(2) as pool:
            locust = pool.submit(_run, row, seats[0], [*LOCUST, *locust_words(row, seats[0].url)])
            perf = pool.submit(_run, row, seats[1], [*PERF, *perf_words(row, seats[1].url)])
            ends = locust.result(), perf.result()
    return Result(row, Ended(ends[0].code, ""), _explained(seats[1].folder, ends[1]))


def steady(row: Row, folder: Path) -> Result:
    """Run a row, and run it anew where the machine was too busy to show its fault."""
    result = run_row(row, folder / "1")
    for number in range(2, TRIES + 1):
        if result.right or "V6" not in result.perf.said:
            break
        result = run_row(row, folder / str(number))
    return result


@contextmanager
def _seat(row: Row, folder: Path) -> Iterator[Seat]:
    """A folder, and a service of its own with the fault of a row."""
    (folder / "out").mkdir(parents=True)
    (folder / ".perf").mkdir()
    clock = build(folder) if row.act == "clock" else None
    if row.refused:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        yield Seat(folder, f"http://127.0.0.1:{port}")
        return
    flags = [elsewhere() if word == ELSEWHERE else word for word in row.service]
    with DemoTarget(environment(), ("--traces", "1000", "--admin", *flags)) as demo:
        if not row.answers:
            yield Seat(folder, demo.url, clock=clock)
            return
        (folder / "torture").mkdir()
        with torture.running(folder / "torture") as ports:
            place = f"{demo.url}/health" if row.answers.endswith("?") else ""
            url = f"http://127.0.0.1:{ports['http']}"
            yield Seat(folder, url, visit=f"/{row.answers}{place}", clock=clock)


def elsewhere() -> str:
    """An address of this machine that is not loopback; the packet is never sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


def _workspace(row: Row, folder: Path) -> None:
    for name, file, text in (
        ("profiles", "check.yaml", profile_of(row)),
        ("scenarios", f"{row.scenario}.py", (FILES / f"{row.scenario}.py").read_text()),
    ):
        (folder / "loadtests" / name).mkdir(parents=True)
        (folder / "loadtests" / name / file).write_text(text)


def _run(row: Row, seat: Seat, command: list[str]) -> Ended:
    """One of the two, with what happens to it in its midst."""
    if row.full_disk:
        place = seat.folder / ("out" if "locust" in command else ".perf")
        command = ["unshare", "-rm", "sh", "-c", FULL, "sh", str(place), *command]
    process = subprocess.Popen(
        command, cwd=seat.folder, env=seat.environ(row), stdin=subprocess.DEVNULL, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    if row.act:
        threading.Thread(target=_strike, args=(row, seat, process), daemon=True).start()
    try:
        said, _ = process.communicate(timeout=DEADLINE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Ended(None, f"no end within {DEADLINE_S:.0f} s")
    return Ended(process.returncode, said)


def _strike(row: Row, seat: Seat, process: subprocess.Popen[str]) -> None:
    """Wait until the load runs; then let happen what is to happen."""
    before = sum(counts_of(seat.url).values())
    wait_for(lambda: sum(counts_of(seat.url).values()) >= before + BEGUN)
    if seat.clock is not None:
        seat.clock.set(-3600)
    else:
        ACTS[row.act](process, seat.folder)


def _explained(folder: Path, ended: Ended) -> Ended:
    """perfproof's end with its reason instead of all that it said."""
    lines = [line for line in ended.said.splitlines() if line.startswith("perf: ")]
    for path in folder.glob(".perf/runs/*/result.json"):
        stored = json.loads(path.read_bytes())
        broken = [f"{row['rule']} ({row['title']})" for row in stored["checks"]
                  if row["outcome"] == "broken"]  # fmt: skip
        return Ended(ended.code, "; ".join([stored["headline"], *broken]))
    said = lines[-1].removeprefix("perf: ") if lines else ended.said[-300:]
    return Ended(ended.code, said.replace(f"{folder}/", ""))
