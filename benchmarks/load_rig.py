"""What the load benchmarks share: pinned processes, nginx that counts, and real runs read back.

The generator has the last core to itself, the server the first; `perf run` itself, which only
watches its load process, stands beside the server with a low priority.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from load_machine import machine
from perf_analysis.series import SUSTAINED
from perf_documents.codec import read_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from perf_analysis.histogram import Histogram
    from perf_documents.run import Run

BODY = '{"status": "ok", "service": "benchmark"}'  # 40 bytes
CONF = """
master_process off; daemon off; pid {folder}/pid; error_log stderr emerg;
events {{ worker_connections 8192; }}
http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 600;
  server {{ listen 127.0.0.1:{port} backlog=4096;
    location / {{ default_type application/json; return 200 '{body}'; }}
    location = /status {{ stub_status; }} }} }}
"""
SCENARIO = """
from locust import constant, task
from {module} import {base}


class Ask({base}):
    wait_time = constant(0)

    @task
    def ask(self):
        self.client.get("/", name="/")
"""
CLIENTS = {
    "lean": ("perf_loadtests.http", "LeanHttpUser"),
    "fast": ("locust", "FastHttpUser"),
    "http": ("locust", "HttpUser"),
}
WARM_UP_S = 2.0
# Enough for 7 ms of 20,000 arrivals a second; more cost more: each has its memory and connection.
VUS = 150
LIMIT_S = 300.0


def cores() -> tuple[int, int]:
    """Core of the server and core of the generator."""
    have = sorted(os.sched_getaffinity(0))
    if len(have) < 2:
        raise SystemExit("two cores are needed: one for the generator, one for the server")
    return have[0], have[-1]


def pinned(command: list[str], core: int, **options: object) -> subprocess.Popen[bytes]:
    """Start a process on one core, ahead of whatever else the machine does."""
    taskset = shutil.which("taskset") or "taskset"
    process: subprocess.Popen[bytes] = subprocess.Popen(
        [taskset, "-c", str(core), *command], start_new_session=True, **options
    )  # type: ignore[call-overload]  # options of Popen
    favour(process.pid)
    return process


def favour(pid: int) -> None:
    """Give a process and its session the greatest weight, where that is allowed."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, -20)
    with contextlib.suppress(OSError):  # sessions may be weighed against each other
        Path(f"/proc/{pid}/autogroup").write_text("-20", encoding="ascii")


class Server:
    """A server on loopback that counts the requests it answered."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._asked = 0

    def served(self) -> int:
        """Requests so far without those that asked for this."""
        answer = requests.get(f"{self.url}/status", timeout=10)
        found = int(answer.text.split()[9])
        self._asked += 1
        return found - self._asked


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[Server]:
    """nginx with one worker on the server's core."""
    binary = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if binary is None:
        raise SystemExit("nginx is not installed; next: apt-get install nginx")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    conf = folder / "nginx.conf"
    conf.write_text(CONF.format(folder=folder, port=port, body=BODY), encoding="ascii")
    process = pinned([binary, "-p", str(folder), "-c", str(conf), "-e", "stderr"], cores()[0])
    try:
        server = Server(port)
        _await(lambda: _is_open(port), "nginx does not listen")
        yield server
    finally:
        process.terminate()
        process.wait(10)


