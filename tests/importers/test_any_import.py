"""Whatever stands in a file, reading it ends in runs that are kept whole, or in an error."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imported import FILES, outcome
from perf_importers.formats import FORMATS

if TYPE_CHECKING:
    from pathlib import Path


@given(data=st.binary(max_size=300), form=st.sampled_from(sorted(FORMATS)))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(tmp_path: Path, data: bytes, form: str) -> None:
    path = tmp_path / "any"
    path.write_bytes(data)
    said = outcome(path, form)
    assert not said or str(path) in said


VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5) | st.sampled_from([[], {}, [1], {"a": 1}])
)  # fmt: skip
DOCUMENTS = [path for path in FILES if path.suffix == ".json" and path.parent.name != "change"]


@given(data=st.data())
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_value_in_any_place_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    """One value of a document replaced by another: no bug of ours is ever the answer."""
    lines = data.draw(st.sampled_from(DOCUMENTS)).read_text().splitlines()
    # of JSON lines the last one is changed
    is_lines = lines[-1].startswith('{"')
    document = json.loads(lines[-1] if is_lines else "\n".join(lines))
    parent, key = data.draw(st.sampled_from(_places(document)))
    parent[key] = data.draw(VALUES)
    path = tmp_path / "any.json"
    path.write_text("\n".join([*(lines[:-1] if is_lines else []), json.dumps(document)]) + "\n")
    said = outcome(path)
    assert not said or str(path) in said


def _places(value: object) -> list[tuple[Any, Any]]:
    """Every place of a document, as a container and a key of it."""
    if not isinstance(value, dict | list):
        return []
    pairs = list(value.items() if isinstance(value, dict) else enumerate(value))[:40]
    return [(value, key) for key, _ in pairs] + [p for _, inner in pairs for p in _places(inner)]


TABLES = [path for path in FILES if path.suffix in {".csv", ".jtl", ".txt"}]
WORD = re.compile(r"[^,\s]+")


@given(data=st.data())
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_word_in_any_line_is_read_or_refused(tmp_path: Path, data: st.DataObject) -> None:
    """The same for tables, and for what tools print for people."""
    lines = data.draw(st.sampled_from(TABLES)).read_text().splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    words = list(WORD.finditer(lines[number]))
    if words:
        word = data.draw(st.sampled_from(words))
        odd = data.draw(
            st.integers().map(str) | st.floats().map(repr) | st.text(max_size=5) | st.just("")
        )
        line = lines[number]
        lines[number] = line[: word.start()] + odd + line[word.end() :]
    path = tmp_path / "any.csv"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    said = outcome(path)
    assert not said or str(path) in said
