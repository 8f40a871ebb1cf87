#!/usr/bin/env python3
"""Embedded services in place of yours: the verbs of `service`, on this machine.

Versions are good, failing (a tenth of its requests) and slow (by 600 ms). Production is nginx
before blue and green, under traffic that `perfproof run` makes, and Prometheus, which watches both.
TIME_SCALE shortens the times of the rollout's plan.
"""

import inspect
import os
import subprocess
import sys

from front import PAGE, front, seen
from processes import (
    OK,
    PATH,
    ROOT,
    address,
    ask,
    choose_ports,
    fail,
    program,
    read,
    start,
    stop,
    url,
    wait,
    write,
)

VERSIONS: dict[str, list[str]] = {
    "good": [],
    "failing": ["--errors", "0.1"],
    "slow": ["--slow-ms", "600"],
}


def run(place: str, version: str) -> None:
    """Run a version at a place, instead of what ran there, and wait until it answers."""
    stop(place)
    port = url(place).rpartition(":")[2]
    start(place, [program("perfproof"), "target", "--port", port, "--traces", "1000",
                  *VERSIONS[version]])  # fmt: skip
    wait(lambda: ask(f"{url(place)}/metrics")[0] == OK, f"{version} at {place} answers")


def deploy(place: str, version: str) -> None:
    """Run a version at a place, and know what ran there before."""
    if version not in VERSIONS:
        raise fail(f"no version {version!a} here; expected one of {', '.join(VERSIONS)}", 2)
    address(place)
    ran = read("versions")
    write("versions", {**ran, place: [*ran.get(place, [])[-1:], version]})
    run(place, version)


def up(place: str) -> None:
    """Set a place up as a deployment finds it: a good version runs there."""
    ROOT.mkdir(parents=True, exist_ok=True)
    if read("pids"):
        raise fail(f"one is running in {ROOT}; next: simulation.py down", 2)
    choose_ports()
    if place == "production":
        if not (ROOT / "approved.json").exists():
            write("approved", dict.fromkeys(VERSIONS, "before"))
        program("nginx")
        program("prometheus")
        deploy("staging", "good")
        deploy("blue", "good")
        front()
    else:
        deploy(place, "good")


def health(place: str) -> None:
    """See that health and metrics answer, and, of green, that they are seen to."""
    base = url(place)
    wait(lambda: ask(f"{base}/health")[0] == OK, f"health of {place} answers 200")
    wait(lambda: ask(f"{base}/metrics")[0] == OK, f"metrics of {place} answer 200")
    if place == "green":
        # no user has asked for anything yet, and what nobody asked for has no metrics
        ask(f"{base}{PAGE}")
        wait(lambda: seen("green"), "Prometheus sees green")


def shift(percent: str) -> None:
    """Let nginx deal a share to green, or print it."""
    environ = {**os.environ, "NGINX_PREFIX": str(ROOT), "PATH": PATH}
    done = subprocess.run([str(ROOT / "shift"), percent], env=environ, check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def rollback(place: str) -> None:
    """Go back to the version before; in production, take every user from green."""
    if place == "production":
        shift("0")
    else:
        ran = read("versions")
        before = ran[place][0]
        run(place, before)
        write("versions", {**ran, place: [before]})


def image(version: str) -> None:
    """See that a version was approved."""
    if version not in read("approved"):
        raise fail(f"version {version!a} was not approved; next: the workflow staging")


def approve(version: str) -> None:
    """Note that a version may go to production."""
    ROOT.mkdir(parents=True, exist_ok=True)
    write("approved", {**read("approved"), version: "by staging"})


def release(version: str) -> None:
    """Note that a version was released, once."""
    ROOT.mkdir(parents=True, exist_ok=True)
    if version in read("released"):
        raise fail(f"{version} was released before; nothing was overwritten")
    write("released", {**read("released"), version: "released"})


def down() -> None:
    """End everything; what users had comes first, so that the others outlive it."""
    for name in sorted(read("pids"), key=lambda name: name != "traffic"):
        stop(name)


def target(place: str) -> None:
    """Print what to load."""
    print(url(place))


def plan() -> None:
    """Print the path of the rollout's plan."""
    print(ROOT / "plan.yaml")


def status() -> None:
    """Print green's share."""
    shift("--status")


def promote() -> None:
    """Leave all users with green."""
    shift("100")


VERBS = {verb.__name__: verb for verb in (
    up, down, image, deploy, health, target, approve, plan, shift, status, promote, rollback,
    release,
)}  # fmt: skip


def main(arguments: list[str]) -> int:
    """Do what a verb says; the exit code."""
    verb = VERBS.get(arguments[0]) if arguments else None
    if verb is None:
        raise fail(f"expected one of {', '.join(VERBS)}", 2)
    expected = list(inspect.signature(verb).parameters)
    if len(arguments) - 1 != len(expected):
        raise fail(f"{arguments[0]}: expected {' '.join(expected) or 'nothing'} after it", 2)
    verb(*arguments[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
