"""What `perf doctor` looks at: a table of checks, each a sentence and whether it is well."""

from __future__ import annotations

import resource
import shutil
import sys
from datetime import datetime
from typing import TYPE_CHECKING

from perf_cli.comparing import baselines_of
from perf_cli.doctoring_targets import examine_targets, examine_tokens
from perf_cli.found import ill, well
from perf_cli.wiring import history_of
from perf_documents.errors import DocumentError, InfraError, PerfError, RefusedError
from perf_documents.fingerprint import available_cpus

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from datetime import date

    from perf_baselines.baseline import Baseline
    from perf_cli.doctoring_targets import Asked
    from perf_cli.found import Found
    from perf_loadtests.workspace import Workspace

MEGABYTE = 2**20
FREE_MEGABYTES = 64
FILES = 1_200
# with fewer baselines no comparison is decided (perf_analysis.runlevel, which imports scipy)
LEAST = 3
# so many records of the history are read
READ = 100


def examine(workspace: Workspace, asked: Asked) -> list[Found]:
    """Look at the machine, the folder and the targets; nothing is written, nothing is loaded."""
    checks: tuple[tuple[str, Callable[[Workspace, Asked], Iterable[Found]]], ...] = (
        ("machine", _machine),
        ("perf.yaml", _config),
        ("tokens", examine_tokens),
        ("targets", examine_targets),
        ("baselines", _baselines),
        ("history", _history),
    )
    return [found for name, check in checks for found in _attempt(name, check, workspace, asked)]


def _attempt(
    name: str,
    check: Callable[[Workspace, Asked], Iterable[Found]],
    workspace: Workspace,
    asked: Asked,
) -> list[Found]:
    """What a check found until it could not go on."""
    found: list[Found] = []
    try:
        found.extend(check(workspace, asked))
    except PerfError as error:
        found.append(ill(name, str(error), error.exit_code))
    return found


def _machine(workspace: Workspace, asked: Asked) -> Iterator[Found]:
    del asked
    precise = sys.platform == "linux"
    wakes = "precise wake-ups" if precise else "wake-ups to about a millisecond, outside Linux"
    yield well("machine", f"{available_cpus():g} cores, {wakes}")
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = "no limit" if hard in (resource.RLIM_INFINITY, -1) else f"limit {hard:,}"
    if limit == "no limit" or hard >= FILES:
        yield well("open files", limit)
    else:
        advice = f"max_vus 500 need {FILES}; next: ulimit -Hn {FILES}"
        yield ill("open files", f"{limit}; {advice}", InfraError.exit_code)
    free = shutil.disk_usage(workspace.root).free // MEGABYTE
    if free >= FREE_MEGABYTES:
        yield well("free space", f"{free:,} MiB")
    else:
        advice = f"a run may need {FREE_MEGABYTES}; next: free some space"
        yield ill("free space", f"{free:,} MiB; {advice}", InfraError.exit_code)


def _config(workspace: Workspace, asked: Asked) -> Iterator[Found]:
    del asked
    config = workspace.config()
    names = ", ".join(sorted(config.targets)) or "none but demo and loopback addresses"
    yield well("perf.yaml", f"targets: {names}")
    if config.distrust:
        text = f"{config.distrust}; only targets on this machine are trusted"
        yield ill("perf.yaml", text, RefusedError.exit_code)


def _baselines(workspace: Workspace, asked: Asked) -> Iterator[Found]:
    files = baselines_of(workspace)
    places = files.names()
    known = workspace.profiles()
    if not places:
        yield well(
            "baselines", "none yet; next: perfproof run --profile NAME --repeat 5 --accept-baseline"
        )
    for profile, environment in places:
        name = f"baselines {profile}/{environment}"
        try:
            accepted = files.read(profile, environment)
        except PerfError as error:
            yield ill(name, str(error), error.exit_code)
            continue
        yield well(name, _words_on(accepted, asked.today) + _gone(profile, known))


def _words_on(accepted: Sequence[Baseline], today: date) -> str:
    if not accepted:
        return "an empty file"
    newest = max(datetime.fromisoformat(one.accepted_at).date() for one in accepted)
    few = f"; {LEAST} decide at the earliest" if len(accepted) < LEAST else ""
    return f"{len(accepted)} accepted runs, the newest {(today - newest).days} days old{few}"


def _gone(profile: str, known: Collection[str]) -> str:
    return "" if profile in known else f"; no profile {profile} is here any more"


def _history(workspace: Workspace, asked: Asked) -> Iterator[Found]:
    del asked
    broken: list[str] = []
    history = history_of(workspace, heard=broken.append)
    count = len(history.ids())
    history.list(READ)
    if broken:
        text = f"{broken[0]} (of the newest {READ}, {len(broken)} cannot be read)"
        yield ill(
            "history",
            f"{text}; next: put it back from a copy, or remove it",
            DocumentError.exit_code,
        )
    yield well("history", f"{count:,} runs in {history.place}; {history.state()}")
