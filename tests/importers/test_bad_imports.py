"""Files that are damaged, mistaken or hostile: a clear error with its place, never a guess."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perf_documents.errors import DocumentError, UsageError
from perf_importers import source
from perf_importers.formats import FORMATS, read_runs
from perf_importers.reading import Options

DATA = Path(__file__).parents[1] / "data" / "imports"
K6 = (DATA / "k6/summary-export.json").read_text(encoding="utf-8")
JTL = "timeStamp,elapsed,label,success\n"
POINT = (
    '{"metric":"http_req_duration","type":"Point","data":{"time":"2026-03-01T12:00:00Z","value":V,'
    '"tags":{"name":"a","expected_response":"true","status":"200"}}}\n'
)
FILES = sorted(
    path for path in DATA.rglob("*") if path.is_file() and path.suffix != ".md"
)  # fmt: skip


def refused(folder: Path, data: bytes | str, form: str = "", **options: object) -> str:
    path = folder / "file"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    with pytest.raises(UsageError) as caught:
        read_runs(path, Options(**options), form)  # type: ignore[arg-type]  # by name
    said = str(caught.value)
    assert caught.value.exit_code == 2
    assert said.startswith(str(path)) or "--format" in said
    return said.replace(str(path), "FILE")


def outcome(path: Path, form: str = "") -> str:
    """What reading a file ends in: words of an error that names it, or nothing."""
    try:
        runs = read_runs(path, Options(), form)[1]
    except UsageError as error:
        return str(error)
    return "" if runs else "no runs"


def k6(**changes: object) -> str:
    document = json.loads(K6)
    document["metrics"]["http_req_duration"] |= changes
    return json.dumps(document)


@pytest.mark.parametrize(
    ("data", "form", "says"),
    [
        ("", "", "is of no format that is known"),
        ("", "k6-summary", "is empty"),
        (b"\x80\x04K\x01.", "", "is of no format"),
        (b"\x80\x04K\x01.", "k6-summary", "is a pickle"),
        (b"SQLite format 3\0" + b"\0" * 100, "jmeter", "is an SQLite database"),
        ("<html>", "bencher", "is HTML or XML, not JSON"),
        ("<testResults version='1.2'>", "jmeter", "is HTML or XML"),
        ('{"a": 1}', "", "is of no format that is known; next: --format with one of samples,"),
        ('{"a": 1}', "nonsense", "--format 'nonsense': expected one of samples"),
        (K6, "locust-json", "FILE: document: found"),
        (K6, "vegeta-report", "FILE: latencies: is missing"),
        (K6[:-200], "", "FILE: line"),
        (JTL + "1772366400000,1,a,true\n", "hey", "FILE:1: columns missing: response-time"),
        ("[" * 100_000, "", "is nested 100000 deep; at most 20 is read"),
        ('{"metrics":' * 100_000, "k6-summary", "is nested 100000 deep"),
        ("[" * 100_000, "k6-json", "FILE: holds no http_req_duration"),
        (POINT.replace("V", "[" * 100_000), "k6-json", "FILE:1: is not JSON: is nested too deep"),
        (POINT.replace("V", "NaN") + POINT, "", "FILE:1: is not JSON: NaN is not a number"),
        (POINT.replace("V", "1e999") + POINT, "k6-json", "FILE:1: is not JSON: 1e999 is not a"),
        (POINT.replace("V", "-1") + "x\n", "k6-json", "FILE:1: data.value: found '-1'"),
        (POINT.replace("V", "9e9") + "x\n", "k6-json", "FILE:1: a duration of 9e+06 s"),
        (k6(med="NaN"), "", "metrics.http_req_duration.med: found"),
        (k6(med="NaN").replace('"NaN"', "NaN"), "", "NaN is not a number"),
        (k6(med=1).replace('"med": 1', '"med": 1e999'), "", "1e999 is not a number"),
        (k6(med=1).replace('"med": 1', '"med": 1' + "0" * 400), "", "med: found"),
        (k6(med=1).replace('"med": 1', '"med": 1' + "0" * 9999), "", "a number is too long"),
        (k6(med=-1), "", "metrics.http_req_duration.med: found '-1'; expected a number from 0"),
        (k6(med=99), "", "the 50 % quantile, 0.099 s, is above the 90 % quantile, 0.022 s"),
        (k6(med=True), "", "med: found 'true'; expected a number"),
        (k6(thresholds={"p(95)<1": "yes"}), "", "expected true or false"),
        ('{"a": 1, "a": 2}', "bencher", 'the key "a" stands twice'),
        (JTL + "1,1,a,true\n", "", "FILE:2: timeStamp: 0.001 s since 1970 is not between 2000"),
        (JTL + "1772366400,5,a,true\n", "", "FILE:2: timeStamp: 1772366.4 s since 1970"),
        (JTL + "1772366400000,-5,a,true\n", "", "FILE:2: elapsed: found '-5'"),
        (JTL + "1772366400000,nan,a,true\n", "", "FILE:2: elapsed: found 'nan'"),
        (JTL + "1772366400000,1_0,a,true\n", "", "FILE:2: elapsed: found '1_0'"),
        (JTL + "1772366400000,5,a,maybe\n", "", "FILE:2: success: expected true or false"),
        (JTL + "1772366400000,5,a\n", "", "FILE:2: 3 values for 4 columns"),
        (JTL + '1772366400000,5,"a,true\n', "", "unexpected end of data"),
        (JTL + "1772366400000,5,a\0,true\n", "", "FILE:2: holds a NUL character"),
        (JTL.encode() + b"1772366400000,5,\xff,true\n", "", "FILE:2: byte 16: is not UTF-8"),
        (JTL + "1772366400000,5,a\rb,true\n", "", "FILE:2: "),
        (JTL + "1772366400000,5," + "a" * (1 << 21) + ",true\n", "", "FILE:2: is longer than"),
        (JTL + "1772366400000,5," + "a" * 201 + ",true\n", "", "name: found"),
        (JTL + "1772366400000,5,a,true\n1772366400000000,5,a,true\n", "", "not between 2000"),
        (JTL + "1772366400000,5,a,true\n1792366400000,5,a,true\n", "", "7 days from another"),
        (JTL.replace(",", ";") + "1;1;a;true\n", "jmeter", "FILE:1: columns missing"),
        (JTL.replace("label", "elapsed"), "jmeter", "FILE:1: columns missing: label"),
        (JTL.replace("success", "success,label"), "jmeter", "FILE:1: a column stands twice"),
        (JTL, "", "FILE: holds no samples"),
        ('{"b":{"build-time":{"value":5}}}', "", "next: --direction higher or --direction low"),
        ('{"b":{"latency":{"value":"5"}}}', "", "b.latency.value: found"),
        ("window.BENCHMARK_DATA = alert(1)", "", "FILE: line 1, column 1: is not JSON"),
        ('window.BENCHMARK_DATA = {"entries":{"s":[{"tool":"evil"}]}}', "",
         "entries.s[0].tool: 'evil' is not a tool"),
        ('{"benchmarks":[],"machine_info":{}}', "", "holds no benchmarks"),
        ("Running 2s test @ http://x\n", "", "holds neither a percentile spectrum nor"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_its_place(
    tmp_path: Path, data: bytes | str, form: str, says: str
) -> None:
    assert says in refused(tmp_path, data, form)


def test_problems_of_many_lines_are_said_at_once(tmp_path: Path) -> None:
    said = refused(tmp_path, JTL + "1772366400000,x,a,true\n" * 500).splitlines()
    assert len(said) == 21
    assert said[19].startswith("FILE:21: elapsed")
    assert said[20] == "FILE: and more"


def test_a_file_of_two_formats_is_asked_about(tmp_path: Path) -> None:
    header = "timestamp_s,name,duration_s,ok,timeStamp,elapsed,label,success\n"
    row = "1772366400,a,0.1,true,1772366400000,100,a,true\n"
    said = refused(tmp_path, header + row)
    assert said == "FILE: may be several formats; next: --format with one of jmeter, samples"


@pytest.mark.parametrize(
    ("text", "first"),
    [(K6, "k6-json"), ((DATA / "hey/hey.csv").read_text(), "oha-csv"), ("", "wrk")],
)
def test_a_wrong_format_by_name_is_refused(tmp_path: Path, text: str, first: str) -> None:
    refused(tmp_path, text, first)


def test_every_format_refuses_every_other_ones_file(tmp_path: Path) -> None:
    """None of them takes another's file for its own and makes figures of it."""
    for path in FILES:
        data = path.read_bytes()
        (tmp_path / "file").write_bytes(data)
        own = FORMATS.keys() & {"criterion"}
        for name in FORMATS.keys() - own:
            try:
                _, runs = read_runs(tmp_path / "file", Options(), name)
            except DocumentError:
                continue
            tools = {run.scenario.spec for run in runs}
            assert tools <= {path.parent.name, "wrk2", "wrk"}, (path, name)


