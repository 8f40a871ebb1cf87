"""Measure the embedded service on one core: `python benchmarks/bench_target.py`.

The service is pinned to one core, this process, the client, to another. First as much as it can
serve (closed loop: each connection asks again as soon as it is answered), then fixed rates (open
loop: the latency counts from the instant at which a request was due).
"""

import argparse
import os
import random
import select
import socket
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlsplit

from perf_loadtests.target import LAST_DAY_START, SPAN_END, SPAN_START
from perf_loadtests.target.launch import DemoTarget

RATES_PER_S = (300, 500, 1000)


@dataclass(slots=True)
class Tally:
    """What one measurement saw."""

    began_s: float
    latencies_s: list[float] = field(default_factory=list)
    failures: int = 0


@dataclass(slots=True, eq=False)
class Client:
    """One keep-alive connection."""

    link: socket.socket
    due_s: float = 0.0
    received: bytearray = field(default_factory=bytearray)

    def send(self, request: bytes, due_s: float) -> None:
        self.due_s = due_s
        self.received.clear()
        self.link.sendall(request)

    def receive(self) -> bool | None:
        """None while the answer is not complete, then whether its status was 200."""
        part = self.link.recv(1 << 18)
        self.received += part
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not part:
            return False
        if not end:
            return None
        size = int(head.partition(b"Content-Length: ")[2].split(b"\r", 1)[0])
        return head.startswith(b"HTTP/1.1 200") if len(body) >= size else None


class Load:
    """The API mix over a number of connections."""

    def __init__(self, target: DemoTarget, connections: int, *, whole_span: bool) -> None:
        address = urlsplit(target.url)
        self.clients = [
            Client(socket.create_connection((str(address.hostname), int(address.port or 0))))
            for _ in range(connections)
        ]
        self.by_fd = {client.link.fileno(): client for client in self.clients}
        self.poll = select.epoll()
        for client in self.clients:
            client.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.poll.register(client.link, select.EPOLLIN)
        self.requests = self._mix(target.token_env_value, whole_span=whole_span)

    def closed_loop(self, duration_s: float) -> Tally:
        tally = Tally(time.perf_counter())
        end_s = tally.began_s + duration_s
        for client in self.clients:
            client.send(next(self.requests), time.perf_counter())
        busy = len(self.clients)
        while busy:
            for client in self._answered(tally, 5.0):
                if time.perf_counter() < end_s:
                    client.send(next(self.requests), time.perf_counter())
                else:
                    busy -= 1
        return tally

    def open_loop(self, duration_s: float, rate_per_s: float) -> Tally:
        tally = Tally(time.perf_counter())
        idle = deque(self.clients)
        offered, total = 0, int(duration_s * rate_per_s)
        while offered < total or len(idle) < len(self.clients):
            due_s = tally.began_s + offered / rate_per_s
            now_s = time.perf_counter()
            if offered < total and idle and now_s >= due_s:
                idle.popleft().send(next(self.requests), due_s)
                offered += 1
                continue
            wait_s = due_s - now_s if offered < total and idle else 5.0
            # select() on the epoll set, because epoll rounds up to a millisecond
            select.select([self.poll.fileno()], [], [], max(0.0, wait_s))
            idle.extend(self._answered(tally, 0))
        return tally

    def _answered(self, tally: Tally, wait_s: float) -> list[Client]:
        answered = []
        for fd, _ in self.poll.poll(wait_s):
            client = self.by_fd[fd]
            is_ok = client.receive()
            if is_ok is not None:
                tally.latencies_s.append(time.perf_counter() - client.due_s)
                tally.failures += not is_ok
                answered.append(client)
        return answered

    @staticmethod
    def _mix(token: str, *, whole_span: bool) -> Iterator[bytes]:
        start = SPAN_START if whole_span else LAST_DAY_START
        span = f"start_time={start:%Y-%m-%dT%H:%M:%SZ}&end_time={SPAN_END:%Y-%m-%dT%H:%M:%SZ}"
        weights = {
            "/health": 2,
            "/api/v1/traces?limit=50": 4,
            f"/api/v1/metrics/analytics?{span}": 2,
            f"/api/v1/costs/analytics?{span}&group_by=model": 2,
        }
        requests = [
            f"GET {path} HTTP/1.1\r\nHost: demo\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
            for path in weights
        ]
        rng = random.Random(1)  # noqa: S311  no secret
        for _ in count():
            yield from rng.choices(requests, list(weights.values()), k=1000)


def report(name: str, tally: Tally) -> None:
    elapsed_s = time.perf_counter() - tally.began_s
    latencies_ms = sorted(1000 * latency_s for latency_s in tally.latencies_s)
    p50, p95, p99 = (latencies_ms[int(q * (len(latencies_ms) - 1))] for q in (0.5, 0.95, 0.99))
    rate_per_s = len(latencies_ms) / elapsed_s
    print(
        f"{name:28} {rate_per_s:8.0f}/s   p50 {p50:7.2f} ms   p95 {p95:7.2f} ms"
        f"   p99 {p99:7.2f} ms   failures {tally.failures}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--connections", type=int, default=200)
    given = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    began_s = time.perf_counter()
    with DemoTarget(os.environ) as target:
        print(f"started with its traces in {time.perf_counter() - began_s:.2f} s")
        os.sched_setaffinity(target.pid, cores[-1:])
        os.sched_setaffinity(0, cores[:1])
        for name, whole_span in (("ranges of a day", False), ("ranges of 30 days", True)):
            load = Load(target, given.connections, whole_span=whole_span)
            load.closed_loop(0.5)
            print(f"{name}, {given.connections} connections")
            report("  closed loop", load.closed_loop(given.seconds))
            for rate_per_s in RATES_PER_S:
                report(f"  open loop at {rate_per_s}/s", load.open_loop(given.seconds, rate_per_s))


if __name__ == "__main__":
    main()
