"""What a request costs each client: `python benchmarks/http_clients.py [--server nginx|demo]`.

Every contestant is a process of its own on one core, the server one on another. Printed are
requests per second in a closed loop and, steadier on a machine with neighbours, the client's CPU
time for each request. `parsers` compares the parsers alone; httptools takes part where it is there.
"""

import locust  # noqa: F401, I001  # it patches sockets: before everything else

import argparse
import importlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gevent
import gevent.socket
from geventhttpclient import HTTPClient
from locust.clients import HttpSession
from locust.contrib.fasthttp import FastHttpSession
from locust.event import EventHook

from perf_loadtests.http.client import LeanClient
from perf_loadtests.http.parser import Parser
from perf_loadtests.target.launch import DemoTarget

Ask = Callable[[], bool]  # whether a whole answer of status 200 came
OK = 200
BODY = b'{"status": "ok", "service": "benchmark"}'
CONF = """
master_process off; daemon off; pid {folder}/pid; error_log stderr emerg;
events {{ worker_connections 1024; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 600;
  server {{ listen 127.0.0.1:{port};
    location / {{ default_type application/json; return 200 '{body}'; }} }} }}
"""
HEAD = (
    b"HTTP/1.1 200 OK\r\nServer: nginx/1.26.3\r\nDate: Thu, 26 Nov 2026 23:50:00 GMT\r\n"
    b"Content-Type: application/json\r\nContent-Length: 40\r\nConnection: keep-alive\r\n\r\n"
)


def _bare(host: str, port: int) -> Ask:
    sock = gevent.socket.create_connection((host, port))
    request = f"GET /health HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()

    def ask() -> bool:
        sock.sendall(request)
        return bool(sock.recv(65_536).startswith(b"HTTP/1.1 200 "))

    return ask


def _lean(host: str, port: int) -> Ask:
    client = LeanClient(f"http://{host}:{port}", EventHook())
    return lambda: client.get("/health", name="/health").status_code == OK


def _geventhttpclient(host: str, port: int) -> Ask:
    client = HTTPClient(host, port, concurrency=1)

    def ask() -> bool:
        response = client.get("/health")
        return bool(response.read()) and response.status_code == OK

    return ask


def _fasthttp(host: str, port: int) -> Ask:
    client = FastHttpSession(f"http://{host}:{port}", EventHook(), None)
    return lambda: client.get("/health", name="/health").status_code == OK


def _requests(host: str, port: int) -> Ask:
    client = HttpSession(f"http://{host}:{port}", EventHook(), None)
    client.trust_env = False
    return lambda: client.get("/health", name="/health").status_code == OK


CLIENTS: dict[str, Callable[[str, int], Ask]] = {
    "bare sockets": _bare,
    "LeanHttpUser": _lean,
    "geventhttpclient": _geventhttpclient,
    "FastHttpUser": _fasthttp,
    "HttpUser": _requests,
}


def measure(name: str, port: int, connections: int, seconds: float) -> None:
    """One contestant: a closed loop on each connection; prints its figures as JSON."""
    asks = [CLIENTS[name]("127.0.0.1", port) for _ in range(connections)]
    done = [0] * connections
    end_s = time.perf_counter() + 0.5

    def loop(index: int) -> None:
        ask = asks[index]
        while time.perf_counter() < end_s:
            assert ask(), f"{name}: a request failed"  # a failure is no fast request
            done[index] += 1

    gevent.joinall([gevent.spawn(loop, i) for i in range(connections)], raise_error=True)
    done[:] = [0] * connections
    end_s = time.perf_counter() + seconds
    began_s, cpu_s = time.perf_counter(), time.process_time()
    gevent.joinall([gevent.spawn(loop, i) for i in range(connections)], raise_error=True)
    took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    print(json.dumps({"rate": sum(done) / took_s, "cpu_us": 1e6 * cpu_s / sum(done)}))


@contextmanager
def nginx(core: int) -> Iterator[int]:
    with tempfile.TemporaryDirectory() as folder:
        with gevent.socket.create_server(("127.0.0.1", 0)) as free:
            port = int(free.getsockname()[1])
        conf = Path(folder) / "nginx.conf"
        conf.write_text(CONF.format(folder=folder, port=port, body=BODY.decode()))
        binary = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin") or "nginx"
        command = [binary, "-p", folder, "-c", str(conf), "-e", "stderr"]
        with subprocess.Popen(command) as process:
            os.sched_setaffinity(process.pid, {core})
            time.sleep(0.5)
            try:
                yield port
            finally:
                process.terminate()


@contextmanager
def demo(core: int) -> Iterator[int]:
    with DemoTarget(os.environ) as target:
        os.sched_setaffinity(target.pid, {core})
        yield int(target.url.rpartition(":")[2])


def compare(given: argparse.Namespace) -> None:
    cores = sorted(os.sched_getaffinity(0))
    found: dict[str, list[dict[str, float]]] = {name: [] for name in CLIENTS}
    with (nginx if given.server == "nginx" else demo)(cores[-1]) as port:
        for _ in range(given.rounds):
            for name in random.sample(list(CLIENTS), len(CLIENTS)):
                command = [sys.executable, __file__, "--one", name, "--port", str(port)]
                command += ["--core", str(cores[0])]
                command += ["--connections", str(given.connections)]
                command += ["--seconds", str(given.seconds)]
                limit_s = 60 + 2 * given.seconds
                out = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=limit_s)
                found[name].append(json.loads(out.stdout))
    print(f"{given.server}, {given.connections} connections, medians of {given.rounds} rounds")
    for name, rounds in found.items():
        rate, cpu_us = (
            sorted(row[key] for row in rounds)[len(rounds) // 2] for key in ("rate", "cpu_us")
        )
        print(f"{name:18} {rate:8.0f}/s   CPU {cpu_us / 1e3:7.4f} s per 1,000 requests")


class Collector:
    """What httptools calls."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.complete = True


def parsers(count: int = 50_000) -> None:
    """CPU time of each parser for the head and body of nginx' answer."""
    data, memo = HEAD + BODY, {HEAD: 40}

    def llhttp() -> bool:
        parser = Parser(to_head=False)
        parser.feed(data)
        return parser.complete

    def remembered() -> bool:
        end = data.find(b"\r\n\r\n") + 4
        return memo[data[:end]] == len(data) - end

    contestants = {"geventhttpclient's, as used": llhttp, "the same, head remembered": remembered}
    try:
        make = importlib.import_module("httptools").HttpResponseParser
    except ImportError:
        print("httptools is not installed")
    else:

        def tools() -> bool:
            collector = Collector()
            make(collector).feed_data(data)
            return collector.complete

        contestants["httptools, headers as bytes"] = tools
    for name, parse in contestants.items():
        print(f"{name:28} {min(_cpu_us(parse, count) for _ in range(5)):6.2f} us")


def _cpu_us(parse: Ask, count: int) -> float:
    began_s = time.process_time()
    for _ in range(count):
        assert parse()
    return 1e6 * (time.process_time() - began_s) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="?", choices=["clients", "parsers"], default="clients")
    parser.add_argument("--server", choices=["nginx", "demo"], default="nginx")
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--core", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        os.sched_setaffinity(0, {given.core})
        measure(given.one, given.port, given.connections, given.seconds)
    elif given.what == "parsers":
        parsers()
    else:
        compare(given)


if __name__ == "__main__":
    main()
