"""The comparison of clients counts no failure as a request."""

from __future__ import annotations

import os
import subprocess
import sys

import gevent.server
import gevent.socket
import pytest

from repository import ROOT
from torture_answers import response

pytestmark = pytest.mark.engine
CLIENTS = ("bare sockets", "LeanHttpUser", "geventhttpclient", "FastHttpUser", "HttpUser")


@pytest.mark.parametrize("status", [b"200 OK", b"503 Busy"])
def test_every_client_is_held_to_whole_answers(status: bytes) -> None:
    def answer(link: gevent.socket.socket, _: object) -> None:
        while link.recv(65_536):
            link.sendall(response(status=status))

    server = gevent.server.StreamServer(("127.0.0.1", 0), answer)
    server.start()
    place = ["--core", str(min(os.sched_getaffinity(0))), "--port", str(server.server_port)]
    command = [sys.executable, str(ROOT / "benchmarks/http_clients.py"), *place,
               "--connections", "1", "--seconds", "0.05"]  # fmt: skip
    pipe = subprocess.PIPE
    running = {
        name: subprocess.Popen([*command, "--one", name], stdout=pipe, stderr=pipe, text=True)
        for name in CLIENTS
    }
    for name, process in running.items():
        out, err = process.communicate(timeout=60)
        if status.startswith(b"200"):
            assert '"rate"' in out, err
        else:
            assert (out, f"AssertionError: {name}: a request failed" in err) == ("", True)
    server.stop(timeout=1)
