"""Bad input: the right code, one message with a place and a next step, nothing sent or stored."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
import yaml

from commands import desk_at

if TYPE_CHECKING:
    from pathlib import Path

    from commands import Desk, Done
    from perf_loadtests.target.launch import DemoTarget

PLACE = "loadtests/profiles/short.yaml:"


def is_refused(desk: Desk, done: Done, code: int, *parts: str) -> None:
    """Hold a refusal: its code and message, and that it had no effect."""
    assert done.code == code, done.said
    assert done.out == ""
    assert "Traceback" not in done.err
    missing = [part for part in parts if part not in done.err]
    assert not missing, done.err
    assert desk.served() == 0
    assert desk.stored() == []
    assert desk.spools() == []
    assert desk.processes() == []


@pytest.mark.parametrize(
    ("key", "value", "parts"),
    [
        pytest.param("thresolds", "{}", ["thresolds", 'did you mean "thresholds"'], id="Y25"),
        pytest.param(
            "thresholds",
            "{http_req_duration: ['p(95)=<500']}",
            ["=<", "did you mean p(95)<=500"],
            id="H04",
        ),
        pytest.param("thresholds", "{http_req_duration: ['p95<500']}", ["p(95)"], id="H11"),
        pytest.param("duration", "60", ["duration", "unit", "60s"], id="Y06"),
        pytest.param("rate", "5\nrate: 6", ["rate", "twice"], id="Y22"),
        pytest.param("rate", "-1", ["rate", "expected", "-1"], id="Y20"),
        pytest.param("max_vus", "010", ["max_vus", "8"], id="Y01"),
        pytest.param("executor", "constant-rate", ["constant-arrival-rate"], id="executor"),
    ],
)
def test_a_profile_is_refused_with_its_line(
    desk: Desk, key: str, value: str, parts: list[str]
) -> None:
    desk.write(**{key: value})
    is_refused(desk, desk.run(), 2, PLACE, *parts)


def test_all_errors_of_a_profile_are_said_at_once_with_their_lines(desk: Desk) -> None:
    desk.write(rate="-1", duration="60", thresholds="{http_req_duration: ['p95<500']}")
    done = desk.run()
    is_refused(desk, done, 2)
    for line in (3, 4, 7):
        assert f"{PLACE}{line}:" in done.err


def test_errors_of_a_profile_and_of_its_target_are_said_at_once(desk: Desk) -> None:
    desk.write(rate="-1")
    done = desk.perf("run", "--profile", "short", "--target", "http://")
    is_refused(desk, done, 2, f"{PLACE}3:", "--target")


def test_a_profile_that_does_not_exist_is_answered_with_those_that_do(desk: Desk) -> None:
    done = desk.perf("run", "--profile", "shrt", "--target", desk.demo.url)
    is_refused(desk, done, 2, "--profile", "shrt", "short", "sustained")


def test_a_scenario_that_does_not_exist_is_answered_with_those_that_do(desk: Desk) -> None:
    desk.write(scenario="health_chek")
    is_refused(desk, desk.run(), 2, "health_chek", "health_check")


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        pytest.param("import nosuchmodule\n", ["broken.py:1", "nosuchmodule"], id="import"),
        pytest.param("x = 1\ndef f(:\n", ["broken.py:2"], id="syntax"),
        pytest.param("x = 1\n", ["broken.py", "User"], id="no-user"),
    ],
)
def test_a_scenario_that_does_not_import_sends_nothing(
    desk: Desk, source: str, parts: list[str]
) -> None:
    desk.scenario("broken", source)
    desk.write(scenario="broken")
    is_refused(desk, desk.run(), 2, *parts)


def test_credentials_in_a_url_are_refused_and_repeated_nowhere(desk: Desk) -> None:
    url = desk.demo.url.replace("http://", "http://somebody:sw0rdfish@")
    done = desk.perf("run", "--profile", "short", "--target", url)
    is_refused(desk, done, 2, "--target", "credentials", "token_env")
    assert "sw0rdfish" not in done.said
    kept = [path for path in desk.folder.rglob("*") if path.is_file()]
    assert not [path for path in kept if b"sw0rdfish" in path.read_bytes()]


def test_a_target_that_is_not_listed_is_refused_with_the_yaml_to_paste(desk: Desk) -> None:
    done = desk.perf("run", "--profile", "short", "--target", "http://192.0.2.1:8080")
    is_refused(desk, done, 4, "not listed in perf.yaml")
    lines = done.err.splitlines()
    pasted = "\n".join(lines[lines.index("targets:") :])
    (entry,) = yaml.safe_load(pasted)["targets"].values()
    assert entry["url"] == "http://192.0.2.1:8080"


def test_the_yaml_that_a_refusal_prints_allows_the_target(desk: Desk) -> None:
    url = "http://192.0.2.1:8080"
    done = desk.perf("run", "--profile", "short", "--target", url)
    lines = [line.removeprefix("perf: ") for line in done.err.splitlines()]
    listed = "\n".join(lines[lines.index("targets:") :]).replace("192.0.2.1:8080", "127.0.0.1:9")
    (desk.folder / "perf.yaml").write_text(listed, encoding="utf-8")
    (desk.folder / "perf.yaml").chmod(0o644)
    name = lines[lines.index("targets:") + 1].strip(" :")
    desk.write(rate="20")
    refused = desk.perf("run", "--profile", "short", "--target", name)
    is_refused(desk, refused, 5, "127.0.0.1:9")


def test_a_target_that_refuses_connections_is_infrastructure(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    done = desk.perf("run", "--profile", "short", "--target", f"http://127.0.0.1:{port}")
    is_refused(desk, done, 5, f"127.0.0.1:{port} refused", "before load", "next: start it")


def test_an_out_folder_that_is_a_file_is_refused_and_left_alone(desk: Desk) -> None:
    kept = desk.profile.read_bytes()
    is_refused(desk, desk.run("--out", str(desk.profile)), 2, "--out", "is a file", "next:")
    assert desk.profile.read_bytes() == kept


ARGUMENTS = [
    pytest.param([], ["Usage", "perf"], id="A01-none"),
    pytest.param(["rum"], ["rum", "did you mean run", "next:"], id="A01-near"),
    pytest.param(["run", "--prof", "short"], ["--prof", "next:"], id="A12"),
    pytest.param(["run", "--profile", "short", "@file"], ["@file", "next:"], id="A14"),
    pytest.param(["run", "--token", "x"], ["--token", "next:"], id="A17"),
    pytest.param(["run", "--threshold", "x"], ["--threshold", "next:"], id="A20"),
    pytest.param(["run", "--profile", "short", "--nope"], ["--nope", "next:"], id="option"),
    pytest.param(["run"], ["--profile", "next:"], id="missing"),
    *(
        pytest.param(
            ["run", "--profile", "short", f"--time-scale={value}"],
            ["--time-scale", "above 0", "next:"],
            id=f"A04-{value}",
        )
        for value in ("0", "nan", "-1", "1e9")
    ),
    pytest.param(
        ["run", "--profile", "short", "--wait", "5"], ["--wait", "unit", "next:"], id="A04-wait"
    ),
    pytest.param(
        ["run", "--profile", "short", "--environment", "a b"], ["--environment"], id="environment"
    ),
    pytest.param(["check"], ["--run", "next:"], id="check"),
    pytest.param(
        ["check", "--run", "latest"],
        ["no run is stored here yet", "next:"],
        id="check-nothing-stored",
    ),
    pytest.param(
        ["run", "--profile", "short", "--wait", "5s", "--wait=6s"],
        ["--wait", "twice", "'5s'", "'6s'", "next:"],
        id="A10",
    ),
    pytest.param(
        ["history", "list", "--limit", "1", "--limit", "2"], ["--limit", "twice"], id="A10-sub-verb"
    ),
    pytest.param(
        ["compare", "a.json", "--out", "x", "--", "b.json", "--out", "y"],
        ["--out", "twice"],
        id="A10-compare",
    ),
    pytest.param(["check", "--run", "no.json"], ["no.json"], id="check-no-file"),
    pytest.param(
        ["history", "show", "latest"],
        ["no run is stored here yet", "next:"],
        id="show-nothing-stored",
    ),
    pytest.param(["history", "import"], ["PATH", "next:"], id="import"),
    pytest.param(["history", "list", "--limit", "0"], ["--limit", "next:"], id="limit"),
]


@pytest.mark.parametrize(("arguments", "parts"), ARGUMENTS)
def test_arguments_are_refused_before_anything_else(
    desk: Desk, arguments: list[str], parts: list[str]
) -> None:
    is_refused(desk, desk.perf(*arguments), 2, *parts)


@pytest.mark.parametrize(
    "name", ["", " ", ".", "..", "/etc/passwd", "../x", "a/b", "-rf", ".hidden", "x" * 300, "é"]
)
def test_a02_only_names_and_paths_of_yaml_are_profiles(
    tmp_path: Path, demo: DemoTarget, name: str
) -> None:
    desk = desk_at(tmp_path, demo)
    is_refused(desk, desk.perf("run", f"--profile={name}"), 2, "--profile")


def test_an_empty_history_lists_nothing_and_says_what_to_do(desk: Desk) -> None:
    done = desk.perf("history", "list")
    assert done.code == 0
    assert done.out == ""
    assert "next: perf run" in done.err
