from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from fakes.runs import make_run
from perf_analysis.verdict import Verdict
from perf_documents.codec import decode_run, dump_run, encode_run
from perf_documents.schema import json_schema, schema_text

SCHEMA_FILE = Path(__file__).parents[2] / "docs" / "run-document.schema.json"


def _validate(document: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--schemafile", str(SCHEMA_FILE), str(document)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_published_schema_is_that_of_the_models() -> None:
    # to renew it: python -m perf_documents.schema > docs/run-document.schema.json
    assert SCHEMA_FILE.read_text() == schema_text()


def test_the_command_prints_the_schema() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "perf_documents.schema"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert printed.stdout == schema_text()


def test_the_example_on_the_page_can_be_read() -> None:
    page = (SCHEMA_FILE.parent / "run-document.md").read_text()
    row = json.loads(page.partition("```json\n")[2].partition("```")[0])
    document = encode_run(make_run(1))
    document["measured"] = {**document["measured"], "series": [row]}  # type: ignore[dict-item]  # a dict
    assert [key.label for key in decode_run(document).measured.series] == ["GET /health"]


def test_unknown_fields_are_refused_by_the_schema_too() -> None:
    assert json_schema()["additionalProperties"] is False


def test_a_stored_run_fits_the_published_schema(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(dump_run(make_run(1, verdict=Verdict.PASS)))
    answer = _validate(path)
    assert answer.returncode == 0, answer.stdout
    path.write_bytes(path.read_bytes().replace(b'"state":"completed"', b'"state":"finished"'))
    assert _validate(path).returncode == 1