def test_nothing_begins_in_the_future(tmp_path: Path) -> None:
    text = JTL + "1772366400000,5,a,true\n"
    said = refused(tmp_path, text, now_s=1_700_000_000.0)
    assert "was measured at 2026-03-01T12:00:00.000Z, in the future" in said
    assert "--at TIME" in said


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("../../etc/cron.d/x", K6)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (zipped(), "is of no format that is known"),
        (gzip.compress(K6.encode()) + gzip.compress(b"x"), "something follows the compressed"),
        (gzip.compress(K6.encode()) + b"tail", "something follows the compressed"),
        (gzip.compress(K6.encode())[:-20], "the compressed file is cut short"),
        (b"\x1f\x8b" + b"\0" * 50, "the compressed file is damaged"),
    ],
)
def test_archives_are_refused_and_one_gzip_member_is_read(
    tmp_path: Path, data: bytes, says: str
) -> None:
    assert says in refused(tmp_path, data)
    path = tmp_path / "whole"
    path.write_bytes(gzip.compress(K6.encode()))
    assert read_runs(path, Options())[0] == "k6-summary"


@pytest.mark.parametrize("form", ["jmeter", "k6-summary", "k6-json", "wrk"])
def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setattr(source, "MAX_UNPACKED_BYTES", 4 << 20)
    monkeypatch.setattr(source, "MAX_DOCUMENT_BYTES", 4 << 20)
    bomb = gzip.compress((JTL + " \n" * (8 << 20)).encode())
    assert len(bomb) < 1 << 16
    said = refused(tmp_path, bomb, form)
    assert "bytes" in said or "longer than" in said or "columns" in said


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("folder", "nothing"):
        path = tmp_path / name
        assert outcome(path).startswith(f"{path}: ")
        assert outcome(path, "k6-summary").startswith(f"{path}: ")
    assert "expected Criterion's" in outcome(tmp_path / "folder", "criterion")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_file_that_was_cut_is_read_as_far_as_it_is_whole_or_refused(
    path: Path, tmp_path: Path
) -> None:
    data = path.read_bytes()
    for size in range(1, len(data), max(1, len(data) // 23)):
        cut = tmp_path / "cut"
        cut.write_bytes(data[:size])
        said = outcome(cut)
        assert not said or str(cut) in said


def test_half_a_last_line_is_left_out_and_said(tmp_path: Path) -> None:
    lines = (DATA / "k6/points.json").read_text()
    path = tmp_path / "cut.json"
    path.write_text(lines[: lines.rindex('"value"')])
    _, (run,) = read_runs(path, Options())
    assert any("was cut off and is left out" in note for note in run.client_notes)


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
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
