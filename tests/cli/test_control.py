"""Controls as people use them: two real services, real rounds, real exit codes."""

from __future__ import annotations

import json
import socket
import sys
from typing import TYPE_CHECKING

import pytest

from comparisons import LAX, RATE, compared, result_of

if TYPE_CHECKING:
    from commands import Desk


@pytest.mark.parametrize(
    "spread", [[], pytest.param(["--processes", "2"], marks=pytest.mark.slow, id="two-processes")]
)
def test_a_control_is_loaded_beside_the_target(desk: Desk, spread: list[str]) -> None:
    desk.write(duration="4s", rate=RATE, regression=LAX)
    done = desk.run("--control", "demo", *spread)
    assert done.code == 0, done.said
    found = compared(desk)
    assert found["source"] == "control"
    assert found["mode"] == "proof"
    assert "against the control demo" in done.out
    assert "--control demo" in str(result_of(desk)["repeat"])
    comment = desk.perf("comment", "latest")
    assert comment.code == 0, comment.said
    assert "against the control demo" in comment.out
    assert "as stored" not in comment.out


def test_rounds_restart_what_they_can(desk: Desk) -> None:
    desk.write(rate=RATE, regression=LAX, duration="4s")
    done = desk.run("--control", "demo", "--rounds", "2")
    assert done.code == 2
    assert "--rounds: restarts both targets" in done.err
    words = ("run", "--profile", "short", "--target", "demo", "--control", "demo", "--rounds", "3")
    both = desk.steady(lambda: desk.perf(*words, "--quiet"))
    assert both.code == 0, both.said
    assert len(desk.stored()) == 3
    assert len(compared(desk)["reference"]) == 3  # type: ignore[arg-type]  # a list
    comment = desk.perf("comment", "latest")
    assert comment.out.startswith("### ✓ PASS: "), comment.said
    assert "against the control demo in 3 rounds" in comment.out
    assert "as stored, since the rounds are not in the document" in comment.out


def test_until_decided_ends_when_it_is(desk: Desk) -> None:
    desk.write(rate=RATE, regression=LAX, duration="4s")
    done = desk.run("--control", "demo", "--until-decided", "--max-duration", "12s", "--quiet")
    assert done.code == 0, done.said
    assert 1 <= len(desk.stored()) <= 5
    assert any("look " in note for note in compared(desk)["notes"])  # type: ignore[attr-defined]  # a list


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--repeat", "0"], "--repeat"),
        (["--rounds", "2"], "need --control"),
        (["--until-decided"], "belong together"),
        (["--control", "demo", "--max-duration", "1m"], "belong together"),
        (["--control", "demo", "--repeat", "2"], "with --control it is --rounds"),
        (["--control", "demo", "--baseline", "HEAD"], "is compared with that"),
        (["--control", "demo", "--accept-baseline"], "no baseline for runs without one"),
        (["--json", "--repeat", "2"], "shows one run"),
        (["--control", "https://elsewhere.example"], "elsewhere.example"),
    ],
)
def test_options_that_do_not_fit_are_refused(desk: Desk, arguments: list[str], says: str) -> None:
    desk.write()
    done = desk.perf(*desk.order(*arguments))
    assert done.code in {2, 4}
    assert says in done.err
    assert desk.served() == 0


def test_a_closed_executor_has_nothing_to_pair(desk: Desk) -> None:
    profile = (
        "scenario: health_check\nexecutor: constant-vus\nvus: 2\nduration: 2s\n"
        "thresholds: {http_req_duration: ['p(95)<500']}\n"
    )
    desk.write()
    desk.profile.write_text(profile)
    done = desk.perf(*desk.order("--control", "demo"))
    assert done.code == 2
    assert "has no arrivals to pair" in done.err


def test_a_target_is_no_control_of_its_own(desk: Desk) -> None:
    desk.write()
    done = desk.perf(*desk.order("--control", desk.demo.url))
    assert done.code == 2
    assert "--control: is the target itself" in done.err
    assert desk.served() == 0


def free_port() -> int:
    """Port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_targets_that_perf_starts_are_restarted_between_rounds(desk: Desk) -> None:
    ports = free_port(), free_port()
    serve = f"{sys.executable}, -P, -m, perf_loadtests.target, --traces, '1000', --port"
    lines = [
        f"  {name}: {{url: 'http://127.0.0.1:{port}', start: [{serve}, '{port}'], ready: /health, "
        "stop: signal}"
        for name, port in zip(("head", "base"), ports, strict=True)
    ]
    (desk.folder / "perf.yaml").write_text("targets:\n" + "\n".join(lines) + "\n")
    desk.write(rate=RATE, regression=LAX, duration="4s")
    arguments = [
        "--target",
        "head",
        "--control",
        "base",
        "--rounds",
        "3",
        "--quiet",
        "--out",
        "out",
    ]
    done = desk.steady(lambda: desk.perf("run", "--profile", "short", *arguments))
    assert done.code == 0, done.said
    assert len(desk.stored()) == 3
    # the verdict stands where it was asked for, earlier rounds below it
    said = json.loads((desk.folder / "out" / "result.json").read_bytes())
    assert "against the control base in 3 rounds" in said["comparison"]["sentence"]
    assert sorted(path.name for path in (desk.folder / "out").glob("*/result.json")) == [
        "result.json"] * 2  # fmt: skip
    again = desk.perf("check", "--run", "out/run.json.gz", "--json")
    assert again.code == done.code
    rejudged = json.loads(again.out)["comparison"]
    assert rejudged["rows"] == said["comparison"]["rows"]
    assert "comparison over 3 rounds, as it was stored" in rejudged["notes"]
    for port in ports:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_target_that_does_not_start_is_said_before_any_load(desk: Desk) -> None:
    desk.write()
    (desk.folder / "perf.yaml").write_text(
        "targets:\n  head: {url: 'http://127.0.0.1:9', start: [./nothing], ready: /health}\n"
    )
    done = desk.perf("run", "--profile", "short", "--target", "head")
    assert done.code == 2
    assert "./nothing cannot be started" in done.err
    assert desk.stored() == []
