"""The run document's JSON schema, as it stands in docs/run-document.schema.json."""

from __future__ import annotations

import json
import sys

from perf_documents.models import RunModel
from perf_documents.upgrades import SCHEMA


def json_schema() -> dict[str, object]:
    """Return the schema of the newest version."""
    schema: dict[str, object] = RunModel.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": f"perfproof run document, schema {SCHEMA}",
    }


def schema_text() -> str:
    """Return the schema as text, as the file holds it."""
    return json.dumps(json_schema(), indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
