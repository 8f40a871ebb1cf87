"""The highest open arrival rate beside stock FastHttpUser: `python benchmarks/open_ceiling.py`.

In each round stock Locust drives nginx in a closed loop with FastHttpUser; then `perf run` offers
constant arrivals with LeanHttpUser on the same cores, one step of a staircase after the other. A
step holds if less than 0.1 % of the arrivals were dropped or unsent, the lag's p99 is below 5 ms,
and nginx answered exactly the requests that the run recorded. The staircase goes on in the next
round where the last one ended. Figures are ratios within a round.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from load_rig import (
    Server,
    arguments,
    counted,
    keep,
    locust_command,
    nginx,
    open_run,
    spread,
    workspace,
)

if TYPE_CHECKING:
    from pathlib import Path

USERS = 50
FIRST_PER_S = 10_000.0
UP, FINE = 1.25, 1.08
MOST_STEPS = 6
MOST_LOST, MOST_LAG_S = 0.001, 0.005


def step(folder: Path, server: Server, rate: float, seconds: float) -> dict[str, object]:
    """One rate, and whether it held."""
    before = server.served()
    done = open_run(folder, server.url, rate, seconds)
    served = server.served() - before
    accounts = done.run.engine.accounts
    lost = (accounts.dropped + accounts.unsent) / max(1, accounts.planned)
    lag_p99_s = done.lag.quantile_s(0.99)
    row: dict[str, object] = {
        "rate": round(rate), "lost_ratio": lost, "lag_p99_s": lag_p99_s,
        "lag_p50_s": done.lag.quantile_s(0.5), "cpu_ratio": done.cpu_ratio,
        "requests": accounts.requests_started, "served": served,
        "held": lost < MOST_LOST and lag_p99_s is not None and lag_p99_s < MOST_LAG_S
        and served == accounts.requests_started,
    }  # fmt: skip
    print(
        f"  {rate:8,.0f}/s  lost {100 * lost:.3f} %  lag p99 {1e3 * (lag_p99_s or 0):7.2f} ms"
        f"  CPU {100 * done.cpu_ratio:3.0f} %  nginx {served - accounts.requests_started:+d}"
        f"  {'held' if row['held'] else 'not held'}",
        flush=True,
    )
    return row


def climb(
    folder: Path, server: Server, start: float, factor: float, seconds: float
) -> tuple[float, list[dict[str, object]]]:
    """Highest rate of a staircase that held; up while steps hold, else down until one does."""
    rows: list[dict[str, object]] = []
    best, rate, direction = 0.0, start, 0
    for _ in range(MOST_STEPS):
        row = step(folder, server, rate, seconds)
        rows.append(row)
        if row["held"]:
            best = max(best, rate)
        if direction and bool(row["held"]) != (direction > 0):
            break
        direction = 1 if row["held"] else -1
        rate = rate * factor if row["held"] else rate / factor
    return best, rows


def main() -> None:
    given = arguments(__doc__, rounds=5, seconds=8.0)
    rounds: list[dict[str, object]] = []
    ratios: list[float] = []
    with workspace() as folder, nginx(folder) as server:
        print("first, roughly:")
        rate, _ = climb(folder, server, FIRST_PER_S, UP, given.seconds)
        for number in range(given.rounds):
            command = locust_command(folder, "fast", USERS, server.url)
            fast = counted(command, server, folder, given.seconds)
            print(f"round {number + 1}: FastHttpUser {fast:,.0f}/s, closed loop", flush=True)
            best, steps = climb(folder, server, rate or FIRST_PER_S, FINE, given.seconds)
            rate = best or rate
            ratios.append(best / fast)
            rounds.append({"fast_http_user": fast, "highest_open": best, "steps": steps})
    best_rates = [float(str(row["highest_open"])) for row in rounds]
    print(f"highest open rate: {spread(best_rates)}/s")
    print(f"ratio to FastHttpUser in its round: {spread(ratios)}; goal at least 2")
    keep("open_ceiling", rounds)
    raise SystemExit(int(statistics.median(ratios) < 2.0))


if __name__ == "__main__":
    main()
