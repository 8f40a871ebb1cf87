"""A whole rollout on this machine: two services, nginx between them, Prometheus over both."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from canary_stage import Stage, Traffic, port_of, stage
from commands import Done, environment
from nginx_site import NGINX, READY, nginx
from real_prometheus import PROGRAM, free_port, get, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="no prometheus on this machine"),
    pytest.mark.skipif(NGINX is None, reason="no nginx on this machine"),
]
PLAN = """
rules: rules.yaml
every: 2s
steps: [{{weight: {share}%, hold: 30s}}, {{weight: 100%, hold: 30s}}]
shift: {{run: [./shift, '{{weight}}'], timeout: 10s, tries: 3}}
promote: {{run: [./shift, '100'], timeout: 10s, tries: 3}}
rollback: {{run: [./shift, '0'], timeout: 10s, tries: 5}}
status: {{run: [./shift, --status], timeout: 10s, tries: 3}}
audit: audit.jsonl
"""


@dataclass
class Rolled:
    """A rollout that has ended, and what its users saw."""

    done: Done
    audit: list[dict[str, object]]
    traffic: Traffic
    pool_after: int

    @property
    def between_s(self) -> tuple[float, float]:
        """When the canary was first given traffic, and when it had none any more."""
        first = next(one for one in self.audit if one["step"])
        return self._at_s(first), self._at_s(self.audit[-1])

    @staticmethod
    def _at_s(entry: dict[str, object]) -> float:
        return datetime.fromisoformat(str(entry["time"])).timestamp()


@contextmanager
def split(place: Stage) -> Iterator[str]:
    """The ready nginx before the stage's two services; its address."""
    port = free_port()
    for name in ("shift", "split.conf", "nginx.conf"):
        shutil.copy(READY / name, place.folder / name)
    conf = place.folder / "nginx.conf"
    text = conf.read_text()
    ports = (("8080", port), ("8081", port_of(place.blue)), ("8082", port_of(place.green)))
    for old, new in ports:
        text = text.replace(f"127.0.0.1:{old}", f"127.0.0.1:{new}")
    conf.write_text(text)
    with nginx(place.folder):
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: b"ok" in _asked(f"{url}/health"), "nginx answers")
        yield url


def _asked(url: str) -> bytes:
    try:
        return get(url)
    except OSError:
        return b""


def roll_out(
    folder: Path, faults: Mapping[str, object], share: int = 25, per_s: float = 100.0
) -> Rolled:
    """Run `perf rollout` under traffic through nginx."""
    with stage(folder, faults=faults) as place, split(place) as url:
        (folder / "rules.yaml").write_text(place.rules)
        (folder / "plan.yaml").write_text(PLAN.format(share=share))
        with Traffic(f"{url}/health", per_s) as traffic:
            ended = subprocess.run(
                [sys.executable, "-P", "-m", "perf_cli", "rollout", "plan.yaml", "--json"],
                cwd=folder, env=environment(), stdin=subprocess.DEVNULL, capture_output=True,
                text=True, check=False, timeout=240,
            )  # fmt: skip
            before = _requests(place)
            sent = traffic.sent
            wait_for(lambda: traffic.sent > sent + 50, "traffic goes on")
            after = _requests(place)
    audit = [json.loads(line) for line in (folder / "audit.jsonl").read_text().splitlines()]
    done = Done(ended.returncode, ended.stdout, ended.stderr)
    return Rolled(done, audit, traffic, after - before)


def _requests(place: Stage) -> int:
    """Requests to green's health path, but for our own probes: those have ended."""
    state = json.loads(get(f"{place.green.url}/admin/state"))
    return sum(row["count"] for row in state["counts"] if row["route"] == "/health")


def test_a_good_version_takes_over_and_no_request_is_lost(tmp_path: Path) -> None:
    rolled = roll_out(tmp_path, {})
    assert rolled.done.code == 0, rolled.done.said
    assert json.loads(rolled.done.out)["verdict"] == "PROMOTE"
    assert rolled.traffic.statuses.keys() == {200}
    assert rolled.pool_after > 40


def test_a_failing_version_is_rolled_back_in_time(tmp_path: Path) -> None:
    rolled = roll_out(tmp_path, {"errors": 0.03})
    assert rolled.done.code == 1, rolled.done.said
    document = json.loads(rolled.done.out)
    assert (document["verdict"], document["rolled_back"]) == ("ROLLBACK", True)
    shifted, undone = rolled.between_s
    assert undone - shifted < 120.0
    # its own errors are users' errors, but the shifts themselves lose nothing
    assert rolled.traffic.statuses.keys() <= {200, 500}
    assert rolled.traffic.lost == 0
    assert rolled.pool_after == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("faults", "code"),
    [
        ({}, 0),
        ({"errors": 0.05}, 1),
        ({"slow_ms": 500}, 1),
        ({"hang": 1.0}, 1),
    ],
    ids=["good", "errors", "slow", "hang"],
)
def test_five_per_cent_of_the_traffic_are_enough(
    tmp_path: Path, faults: dict[str, object], code: int
) -> None:
    rolled = roll_out(tmp_path, faults, share=5)
    assert rolled.done.code == code, rolled.done.said
    if code:
        shifted, undone = rolled.between_s
        assert undone - shifted < 120.0
        assert rolled.pool_after == 0
