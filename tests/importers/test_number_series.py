"""Series of numbers in every shape people write them, and what is refused with its place."""

from __future__ import annotations

import json

import pytest

from perf_documents.errors import DocumentError
from perf_importers import number_series
from perf_importers.number_series import NumberSeries, parse_series

A, B = "c1", "c2"


def of(text: str) -> list[tuple[str, tuple[float | None, ...], tuple[str, ...]]]:
    """Series of a text, as plain tuples."""
    return [(s.name, s.values, s.labels) for s in parse_series(text.encode(), "file")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("commit,p95\nc1,1.5\nc2,2\n", [("p95", (1.5, 2.0), (A, B))]),
        ("\ufeffcommit,p95\r\nc1,1.5\r\nc2,2", [("p95", (1.5, 2.0), (A, B))]),
        ("commit,time,p95,p99\nc1,t1,1,\nc2,t2,2,3\n",
         [("p95", (1.0, 2.0), (A, B)), ("p99", (None, 3.0), (A, B))]),
        ("when,a,commit\nc1,1,x\nc2,-2e3,y\n", [("a", (1.0, -2000.0), (A, B))]),
        ('"commit","p95, ms"\n"c1","1"\n"c2","2"\n', [("p95, ms", (1.0, 2.0), (A, B))]),
        ("p95\n1\n\n3\n", [("p95", (1.0, None, 3.0), ())]),
        ("1\n2\n3\n", [("file", (1.0, 2.0, 3.0), ())]),
        ("7,1\n8,2\n", [("column 2", (1.0, 2.0), ("7", "8"))]),
        ("commit,p95\nc1,1\n\nc2,2\n", [("p95", (1.0, 2.0), (A, B))]),
        ("[1, null, 2.5]", [("file", (1.0, None, 2.5), ())]),
        ('{"a": [1, 2], "b": [null, 4]}', [("a", (1.0, 2.0), ()), ("b", (None, 4.0), ())]),
        ('{"commit": ["c1", "c2"], "a": [1, 2]}', [("a", (1.0, 2.0), (A, B))]),
        ('{"commit": ["c1", "c2"], "values": {"a": [1, 2]}}', [("a", (1.0, 2.0), (A, B))]),
        ('[{"commit": "c1", "a": 1}, {"commit": "c2"}]', [("a", (1.0, None), (A, B))]),
        (('{"name": "x", "n_obs": 2, "series": [{"label": "V1", "raw": [1, 2]}],'
          ' "time": {"index": [0, 1], "raw": ["c1", "c2"]}}'), [("V1", (1.0, 2.0), (A, B))]),
        (('{"source": "x", "suites": {"s": {"commit": ["c1", "c2"], "unit": {"a": "ns"},'
          ' "values": {"a": [1, 2]}}}}'), [("s: a", (1.0, 2.0), (A, B))]),
    ],
)  # fmt: skip
def test_shapes(text: str, expected: list[object]) -> None:
    assert of(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        (" \n\n", "is empty"),
        ("commit,p95\n", "holds no numbers"),
        ("commit,p95\nc1,\n", "holds no numbers"),
        ("commit,p95\nc1,1\nc2,nan\n", "3: p95: found 'nan'; expected a finite number"),
        ("commit,p95\nc1,1e999\n", "2: p95: found '1e999'"),
        ("commit,p95\nc1,inf\nc2,x\n", "3: p95: found 'x'"),
        ("commit,p95\nc1,1,2\n", "2: not as many values as the first line has, 2"),
        ("commit,p95,p95\nc1,1,2\n", '1: the column "p95" stands twice'),
        ("commit;p95\nc1;1\n", "separate columns by commas"),
        ("commit\nc1\nc2\n", "2: commit: found 'c1'"),
        ("commit,time\nc1,2\n", "1: has no column of numbers"),
        ('commit,p95\n"c1,1\n', "unexpected end of data"),
        ("commit,p95\nc1,1\0\n", "byte 15: is NUL"),
        ("p95\n=1+1\n", "2: p95: found '=1+1'"),
        ("p95\n1\n1e200\n", "3: p95: found '1e200'"),
        ("p95\n1\n1_000\n", "3: p95: found '1_000'"),
        ("[]", "holds no numbers"),
        ("[1, NaN]", "NaN is not a number"),
        ("[1, 1e999]", "[1]: found a number beyond every float"),
        ('[1, "2", true]', '[1]: found "2"; expected a finite number'),
        ("[1, " + "9" * 400 + "]", "[1]: found 999"),
        ("[1, " + "9" * 5000 + "]", "a number is too long"),
        ("[" * 100_000 + "]" * 100_000, "is nested 100000 deep"),
        ("[1, 2", "is not JSON"),
        ('{"a": [1], "a": [2]}', 'the key "a" stands twice'),
        ('{"a": 5}', "a: found 5; expected a list of numbers"),
        ('{"series": [{"label": "x"}]}', "series[0].raw: is not a list of numbers"),
        ('{"series": [{"label": "x", "raw": [1]}, {"label": "x", "raw": [2]}]}',
         'two series are called "x"'),
        ('{"suites": {"s": [1]}}', "suites.s: found [1]; expected an object"),
    ],
)  # fmt: skip
def test_refusals(text: str, said: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_series(text.encode(), "file")
    assert said in str(caught.value)


def test_not_utf_8_is_refused_by_its_byte() -> None:
    with pytest.raises(DocumentError, match="byte 4: is not UTF-8"):
        parse_series(b"p95\n\xff\n", "file")


def test_only_the_first_problems_are_shown() -> None:
    rows = "\n".join(f"c{place},x" for place in range(5000))
    with pytest.raises(DocumentError) as caught:
        parse_series(f"commit,p95\n{rows}\n".encode(), "file")
    lines = str(caught.value).splitlines()
    assert len(lines) == 21
    assert lines[0].startswith("2: ")
    assert lines[-1] == "and more"


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_series, "MAX_VALUES", 10)
    monkeypatch.setattr(number_series, "MAX_SERIES", 2)
    with pytest.raises(DocumentError, match="more than 2 series or 10 values"):
        parse_series(("p95\n" + "1\n" * 11).encode(), "file")
    with pytest.raises(DocumentError, match="more than 2 series or 10 values"):
        parse_series(b"[" + b"[],[]," * 20 + b"1]", "file")
    with pytest.raises(DocumentError, match="more than 2 series or 10 values"):
        parse_series(json.dumps([1] * 11).encode(), "file")
    with pytest.raises(DocumentError, match="more than 2 series or 10 values"):
        parse_series(b'{"a": [1], "b": [1], "c": [1]}', "file")


def test_a_series_without_labels_has_none() -> None:
    assert parse_series(b'{"commit": ["c1"], "a": [1, 2]}', "file") == (
        NumberSeries("a", (1.0, 2.0)),
    )
