"""How late iterations begin, and what that costs: `python benchmarks/schedule_lag.py`.

`perf run` with LeanHttpUser against nginx at 100, 1,000 and 5,000 arrivals a second, constant and
Poisson, in random order. Goals: at 1,000/s a lag of at most 0.2 ms (p50) and 2 ms (p99), at 100/s
at most 10 % of a core for the load process.
"""

from __future__ import annotations

import random
import statistics

from load_rig import arguments, keep, nginx, open_run, spread, workspace

RATES = (100, 1_000, 5_000)
KINDS = ("constant", "poisson")


def main() -> None:
    given = arguments(__doc__, rounds=3, seconds=8.0)
    cases = [(kind, rate) for kind in KINDS for rate in RATES]
    found: dict[tuple[str, int], list[dict[str, float]]] = {case: [] for case in cases}
    with workspace() as folder, nginx(folder) as server:
        for _ in range(given.rounds):
            for kind, rate in random.sample(cases, len(cases)):
                done = open_run(folder, server.url, rate, given.seconds, arrivals=kind)
                found[kind, rate].append(
                    {
                        "lag_p50_ms": 1e3 * (done.lag.quantile_s(0.5) or 0.0),
                        "lag_p99_ms": 1e3 * (done.lag.quantile_s(0.99) or 0.0),
                        "cpu_percent": 100.0 * done.cpu_ratio,
                    }
                )
    rounds: list[dict[str, object]] = []
    medians: dict[tuple[str, int, str], float] = {}
    for (kind, rate), rows in found.items():
        print(f"{kind:9} {rate:6,}/s", end="")
        for name in rows[0]:
            values = [row[name] for row in rows]
            medians[kind, rate, name] = statistics.median(values)
            print(f"  {name} {spread(values)}", end="")
        print()
        rounds += [{"arrivals": kind, "rate": rate, **row} for row in rows]
    keep("schedule_lag", rounds)
    held = all(
        medians[kind, 1_000, "lag_p50_ms"] <= 0.2
        and medians[kind, 1_000, "lag_p99_ms"] <= 2.0
        and medians[kind, 100, "cpu_percent"] <= 10.0
        for kind in KINDS
    )
    print("goals held" if held else "a goal is missed")
    raise SystemExit(int(not held))


if __name__ == "__main__":
    main()
