"""`perf init` in a stranger's folder: what it writes runs, and what is there stays."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from commands import PERF, Done, environment
from perf_documents.profile import load_profile
from perf_documents.targets import load_workspace_config

if TYPE_CHECKING:
    from commands import Desk

SERVE = f"{sys.executable} -P -m perf_loadtests.target --traces 1000 --port {{port}}"
CI = ("--ci", "github", "--start", SERVE, "--ready", "/health")
K6 = """
export const options = {
  scenarios: { fast: { executor: 'constant-arrival-rate', rate: 300, duration: '2s',
                       preAllocatedVUs: 20 } },
  thresholds: { http_req_failed: ['rate<0.5'] },
};
"""
LOCUSTFILE = """
from locust import FastHttpUser, task
from shared import PATH

print("never in the way of the answer")

class Shopper(FastHttpUser):
    @task
    def buy(self):
        self.client.get(PATH)
"""
BROKEN = {
    "import.py": "from locust import User\nimport nothing_of_that_name\n",
    "beside.py": "from pathlib import Path\nPath(__file__).with_name('import.py').read_text()\n",
    "class.py": "x = 1\n",
    "task.py": "from locust import HttpUser\nclass A(HttpUser):\n    pass\n",
    "exit.py": "import os\nos._exit(0)\n",
    "calls.py": "import requests\nrequests.get('http://10.1.2.3:9/')\n",
    "syntax.py": "def (:\n",
}


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


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc: nobody may write there")
def test_a_folder_that_may_not_be_written_is_said() -> None:
    done = perf(Path("/proc"), "init", *CI)
    assert done.code == 5
    assert "init: perf.yaml: " in done.err
    assert done.err.endswith("nothing was written\n")


def test_a_file_where_a_folder_must_be_undoes_the_rest(tmp_path: Path) -> None:
    (tmp_path / ".github").write_text("a file")
    done = perf(tmp_path, "init", *CI)
    assert done.code == 5, done.said
    assert "nothing was written" in done.err
    assert files(tmp_path) == {".github"}
    assert [path.name for path in tmp_path.iterdir()] == [".github"]


def test_a_service_and_a_locustfile(tmp_path: Path) -> None:
    (tmp_path / "shared.py").write_text("PATH = '/health'\n")
    (tmp_path / "locustfile.py").write_text(LOCUSTFILE)
    done = perf(
        tmp_path,
        "init",
        "--target",
        "https://staging.example",
        "--from-locustfile",
        "locustfile.py",
    )
    assert done.code == 0, done.said
    assert (tmp_path / "loadtests/scenarios/locustfile.py").read_text() == LOCUSTFILE
    assert load_workspace_config(tmp_path / "perf.yaml").targets["service"].max_rate == 50
    assert (
        load_profile(tmp_path / "loadtests/profiles/first.yaml", name="x").scenario == "locustfile"
    )


def test_a_k6_script_becomes_a_profile_that_runs(desk: Desk) -> None:
    (desk.folder / "smoke-test.js").write_text(K6)
    done = perf(desk.folder, "init", "--from-k6", "smoke-test.js", "--path", "/health")
    assert done.code == 0, done.said
    assert "not translated" in done.out
    words = ("run", "--profile", "smoke-test-fast", "--target", "demo", "--quiet")
    ran = desk.steady(lambda: perf(desk.folder, *words))
    assert ran.code == 0, ran.said


def test_what_a_k6_script_loses_is_said_and_the_next_step_exists(tmp_path: Path) -> None:
    (tmp_path / "old.js").write_text(
        "export const options = {vus: 2, duration: '10s', userAgent: 'x'};"
    )
    done = perf(tmp_path, "init", "--from-k6", "old.js", "--target", "http://x")
    assert done.code == 0, done.said
    assert "old.yaml: left out: userAgent: not a part of a profile" in done.err
    assert "run --profile old --target service" in done.out
    assert "--profile first" not in done.out


def test_a_k6_script_never_takes_the_gate_s_place(tmp_path: Path) -> None:
    (tmp_path / "pull-request.js").write_text("export const options = {duration: '10s'};")
    done = perf(tmp_path, "init", *CI, "--from-k6", "pull-request.js")
    assert done.code == 2
    assert "loadtests/profiles/pull-request.yaml would be written twice" in done.err
    assert files(tmp_path) == {"pull-request.js"}


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
        (["--target", "http://x", "--max-rate", "nan"], "expected a finite number"),
        (["--from-k6", "bad.js"], "bad.js:1: options"),
        (["--from-locustfile", "none.py"], "'none.py' does not exist"),
        (["--from-locustfile", "Bad.py"], "cannot name a scenario"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_written(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    (tmp_path / "bad.js").write_text("export const options = {vus: f()};")
    (tmp_path / "Bad.py").write_text("")
    done = perf(tmp_path, "init", *arguments)
    assert done.code == 2, done.said
    assert says in done.err
    assert "pw@" not in done.err
    assert files(tmp_path) == {"bad.js", "Bad.py"}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("import.py", "import.py:2: the scenario does not import: ModuleNotFoundError"),
        ("beside.py", "beside.py:2: the scenario does not import: FileNotFoundError"),
        ("class.py", "class.py: no user class found"),
        ("task.py", "A has no tasks"),
        ("exit.py", "exit.py: its import ended the process"),
        ("calls.py", "10.1.2.3:9 is not on the allow-list"),
        ("syntax.py", "syntax.py:1: invalid syntax"),
    ],
)
def test_a_locustfile_that_is_no_scenario_is_refused_with_its_place(
    tmp_path: Path, name: str, says: str
) -> None:
    for file, text in BROKEN.items():
        (tmp_path / file).write_text(text)
    done = perf(tmp_path, "init", "--target", "http://x", "--from-locustfile", name)
    assert done.code == 2, done.said
    assert says in done.err
    assert len(done.err.splitlines()) == 1
    assert files(tmp_path) == set(BROKEN)
