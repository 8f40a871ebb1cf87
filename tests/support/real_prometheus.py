"""A real Prometheus as a child process, where this machine has one; and requests to loopback."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROGRAM = shutil.which("prometheus")
PATIENCE_S = 20.0


def get(url: str) -> bytes:
    """Body of an answer, whatever its status."""
    parts = urlsplit(url)
    with closing(HTTPConnection(parts.netloc, timeout=5.0)) as connection:
        connection.request("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path)
        return connection.getresponse().read()


def post(url: str, body: bytes) -> None:
    """Send a body, and see that it was taken."""
    parts = urlsplit(url)
    with closing(HTTPConnection(parts.netloc, timeout=5.0)) as connection:
        connection.request("POST", parts.path, body)
        assert connection.getresponse().status == 200


def free_port() -> int:
    """A port that was free just now."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
    return port


def wait_for(holds: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until something holds."""
    pause = threading.Event()
    for _ in range(round(patience_s / 0.2)):
        if holds():
            return
        pause.wait(0.2)
    pytest.fail(f"{what}: not within {patience_s:g} s")


@contextmanager
def scraping(folder: Path, ports: dict[str, int], every_s: int = 1) -> Iterator[str]:
    """Address of a Prometheus that scrapes services on loopback, by their versions."""
    groups = [
        {"targets": [f"127.0.0.1:{port}"], "labels": {"version": version}}
        for version, port in ports.items()
    ]
    config = {
        "global": {"scrape_interval": f"{every_s}s", "scrape_timeout": f"{every_s}s"},
        "scrape_configs": [{"job_name": "service", "static_configs": groups}],
    }
    path = folder / "prometheus.yml"
    path.write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
    port = free_port()
    command = [
        str(PROGRAM),
        f"--config.file={path}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: process.poll() is not None or is_ready(port), "Prometheus is ready")
        assert process.poll() is None, "Prometheus ended"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def is_ready(port: int) -> bool:
    """Whether it answers queries."""
    try:
        return b"is Ready" in get(f"http://127.0.0.1:{port}/-/ready")
    except OSError:
        return False
