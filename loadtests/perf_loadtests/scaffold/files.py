"""The files of a workspace, as texts by their paths; writing them all, or none."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import yaml

from perf_documents.errors import StoreError, UsageError
from perf_documents.files import write_new
from perf_documents.profile import load_profile_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

HEAD, BASE, SERVICE = "head", "base", "service"
PORTS = {HEAD: 8001, BASE: 8002}
BASE_FOLDER = ".perf/base"
PORT = "{port}"
GATE, FIRST, SCENARIO = "pull-request", "first", "visitor"
PROFILES, SCENARIOS = "loadtests/profiles", "loadtests/scenarios"
GITHUB, GITLAB = "github", "gitlab"
LEFT_OUT = "# left out: "
DEFAULT_RATE = 50
_SLUG = re.compile(r"[^a-z0-9]+")
_PATH = re.compile(r"/[!-~]{0,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """How a service is started and asked.

    Attributes
    ----------
    start : tuple of str
        Command, with `{port}` where its port belongs.
    ready : str
        Path that answers once it is up.
    paths : tuple of str
        What a visitor asks for.
    setup : str
        Command that installs what it needs; empty for none.
    """

    start: tuple[str, ...]
    ready: str
    paths: tuple[str, ...]
    setup: str = ""

    def check(self) -> None:
        """Refuse what could not work."""
        if not any(PORT in word for word in self.start):
            raise UsageError(
                f"--start: no {PORT} in it; head and base run at the same time on ports of their "
                f"own; expected such as: --start 'python app.py --port {PORT}'"
            )
        for path in (self.ready, *self.paths):
            if not _PATH.fullmatch(path):
                raise UsageError(f"{path[:60]!r}: not a path; expected such as /health")
        if "\n" in self.setup:
            raise UsageError(
                "--setup: one line; expected such as 'pip install -r requirements.txt'"
            )


def perf_yaml(service: Service | None, url: str | None, rate: float) -> str:
    """Targets: the service at an address, and head and base as perf starts them."""
    lines = [
        "# Which services may be loaded, and how hard: perfproof refuses all others.",
        "targets:",
    ]
    if url is not None:
        lines.append(f"  {SERVICE}: {{url: {json.dumps(url)}, max_rate: {rate:g}}}")
    if service is not None:
        for name, port in PORTS.items():
            command = json.dumps([word.replace(PORT, str(port)) for word in service.start])
            lines += [
                f"  {name}:"
                + ("   # the commit that the change starts from" if name == BASE else ""),
                f"    url: http://127.0.0.1:{port}",
                f"    start: {command}",
                *([f"    cwd: {BASE_FOLDER}"] if name == BASE else []),
                f"    ready: {json.dumps(service.ready)}",
                "    stop: signal",
            ]
    return "\n".join(lines) + "\n"


def scenario_py(paths: Sequence[str]) -> str:
    """Locustfile that asks for each path equally often, under its own name."""
    tasks, names = [], set()
    for path in paths:
        slug = _SLUG.sub("_", path.lower()).strip("_") or "root"
        name = f"get_{slug}"
        while name in names:
            name += "_too"
        names.add(name)
        text = json.dumps(path)
        tasks.append(
            f"\n    @task\n    def {name}(self) -> None:\n"
            f'        """Ask for this path."""\n'
            f"        self.client.get({text}, name={json.dumps(path.partition('?')[0])})\n"
        )
    return _template("scenario.txt").replace("@TASKS@", "".join(tasks))


def profile_yaml(name: str, scenario: str) -> str:
    """Shipped first profile, or that of the gate."""
    return _template(f"{name}.yaml").replace("@SCENARIO@", scenario)


def k6_yaml(
    source: str, members: Mapping[str, object], left_out: Sequence[str], scenario: str
) -> str:
    """Profile of a k6 script, with what is not in it as comments.

    Raises
    ------
    UsageError
        If it is no profile, whatever k6 makes of it.
    """
    body = yaml.safe_dump(
        {"scenario": scenario, **members}, sort_keys=False, default_flow_style=None, width=100
    )
    notes = "".join(f"{LEFT_OUT}{_one_line(line)}\n" for line in left_out)
    text = f"# The options of {_one_line(source)}.\n{notes}{body}"
    load_profile_text(text, f"profile of {source}", name="k6")
    return text


def pipelines(host: str, service: Service, version: str, *, forks: bool) -> dict[str, str]:
    """Pipeline files of a host, by their paths."""
    if host == GITLAB:
        job = _filled("gitlab.yml", service, version, indent="    - ", key="")
        return {".gitlab/perf.yml": job}
    folder = ".github/workflows"
    if not forks:
        return {f"{folder}/perf.yml": _filled("perf.yml", service, version)}
    return {
        f"{folder}/perf.yml": _filled("perf-forks.yml", service, version),
        f"{folder}/perf-comment.yml": _filled("perf-comment.yml", service, version),
    }


def _filled(
    name: str, service: Service, version: str, *, indent: str = "        ", key: str = "run: "
) -> str:
    step = "      - name: Set up the service\n" if key else ""
    setup = f"{step}{indent}{key}{json.dumps(service.setup)}\n" if service.setup else ""
    return _template(name).replace("@SETUP@", setup).replace("@VERSION@", version)


def write_all(root: Path, files: Mapping[str, str]) -> None:
    """Write every file, or none: what is there is never replaced.

    Raises
    ------
    UsageError
        If any of them exists, each by its name.
    StoreError
        If one cannot be written; those written before are removed again.
    """
    there = [name for name in files if (root / name).exists() or (root / name).is_symlink()]
    if there:
        raise UsageError(
            f"init: {', '.join(there)} exist already, and nothing is overwritten; nothing was "
            "written; next: move them away, or take what you need from an empty folder"
        )
    # whatever ends it, an interruption too, leaves the folder as it was
    with contextlib.ExitStack() as undo:
        for name, text in files.items():
            path = root / name
            try:
                for folder in reversed([one for one in path.parents if not one.exists()]):
                    folder.mkdir()
                    undo.callback(folder.rmdir)
                _write(path, text)
            except (OSError, StoreError) as error:
                said = error.strerror if isinstance(error, OSError) else error
                raise StoreError(f"init: {name}: {said}; nothing was written") from error
            undo.callback(path.unlink, missing_ok=True)
        undo.pop_all()


def _write(path: Path, text: str) -> None:
    if not write_new(path, text.encode()):
        raise StoreError("appeared in the meantime")
    path.chmod(0o644)


def check_url(url: str) -> str:
    """Address of a service, as perf.yaml will have it."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"--target: {url[:80]!r}; expected such as https://staging.example")
    if parts.username or parts.password:
        raise UsageError(
            "--target: credentials in the address; expected it without; next: token_env"
        )
    return url


def _template(name: str) -> str:
    folder = resources.files("perf_loadtests.scaffold") / "templates"
    return (folder / name).read_text("utf-8")


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
