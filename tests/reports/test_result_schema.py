"""What `--json` prints is what docs/result.schema.json says, in every situation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest

from compared_cases import CASES
from perf_reports.json_view import render_comparison, render_json
from repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from perf_documents.run import Run
    from perf_reports.parts import View

SCHEMA = json.loads((ROOT / "docs/result.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_result_is_valid(
    view_of: Callable[[str], View], run_of: Callable[[str], Run], situation: str
) -> None:
    VALIDATOR.validate(json.loads(render_json(view_of(situation), run_of(situation))))


@pytest.mark.parametrize("name", CASES)
def test_every_comparison_is_valid(name: str) -> None:
    VALIDATOR.validate(json.loads(render_comparison(CASES[name], 3)))


def test_what_is_not_in_it_is_refused(
    view_of: Callable[[str], View], run_of: Callable[[str], Run]
) -> None:
    document = json.loads(render_json(view_of("pass"), run_of("pass")))
    for change in ({"verdict": "green"}, {"exit_code": 6}, {"more": 1}):
        assert not VALIDATOR.is_valid({**document, **change})
    del document["valid"]
    assert not VALIDATOR.is_valid(document)
