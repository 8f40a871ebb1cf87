from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from fakes.runs import make_run
from perf_analysis.verdict import Verdict
from perf_documents.codec import (
    decode_run,
    dump_run,
    load_run,
)
from perf_documents.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Callable

    Document = dict[str, object]

RUN = make_run(1, verdict=Verdict.PASS)

DATA = dump_run(RUN)

FIRST_ROW = "measured.series[0][6][0][1]"
FIRST_N: list[str | int] = ["measured", "series", 0, 6, 0, 1, "n"]


def _edited(*path: str | int, value: object) -> bytes:
    """The document with one value replaced, or with one added."""
    document = json.loads(DATA)
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return json.dumps(document).encode() + b"\n"


def _refusal(data: bytes) -> str:
    with pytest.raises(DocumentError) as caught:
        load_run(data)
    return str(caught.value)


def _with_service(change: Callable[[Document], object]) -> bytes:
    document = json.loads(DATA)
    row = document["measured"]["series"][0]
    document["measured"]["series"] = [row]
    change(row[6][0][1]["service"])
    return json.dumps(document).encode() + b"\n"


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        pytest.param(b"", "is empty", id="J09-empty"),
        pytest.param(b" \n", "is empty", id="J09-blanks"),
        pytest.param(b"null\n", "document: is not an object", id="J09-null"),
        pytest.param(b"[]\n", "document: is not an object", id="J09-list"),
        pytest.param(b"0\n", "document: is not an object", id="J09-zero"),
        pytest.param(b"\xef\xbb\xbf{}\n", "byte order mark", id="J08-bom"),
        pytest.param(b"\xff\xfe{\x00", "is UTF-16", id="utf-16"),
        pytest.param(b"{}\n{}\n", "line 2, column 1: is not JSON: Extra data", id="J07-two"),
        pytest.param(b'{"a": 1,}\n', "line 1, column 9: is not JSON", id="J07-comma"),
        pytest.param(b"{'a': 1}\n", "line 1, column 2: is not JSON", id="J07-quotes"),
        pytest.param(b"// x\n{}\n", "line 1, column 1: is not JSON", id="J07-comment"),
        pytest.param(b"[" * 100_000, "nested 100000 deep; at most 20", id="J06"),
        pytest.param(b'{"a":"[[' + b"[" * 99 + b'"}\n', "schema: is missing", id="no-depth"),
        pytest.param(b'{"a\\"[":{"' + b'[":1}}\n', "schema: is missing", id="escaped-quote"),
        pytest.param(b"<<<<<<< ours\n{}\n", "unresolved merge", id="J12-start"),
        pytest.param(b"{\n<<<<<<< ours\n}\n", "unresolved merge", id="J12-middle"),
        pytest.param(b"version https://git-lfs.github.com/spec/v1\n", "LFS pointer", id="J25"),
        pytest.param(b"<!doctype html>\n", "is HTML or XML", id="I17"),
        pytest.param(b"\x80\x04\x95\n", "is a pickle", id="I15-pickle"),
        pytest.param(b"SQLite format 3\0", "is an SQLite database", id="I15-sqlite"),
        pytest.param(b"PK\x03\x04", "is a zip archive", id="zip"),
        pytest.param(b'{"a":"\xff"}\n', "byte 6: is not UTF-8", id="bytes"),
        pytest.param(b'{"schema":1}', "the end is missing", id="no-newline"),
        pytest.param(b'{"a":NaN}\n', "NaN is not a number", id="J01-nan"),
        pytest.param(b'{"a":-Infinity}\n', "-Infinity is not a number", id="J01-infinity"),
        pytest.param(b'{"a":{"b":1,"b":2}}\n', 'the key "b" stands twice', id="J03"),
        pytest.param(b'{"a":' + b"9" * 5000 + b"}\n", "a number is too long", id="J04"),
        pytest.param(b'{"a":"\\u0000"}\n', "NUL character", id="J18-nul"),
        pytest.param(b'{"__proto__":1}\n', "schema: is missing", id="J22"),
    ],
)
def test_what_is_not_strict_json_is_refused(data: bytes, cause: str) -> None:
    assert cause in _refusal(data)


