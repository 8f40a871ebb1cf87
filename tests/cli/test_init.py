"""`perf init` in a stranger's folder: what it writes runs, and what is there stays."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from commands import PERF, Done, environment
from perf_documents.profile import load_profile
from perf_documents.targets import load_workspace_config

if TYPE_CHECKING:
    from pathlib import Path

SERVE = f"{sys.executable} -P -m perf_loadtests.target --traces 1000 --port {{port}}"
CI = ("--ci", "github", "--start", SERVE, "--ready", "/health")
K6 = """
export const options = {
  scenarios: { fast: { executor: 'constant-arrival-rate', rate: 300, duration: '2s',
                       preAllocatedVUs: 20 } },
  thresholds: { http_req_failed: ['rate<0.5'] },
};
"""


def perf(folder: Path, *arguments: str) -> Done:
    ended = subprocess.run(
        [*PERF, *arguments], cwd=folder, env=environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return Done(ended.returncode, ended.stdout, ended.stderr)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_gate_is_written_whole(tmp_path: Path) -> None:
    done = perf(tmp_path, "init", *CI, "--path", "/health", "--path", "/a b".replace(" ", "%20"))
    assert done.code == 0, done.said
    assert files(tmp_path) == {
        "perf.yaml", "loadtests/profiles/pull-request.yaml", "loadtests/scenarios/visitor.py",
        ".github/workflows/perf.yml", ".gitignore",
    }  # fmt: skip
    config = load_workspace_config(tmp_path / "perf.yaml")
    assert set(config.targets) == {"head", "base"}
    assert config.targets["base"].cwd == ".perf/base"
    assert "8002" in config.targets["base"].start
    plan = load_profile(tmp_path / "loadtests/profiles/pull-request.yaml", name="x")
    assert plan.has_sustained
    assert "next: " in done.out
    assert "demo" not in "".join((tmp_path / name).read_text() for name in files(tmp_path))


def test_what_it_writes_runs_against_two_real_services(tmp_path: Path) -> None:
    assert perf(tmp_path, "init", *CI).code == 0
    (tmp_path / ".perf/base").mkdir(parents=True)
    done = perf(
        tmp_path, "run", "--profile", "pull-request", "--target", "head", "--control", "base",
        "--time-scale", "0.1", "--quiet", "--out", "out",
    )  # fmt: skip
    # five seconds prove little: what counts is that both were started, loaded and compared
    assert done.code in {0, 3}, done.said
    assert "control base" in (tmp_path / "out/summary.md").read_text()


def test_without_the_base_s_checkout_the_next_step_is_said(tmp_path: Path) -> None:
    assert perf(tmp_path, "init", *CI).code == 0
    done = perf(
        tmp_path, "run", "--profile", "pull-request", "--target", "head", "--control", "base"
    )
    assert done.code == 2
    assert "git worktree add --detach .perf/base" in done.err


def test_nothing_is_overwritten_and_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "perf.yaml").write_text("targets: {}\n")
    done = perf(tmp_path, "init", *CI)
    assert done.code == 2
    assert "perf.yaml exist" in done.err
    assert files(tmp_path) == {"perf.yaml"}
    assert (tmp_path / "perf.yaml").read_text() == "targets: {}\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    done = perf(tmp_path, "init", *CI)
    tmp_path.chmod(0o700)
    assert done.code == 5
    assert files(tmp_path) == set()


def test_a_file_where_a_folder_must_be_undoes_the_rest(tmp_path: Path) -> None:
    (tmp_path / ".github").write_text("a file")
    done = perf(tmp_path, "init", *CI)
    assert done.code == 5, done.said
    assert "nothing was written" in done.err
    assert files(tmp_path) == {".github"}
    assert [path.name for path in tmp_path.iterdir()] == [".github"]


def test_a_service_and_a_locustfile(tmp_path: Path) -> None:
    (tmp_path / "locustfile.py").write_text("from locust import FastHttpUser\n")
    done = perf(
        tmp_path,
        "init",
        "--target",
        "https://staging.example",
        "--from-locustfile",
        "locustfile.py",
    )
    assert done.code == 0, done.said
    assert (tmp_path / "loadtests/scenarios/locustfile.py").read_text().startswith("from locust")
    assert load_workspace_config(tmp_path / "perf.yaml").targets["service"].max_rate == 50
    assert (
        load_profile(tmp_path / "loadtests/profiles/first.yaml", name="x").scenario == "locustfile"
    )


def test_a_k6_script_becomes_a_profile_that_runs(tmp_path: Path) -> None:
    (tmp_path / "smoke-test.js").write_text(K6)
    done = perf(tmp_path, "init", "--from-k6", "smoke-test.js", "--path", "/health")
    assert done.code == 0, done.said
    assert "not translated" in done.out
    ran = perf(tmp_path, "run", "--profile", "smoke-test-fast", "--target", "demo", "--quiet")
    assert ran.code == 0, ran.said


def test_gitlab_has_its_job(tmp_path: Path) -> None:
    (tmp_path / ".gitlab-ci.yml").write_text("test: {script: [make]}\n")
    done = perf(tmp_path, "init", "--ci", "gitlab", "--start", SERVE, "--ready", "/health")
    assert done.code == 0, done.said
    assert "include: [{local: .gitlab/perf.yml}]" in done.out
    job = yaml.safe_load((tmp_path / ".gitlab/perf.yml").read_text())["perf"]
    assert any("perfproof run" in line for line in job["script"])
    assert (tmp_path / ".gitlab-ci.yml").read_text() == "test: {script: [make]}\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "nothing to begin with"),
        (["--ci", "github"], "needs --start"),
        (["--ci", "github", "--start", "x --port {port}"], "needs --ready"),
        (["--ci", "github", "--start", "serve", "--ready", "/"], "no {port} in it"),
        (["--ci", "github", "--start", "'x {port}", "--ready", "/"], "--start: No closing"),
        (["--ci", "github", "--start", "x {port}", "--ready", "health"], "not a path"),
        (["--ci", "jenkins"], "jenkins"),
        (["--forks", "--target", "http://x"], "--forks belongs"),
        (["--start", "x {port}", "--target", "http://x"], "belong to --ci"),
        (["--target", "ftp://x"], "expected such as https"),
        (["--target", "https://me:pw@x"], "credentials"),
        (["--from-k6", "none.js"], "none.js"),
        (["--from-k6", "bad.js"], "bad.js:1: options"),
        (["--from-locustfile", "bad.py"], "bad.py:1: is not Python"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_written(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    (tmp_path / "bad.js").write_text("export const options = {vus: f()};")
    (tmp_path / "bad.py").write_text("def (:\n")
    done = perf(tmp_path, "init", *arguments)
    assert done.code == 2, done.said
    assert says in done.err
    assert "pw@" not in done.err
    assert files(tmp_path) == {"bad.js", "bad.py"}
