"""Requests a second of each client in a closed loop: `python benchmarks/closed_ceiling.py`.

wrk and hey (Debian's packages, where they are installed), stock Locust with FastHttpUser and with
HttpUser, and `perf run` with LeanHttpUser under `constant-vus`: 50 connections each against nginx,
which counts. In random order within each round; figures are ratios within a round.
"""

from __future__ import annotations

import random
import shutil
import sys
from typing import TYPE_CHECKING

from load_rig import (
    WARM_UP_S,
    Server,
    arguments,
    counted,
    keep,
    locust_command,
    nginx,
    perf_run,
    spread,
    workspace,
)

if TYPE_CHECKING:
    from pathlib import Path

CONNECTIONS = 50


def commands(folder: Path, url: str) -> dict[str, list[str]]:
    """Contestants that run until they are told to stop."""
    many = str(CONNECTIONS)
    found = {
        "wrk": ["wrk", "-t1", "-c", many, "-d", "600s", url],
        "hey": ["hey", "-cpus", "1", "-c", many, "-z", "600s", url],
    }
    for name in list(found):
        if shutil.which(name) is None:
            print(f"{name} is not installed: left out", file=sys.stderr)
            del found[name]
    return found | {
        "FastHttpUser": locust_command(folder, "fast", CONNECTIONS, url),
        "HttpUser": locust_command(folder, "http", CONNECTIONS, url),
    }


def lean(folder: Path, server: Server, seconds: float) -> float:
    """LeanHttpUser by `perf run`; nginx must have counted what the run did."""
    before = server.served()
    done = perf_run(
        folder, server.url, scenario="ask_lean", executor="ramping-vus", start_vus=CONNECTIONS,
        stages=f"[{{duration: {WARM_UP_S:g}s, target: {CONNECTIONS}, phase: warm-up}}, "
        f"{{duration: {seconds:g}s, target: {CONNECTIONS}}}]",
    )  # fmt: skip
    accounts = done.run.engine.accounts
    assert server.served() - before == accounts.requests_started, "requests that nobody counted"
    return done.service.n / seconds


def main() -> None:
    given = arguments(__doc__, rounds=5, seconds=4.0)
    rounds: list[dict[str, object]] = []
    found: dict[str, list[float]] = {}
    with workspace() as folder, nginx(folder) as server:
        others = commands(folder, server.url)
        for number in range(given.rounds):
            row: dict[str, float] = {}
            names = [*others, "LeanHttpUser"]
            for name in random.sample(names, len(names)):
                row[name] = (
                    counted(others[name], server, folder, given.seconds)
                    if name in others
                    else lean(folder, server, given.seconds)
                )
            text = "  ".join(f"{name} {rate:,.0f}/s" for name, rate in sorted(row.items()))
            print(f"round {number + 1}: {text}", flush=True)
            rounds.append({**row})
            for name, rate in row.items():
                found.setdefault(name, []).append(rate / row["FastHttpUser"])
    print("ratio to FastHttpUser in its round, median (range):")
    for name, ratios in sorted(found.items(), key=lambda pair: -max(pair[1])):
        print(f"  {name:14} {spread(ratios)}")
    keep("closed_ceiling", rounds)


if __name__ == "__main__":
    main()
