"""What a stranger does first, timed: install, `perf init`, a first gate, a first regression caught.

`python benchmarks/fresh_user.py` builds the wheel, installs it into an environment of its own, and
from there on is somebody with an empty folder and a service that runs: no file is edited by hand,
and each command is one that perfproof itself or docs/ci.md names. Target: five minutes of machine
time, without the installation. Ends in 1 if a step does not end as it must, or all take longer.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from repository import child_environ
from shop import APP, slower
from venvs import build, copy_repository, link_dependencies, make_venv

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_S = 300.0
START_S = 20.0
STEP_S = 600.0


@contextmanager
def service(folder: Path, app: str) -> Iterator[str]:
    """The user's service; its address."""
    folder.mkdir()
    (folder / "app.py").write_text(app)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port)], cwd=folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            _await(f"{url}/health")
            yield url
        finally:
            process.terminate()


def _await(url: str) -> None:
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s:
        with suppress(OSError), urllib.request.urlopen(url, timeout=1):  # noqa: S310  # loopback
            return
        time.sleep(0.1)
    raise SystemExit(f"{url} did not answer within {START_S:.0f} s")


def step(command: Path, folder: Path, code: int, *arguments: str, says: str = "") -> float:
    """Run one command that must end in a code, and say why; its seconds."""
    began = time.perf_counter()
    done = subprocess.run(
        [str(command), *arguments], cwd=folder, env=child_environ(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=STEP_S, check=False,
    )  # fmt: skip
    took_s = time.perf_counter() - began
    print(f"{took_s:5.1f} s  exit {done.returncode}  perfproof {' '.join(arguments)}")
    print(
        "".join(f"         {line}\n" for line in done.stdout.splitlines()[:3]), end="", flush=True
    )
    if done.returncode != code or says not in done.stdout:
        raise SystemExit(f"expected exit {code} {says}\n{done.stdout}{done.stderr}")
    return took_s


def main() -> int:
    """Install, then every step; 1 if they took longer than the target."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        began = time.perf_counter()
        wheel = build(copy_repository(place / "copy"), "wheel", place / "wheel")
        installed = make_venv(place / "installed", link_dependencies(place / "dependencies"))
        installed.install(str(wheel))
        print(f"{time.perf_counter() - began:5.1f} s  installed from its wheel (not counted)")
        command = installed.root / "bin" / "perfproof"
        folder = place / "empty"
        folder.mkdir()
        with service(place / "old", APP) as old, service(place / "new", slower("0.050")) as new:
            paths = ("--path", "/health", "--path", "/items")
            took_s = step(command, folder, 0, "init", "--target", old, *paths)
            took_s += step(command, folder, 0, "run", "--profile", "first", "--target", "service")
            beside = ("--control", "service", "--until-decided", "--max-duration", "3m")
            told = "Regression: p95"
            order = ("run", "--profile", "first", "--target", new, *beside)
            took_s += step(command, folder, 1, *order, says=told)
    print(f"{took_s:5.1f} s  in all (target {LIMIT_S:.0f}), on {os.cpu_count()} cores")
    return int(took_s > LIMIT_S)


if __name__ == "__main__":
    raise SystemExit(main())
