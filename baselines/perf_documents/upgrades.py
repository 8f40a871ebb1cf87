"""The history of the run document's form, and the steps from each version to the next.

| schema | since | what changed |
| ------ | ----- | ------------ |
| 1      | 0.1.0 | the first    |
| 2      | 0.1.0 | `control`, `figures`, `resolution_s` and `engine.unknown_rules` are new;   |
|        |       | `judgement.comparison` became an object; `measured` has one row for each   |
|        |       | series and scenario: sums by phase, and its windows as one text            |
|        |       | `measures`, `measured.stated` and `measured.unstated` came later and are   |
|        |       | left out where they are empty                                              |
| 3      | 0.1.0 | `measured.timings`, `measured.checks`, `scenario.data`, `plan.tags`,       |
|        |       | `names` of a threshold and `zero` of a histogram are new, and may be left  |
|        |       | out                                                                        |

A step takes the parsed document of its version and returns that of the next; the version itself is
counted up here. To change the form: raise `SCHEMA`, add a row above and a step below, and keep a
document of the old version among the tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perf_documents.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Step = Callable[[dict[str, object]], dict[str, object]]

SCHEMA = 3


def _to_2(document: dict[str, object]) -> dict[str, object]:
    """Before, nothing was compared, and the comparison was a sentence that said so."""
    judgement = document.get("judgement")
    if isinstance(judgement, dict):
        comparison: dict[str, object] = {
            "source": "", "mode": "regression", "alpha": 0.01, "reference": [], "rows": [],
            "verdict": "not judged", "sentence": judgement.get("comparison"), "next_step": "",
            "shift": [],
            "left_out": [], "notes": [],
        }  # fmt: skip
        judgement = {**judgement, "comparison": comparison}
    added = {"judgement": judgement, "control": None, "figures": None, "resolution_s": 0.0}
    if isinstance(document.get("measured"), dict):
        added["measured"] = _by_series(document["measured"])
    engine = document.get("engine")
    if isinstance(engine, dict):
        added["engine"] = {**engine, "unknown_rules": []}
    return {**document, **added}


def _to_3(document: dict[str, object]) -> dict[str, object]:
    """All that is new may be left out."""
    return document


def _by_series(measured: object) -> dict[str, object]:
    """Rows of single cells as sums and windows of each series."""
    from perf_documents.first_form import group_rows  # noqa: PLC0415  # only for old documents

    return group_rows(measured)


STEPS: Mapping[int, Step] = {1: _to_2, 2: _to_3}


def upgrade(
    document: object, *, steps: Mapping[int, Step] = STEPS, newest: int = SCHEMA
) -> dict[str, object]:
    """Return a parsed document in the newest form; itself, where it has that already."""
    if not isinstance(document, dict):
        raise DocumentError("document: is not an object")
    for version in range(check_schema(document.get("schema"), newest), newest):
        document = {**steps[version](document), "schema": version + 1}
    return document


def check_schema(schema: object, newest: int) -> int:
    """Return the version that a document states, if it is one that can be read."""
    if schema is None:
        raise DocumentError('schema: is missing; every perfproof document states its "schema"')
    # True is an int in Python
    if type(schema) is not int or schema < 1:
        raise DocumentError("schema: is not a version; expected a whole number from 1")
    if schema > newest:
        raise DocumentError(
            f"schema: {schema} was made by a newer version; this one reads up to {newest}: "
            "update perfproof"
        )
    return schema