@pytest.mark.parametrize(
    ("schema", "cause"),
    [
        (None, "schema: is missing"),
        ("1", "schema: is not a version"),
        (0, "schema: is not a version"),
        (-1, "schema: is not a version"),
        (1.5, "schema: is not a version"),
        (True, "schema: is not a version"),
        (99, "schema: 99 was made by a newer version; this one reads up to 3: update perfproof"),
    ],
)
def test_a_schema_that_is_not_known_is_refused(schema: object, cause: str) -> None:
    assert cause in _refusal(_edited("schema", value=schema))


@pytest.mark.parametrize(
    ("path", "value", "cause"),
    [
        (["extra"], 1, "extra: unknown field"),
        (["engine", "constructor"], 1, "engine.constructor: unknown field"),
        (["run_id"], "../x", 'run_id: string should match pattern .*; found "../x"'),
        (["run_id"], "A", "run_id: "),
        (["started_at"], "2026-1-1", "started_at: is not a UTC moment"),
        (["started_at"], "2026-03-01T24:00:00Z", "started_at: is not a UTC moment"),
        (["started_at"], "2026-02-30T12:00:00Z", "started_at: is not a UTC moment"),
        (["started_at"], "2026-03-01T12:00:60Z", "started_at: is not a UTC moment"),
        (["started_at"], "2026-03-01T12:00:00+14:00", "started_at: is not a UTC moment"),
        (["started_at"], 1772366400, "started_at: "),
        (["state"], "finished", "state: "),
        (["reached_s"], "1", 'reached_s: input should be a valid number; found "1"'),
        (["reached_s"], True, "reached_s: "),
        (["reached_s"], -1.0, "reached_s: "),
        (["load_hash"], "0" * 64, "load_hash: does not fit the plan and the scenario"),
        (["plan", "stages", 0, "duration_s"], 5, r"plan\.stages\[0\]\.duration_s: "),
        (["plan", "thresholds", 0, "operator"], "=<", "unknown operator"),
        (["measured", "window_s"], 0, r"measured\.window_s: "),
        (["measured", "spans", 0, "phase"], "cruise", r"measured\.spans\[0\]\.phase: "),
        (["measured", "series", 0, 3], "x" * 201, r"series\[0\]\[3\]: a name has at most 200"),
        (["measured", "series", 0, 3], "x" * 2**20, r"series\[0\]\[3\]: "),
        (["measured", "series", 0, 3], "a\x1bb", r"series\[0\]\[3\]: holds control or format"),
        (FIRST_N, 9007199254740993, r"series\[0\]\[6\]\[0\]\[1\]\.n: "),
        (FIRST_N, 1.5, r"series\[0\]\[6\]\[0\]\[1\]\.n: "),
        (["engine", "accounts", "started"], -5, r"engine\.accounts\.started: "),
        (["health", 0, "cpu_ratio"], None, r"health\[0\]\.cpu_ratio: "),
        (["judgement", "verdict"], "improved", r"judgement\.verdict: "),
        (["judgement", "exit_code"], 2, r"judgement\.exit_code: "),
        (["judgement", "checks", 0, "rule"], "V", r"judgement\.checks\[0\]\.rule: "),
        (["fingerprint", "Bad Key"], "x", r"fingerprint\.Bad Key"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(
    path: list[str | int], value: object, cause: str
) -> None:
    assert re.search(cause, _refusal(_edited(*path, value=value)))


def test_a_number_beyond_all_bounds_is_refused() -> None:
    data = DATA.replace(b'"reached_s":30.0', b'"reached_s":1e999')
    assert "reached_s: " in _refusal(data)


def test_tiny_and_negative_zeros_are_read() -> None:
    for literal, value in ((b"-0.0", 0.0), (b"1e-400", 0.0), (b"5e-324", 5e-324), (b"-0", 0.0)):
        data = DATA.replace(b'"reached_s":30.0', b'"reached_s":' + literal)
        assert load_run(data).reached_s == value


def test_a_lone_surrogate_is_refused() -> None:
    assert _refusal(DATA.replace(b'"version":"0.1.0"', b'"version":"\\ud800"'))


def test_missing_and_unknown_fields_are_all_listed() -> None:
    document = json.loads(DATA)
    del document["run_id"], document["engine"]["silent_s"]
    document["a"] = document["b"] = 1
    refusal = _refusal(json.dumps(document).encode() + b"\n").splitlines()
    assert sorted(refusal) == [
        "a: unknown field",
        "b: unknown field",
        "engine.silent_s: is missing",
        "run_id: is missing",
    ]


def test_at_most_twenty_problems_are_listed() -> None:
    document = json.loads(DATA) | {f"extra{number}": 1 for number in range(30)}
    refusal = _refusal(json.dumps(document).encode() + b"\n").splitlines()
    assert len(refusal) == 21
    assert refusal[-1] == "and 10 more"


def test_what_a_value_shows_of_itself_is_short_and_visible() -> None:
    refusal = _refusal(_edited("started_at", value="\x1b[31m" + "x" * 10_000))
    assert len(refusal) < 200
    assert refusal.isprintable()


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"min": 9.0}, "are not in order"),
        ({"max": 1e300}, "are not in order, or too large"),
        ({"min": 0.0}, "outside the outer buckets"),
        ({"max": 4000.0}, "outside the outer buckets"),
        ({"sum": 1e6}, "sum 1000000.0 does not fit"),
        ({"sum": 0.0}, "sum 0.0 does not fit"),
        ({"sum": -1.0}, "greater than or equal to 0"),
        ({"b": [5, 1, 4, 1]}, "must ascend"),
        ({"b": [5, 1, 5, 1]}, "must ascend"),
        ({"b": [5, -1]}, "greater than or equal to 0"),
        ({"b": [5, 0]}, "count is at least 1"),
        ({"b": [5, 1.5]}, "valid integer"),
        ({"b": [5000, 1]}, "index lies in 0..4095"),
        ({"b": [5]}, ".b: "),
        ({"b": []}, ".b: "),
        ({"b": list(range(10**5))}, "must ascend|index lies|at least 1"),
        ({"at": [[0.5, 10**6, 0]]}, "more samples beside 0.5"),
        ({"at": [[0.5, 0, 0], [0.5, 0, 0]]}, "a limit stands twice"),
        ({"extra": 1}, "unknown field"),
    ],
)
def test_an_inconsistent_histogram_is_refused(change: Document, cause: str) -> None:
    refusal = _refusal(_with_service(lambda service: service.update(change)))
    assert re.search(cause, refusal)
    assert refusal.startswith(f"{FIRST_ROW}.service")


