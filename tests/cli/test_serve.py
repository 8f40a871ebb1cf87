"""`perf serve` as people start it: where it listens, one real gate, and how it ends."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from commands import PERF, environment, wait_for
from fakes.gates import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from commands import Desk

GATES = """\
targets:
  here: {{url: '{url}'}}
serve:
  gates:
    short: {{profile: short, target: here, max_age: 1h}}
"""
CANARY = "rules: c.yaml, prometheus: 'http://127.0.0.1:9', for: 1m"


class Served:
    """A server of its own process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        assert process.stdout is not None
        self.told: dict[str, Any] = json.loads(process.stdout.readline() or b"{}")

    def ask(
        self, method: str, path: str, body: str = "", headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        """Status and text of an answer."""
        parts = urlsplit(self.told["url"])
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port or 0, timeout=60)
        connection.request(method, path, body or None, dict(headers or {}))
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def verdict(self, key: str, *, start: bool = True) -> dict[str, Any]:
        """Answer for a key of the gate `short`."""
        status, text = self.ask("GET", f"/verdict/short?key={key}{'&start=1' if start else ''}")
        assert status == 200
        found: dict[str, Any] = json.loads(text)
        return found

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Exit code, and what was said to stderr."""
        self.process.send_signal(number)
        _, err = self.process.communicate(timeout=60)
        return self.process.returncode, err.decode()


@contextmanager
def serving(desk: Desk, *arguments: str, **environ: str) -> Iterator[Served]:
    process = subprocess.Popen(
        [*PERF, "serve", "--port", "0", "--json", *arguments],
        cwd=desk.folder,
        env=environment(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield Served(process)
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=60)


def write(desk: Desk, text: str = GATES) -> None:
    path = desk.folder / "perf.yaml"
    path.write_text(text.format(url=desk.demo.url), encoding="utf-8")
    path.chmod(0o644)


def test_a_real_gate_runs_once_and_its_verdict_outlives_the_server(desk: Desk) -> None:
    write(desk)
    with serving(desk) as served:
        assert served.told["gates"] == ["short"]
        assert served.ask("GET", "/healthz") == (200, "ok\n")
        assert served.verdict("a", start=False)["verdict"] == "inconclusive"
        assert served.verdict("a")["verdict"] == "running"
        wait_for(lambda: served.verdict("a")["verdict"] != "running", 60)
        verdict = served.verdict("a")
        (run_id,) = desk.stored()
        stored = json.loads(desk.perf("check", "--run", run_id, "--json").out)
        assert verdict["run_id"] == run_id
        assert verdict["verdict"] == stored["verdict"]
        assert verdict["exit_code"] == stored["exit_code"]
        value = {"pass": 1, "fail": -1}.get(verdict["verdict"], 0)
        _, metrics = served.ask("GET", "/metrics")
        assert f'perfproof_verdict{{gate="short"}} {value}\n' in metrics
        code, err = served.end(signal.SIGTERM)
    assert code == 143
    assert "Traceback" not in err
    with serving(desk) as served:
        again = served.verdict("a")
        assert (again["run_id"], again["verdict"]) == (run_id, verdict["verdict"])
        assert served.end(signal.SIGINT)[0] == 130
    assert desk.stored() == [run_id]


def test_the_end_of_the_server_ends_what_it_started(desk: Desk) -> None:
    write(desk)
    desk.write(duration="60s")
    with serving(desk) as served:
        loaded = desk.served() + 50
        assert served.verdict("a")["verdict"] == "running"
        wait_for(lambda: desk.served() >= loaded, 60)
        code, err = served.end(signal.SIGTERM)
    assert (code, "Traceback" in err) == (143, False)
    wait_for(lambda: desk.processes() == [])
    with serving(desk) as served:
        cut_off = served.verdict("a", start=False)
        assert (cut_off["verdict"], cut_off["exit_code"]) == ("inconclusive", 143)


def test_the_trend_site_is_served_without_any_gate(desk: Desk) -> None:
    assert desk.perf("trend").code == 0
    with serving(desk) as served:
        assert served.told["trend"] == f"{served.told['url']}/trend/"
        status, text = served.ask("GET", "/trend/")
        assert (status, "No run is stored" in text) == (200, True)
        assert served.ask("HEAD", "/trend/feed.xml") == (200, "")
        browser = {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}
        assert served.ask("GET", "/trend/index.html", headers=browser)[0] == 200
        assert served.ask("GET", "/trend/", headers={"Host": "evil.example"})[0] == 403
        assert served.ask("POST", "/trend/")[0] == 405
        assert served.ask("GET", "/trend/../../perf.yaml")[0] == 404
        assert served.end(signal.SIGTERM)[0] == 143
    with serving(desk, PERF_SERVE_TOKEN=TOKEN) as served:
        assert served.ask("GET", "/trend/")[0] == 401
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert served.ask("GET", "/trend/", headers=headers)[0] == 200
        served.end(signal.SIGTERM)
    done = desk.perf("serve", "--trend", "nowhere")
    assert (done.code, "perfproof trend --out nowhere" in done.err) == (2, True)


def test_a_killed_server_leaves_its_gate_undecided(desk: Desk) -> None:
    write(desk)
    desk.write(duration="8s")
    with serving(desk) as served:
        loaded = desk.served() + 50
        assert served.verdict("a")["verdict"] == "running"
        wait_for(lambda: desk.served() >= loaded, 60)
        served.process.kill()
        served.process.wait()
        # the run goes on without it, and holds the folder until it has ended
        refused = desk.perf("serve", "--port", "0")
        assert refused.code == 5
        assert "still works here" in refused.err
    wait_for(lambda: desk.processes() == [], 60)
    with serving(desk) as served:
        cut_off = served.verdict("a")
        assert cut_off["verdict"] == "inconclusive"
        assert "restarted" in cut_off["reason"]


def test_the_token_is_asked_for_and_handed_to_nobody(desk: Desk) -> None:
    write(desk)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    body = {"name": "a", "namespace": "n", "checksum": "c", "metadata": {"gate": "none"}}
    with serving(desk, "--host", "0.0.0.0", PERF_SERVE_TOKEN=f"{TOKEN}\n") as served:  # noqa: S104  # what is tested
        assert served.ask("GET", "/verdict/none?key=a")[0] == 401
        assert served.ask("GET", "/verdict/none?key=a", headers=bearer)[0] == 404
        assert served.ask("POST", "/flagger/gate", json.dumps(body))[0] == 403
        body["metadata"] = {"gate": "none", "token": TOKEN}
        assert served.ask("POST", "/flagger/gate", json.dumps(body))[0] == 404
        _, err = served.end(signal.SIGTERM)
    assert TOKEN not in err


def test_without_a_token_only_this_machine_is_served(desk: Desk) -> None:
    write(desk)
    for host in ("0.0.0.0", "::", "192.0.2.1"):  # noqa: S104  # what is tested
        done = desk.perf("serve", "--host", host)
        assert (done.code, done.out) == (4, "")
        assert "next: export PERF_SERVE_TOKEN=" in done.err


@pytest.mark.parametrize(
    ("arguments", "token", "said"),
    [
        (["--host", "here.example"], "", "is no address"),
        (["--port", "70000"], "", "70000"),
        ([], "short", "at least 16"),
    ],
)
def test_what_cannot_be_meant_is_usage(
    desk: Desk, arguments: list[str], token: str, said: str
) -> None:
    write(desk)
    done = desk.perf("serve", *arguments, environ={"PERF_SERVE_TOKEN": token})
    assert (done.code, done.out) == (2, "")
    assert said in done.err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("history: .perf/history\n", "next: paste\nserve:", id="no gates"),
        pytest.param(GATES.replace("profile: short", "profile: none"), "no profile none", id="P"),
        pytest.param(GATES.replace("max_age", "max_aje"), 'did you mean "max_age"', id="key"),
        pytest.param(
            GATES.replace("profile: short, target: here", CANARY),
            "no file c.yaml",
            id="rules",
        ),
    ],
)
def test_gates_that_could_never_run_are_refused_before_listening(
    desk: Desk, text: str, said: str
) -> None:
    write(desk, text)
    done = desk.perf("serve", "--port", "0")
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_perf_yaml_that_others_could_write_is_not_served(desk: Desk) -> None:
    write(desk)
    (desk.folder / "perf.yaml").chmod(0o666)
    assert desk.perf("serve", "--port", "0").code == 4


def test_a_port_in_use_is_infra(desk: Desk) -> None:
    write(desk)
    with serving(desk) as served:
        port = str(urlsplit(served.told["url"]).port)
        other = desk.folder / "other"
        other.mkdir()
        text = "serve: {gates: {g: {profile: smoke, target: demo, max_age: 1m}}}\n"
        (other / "perf.yaml").write_text(text, encoding="utf-8")
        (other / "perf.yaml").chmod(0o644)
        done = replace(desk, folder=other).perf("serve", "--port", port)
    assert (done.code, done.out) == (5, "")
    assert "next: another --port" in done.err
