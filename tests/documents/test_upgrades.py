from __future__ import annotations

from pathlib import Path

import pytest

from fakes.runs import make_run
from perf_analysis.compared import RowVerdict
from perf_documents.codec import read_run
from perf_documents.errors import DocumentError
from perf_documents.upgrades import SCHEMA, STEPS, upgrade

DATA = Path(__file__).parents[1] / "data"


def _rename(document: dict[str, object]) -> dict[str, object]:
    return {"new": document["old"]}


def _add(document: dict[str, object]) -> dict[str, object]:
    return {**document, "added": True}


def test_each_step_leads_to_the_next_version() -> None:
    steps = {1: _rename, 2: _add}
    assert upgrade({"schema": 1, "old": 5}, steps=steps, newest=3) == {
        "schema": 3,
        "new": 5,
        "added": True,
    }
    assert upgrade({"schema": 2, "new": 5}, steps=steps, newest=3)["added"] is True


def test_the_newest_form_is_returned_as_it_is() -> None:
    document: dict[str, object] = {"schema": SCHEMA}
    assert upgrade(document) is document


def test_there_is_a_step_for_every_older_version() -> None:
    assert set(STEPS) == set(range(1, SCHEMA))


def test_a_newer_form_is_refused_by_name() -> None:
    with pytest.raises(DocumentError, match="made by a newer version"):
        upgrade({"schema": SCHEMA + 1})


def test_a_run_of_schema_1_is_still_read() -> None:
    run = read_run(DATA / "run-schema-1.json.gz")
    assert run.judgement is not None
    assert run.judgement.comparison.verdict is RowVerdict.NOT_JUDGED
    assert run.judgement.comparison.sentence == "not judged: no baseline was given"
    assert run.control is None
    assert run.load_hash == make_run(1).load_hash
    assert run.measured == make_run(1).measured
