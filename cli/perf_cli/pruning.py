"""`perf history prune`: what is protected, what would go, and its removal."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from perf_baselines.history_source import passing_runs
from perf_baselines.pruning import Pruning, Retention, choose
from perf_baselines.referred import around_changes
from perf_cli.comparing import baselines_of
from perf_cli.outcome import Code
from perf_cli.output import result, say
from perf_cli.wiring import history_of
from perf_documents.errors import PerfError
from perf_documents.git import default_branch
from perf_documents.profile import load_profile

if TYPE_CHECKING:
    from perf_baselines.history import History
    from perf_baselines.record import Record
    from perf_loadtests.workspace import Workspace

EVERY = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the command line asks for."""

    keep: int
    older_than_s: float
    documents_only: bool
    yes: bool
    as_json: bool


def prune_history(workspace: Workspace, wish: Wish) -> Code:
    """Say what would go, or remove it."""
    history = history_of(workspace)
    records = history.list(EVERY)
    retention = Retention(
        keep=wish.keep,
        older_than_s=wish.older_than_s,
        protected=protected(workspace, history, records),
        now=now(),
    )
    found = choose(records, retention)
    if wish.documents_only:
        with_document = history.documented()
        gone = tuple(record for record in found.gone if record.run_id in with_document)
        found = Pruning(gone=gone, spared=found.spared)
    if wish.yes and found.gone:
        history.remove([r.run_id for r in found.gone], documents_only=wish.documents_only)
    return _tell(found, len(records), wish)


def protected(workspace: Workspace, history: History, records: list[Record]) -> dict[str, str]:
    """Runs that something refers to, each with what does.

    Raises
    ------
    DocumentError
        If a file of baselines cannot be read: nothing is removed while it may name runs.
    """
    kept = around_changes(records)
    branch = default_branch(workspace.root, os.environ)
    for place in sorted({(record.profile, record.environment) for record in records}):
        if _compares_with_history(workspace, place[0]):
            runs = passing_runs(history, *place, branch)
            kept |= {run.run_id: "the history is its profile's baseline" for run in runs}
    files = baselines_of(workspace)
    for place in files.names():
        kept |= {run.run_id: "it is a baseline" for run in files.read(*place)}
    return kept


def _compares_with_history(workspace: Workspace, profile: str) -> bool:
    try:
        found = workspace.find_profile(profile)
        return load_profile(found.path, name=found.name).gate.baseline_source == "history"
    except PerfError:
        return True  # it cannot be asked: nothing is lost by keeping a few runs


def now() -> datetime:
    """The wall clock: ages are told by it."""
    return datetime.now(UTC)


def _tell(found: Pruning, count: int, wish: Wish) -> Code:
    gone = [record.run_id for record in found.gone]
    spared = {record.run_id: reason for record, reason in found.spared}
    if wish.as_json:
        facts = {"removed": gone if wish.yes else [], "would_remove": [] if wish.yes else gone}
        return result(json.dumps(facts | {"spared": spared}, indent=2, sort_keys=True))
    for run_id, reason in spared.items():
        say(f"perf: {run_id} stays: {reason}")
    word = "removed" if wish.yes else "would remove"
    hint = "; nothing was changed; next: the same with --yes" if gone and not wish.yes else ""
    what = "the documents of " if wish.documents_only else ""
    say(f"perf: {word} {what}{len(gone)} of {count} runs{hint}")
    rows = (f"{r.run_id}  {r.profile:<12} {r.environment:<12} {r.started_at}" for r in found.gone)
    return result("\n".join(rows)) if gone else Code.PASS
