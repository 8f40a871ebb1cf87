"""Records read a page at a time from a database, while others store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fakes.runs import make_run
from perf_baselines import postgres_store
from perf_baselines.postgres_store import PostgresStore

if TYPE_CHECKING:
    import pytest

    from shelves import PostgresShelf


class Behind(PostgresStore):
    """Knows one id only, as if all others had been stored since it looked."""

    def ids(self) -> set[str]:
        return {max(super().ids())}


def test_many_records_are_read_whatever_is_stored_meanwhile(
    database: PostgresShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_store, "PAGE", 2)
    history = database.open()
    runs = [make_run(number) for number in range(1, 6)]
    for run in runs:
        history.store(run)
    found = Behind(database.where).records([run.run_id for run in runs])
    assert {record.run_id for record in found} == {run.run_id for run in runs}
