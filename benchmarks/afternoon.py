"""From an empty repository to a gated pull request, on this machine.

`python benchmarks/afternoon.py [--repeat N]` makes an empty git repository with a small Flask
application, lets `perf init --ci github` write the rest, and runs the `run:` steps of the generated
workflow for an unchanged head (must pass) and for one that is 20 % slower (must fail, and its
comment must name the endpoint), against a GitHub of its own on loopback. Targets: ten minutes in
all, and no edit by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from fakes.github import HEAD, REPOSITORY, TOKEN, FakeGitHub, serving
from shop import APP, INIT_GITHUB, UNCHANGED, committed, git, slower
from workflow_steps import run_steps

LIMIT_S = 600.0
CASES = (
    ("unchanged", UNCHANGED, 0, "PASS"),
    ("20 % slower", slower("0.030"), 1, "FAIL"),
)


def prepared(folder: Path) -> Path:
    """Repository whose main branch has the application and what `perf init` wrote."""
    repository = folder / "shop"
    repository.mkdir()
    git(repository, "init", "--quiet", "--initial-branch=main")
    (repository / "app.py").write_text(APP)
    subprocess.run(
        [sys.executable, "-P", "-m", "perf_cli", *INIT_GITHUB, "--path", "/health"],
        cwd=repository, check=True, capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    committed(repository, "Begin")
    return repository


def pull(origin: Path, folder: Path, app: str) -> Path:
    """Checkout of a pull request that changes the application."""
    git(folder, "clone", "--quiet", str(origin), "head")
    head = folder / "head"
    git(head, "checkout", "--quiet", "-b", "topic")
    (head / "app.py").write_text(app)
    git(head, "commit", "--quiet", "--all", "--message", "Change")
    return head


def wheel(folder: Path) -> Path:
    """Folder with this version's wheel: the workflow installs it as if it had been released."""
    made = folder / "wheels"
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--wheel-dir", str(made), str(Path(__file__).parents[1])],
        check=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return made


def case(origin: Path, folder: Path, name: str, app: str, code: int, word: str) -> bool:
    """Run the generated workflow for a change; whether it ended as it must."""
    folder.mkdir()
    (folder / "temp").mkdir()
    head = pull(origin, folder, app)
    sha = git(head, "rev-parse", "HEAD")
    event = folder / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": sha}}}))
    began = time.perf_counter()
    with serving(FakeGitHub()) as hub:
        hub.pulls = [{"number": 7, "state": "open", "head": {"sha": sha}}]
        environ = {
            "CI": "true", "GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(event),
            "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_REPOSITORY_ID": "1", "GITHUB_SHA": HEAD,
            "GITHUB_RUN_ID": "1", "GITHUB_RUN_NUMBER": "1", "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_WORKFLOW_REF": f"{REPOSITORY}/.github/workflows/perf.yml@x",
            "GITHUB_JOB": "perf", "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_API_URL": hub.url, "RUNNER_TEMP": str(folder / "temp"),
            "PIP_FIND_LINKS": str(folder.parent / "wheels"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }  # fmt: skip
        context = {
            "github.base_ref": "main", "github.token": TOKEN, "github.repository": REPOSITORY,
            "github.event.pull_request.head.repo.full_name": REPOSITORY,
            "github.event.pull_request.head.sha": sha, "github.event.pull_request.number": "7",
        }  # fmt: skip
        done = run_steps(head / ".github/workflows/perf.yml", head, environ, context)
        comments = [stored.body or "" for stored in hub.comments.values()]
    took_s = time.perf_counter() - began
    codes = {step.name: step.code for step in done}
    names = "\n".join(comments)
    right = (
        codes.get("Compare head with base") == code
        and codes.get("Comment") == 0
        and len(comments) == 1
        and f" {word}: " in names
        and (word == "PASS" or "/items" in names.partition("<details>")[0])
    )
    headline = next((line for line in names.splitlines() if line.startswith("**")), "no comment")
    print(f"{name}: {'as it must' if right else 'WRONG'}, {took_s:.0f} s, {codes}\n  {headline}",
          flush=True)  # fmt: skip
    if not right:
        print(next((step.said for step in done if step.code), "")[-2000:], flush=True)
    return right


def main() -> int:
    """Both cases, as often as asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=1)
    repeat = parser.parse_args().repeat
    right = 0
    for _ in range(repeat):
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder, suppress(KeyboardInterrupt):
            wheel(Path(folder))
            origin = prepared(Path(folder))
            results = [
                case(origin, Path(folder) / str(number), *one) for number, one in enumerate(CASES)
            ]
            took_s = time.perf_counter() - began
            right += all(results) and took_s <= LIMIT_S
            print(f"{took_s:.0f} s in all (target {LIMIT_S:.0f})", flush=True)
    return int(right < repeat)


if __name__ == "__main__":
    raise SystemExit(main())