def _is_open(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _await(true: Callable[[], bool], what: str, limit_s: float = 30.0) -> None:
    until_s = time.perf_counter() + limit_s
    while not true():
        if time.perf_counter() > until_s:
            raise SystemExit(what)
        time.sleep(0.02)


@contextlib.contextmanager
def workspace() -> Iterator[Path]:
    """Folder with a scenario for each client."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind in ("profiles", "scenarios"):
            (folder / "loadtests" / kind).mkdir(parents=True)
        for client, (module, base) in CLIENTS.items():
            path = folder / "loadtests" / "scenarios" / f"ask_{client}.py"
            path.write_text(SCENARIO.format(module=module, base=base), encoding="ascii")
        yield folder


@dataclass(frozen=True, slots=True)
class Done:
    """A run that has ended."""

    run: Run
    cpu_ratio: float  # of one core, median over the seconds after the warm-up

    @property
    def lag(self) -> Histogram:
        return self.run.measured.scenario_cell(SUSTAINED).lag

    @property
    def service(self) -> Histogram:
        (cell,) = self.run.measured.cells(SUSTAINED).values()
        return cell.service


def open_run(folder: Path, url: str, rate: float, seconds: float, **more: object) -> Done:
    """Constant arrivals after 2 s of warm-up, in which the connections are made."""
    stages = [
        f"{{duration: 0s, target: {rate:.0f}}}",
        f"{{duration: {WARM_UP_S:g}s, target: {rate:.0f}, phase: warm-up}}",
        f"{{duration: {seconds:g}s, target: {rate:.0f}}}",
    ]
    profile = {
        "scenario": "ask_lean", "executor": "ramping-arrival-rate",
        "stages": f"[{', '.join(stages)}]", "pre_allocated_vus": VUS, "max_vus": VUS, **more,
    }  # fmt: skip
    return perf_run(folder, url, **profile)


def perf_run(folder: Path, url: str, **profile: object) -> Done:
    """Run a profile by `perf run`, its load process on the generator's core."""
    rows = "".join(f"{key}: {value}\n" for key, value in profile.items())
    rows += "thresholds:\n  http_req_duration: ['p(99)<60000']\n"
    (folder / "loadtests" / "profiles" / "bench.yaml").write_text(rows, encoding="ascii")
    command = [sys.executable, "-P", "-m", "perf_cli", "run", "--profile", "bench", "--target", url]
    process = pinned(
        [*command, "--json", "--out", str(folder / "out")], cores()[0],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    _pin_engine(process)
    _, err = process.communicate(timeout=LIMIT_S)
    if process.returncode not in {0, 1, 3}:  # above its capacity a run is not valid: 3
        raise SystemExit(f"perf run ended in {process.returncode}: {err.decode()}")
    run = read_run(folder / "out" / "run.json.gz")
    loads = [second.cpu_ratio for second in run.health[int(WARM_UP_S) : -1]] or [0.0]
    return Done(run, statistics.median(loads))


def _pin_engine(supervisor: subprocess.Popen[bytes]) -> None:
    found: list[int] = []

    def is_there() -> bool:
        found[:] = [pid for pid in _children(supervisor.pid) if _is_engine(pid)]
        return bool(found) or supervisor.poll() is not None

    _await(is_there, "perf run starts no load")
    for pid in found:
        for task in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(task.name), {cores()[1]})
        favour(pid)
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, supervisor.pid, 10)
        Path(f"/proc/{supervisor.pid}/autogroup").write_text("10", encoding="ascii")


def _children(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [
            int(child)
            for path in Path(f"/proc/{pid}/task").glob("*/children")
            for child in path.read_text(encoding="ascii").split()
        ]
    return []


def _is_engine(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return b"perf_loadtests.engine" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def counted(command: list[str], server: Server, folder: Path, seconds: float) -> float:
    """Requests a second that a server answered to a command, after 2 s of warm-up."""
    before = server.served()
    quiet = subprocess.DEVNULL
    process = pinned(command, cores()[1], cwd=folder, stdout=quiet, stderr=quiet)
    try:
        _await(lambda: server.served() > before, f"{command[0]} sends nothing")
        time.sleep(WARM_UP_S)
        began_s, first = time.perf_counter(), server.served()
        time.sleep(seconds)
        took_s, last = time.perf_counter() - began_s, server.served()
        if process.poll() is not None:
            raise SystemExit(f"{command[0]} ended too early")
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
    return (last - first) / took_s


def locust_command(folder: Path, client: str, users: int, url: str) -> list[str]:
    """Stock Locust with one of its own clients, in a closed loop without think time."""
    path = folder / "loadtests" / "scenarios" / f"ask_{client}.py"
    locust = [sys.executable, "-m", "locust", "-f", str(path), "--headless", "--only-summary"]
    return [*locust, "-u", str(users), "-r", str(users), "-t", "10m", "--host", url]


def spread(values: list[float]) -> str:
    """Median and range."""
    return f"{statistics.median(values):,.2f} ({min(values):,.2f} to {max(values):,.2f})"


def keep(name: str, rounds: list[dict[str, object]]) -> None:
    """Write raw rounds beside the script that made them."""
    path = Path(__file__).with_name("load_figures") / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    document = {"machine": machine(), "rounds": rounds}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"raw rounds: {path}")


def arguments(doc: str | None, rounds: int, seconds: float) -> argparse.Namespace:
    """Rounds and seconds, by the command line."""
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--seconds", type=float, default=seconds)
    return parser.parse_args()
