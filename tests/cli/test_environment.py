"""The environment of the command: whatever it holds, the same bytes and verdict, or a word."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import wall_clock
from commands import PERF, Done, environment
from perf_documents.errors import InfraError
from perf_loadtests.surroundings import check_clock, notes_of
from scenario_texts import EACH_CLIENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from commands import Desk, Passed


def judged(
    passed: Passed, *python: str, environ: Mapping[str, str] | None = None, stdin: str = os.devnull
) -> Done:
    """Judge the run of `passed` again from its file, all of it shown, by a Python with options."""
    (path,) = passed.desk.state.glob("runs/*/run.json.gz")
    with open(stdin, "rb") as given:  # noqa: PTH123  # devices
        ended = subprocess.run(
            [sys.executable, "-P", *python, "-m", "perf_cli", "check", "--run", path, "--json"],
            cwd=passed.desk.folder,
            env=environment(environ),
            stdin=given,
            capture_output=True,
            timeout=60,
            check=False,
        )
    return Done(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


@pytest.fixture(scope="module")
def plain(passed: Passed) -> Done:
    """The run judged again in a plain environment."""
    done = judged(passed)
    assert json.loads(done.out)["exit_code"] == done.code, done.said
    return done


@pytest.mark.parametrize(
    ("python", "environ"),
    [
        pytest.param([], {"TZ": ""}, id="E04-empty"),
        pytest.param([], {"TZ": "Europe/Berlin"}, id="E03"),
        pytest.param([], {"TZ": "Nowhere/Land"}, id="E04-invalid"),
        pytest.param([], {"TZ": ":/etc/passwd"}, id="E04-file"),
        pytest.param([], {"LC_ALL": "tr_TR.UTF-8", "LANG": "\udcff"}, id="N09"),
        pytest.param([], {"COLUMNS": "-1", "TERM": ""}, id="N10"),
        pytest.param([], {"BIG": "x" * 100_000, "ODD": "\udcff"}, id="N07"),
        pytest.param([], {"HOME": "/nonexistent", "TMPDIR": "/nonexistent"}, id="E08"),
        pytest.param(["-O"], {}, id="E10-O"),
        pytest.param(["-W", "error"], {}, id="E10-W"),
        pytest.param(["-X", "dev", "-W", "error"], {}, id="E10-dev"),
        *(pytest.param([], {"PYTHONHASHSEED": str(n)}, id=f"E10-{n}") for n in (1, 2, 3)),
    ],
)
def test_whatever_the_environment_holds_the_result_has_the_same_bytes(
    passed: Passed, plain: Done, python: list[str], environ: dict[str, str]
) -> None:
    done = judged(passed, *python, environ=environ)
    assert done == plain


def test_e12_standard_input_is_never_read(passed: Passed, plain: Done) -> None:
    done = judged(passed, stdin="/dev/zero")
    assert done == plain


@pytest.mark.parametrize("module", ["json.py", "yaml.py", "locust.py", "numpy/__init__.py"])
def test_e11_a_file_in_the_place_of_a_module_is_refused_with_its_path(
    tmp_path: Path, module: str
) -> None:
    trap, sprung = tmp_path / module, tmp_path / "sprung"
    trap.parent.mkdir(exist_ok=True)
    trap.write_text(f"open({str(sprung)!r}, 'w')\n", encoding="utf-8")
    # where coverage is measured, it would import the file before us
    plain = {name: value for name, value in environment().items() if "COVERAGE" not in name}
    for command, environ in ((PERF, {"PYTHONPATH": str(tmp_path)}), ([PERF[0], *PERF[2:]], {})):
        ended = subprocess.run(
            [*command, "history", "list"],
            cwd=tmp_path,
            env=plain | environ,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 2
        assert str(trap).encode() in ended.stderr
        assert b"next: rename it" in ended.stderr
    assert not sprung.exists()


def test_e11_a_folder_that_is_not_searched_may_hold_any_names(tmp_path: Path) -> None:
    (tmp_path / "queue.py").write_text("1 / 0\n", encoding="utf-8")
    ended = subprocess.run(
        [*PERF, "history", "list"], cwd=tmp_path, env=environment(), timeout=60, check=False
    )
    assert ended.returncode == 0


def test_a_run_in_an_odd_environment_passes_and_says_what_it_ignored(desk: Desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        (desk.folder / "locust.conf").write_text("users = 9\nrun-time = 1s\n", encoding="utf-8")
        (desk.folder / ".locust.conf").write_text("host = http://192.0.2.1\n", encoding="utf-8")
        (desk.folder / "pyproject.toml").write_text("[tool.locust]\nusers = 9\n", encoding="utf-8")
        (desk.folder / ".netrc").write_text("default login u password p\n", encoding="utf-8")
        environ = {
            "HTTP_PROXY": address, "http_proxy": address, "ALL_PROXY": address, "CI": "true",
            "LOCUST_USERS": "7", "LOCUST_RUN_TIME": "1s", "LOCUST_HOST": "http://192.0.2.1",
            "HOME": str(desk.folder), "NETRC": str(desk.folder / ".netrc"), "TZ": ":/etc/passwd",
            "LC_ALL": "tr_TR", "LANG": "xx", "COLUMNS": "-1", "TERM": "", "BIG": "x" * 100_000,
            "ODD": "\udcff", "PYTHONWARNINGS": "default", "PYTHONSTARTUP": "/nonexistent",
            "REQUESTS_CA_BUNDLE": "/nonexistent", "TMPDIR": "/nonexistent",
        }  # fmt: skip
        desk.scenario("proxied", EACH_CLIENT.replace("PATH", "/health"))
        desk.write(scenario="proxied")
        done = desk.run("--json", environ=environ)
        proxy.settimeout(0.0)
        with pytest.raises(BlockingIOError):
            proxy.accept()
    assert done.code == 0, done.said
    document = json.loads(done.out)
    assert document["accounts"]["started"] == 240
    assert desk.served() >= 240
    (report,) = desk.state.glob("runs/*/summary.md")
    said = report.read_text(encoding="utf-8")
    for words in ("HTTP_PROXY", "proxies are ignored", "LOCUST_USERS", "locust.conf",
                  "~/.locust.conf", "[tool.locust] of pyproject.toml"):  # fmt: skip
        assert words in said.replace("&#95;", "_").replace("&#126;", "~").replace("&#91;", "[") \
            .replace("&#93;", "]"), words  # fmt: skip
    assert "x" * 1_000 not in said


@pytest.mark.parametrize("mask", [0o000, 0o777])
def test_e08_no_umask_opens_or_closes_what_a_command_writes(
    desk: Desk, passed: Passed, mask: int
) -> None:
    (path,) = passed.desk.state.glob("runs/*/run.json.gz")
    ended = subprocess.run(
        [*PERF, "history", "import", path],
        cwd=desk.folder,
        env=environment(),
        capture_output=True,
        timeout=60,
        umask=mask,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    modes = {path.stat().st_mode & 0o777 for path in desk.state.rglob("*") if path.is_file()}
    folders = {path.stat().st_mode & 0o777 for path in desk.state.rglob("*") if path.is_dir()}
    assert (modes, folders) == ({0o600}, {0o700})


@pytest.mark.parametrize("year", [1970, 2019, 2100, 9999])
def test_e02_a_start_that_no_history_could_order_is_refused(year: int) -> None:
    with pytest.raises(InfraError, match=f"stands at {year}.*before load, nothing sent"):
        check_clock(datetime(year, 1, 1, tzinfo=UTC))


def test_e02_a_start_after_2038_is_a_start() -> None:
    check_clock(datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC))
    check_clock(datetime(2099, 12, 31, tzinfo=UTC))


def test_a21_a_run_as_root_or_in_the_root_folder_says_so() -> None:
    said = notes_of({}, Path("/"), local=False, superuser=True)
    assert [line.partition(":")[0] for line in said] == ["run as root", "run in /"]
    assert notes_of({}, Path("/srv"), local=False, superuser=False) == []


@pytest.mark.slow
@pytest.mark.skipif(wall_clock.COMPILER is None, reason="no C compiler to make a clock with")
@pytest.mark.parametrize(("years", "code"), [(-50, 5), (20, 0), (100, 5)])
def test_e02_a_whole_run_by_another_clock(desk: Desk, years: int, code: int) -> None:
    clock = wall_clock.build(desk.folder)
    clock.set(years * 31_557_600)
    done = desk.run(environ=clock.environ)
    assert done.code == code, done.said
    assert len(desk.stored()) == (code == 0)
