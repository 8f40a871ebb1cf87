"""The last passing runs of the default branch as baselines, where a profile asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_analysis.verdict import Verdict
from perf_baselines.baseline import Baseline
from perf_baselines.baseline_files import KEPT

if TYPE_CHECKING:
    from perf_baselines.history import History
    from perf_baselines.record import Record
    from perf_documents.run import Run

SEARCHED = 500
FAILED = "http_req_failed"
# where git does not say: the usual names, and runs outside of any repository
USUAL = ("main", "master", "")


def passing_runs(
    history: History, profile: str, environment: str, branch: str
) -> tuple[Baseline, ...]:
    """Last 20 passing runs of a profile and an environment, the oldest first.

    Parameters
    ----------
    branch : str
        The default branch; empty where it is not known.
    """
    branches = (branch,) if branch else USUAL
    records = history.list(SEARCHED, profile, environment)
    good = [record for record in records if _is_good(record, branches)]
    return tuple(_baseline(record) for record in reversed(good[:KEPT]))


def earlier_runs(history: History, run: Run, branch: str) -> tuple[Baseline, ...]:
    """Last 20 runs before an imported one, of its profile, environment and the default branch.

    They prove nothing of their load, and so are no baselines: what they are good for is to show
    where a run of the same tool stands among those before it.
    """
    branches = (branch,) if branch else USUAL
    records = history.list(SEARCHED, run.plan.profile, run.target.environment)
    good = [
        record for record in records
        if record.valid is True and record.unstated and record.branch in branches
        # where one of the two does not know its failures, its zeros would be compared
        and (FAILED in record.unstated) == (FAILED in run.measured.unstated)
        and record.figures is not None and record.started_at < run.started_at
    ]  # fmt: skip
    return tuple(_baseline(record) for record in reversed(good[:KEPT]))


def _is_good(record: Record, branches: tuple[str, ...]) -> bool:
    return (
        record.verdict is Verdict.PASS
        and record.valid is True
        and record.branch in branches
        and record.figures is not None
        # an imported run leaves rules unknown, and metrics too
        and not record.unstated
    )


def _baseline(record: Record) -> Baseline:
    if record.figures is None:
        raise ValueError(f"run {record.run_id} has no figures")
    return Baseline(
        run_id=record.run_id,
        version=record.version,
        started_at=record.started_at,
        accepted_at=record.started_at,
        profile=record.profile,
        environment=record.environment,
        commit=record.commit,
        because="",
        target_url=record.target_url,
        load=record.load,
        fingerprint=record.fingerprint,
        figures=record.figures,
    )
