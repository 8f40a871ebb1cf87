"""The ready `shift` for nginx, with a real nginx: the share it sets, and no request lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from nginx_site import NGINX, READY, Site, running_site, settled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RELOADS = 20
pytestmark = pytest.mark.skipif(NGINX is None, reason="no nginx: apt-get install nginx-light")
RULES = """
rules:
  - {name: errors, metric: error_rate, when: '> 5%', for: 1s}
warm_up: 0s
promote: {after: 3s, needs: rules}
max_hold: 60s
"""
# the command with a source that counts by itself: all is well below half of the traffic
PERF = """
import contextlib, pathlib, sys
from perf_canary.reading import Counters, Reading
from perf_cli.main import main
from perf_cli.verbs import rollout

BAD = sys.argv.pop() == "bad"

class Source:
    requests, errors, at_s = 0.0, 0.0, 0.0

    def read(self, t_s):
        half = "weight 50" in pathlib.Path("split.conf").read_text()
        passed = 1000.0 * (t_s - self.at_s if self.at_s else 0.0)
        self.requests, self.at_s = self.requests + passed, t_s
        self.errors += passed * (0.5 if BAD and half else 0.0)
        return Reading(t_s=t_s, canary=Counters(requests=self.requests, errors=self.errors))

rollout.live_source = lambda rules, url, environ: contextlib.nullcontext(Source())
main()
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with running_site(tmp_path) as site:
        yield site


def test_a_share_is_set_read_back_and_taken_away(site: Site) -> None:
    assert site.shift("50").returncode == 0
    assert site.shift("--status").stdout == "50\n"
    assert settled(site, {"blue", "green"})
    assert site.shift("100").returncode == 0
    assert settled(site, {"green"})
    assert [site.shift("0").returncode for _ in range(2)] == [0, 0]
    assert site.shift("--status").stdout == "0\n"
    assert settled(site, {"blue"})


def test_a_fraction_is_dealt_as_asked(site: Site) -> None:
    assert site.shift("12.5").returncode == 0
    assert settled(site, {"blue", "green"})
    seen = Counter(site.ask() for _ in range(1000))
    # 125 are expected; five standard deviations are 52
    assert 73 <= seen["green"] <= 177
    assert seen["blue"] + seen["green"] == 1000


@pytest.mark.parametrize("text", ["", "101", "-1", "5%", "nan", "1e1", "12.345", "05"])
def test_what_is_no_share_changes_nothing(site: Site, text: str) -> None:
    before = (site.folder / "split.conf").read_bytes()
    done = site.shift(text)
    assert (done.returncode, "expected 0 to 100" in done.stderr) == (2, True)
    assert (site.folder / "split.conf").read_bytes() == before


def test_a_configuration_that_nginx_refuses_leaves_the_old_share(site: Site) -> None:
    assert site.shift("25").returncode == 0
    conf = site.folder / "nginx.conf"
    conf.write_text(conf.read_text().replace("access_log off;", "no_such_directive;"))
    done = site.shift("50")
    assert done.returncode == 1
    assert "split.conf is as it was" in done.stderr
    assert site.shift("--status").stdout == "25\n"
    assert sorted(path.name for path in site.folder.glob(".split*")) == []


def test_twenty_reloads_under_load_lose_no_request(site: Site) -> None:
    seen: Counter[str] = Counter()
    over = threading.Event()

    def load() -> None:
        while not over.is_set():
            seen[site.ask()] += 1
            time.sleep(0.005)

    thread = threading.Thread(target=load)
    thread.start()
    try:
        codes = [site.shift(str(5 * (number % 20 + 1))).returncode for number in range(RELOADS)]
    finally:
        over.set()
        thread.join()
    assert codes == [0] * RELOADS
    assert set(seen) == {"blue", "green"}, seen
    assert seen.total() > RELOADS


def test_without_a_running_nginx_the_share_stays_as_it_was(tmp_path: Path) -> None:
    done = Site(tmp_path).shift("50")
    assert done.returncode == 1
    assert "is it running?" in done.stderr
    assert (tmp_path / "split.conf").read_bytes() == (READY / "split.conf").read_bytes()


def roll(site: Site, how: str) -> tuple[int, dict[str, object], str]:
    """Walk through the ready plan with shorter steps and other rules."""
    (site.folder / "rules.yaml").write_text(RULES)
    plan = (READY / "plan.yaml").read_text()
    assert plan.count("hold: 10m") == 4
    shorter = plan.replace("hold: 10m", "hold: 3s").replace("every: 15s", "every: 1s")
    (site.folder / "plan.yaml").write_text(shorter)
    done = subprocess.run(
        [sys.executable, "-P", "-c", PERF, "rollout", "plan.yaml", "--json", how],
        cwd=site.folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("PERF_")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return done.returncode, document, done.stderr


def test_the_ready_plan_ends_with_all_traffic_on_green(site: Site) -> None:
    code, document, err = roll(site, "good")
    assert (code, document["verdict"]) == (0, "PROMOTE"), err
    assert settled(site, {"green"})


def test_the_ready_plan_takes_all_traffic_back_after_a_breach(site: Site) -> None:
    code, document, err = roll(site, "bad")
    assert (code, document["step"], document["rolled_back"]) == (1, 3, True), err
    assert settled(site, {"blue"})
