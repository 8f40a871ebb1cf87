from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from fakes.runs import make_plan, make_run
from perf_analysis.verdict import Verdict
from perf_baselines.pruning import Retention, choose
from perf_baselines.record import Record, summarise
from perf_documents.codec import dump_run

if TYPE_CHECKING:
    from shelves import Shelf

DAY_S = 86_400.0
# make_run(seed) starts `seed` minutes after this
BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
RUNS = [make_run(seed, verdict=Verdict.PASS) for seed in range(1, 7)]


def _record(seed: int, profile: str = "sustained") -> Record:
    run = make_run(seed, plan=make_plan(profile=profile))
    return summarise(run, dump_run(run))


RECORDS = [_record(seed, "smoke" if seed == 1 else "sustained") for seed in range(1, 7)]


@pytest.mark.parametrize(
    ("keep", "minutes", "protected", "gone"),
    [
        (0, 0, "", [1, 2, 3, 4, 5, 6]),
        (2, 0, "", [2, 3, 4]),  # 1 is the only one of its profile
        (0, 6, "", [1, 2, 3]),  # 4 is exactly as old, not older
        (1, 6, "", [2, 3]),
        (0, 0, "35", [1, 2, 4, 6]),
        (9, 0, "", []),
        (0, 1000, "", []),
    ],
)
def test_a_run_goes_if_age_and_count_let_it(
    keep: int, minutes: int, protected: str, gone: list[int]
) -> None:
    reasons = {RECORDS[int(seed) - 1].run_id: "a baseline" for seed in protected}
    retention = Retention(
        keep=keep, older_than_s=60.0 * minutes, protected=reasons,
        now=BEGIN + timedelta(minutes=10),
    )  # fmt: skip
    found = choose(RECORDS, retention)
    assert [int(record.run_id[-6:], 16) for record in found.gone] == gone
    assert [(r.run_id, why) for r, why in found.spared] == list(reasons.items())


def test_a_run_from_the_future_stays() -> None:
    retention = Retention(keep=0, older_than_s=0.0, protected={}, now=BEGIN)
    assert choose(RECORDS, retention).gone == ()


def test_what_is_removed_is_gone_and_the_rest_stays(shelf: Shelf) -> None:
    history = shelf.open()
    for run in RUNS:
        history.store(run)
    history.remove({RUNS[0].run_id, RUNS[2].run_id, "20000101-000000-00aaaa"})
    left = [run for run in RUNS if run not in (RUNS[0], RUNS[2])]
    assert history.ids() == {run.run_id for run in left}
    assert [history.load(run.run_id) for run in left] == left
    history.remove({RUNS[1].run_id}, documents_only=True)
    assert history.documented() == {run.run_id for run in left[1:]}
    assert history.record(RUNS[1].run_id).run_id == RUNS[1].run_id
    assert history.store(RUNS[0]).new


def test_nothing_is_removed_of_an_empty_history(shelf: Shelf) -> None:
    shelf.open().remove({"x"})
    assert not shelf.content()
