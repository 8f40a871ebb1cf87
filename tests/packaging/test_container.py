"""The container image without an engine: what it says, and its install steps run for real."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from dockerfile import Build, Instruction, context, stages
from perf_cli.verbs.serve import PORT
from repository import PACKAGES, ROOT, child_environ, kept_files

BUILD, FINAL = stages((ROOT / "Dockerfile").read_text(encoding="utf-8"))
LOCKED = re.compile(r"^([a-z0-9.-]+)==(\S+)", re.MULTILINE)
BIN = Path(sysconfig.get_path("scripts"))


def only(stage: list[Instruction], name: str) -> Instruction:
    (found,) = [one for one in stage if one.name == name]
    return found


def locked(name: str) -> dict[str, str]:
    """Versions of a lock."""
    return dict(LOCKED.findall((ROOT / ".ci" / name).read_text(encoding="utf-8")))


def sent() -> list[Path]:
    """Files that a build is given."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    return context(ROOT, rules, kept_files())


def test_both_stages_begin_with_one_slim_base_of_a_stated_version() -> None:
    bases = {stage[0].rest.partition(" ")[0] for stage in (BUILD, FINAL)}
    (base,) = bases
    assert re.fullmatch(r"python:3\.\d+-slim-[a-z]+", base)


def test_nobody_in_it_is_root_and_nothing_stands_between_it_and_signals() -> None:
    assert only(FINAL, "USER").rest == "10001:10001"
    assert only(FINAL, "ENTRYPOINT").words == ["perfproof"]
    assert only(FINAL, "HEALTHCHECK").rest.endswith('CMD ["perfproof-healthy"]')
    names = [one.name for one in FINAL]
    assert names.index("USER") > max(at for at, name in enumerate(names) if name == "RUN")


def test_ports_are_those_that_its_roles_listen_on() -> None:
    assert only(FINAL, "EXPOSE").words == [str(PORT), "5557"]


def test_every_install_is_locked_by_hash_or_of_our_own_wheel() -> None:
    installs = [
        part for one in BUILD if one.name == "RUN" for part in one.rest.split("&&")
        if " install " in part
    ]  # fmt: skip
    assert len(installs) == 3
    assert all("--require-hashes" in part or "--no-index" in part for part in installs)
    assert not [one for one in FINAL if "pip" in one.rest]


def test_the_build_is_sent_what_it_needs_and_no_test_history_or_secret() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in sent()}
    assert {name.partition("/")[0] for name in names} == {
        ".ci", "LICENSE", "README.md", "pyproject.toml", "analysis", "baselines", "cli", "deploy",
        "loadtests", "reports",
    }  # fmt: skip
    assert {name for name in names if name.startswith((".ci", "deploy"))} == {
        ".ci/build.txt", ".ci/runtime.txt", "deploy/container/healthy",
    }  # fmt: skip


def test_the_locks_agree_and_the_image_holds_no_development_tool() -> None:
    every, runtime, build = map(locked, ("requirements.txt", "runtime.txt", "build.txt"))
    assert runtime.items() | build.items() <= every.items()
    assert {"locust", "psycopg", "scipy"} <= runtime.keys()
    # pytest is there: Locust itself depends on it
    assert not {"hatchling", "mypy", "ruff", "uv"} & runtime.keys()


def test_the_bill_of_materials_names_every_locked_package_with_its_hash(tmp_path: Path) -> None:
    lines = [line for line in (ROOT / "Makefile").read_text().splitlines() if "cyclonedx" in line]
    (line,) = lines
    command = line.strip().replace("$(BIN)", str(BIN)).replace("dist/", f"{tmp_path}/").split()
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    found = json.loads((tmp_path / "sbom.json").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    root = found["metadata"]["component"]
    assert (root["name"], root["version"]) == (project["name"], project["version"])
    assert {one["name"]: one["version"] for one in found["components"]} == locked("runtime.txt")
    assert all(one["externalReferences"][0]["hashes"] for one in found["components"])


@pytest.fixture
def pretended(tmp_path: Path) -> Path:
    """A program by which a process has any words after `perfproof`, and ends with its input."""
    path = tmp_path / "perfproof"
    path.write_text("#!/bin/sh\ncat >/dev/null\n")
    path.chmod(0o755)
    return path


def healthy(pid: int) -> int:
    environ = child_environ() | {"PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(
        [ROOT / "deploy/container/healthy", str(pid)], env=environ, check=False, timeout=60,
        capture_output=True,
    )  # fmt: skip
    return done.returncode


@pytest.mark.parametrize(
    ("words", "is_well"),
    [
        (["run", "--profile", "smoke", "--target", "serve"], True),
        (["worker", "--master", "serve:5557"], True),
        (["serve", "--port", "9"], False),
        (["serve", "--host", "0.0.0.0", "--port=9"], False),  # noqa: S104  # words, no socket
    ],
)
def test_only_a_gate_server_is_asked_for_an_answer(
    pretended: Path,
    words: list[str],
    is_well: bool,  # noqa: FBT001  # a case of a table
) -> None:
    with subprocess.Popen([pretended, *words], stdin=subprocess.PIPE) as process:
        assert (healthy(process.pid) == 0) is is_well
        process.stdin.close()  # type: ignore[union-attr]  # it is a pipe


def test_a_gate_server_that_answers_is_well(tmp_path: Path) -> None:
    gates = "serve: {gates: {demo: {profile: smoke, target: demo, max_age: 30m}}}\n"
    (tmp_path / "perf.yaml").write_text(gates)
    with subprocess.Popen(
        [BIN / "perfproof", "serve", "--port", "0", "--json"], cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=child_environ(),
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            port = url.rpartition(":")[2].strip("/")
            words = ["sh", str(tmp_path / "perfproof"), "serve", "--port", port]
            (tmp_path / "perfproof").write_text("cat >/dev/null\n")
            with subprocess.Popen(words, stdin=subprocess.PIPE) as stand_in:
                assert healthy(stand_in.pid) == 0
                stand_in.stdin.close()  # type: ignore[union-attr]  # it is a pipe
        finally:
            process.terminate()


@pytest.mark.slow
def test_its_install_steps_give_a_command_that_works(tmp_path: Path) -> None:
    files = {path.relative_to(ROOT).as_posix(): path for path in sent()}
    Build(tmp_path / "image", files, sys.executable).run(BUILD)
    # the second stage holds this folder and nothing else of the first
    shutil.rmtree(tmp_path / "image/src")
    shutil.rmtree(tmp_path / "image/opt/build")
    command = tmp_path / "image/opt/perfproof/bin/perfproof"
    workspace = tmp_path / "workspace"
    workspace.mkdir()

    def perfproof(*words: str) -> subprocess.CompletedProcess[str]:
        environ = {"PATH": f"{command.parent}:/usr/bin:/bin", "MPLCONFIGDIR": str(tmp_path / "m")}
        return subprocess.run(
            [command, *words], cwd=workspace, env=environ, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip

    assert perfproof("--version").stdout.startswith("perfproof ")
    done = perfproof("run", "--profile", "smoke", "--target", "demo")
    # a busy machine may make it undecided; that is a verdict too
    assert done.returncode in {0, 3}, done.stdout + done.stderr
    assert list(workspace.glob(".perf/runs/*/report.html"))
    assert not (command.parent / "pip").exists()
    inside = {path.name for path in command.parents[1].glob("lib/*/site-packages/perf_*")}
    assert inside == set(PACKAGES)
