"""State of a simulation, and the processes in it: each outlives the verb that started it.

State lies in SIMULATION, by default RUNNER_TEMP/simulation.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

TEMP = Path(os.environ.get("RUNNER_TEMP") or ".").resolve()
ROOT = Path(os.environ.get("SIMULATION") or TEMP / "simulation").resolve()
PATH = os.pathsep.join(
    [str(TEMP / "perfproof/bin"), os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]
)
NAMES = ("development", "staging", "blue", "green", "front", "prometheus")
# production is what users get: what nginx passes on
PLACES = {"production": "front"}
PATIENCE_S, STOP_S = 30.0, 10.0
TOKEN = "demo-token"  # noqa: S105  the embedded service's own, guards generated data only
OK = 200


def fail(text: str, code: int = 1) -> SystemExit:
    """The end, with a reason."""
    sys.stderr.write(f"simulation: {text}\n")
    return SystemExit(code)


def program(name: str) -> str:
    """Path of a program."""
    found = shutil.which(name, path=PATH)
    if not found:
        raise fail(f"no {name} on this machine; next: apt-get install nginx-light prometheus", 2)
    return found


def read(name: str) -> dict[str, Any]:
    """One part of the state."""
    path = ROOT / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def write(name: str, value: dict[str, Any]) -> None:
    """Replace one part of the state."""
    (ROOT / f"{name}.tmp").write_text(json.dumps(value))
    (ROOT / f"{name}.tmp").replace(ROOT / f"{name}.json")


def address(place: str) -> str:
    """Host and port of a place."""
    ports = read("ports")
    name = PLACES.get(place, place)
    if name not in ports:
        raise fail(f"{place}: not here; expected one of {', '.join([*NAMES[:4], *PLACES])}", 2)
    return f"127.0.0.1:{ports[name]}"


def url(place: str) -> str:
    """Address of a place, for clients."""
    return f"http://{address(place)}"


def ask(page: str) -> tuple[int, bytes]:
    """Status and body of an answer; 0 for none."""
    host, _, path = page.removeprefix("http://").partition("/")
    connection = HTTPConnection(host, timeout=5.0)
    try:
        connection.request("GET", f"/{path}", headers={"Authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, HTTPException):
        return 0, b""
    finally:
        connection.close()


def wait(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds."""
    end_s = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > end_s:
            raise fail(f"{what}: not within {PATIENCE_S:g} s")
        time.sleep(0.1)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except ProcessLookupError:
        return False
    except OSError:  # no /proc
        return True


def start(name: str, command: list[str], folder: Path = ROOT) -> None:
    """Start a process that outlives this one; its place in the state is its name."""
    # the job's own summary and outputs are not for what runs beside it
    environ = {key: text for key, text in os.environ.items() if not key.startswith("GITHUB_")}
    with (ROOT / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, env={**environ, "PATH": PATH, "PERF_TOKEN": TOKEN},
        )  # fmt: skip
    write("pids", {**read("pids"), name: process.pid})


def stop(name: str) -> None:
    """End a process, by force if it does not listen."""
    pids = read("pids")
    pid = pids.pop(name, None)
    if isinstance(pid, int):
        for number in (signal.SIGTERM, signal.SIGKILL):
            end_s = time.monotonic() + STOP_S
            if is_alive(pid):
                os.kill(pid, number)
            while is_alive(pid) and time.monotonic() < end_s:
                time.sleep(0.05)
    write("pids", pids)


def choose_ports() -> None:
    """Give each place a free port."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in NAMES]
    write("ports", {name: one.getsockname()[1] for name, one in zip(NAMES, listeners, strict=True)})
    for one in listeners:
        one.close()
