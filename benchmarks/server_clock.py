"""Service times beside the server's own clock: `python benchmarks/server_clock.py`.

A small server on the other core holds each answer back for a time drawn by a seed (log-normal
about 4 ms) and stamps by its own clock how long it had each request: from the read that brought it
to the write of its answer. `perf run` measures the same requests at 1,000 and 5,000 arrivals a
second. Goal: p50 and p99 differ by at most 10 % or 0.5 ms.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import math
import random
import select
import signal
import socket
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from load_rig import arguments, cores, keep, open_run, pinned, workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RATES = (1_000, 5_000)
MEDIAN_S, SIGMA, MOST_S = 0.004, 0.6, 0.1
SHARE, FLOOR_S = 0.10, 0.0005
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"
QUANTILES = (0.5, 0.99)


def serve() -> None:
    """Answer until SIGTERM; then print every time a request was here, in seconds."""
    clock, stream = time.perf_counter, random.Random(1)  # noqa: S311  # delays, no secrets
    had_s: list[tuple[float, float]] = []
    waiting: list[tuple[float, float, int]] = []
    links: dict[int, socket.socket] = {}
    over: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: over.append(1))
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    listener.settimeout(0.0)
    poll = select.epoll()
    poll.register(listener, select.EPOLLIN)
    print(listener.getsockname()[1], flush=True)
    while not over:
        # whole milliseconds, rounded down: the last one is spent polling
        left_s = waiting[0][0] - clock() if waiting else 0.05
        for fd, _ in poll.poll(math.floor(1e3 * max(0.0, left_s)) / 1e3):
            if fd == listener.fileno():
                link, _ = listener.accept()
                link.settimeout(0.0)
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                links[link.fileno()] = link
                poll.register(link, select.EPOLLIN)
                continue
            data, now_s = links[fd].recv(65_536), clock()
            if data:
                delay_s = min(MOST_S, stream.lognormvariate(math.log(MEDIAN_S), SIGMA))
                heapq.heappush(waiting, (now_s + delay_s, now_s, fd))
            else:
                links.pop(fd).close()
        while waiting and waiting[0][0] <= clock():
            _, came_s, fd = heapq.heappop(waiting)
            with contextlib.suppress(OSError, KeyError):
                links[fd].send(ANSWER)
            had_s.append((came_s, clock() - came_s))
    json.dump(had_s, sys.stdout)


@contextlib.contextmanager
def server() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    process = pinned([sys.executable, __file__, "--serve"], cores()[0], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}", process
    finally:
        process.terminate()
        process.wait(10)


def compare(folder: Path, rate: int, seconds: float) -> dict[str, float]:
    """Quantiles by both clocks, over the same requests: all of a run's."""
    with server() as (url, process):
        done = open_run(folder, url, rate, seconds)
        process.terminate()
        assert process.stdout is not None
        had_s = json.loads(process.stdout.read())
    assert len(had_s) == done.run.engine.accounts.requests_started, "a request went astray"
    # the sustained phase: the last arrivals of the schedule
    had = [took_s for _, took_s in sorted(had_s)[-done.service.n :]]
    cuts = statistics.quantiles(had, n=1000, method="inclusive")
    row: dict[str, float] = {"rate": rate}
    for q in QUANTILES:
        row[f"server_p{100 * q:.0f}_ms"] = 1e3 * cuts[round(1000 * q) - 1]
        row[f"perf_p{100 * q:.0f}_ms"] = 1e3 * (done.service.quantile_s(q) or math.nan)
    return row


def main() -> None:
    given = arguments(__doc__, rounds=5, seconds=6.0)
    rounds: list[dict[str, object]] = []
    held = True
    with workspace() as folder:
        found: dict[int, list[dict[str, float]]] = {rate: [] for rate in RATES}
        for _ in range(given.rounds):
            for rate in random.sample(RATES, len(RATES)):
                found[rate].append(compare(folder, rate, given.seconds))
        for rate, rows in found.items():
            for q in ("p50", "p99"):
                server_ms = statistics.median(row[f"server_{q}_ms"] for row in rows)
                off_ms = statistics.median(
                    abs(row[f"perf_{q}_ms"] - row[f"server_{q}_ms"]) for row in rows
                )
                allowed_ms = max(SHARE * server_ms, 1e3 * FLOOR_S)
                held = held and off_ms <= allowed_ms
                print(
                    f"{rate:6,}/s {q}: {server_ms:.3f} ms by the server's clock, "
                    f"off by {off_ms:.3f} ms of {allowed_ms:.3f} ms allowed"
                )
            rounds += [{**row} for row in rows]
    keep("server_clock", rounds)
    raise SystemExit(int(not held))


if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        serve()
    else:
        main()
