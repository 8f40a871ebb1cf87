"""What the environment may say about a run, what it may not, and what the report tells of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from perf_documents.errors import InfraError, UsageError
from perf_documents.problems import suggest
from perf_documents.redact import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

# Every variable of ours, and Linux perf's own, which share the prefix.
VARIABLES = frozenset({
    "PERF_ABORT_TOKEN", "PERF_CA_FILE", "PERF_CONTROL_TOKEN", "PERF_DEBUG", "PERF_HISTORY",
    "PERF_PROXY", "PERF_PUSH_TOKEN", "PERF_SERVE_TOKEN", "PERF_SLACK_HOST", "PERF_SLACK_WEBHOOK",
    "PERF_TARGET_TOKEN", "PERF_TERMINATION_LOG", "PERF_TOKEN", "PERF_WORKER_TOKEN",
})  # fmt: skip
_FOREIGN = frozenset({"PERF_BUILDID_DIR", "PERF_CONFIG", "PERF_EXEC_PATH", "PERF_PAGER"})
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
FIRST_YEAR, LAST_YEAR = 2020, 2100


def check_variables(environ: Mapping[str, str], own: Iterable[str], scenario: bytes) -> None:
    """Refuse a variable of ours that does not exist or is empty: a slip that would change a run.

    Parameters
    ----------
    own : iterable of str
        Names that perf.yaml gives to tokens.
    scenario : bytes
        Source of the scenario, which may read variables of its own.

    Raises
    ------
    UsageError
        Naming the first such variable.
    """
    allowed = {*VARIABLES, *_FOREIGN, *own}
    for name in sorted(name for name in environ if name.startswith("PERF_")):
        if name not in allowed and os.fsencode(name) not in scenario:
            hint = suggest(name, sorted(VARIABLES)) or f"; known: {', '.join(sorted(VARIABLES))}"
            raise UsageError(
                f"environment: {visible(name, 80)} is no variable of perfproof{hint}; next: "
                "unset it"
            )
        if name in VARIABLES and not environ[name].strip():
            raise UsageError(
                f"environment: {name} is set but empty; expected a value; next: unset it, or see "
                "why its secret is not there"
            )
    if environ.get("SSLKEYLOGFILE") and environ.get("CI") not in (None, "", "false"):
        raise UsageError(
            "environment: SSLKEYLOGFILE writes the keys of every connection to a file, in CI; "
            "next: unset it"
        )


def check_clock(now: datetime) -> None:
    """Refuse a start that no history could put in order.

    Raises
    ------
    InfraError
        If the clock does not stand between 2020 and 2100.
    """
    if not FIRST_YEAR <= now.year < LAST_YEAR:
        raise InfraError(
            f"the clock of this machine stands at {now:%Y-%m-%d}; expected {FIRST_YEAR} to "
            f"{LAST_YEAR - 1}; before load, nothing sent; next: set the clock"
        )


def notes_of(environ: Mapping[str, str], root: Path, *, local: bool, superuser: bool) -> list[str]:
    """What a reader should know of the environment of a run."""
    notes: list[str] = []
    proxies = [name for name in _PROXIES if environ.get(name)]
    if proxies:
        notes.append(f"{', '.join(proxies)}: proxies are ignored")
    netrc = environ.get("NETRC") or os.path.join(environ.get("HOME") or "/", ".netrc")  # noqa: PTH118  # text
    if os.path.isfile(netrc):  # noqa: PTH113  # text
        notes.append(f"{visible(netrc, 120)}: credentials in it are ignored")
    locust = sorted(name for name in environ if name.startswith("LOCUST_"))
    locust += _settings(environ, root)
    if locust:
        notes.append(f"{', '.join(locust)}: ignored; the profile decides the load")
    if local:
        notes.append("target on this machine: it shares the processors with the load generator")
    if superuser:
        notes.append("run as root: whatever the scenario does, nothing on this machine stops it")
    if root == root.parent:
        notes.append("run in /: a folder of its own would keep the results together")
    return notes


def _settings(environ: Mapping[str, str], root: Path) -> Iterator[str]:
    """Settings of Locust's that Locust itself would have read."""
    home = environ.get("HOME")
    if (root / "locust.conf").is_file():
        yield "locust.conf"
    if home and os.path.isfile(os.path.join(home, ".locust.conf")):  # noqa: PTH113, PTH118  # text
        yield "~/.locust.conf"
    try:
        if b"[tool.locust" in (root / "pyproject.toml").read_bytes():
            yield "[tool.locust] of pyproject.toml"
    except OSError:
        return
