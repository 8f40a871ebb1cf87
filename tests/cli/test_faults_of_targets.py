"""Names, routes, proxies and descriptors between the command and its target."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from commands import PERF, Done, environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from commands import Desk

UNSHARE = shutil.which("unshare")
# In a process of its own: the first answer takes its time, the next ones are another address.
RESOLVER = """
import os, socket, sys, time

real = socket.getaddrinfo

def getaddrinfo(host, *args, **options):
    if host != "slow.test":
        return real(host, *args, **options)
    with open({log!r}, "a+") as log:
        log.seek(0)
        asked = log.read()
        log.write(" ".join(sys.orig_argv) + "\\n")
    if not asked:
        time.sleep(2.0)
    return real("127.0.0.2" if asked else "127.0.0.1", *args, **options)

socket.getaddrinfo = getaddrinfo
"""
CLIENTS = """
from locust import FastHttpUser, HttpUser, task
from perf_loadtests.http import LeanHttpUser

class Lean(LeanHttpUser):
    @task
    def health(self):
        self.client.get("/health")

class Fast(FastHttpUser):
    @task
    def health(self):
        self.client.get("/health")

class Plain(HttpUser):
    @task
    def health(self):
        self.client.get("/health", auth=None)
"""


def listed(desk: Desk, url: str) -> list[str]:
    """Arguments of a run against a URL that perf.yaml lists."""
    (desk.folder / "perf.yaml").write_text(f"targets:\n  listed: {{url: '{url}'}}\n")
    return desk.order("--target", "listed")


def elsewhere(desk: Desk, *command: str, environ: Mapping[str, str] | None = None) -> Done:
    """Run a command that itself runs `perf run`."""
    ended = subprocess.run(
        [*command],
        cwd=desk.folder, env=environment(environ), capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return Done(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def in_no_network(desk: Desk, arguments: list[str]) -> Done:
    """Run the command where there is no network at all, not even loopback."""
    if UNSHARE is None or elsewhere(desk, UNSHARE, "-rn", "true").code:
        pytest.skip("no namespaces here")
    return elsewhere(desk, UNSHARE, "-rn", *PERF, *arguments)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("http://nosuch.test:8000", "cannot resolve nosuch.test", id="T23"),
        pytest.param("http://10.1.2.3:8000", "Network is unreachable", id="T36"),
    ],
)
def test_what_cannot_be_reached_is_said_before_the_load(desk: Desk, url: str, said: str) -> None:
    done = in_no_network(desk, listed(desk, url))
    assert done.code == 5, done.said
    assert said in done.err
    assert "before load, nothing sent; next:" in done.err
    assert "Traceback" not in done.err
    assert [desk.stored(), desk.spools(), desk.processes()] == [[], [], []]


def test_t24_t25_a_name_is_looked_up_once_and_its_address_kept(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site = tmp_path_factory.mktemp("site")
    log = site / "log"
    (site / "sitecustomize.py").write_text(RESOLVER.replace("{log!r}", repr(str(log))))
    port = urlsplit(desk.demo.url).port
    arguments = listed(desk, f"http://slow.test:{port}")

    def run() -> Done:
        log.unlink(missing_ok=True)
        return desk.perf(*arguments, environ={"PYTHONPATH": str(site)})

    done = desk.steady(run)
    assert done.code == 0, done.said
    (asked,) = log.read_text().splitlines()
    assert "perf_cli" in asked  # and never the load process


def test_t33_t35_proxies_and_netrc_are_ignored_and_a_soft_limit_is_raised(
    desk: Desk, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password sw0rdfish\n")
    netrc.chmod(0o600)
    nowhere = "http://127.0.0.1:9"
    desk.scenario("clients", CLIENTS)
    desk.write(scenario="clients")
    environ = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), nowhere)
    environ["NETRC"] = str(netrc)
    words = ["bash", "-c", 'ulimit -S -n 64; exec "$@"', "bash", *PERF, *desk.order()]
    done = desk.steady(lambda: elsewhere(desk, *words, environ=environ))
    assert done.code == 0, done.said
    (report,) = desk.state.glob("runs/*/report.html")
    told = report.read_text(encoding="utf-8")
    assert "HTTP_PROXY, ALL_PROXY, http_proxy: proxies are ignored" in told
    assert "netrc: credentials in it are ignored" in told
    assert "sw0rdfish" not in told + done.said


def test_t35_too_few_descriptors_are_said_before_the_load(desk: Desk) -> None:
    script = 'ulimit -n 40; exec "$@"'
    done = elsewhere(desk, "bash", "-c", script, "bash", *PERF, *desk.order())
    assert done.code == 2, done.said
    assert "300 VUs need 800 descriptors, the limit is 40" in done.err
    assert "before load, nothing sent; next:" in done.err
    assert desk.served() == 0