def test_more_samples_than_requests_are_refused() -> None:
    data = _edited(*FIRST_N, value=0)
    assert f"{FIRST_ROW}.service_censored: holds more" not in _refusal(data)
    assert f"{FIRST_ROW}.service: holds more samples than n = 0" in _refusal(data)


def test_two_rows_for_one_cell_are_refused() -> None:
    document = json.loads(DATA)
    for name in ("series", "scenarios", "ended"):
        document["measured"][name].append(document["measured"][name][0])
    refusal = _refusal(json.dumps(document).encode() + b"\n").splitlines()
    assert len(refusal) == 3
    assert all("a row for the same cell stands above" in line for line in refusal)


def test_too_many_names_are_refused() -> None:
    document = json.loads(DATA)
    row = document["measured"]["series"][0]
    document["measured"]["series"] = [[*row[:3], f"n{i}", *row[4:]] for i in range(501)]
    load_run(json.dumps(document).encode() + b"\n")
    document["measured"]["series"].append([*row[:3], "one more", *row[4:]])
    assert "502 names; at most 501" in _refusal(json.dumps(document).encode() + b"\n")


@pytest.mark.parametrize(
    "document", [{"a": {1, 2}}, [float("nan")], None, {"schema": 1, "a": 1e999}]
)
def test_what_is_no_document_is_refused(document: object) -> None:
    with pytest.raises(DocumentError):
        decode_run(document)
