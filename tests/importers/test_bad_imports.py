"""Files that are damaged, mistaken or hostile: a clear error with its place, never a guess."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from imported import DATA, FILES, outcome
from perf_baselines.comparing import figures_of_run
from perf_documents.errors import DocumentError, UsageError
from perf_importers import source
from perf_importers.formats import FORMATS, read_runs
from perf_importers.reading import Options

if TYPE_CHECKING:
    from pathlib import Path

K6 = (DATA / "k6/summary-export.json").read_text(encoding="utf-8")
JTL = "timeStamp,elapsed,label,success\n"
POINT = (
    '{"metric":"http_req_duration","type":"Point","data":{"time":"2026-03-01T12:00:00Z","value":V,'
    '"tags":{"name":"a","expected_response":"true","status":"200"}}}\n'
)


def refused(folder: Path, data: bytes | str, form: str = "", **options: object) -> str:
    path = folder / "file"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    with pytest.raises(UsageError) as caught:
        read_runs(path, Options(**options), form)  # type: ignore[arg-type]  # by name
    said = str(caught.value)
    assert caught.value.exit_code == 2
    assert said.startswith(str(path)) or "--format" in said
    return said.replace(str(path), "FILE")


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
        ("1772366400000000000,9007199254740992,1,1,1,,,a,1,GET,http://x/,\n", "vegeta-csv",
         "FILE:1: status: found '9007199254740992'; expected a number of three digits"),
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
        ("timestamp_s,name,duration_s,ok\n1e15,a,1,1\n", "", "1e+15 s since 1970 is no moment"),
        ("timestamp_s,name,duration_s,ok\n-1e15,a,1,1\n", "", "-1e+15 s since 1970 is no moment"),
        ("Running 2s test @ http://x\n", "", "holds neither a percentile spectrum nor"),
        ('{"benchmarks":[{"metadata":{"unit":"byte"}}]}', "pyperf", "expected the unit second"),
        ('{"benchmarks":[{"name":"x","stats":{"rounds":0,"median":1}}],"machine_info":{}}', "",
         "no round was measured"),
        ('{"":{"latency":{"value":5}}}', "bencher", "name: found"),
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


def test_a_format_may_be_named_by_its_tool(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(K6)
    assert read_runs(path, Options(), "k6")[0] == "k6-summary"
    assert outcome(path, "locust") == (
        f"{path}: is k6-summary, not locust; next: --format k6-summary, or none"
    )
    assert read_runs(DATA / "wrk2/latency.txt", Options(), "wrk2")[0] == "wrk"
    assert read_runs(DATA / "jmeter/out.jtl", Options(), "jtl")[0] == "jmeter"


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
        if not said and path.parent.name in {"wrk", "wrk2"}:
            # these have no line by line form: what is read of them is the whole of it
            assert quantiles(cut) == quantiles(path)


def quantiles(path: Path) -> list[tuple[float, float, int]]:
    (run,) = read_runs(path, Options())[1]
    return [(f.q, f.ln_s, f.n) for f in figures_of_run(run).series[0].quantiles]


def test_half_a_last_line_is_left_out_and_said(tmp_path: Path) -> None:
    lines = (DATA / "k6/points.json").read_text()
    path = tmp_path / "cut.json"
    path.write_text(lines[: lines.rindex('"value"')])
    _, (run,) = read_runs(path, Options())
    assert any("was cut off and is left out" in note for note in run.client_notes)
