"""`perf doctor`: what it looks at, and its exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from real_postgres import INITDB, PASSWORD, serving
from repository import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from commands import Desk, Done

EXPORTED = ROOT / "tests/data/imports/k6/summary-1.0.0.json"
CLOSED = "/api/v1/traces"
SECRET = "token-of-staging-never-shown"  # noqa: S105  # of no service


def wrote(desk: Desk, text: str) -> Path:
    path = desk.folder / "perf.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def checked(done: Done, name: str) -> tuple[bool, str]:
    """How the checks of one name went, and what the last of them says."""
    rows = [one for one in json.loads(done.out)["checks"] if one["name"] == name]
    assert rows, done.said
    return all(one["ok"] for one in rows), rows[-1]["text"]


def test_a_folder_in_order(desk: Desk) -> None:
    done = desk.perf("doctor", "--json")
    assert done.code == 0, done.said
    document = json.loads(done.out)
    assert document["calibration"] is None
    assert {check["name"]: check["ok"] for check in document["checks"]} == dict.fromkeys(
        ["machine", "open files", "free space", "perf.yaml", "tokens", "baselines", "history"], True
    )
    assert checked(done, "history")[1].endswith("; the first run makes it")
    assert not (desk.state / "history").exists()  # it only looks


def test_every_check_is_made_though_one_is_not_well(desk: Desk) -> None:
    (desk.folder / "perf.yaml").write_text("targets: {a: {url: 7}}\n", encoding="utf-8")
    (desk.folder / "baselines/p").mkdir(parents=True)
    (desk.folder / "baselines/p/e.jsonl").write_text("{", encoding="utf-8")
    done = desk.perf("doctor")
    assert done.code == 2, done.said
    lines = {line[5:].partition(":")[0]: line for line in done.out.splitlines() if ":" in line}
    assert lines["perf.yaml"].startswith("NOT  perf.yaml: ")
    assert "e.jsonl:1" in lines["baselines p/e"]
    assert lines["machine"].startswith("ok ")


@pytest.mark.slow
def test_the_rate_that_one_process_holds(desk: Desk) -> None:
    done = desk.perf("doctor", "--calibrate", "--json")
    known = json.loads(done.out)["calibration"]
    # how much it is, this machine decides; what is said of it must fit together
    if not known["held_per_s"]:
        assert (done.code, known["reading"]) == (5, None)
        assert known["cause"]
        return
    assert done.code == 0, done.said
    assert known["reading"]["rate_per_s"] > 0.9 * known["held_per_s"]
    assert known["reading"]["lag_p99_s"] < 0.005
    assert known["lost_per_s"] is None or known["lost_per_s"] > known["held_per_s"]
    assert not (desk.state / "history").exists()


def test_every_target_is_connected_to_and_none_is_asked(desk: Desk) -> None:
    wrote(
        desk,
        f"""targets:
  up: {{url: {desk.demo.url}}}
  down: {{url: http://127.0.0.1:1}}
  own: {{url: http://127.0.0.1:8001, start: [./serve]}}
  live: {{url: https://api.example, protected: true, max_rate: 5}}
""",
    )
    before = desk.served()
    done = desk.perf("doctor", "--json")
    assert done.code == 5, done.said
    assert checked(done, "target up") == (True, f"{desk.demo.url[7:]} accepts connections")
    well, text = checked(done, "target down")
    assert not well
    assert "127.0.0.1:1 refused the connection (1 tries)" in text
    assert checked(done, "target own") == (True, "each run starts it: ./serve")
    assert checked(done, "target live")[1].endswith("--target live --confirm live")
    assert desk.served() == before


def test_a_token_that_opens_a_closed_path_is_proven(desk: Desk) -> None:
    wrote(desk, f"targets: {{up: {{url: {desk.demo.url}, token_env: UP_TOKEN}}}}\n")
    asked = ["doctor", "--json", "--target", "up", "--path"]
    token = desk.demo.token_env_value
    done = desk.perf(*asked, CLOSED, environ={"UP_TOKEN": token})
    assert done.code == 0, done.said
    text = f"GET {CLOSED}: 200 with the token of UP_TOKEN, 401 without it"
    assert checked(done, "auth up") == (True, text)
    assert token not in done.said
    done = desk.perf(*asked, "/health", environ={"UP_TOKEN": token})
    assert (done.code, "it is not tried" in checked(done, "auth up")[1]) == (0, True)


@pytest.mark.parametrize(
    ("token", "path", "said"),
    [
        ("wrong-" + SECRET, CLOSED, "401, the token of UP_TOKEN is refused; next: renew it"),
        ("", CLOSED, "401, it asks for a token; next: export UP_TOKEN"),
        ("x", "/nowhere", "404; next: --path with one that is served"),
        ("zwölf", CLOSED, "the token is not printable ASCII; next: export it anew"),
    ],
)
def test_what_the_target_does_not_take_is_said_without_the_token(
    desk: Desk, token: str, path: str, said: str
) -> None:
    wrote(desk, f"targets: {{up: {{url: {desk.demo.url}, token_env: UP_TOKEN}}}}\n")
    asked = ["doctor", "--json", "--target", "up", "--path", path]
    done = desk.perf(*asked, environ={"UP_TOKEN": token})
    assert checked(done, "auth up") == (False, f"GET {path}: {said}")
    assert done.code == (2 if "ASCII" in said else 5)
    assert SECRET not in done.said


def test_what_a_run_would_refuse_doctor_refuses(desk: Desk) -> None:
    wrote(desk, "targets: {live: {url: http://127.0.0.1:1, protected: true, max_rate: 5}}\n")
    done = desk.perf("doctor", "--target", "live")
    assert (done.code, "add --confirm live" in done.out) == (4, True)
    done = desk.perf("doctor", "--target", "https://elsewhere.example")
    assert (done.code, "is not listed in perf.yaml" in done.out) == (4, True)
    done = desk.perf("doctor", "--path", "health")
    assert (done.code, done.out) == (2, "")


def test_tokens_are_named_when_they_are_missing_short_or_open(desk: Desk) -> None:
    wrote(desk, f"targets: {{up: {{url: {desk.demo.url}, token_env: UP_TOKEN}}}}\n")
    done = desk.perf("doctor")
    assert done.code == 5, done.said
    assert "NOT  tokens: UP_TOKEN is not set, and target up names it" in done.out
    given = {"UP_TOKEN": SECRET, "PERF_SERVE_TOKEN": "short", "PERF_WORKER_TOKEN": "short too"}
    done = desk.perf("doctor", environ=given)
    assert done.code == 2, done.said
    assert "ok   tokens: set: PERF_SERVE_TOKEN, PERF_WORKER_TOKEN, UP_TOKEN" in done.out
    assert "PERF_SERVE_TOKEN: expected at least 16" in done.out
    assert "PERF_WORKER_TOKEN: expected at least 32" in done.out
    assert not [value for value in given.values() if value in done.said]


def test_a_file_that_shows_a_token_to_others_is_not_well(desk: Desk) -> None:
    path = desk.folder / ".env"
    path.write_text(f"PERF_TOKEN={SECRET}\n", encoding="utf-8")
    path.chmod(0o644)
    done = desk.perf("doctor")
    assert (done.code, "next: chmod 600 .env" in done.out) == (4, True)
    assert SECRET not in done.said
    path.chmod(0o600)
    assert desk.perf("doctor").code == 0


def test_a_list_of_targets_that_others_could_write_is_not_trusted(desk: Desk) -> None:
    wrote(desk, "targets: {}\n").chmod(0o666)
    done = desk.perf("doctor")
    assert (done.code, "can be written by everybody: chmod o-w" in done.out) == (4, True)


def test_a_record_that_cannot_be_read_is_named(desk: Desk) -> None:
    folder = desk.state / "history/records"
    folder.mkdir(parents=True)
    (folder / "20261125t033314z-a1652f.json").write_text("{", encoding="utf-8")
    done = desk.perf("doctor")
    assert done.code == 2, done.said
    line = next(line for line in done.out.splitlines() if line.startswith("NOT"))
    assert "20261125t033314z-a1652f.json" in line
    assert line.endswith("next: put it back from a copy, or remove it")


@pytest.mark.skipif(INITDB is None, reason="no PostgreSQL on this machine")
def test_a_database_is_told_by_its_schema_and_what_the_user_may_do(desk: Desk) -> None:
    with serving() as server:
        name = server.new_database()
        environ = {"PERF_HISTORY": server.url(name)}
        done = desk.perf("doctor", "--json", environ=environ)
        assert checked(done, "history")[1].endswith("; no schema yet: the first run makes it")
        assert server.execute(name, "SELECT to_regclass('perfproof_runs')") == [(None,)]
        stored = desk.perf("history", "import", str(EXPORTED), environ=environ)
        assert stored.code == 0, stored.said
        done = desk.perf("doctor", "--json", environ=environ)
        assert checked(done, "history") == (
            True, f"1 runs in postgresql 127.0.0.1:{server.port}/{name}; schema 002"
        )  # fmt: skip
        server.execute(name, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO guarded")
        guarded = {"PERF_HISTORY": server.url(name, "guarded", PASSWORD)}
        done = desk.perf("doctor", environ=guarded)
        assert (done.code, "this user may not add runs; next: GRANT" in done.out) == (5, True)
        assert PASSWORD not in done.said
        server.execute(name, "UPDATE perfproof_version SET version_num = '999'")
        done = desk.perf("doctor", environ=environ)
        assert (done.code, "next: upgrade perfproof" in done.out) == (2, True)
