"""perf.yaml: which targets may be loaded, how hard, where the history is, and which gates serve."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from perf_documents.names import NAME_RULE, is_name
from perf_documents.problems import Problems, escape
from perf_documents.profile_load import MAX_RATE, MIN_RATE
from perf_documents.serve_config import read_gates
from perf_documents.strict_yaml import load_yaml
from perf_documents.yaml_fields import Field, Keys, keys, require, settled

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from perf_documents.serve_config import Gate

DEMO = "demo"
# Name of a service on this machine that perf.yaml does not list.
LOCAL = "local"
MAX_TARGETS = 200
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
_READY = re.compile(r"/[!-~]{0,500}")
# below the folder of perf.yaml: no `..`, and nothing absolute
_FOLDER = re.compile(r"(?!.*(?:^|/)\.\.(?:/|$))[\w.-]{1,100}(?:/[\w.-]{1,100}){0,10}", re.ASCII)
_TARGET_KEYS = keys(
    "url",
    "protected",
    "max_rate",
    "token_env",
    "start",
    "cwd",
    "ready",
    "stop",
    "insecure",
    "until",
)
_KEYS = Keys(
    known=keys("targets", "history", "serve").known,
    elsewhere=dict.fromkeys(_TARGET_KEYS.known, "in targets, below the name of one"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A service that may be loaded.

    Attributes
    ----------
    name, environment : str
        The environment is the name unless the caller says otherwise.
    url : str
        In its usual form, without credentials.
    protected : bool
        Loaded only where its name is typed again, and never from a pull request.
    max_rate : float or None
        Iterations per second (VUs under closed executors) at most.
    token_env : str or None
        Variable that holds the bearer token.
    start : tuple of str
        Command that starts it; empty where it runs already.
    cwd : str or None
        Folder to start it in, below that of perf.yaml; that folder itself without it.
    ready : str or None
        Path that answers once it is up.
    stop : str or None
        How it is stopped.
    insecure : bool
        Its TLS certificate is not verified.
    until : date or None
        Last day on which a protected target may be loaded.
    """

    name: str
    url: str
    environment: str
    protected: bool = False
    max_rate: float | None = None
    token_env: str | None = None
    start: tuple[str, ...] = ()
    cwd: str | None = None
    ready: str | None = None
    stop: str | None = None
    insecure: bool = False
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkspaceConfig:
    """What perf.yaml says; `distrust` is why its list of targets may not be relied on."""

    targets: Mapping[str, Target] = field(default_factory=dict)
    gates: Mapping[str, Gate] = field(default_factory=dict)
    history: str | None = None
    distrust: str = ""


def load_workspace_config(path: Path) -> WorkspaceConfig:
    """Return what perf.yaml says; without the file, nothing."""
    if not os.path.lexists(path):
        return WorkspaceConfig()
    distrust = _distrust(path)
    problems = Problems(str(path))
    root = Field("", load_yaml(path, problems), problems)
    members = root.members(_KEYS) or {}
    targets = _read_targets(members.get("targets"))
    history = members["history"].text() if "history" in members else None
    protected = {name: target is not None and target.protected for name, target in targets.items()}
    gates = read_gates(members.get("serve"), {DEMO: False} | protected)
    problems.raise_if_any()
    return WorkspaceConfig(
        targets={name: settled(target) for name, target in targets.items()},
        gates=gates,
        history=history,
        distrust=distrust,
    )


def _distrust(path: Path) -> str:
    """Return why others than its owner could have written the file; empty if they could not."""
    if path.is_symlink():
        return f"{escape(str(path))} is a symbolic link"
    if path.lstat().st_mode & stat.S_IWOTH:
        return f"{escape(str(path))} can be written by everybody: chmod o-w"
    return ""


def _read_targets(value: Field | None) -> dict[str, Target | None]:
    entries = (value.entries() if value is not None else None) or {}
    if value is not None and len(entries) > MAX_TARGETS:
        value.refuse("too many targets", expected=f"at most {MAX_TARGETS}", found=str(len(entries)))
        return {}
    return {name: _read_target(name, entry) for name, entry in entries.items()}


def _read_target(name: str, entry: Field) -> Target | None:
    if name == DEMO:
        entry.refuse("the name of the embedded service", expected="another name", found=DEMO)
    elif not is_name(name):
        entry.refuse("not a target name", expected=NAME_RULE, found=f'"{escape(name)}"')
    members = entry.members(_TARGET_KEYS)
    if members is None:
        return None
    require(entry, members, ("url",))
    url = members["url"].url() if "url" in members else None
    protected = members["protected"].boolean() if "protected" in members else False
    if protected:
        require(entry, members, ("max_rate",))
    rate = members["max_rate"].number(MIN_RATE, MAX_RATE) if "max_rate" in members else None
    insecure = members["insecure"].boolean() if "insecure" in members else False
    start = _read_command(members["start"]) if "start" in members else ()
    cwd = _read_matching(members, "cwd", _FOLDER, "a folder below this one, such as .perf/base")
    if cwd is not None and "start" not in members:
        members["cwd"].refuse("only what perf starts has a folder", expected="start beside it")
    stop = members["stop"].choice(("signal",)) if "stop" in members else None
    if stop is not None and "start" not in members:
        members["stop"].refuse("only what perf starts is stopped", expected="start beside it")
    token_env = _read_matching(members, "token_env", _VARIABLE, "the name of a variable")
    ready = _read_matching(members, "ready", _READY, "a path such as /health")
    until = _read_end(members, protected=bool(protected))
    if url is None or protected is None or insecure is None:
        return None
    return Target(
        name=name,
        url=url,
        environment=name,
        protected=protected,
        max_rate=None if rate is None else float(rate),
        token_env=token_env,
        start=start,
        cwd=cwd,
        ready=ready,
        stop=stop,
        insecure=insecure,
        until=until,
    )


def _read_end(members: Mapping[str, Field], *, protected: bool) -> date | None:
    value = members.get("until")
    text = value.text() if value is not None else None
    if value is None or text is None:
        return None
    if not protected:
        value.refuse("only a protected target has an end", expected="protected: true beside it")
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    value.refuse("not a day", expected="a text such as '2026-12-31'")
    return None


def _read_command(value: Field) -> tuple[str, ...]:
    words = [item.text(literal=True) for item in value.items() or ()]
    if value.items() == [] or words[:1] == [""]:
        value.refuse("not a command", expected="a list such as [./serve, --port, '8001']")
    return tuple(word for word in words if word is not None)


def _read_matching(
    members: Mapping[str, Field], name: str, pattern: re.Pattern[str], expected: str
) -> str | None:
    text = members[name].text() if name in members else None
    if text is None or pattern.fullmatch(text):
        return text
    # somebody may have pasted the token itself
    members[name].refuse("not a name" if name == "token_env" else "not a path",
                         expected=expected, found="something else")  # fmt: skip
    return None
