"""Where accepted runs come from, chosen in one place: files, a git commit, or the history."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from perf_analysis.judgement import NOTHING_COMPARED
from perf_baselines.baseline_files import BaselineFiles
from perf_baselines.comparing import compare_with_baselines
from perf_baselines.controlling import compare_with_control
from perf_baselines.git_files import read_at_commit
from perf_baselines.history_source import passing_runs
from perf_baselines.stored_comparison import rejudged
from perf_cli.output import say
from perf_cli.wiring import history_of
from perf_documents.git import default_branch
from perf_loadtests.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perf_analysis.compared import Comparison
    from perf_baselines.baseline import Baseline
    from perf_documents.plan import Plan
    from perf_documents.run import Run


def baselines_of(workspace: Workspace) -> BaselineFiles:
    """Baseline files of a workspace."""
    return BaselineFiles(workspace.baselines, workspace.state)


def accepted_for(
    plan: Plan,
    environment: str,
    workspace: Workspace,
    ref: str | None,
    environ: Mapping[str, str],
) -> tuple[Baseline, ...]:
    """Accepted runs of a plan's profile and an environment.

    From `baselines/` of the working tree or of a commit; from the history, if the plan says so.
    """
    profile = plan.profile
    if ref is not None:
        return read_at_commit(workspace.root, ref, profile, environment, environ)
    if plan.gate.baseline_source == "history":
        branch = default_branch(workspace.root, environ)
        return passing_runs(history_of(workspace), profile, environment, branch)
    return baselines_of(workspace).read(profile, environment)


def compare(runs: Sequence[Run], accepted: Sequence[Baseline]) -> Comparison:
    """Compare runs with accepted ones, now."""
    hint = f"perfproof baseline accept {runs[-1].run_id}"
    return compare_with_baselines(runs, accepted, datetime.now(UTC), hint=hint)


def compare_again(run: Run, ref: str | None, environ: Mapping[str, str]) -> Comparison:
    """Comparison of a stored run: with the baselines of today, or with its own control.

    A comparison over several rounds is shown as it was stored: one document holds one round.
    """
    if run.control is None:
        workspace = Workspace(Path.cwd())
        accepted = accepted_for(run.plan, run.target.environment, workspace, ref, environ)
        return compare([run], accepted)
    stored = run.judgement.comparison if run.judgement else None
    if stored is not None and len(stored.reference) > 1:
        note = f"comparison over {len(stored.reference)} rounds, as it was stored"
        return stored if note in stored.notes else replace(stored, notes=(*stored.notes, note))
    return compare_with_control([run])


def compare_as_documented(run: Run) -> tuple[Comparison, str]:
    """Comparison as far as a document alone bears it, and what a reader must know of that.

    A control was measured in the same run, and is compared again. Baselines and earlier rounds are
    not in the document: figures are shown as stored, the verdict is drawn from them anew.
    """
    stored = run.judgement.comparison if run.judgement else NOTHING_COMPARED
    if run.control is not None and len(stored.reference) <= 1:
        return compare_with_control([run]), ""
    found = rejudged(run, stored) if run.judgement else stored
    if not found.rows:
        return found, ""
    sides = "rounds" if run.control is not None else "baselines"
    return found, f"Its figures are as stored, since the {sides} are not in the document."


def now_said() -> str:
    """The wall clock, for labels only."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def keep_baseline(baseline: Baseline, workspace: Workspace) -> None:
    """Add a baseline to its file, and say where that is."""
    files = baselines_of(workspace)
    new = files.add(baseline)
    path = files.path(baseline.profile, baseline.environment).relative_to(workspace.root)
    word = "accepted" if new else "had been accepted before"
    say(f"perf: {baseline.run_id} {word}: {path}; next: review and commit it")
