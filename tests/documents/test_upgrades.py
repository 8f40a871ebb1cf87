from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fakes.runs import make_run
from perf_analysis.compared import RowVerdict
from perf_documents.codec import decode_run, dump_run, load_run, read_run
from perf_documents.errors import DocumentError
from perf_documents.strict_json import unpack
from perf_documents.upgrades import SCHEMA, STEPS, upgrade

if TYPE_CHECKING:
    from collections.abc import Callable

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
    assert json.loads(dump_run(run))["measured"] == json.loads(dump_run(make_run(1)))["measured"]


def test_a_run_of_schema_2_is_still_read() -> None:
    run = read_run(DATA / "run-schema-2.json.gz")
    assert run == make_run(1)
    assert (run.measured.timings, run.measured.checks) == ({}, {})


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda rows: rows["series"].append(rows["series"][0]), "stands above"),
        (lambda rows: rows["series"][3][8].update(n=-1), r"^measured\.series\[3\]\[8\]\.n: "),
        (lambda rows: rows["series"][3][8].update(n=0), r"^measured\.series\[3\]\[8\]\..*: holds"),
        (lambda rows: rows["scenarios"][2].pop(), r"^measured\.scenarios\[2\]"),
        (lambda rows: rows.update(series=5), r"^measured\.series: "),
        (lambda rows: rows.update(ended="x"), r"^measured\.ended: "),
        (lambda rows: rows.pop("window_s"), r"^measured\.window_s: is missing"),
    ],
)
def test_damaged_cells_of_schema_1_are_refused_with_their_place(
    change: Callable[[dict[str, Any]], object], says: str
) -> None:
    document = json.loads(unpack((DATA / "run-schema-1.json.gz").read_bytes()))
    change(document["measured"])
    with pytest.raises(DocumentError, match=says):
        load_run(json.dumps(document).encode() + b"\n")


def test_what_holds_no_cells_at_all_is_refused() -> None:
    document = json.loads(unpack((DATA / "run-schema-1.json.gz").read_bytes()))
    with pytest.raises(DocumentError, match=r"^measured: "):
        decode_run(document | {"measured": []})
