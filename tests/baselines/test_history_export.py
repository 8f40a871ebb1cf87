"""`perf history export` and `import` of what it wrote, on both places."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fakes.runs import make_run
from perf_analysis.verdict import Verdict
from perf_baselines.history import History
from perf_documents.codec import dump_run
from perf_documents.strict_json import pack, unpack
from shelves import FolderShelf

if TYPE_CHECKING:
    from shelves import Call, PostgresShelf, Shelf

RUNS = [make_run(seed, verdict=Verdict.PASS) for seed in range(1, 6)]
IDS = [run.run_id for run in RUNS]


def _ids(out: str) -> list[str]:
    return [line.split()[0] for line in out.splitlines()]


@pytest.mark.usefixtures("filled")
def test_an_exported_document_is_the_stored_one_and_comes_back(
    call: Call, shelf: Shelf, tmp_path: Path
) -> None:
    code, out, _ = call("export", "latest")
    assert (code, out.encode()) == (0, dump_run(RUNS[-1]))
    code, out, _ = call("export", "--out", str(tmp_path / "out"), IDS[0], IDS[1])
    assert code == 0
    for path, run_id in zip(out.splitlines(), IDS, strict=False):
        assert Path(path).read_bytes() == shelf.document(run_id)
    code, out, err = call("import", *out.splitlines())
    assert (code, _ids(out)) == (0, IDS[:2])
    assert err.count("already stored") == 2


def test_an_imported_document_is_kept_byte_for_byte(
    call: Call, shelf: Shelf, tmp_path: Path
) -> None:
    indented = json.dumps(json.loads(dump_run(RUNS[0])), indent=1).encode() + b"\n"
    (tmp_path / "a.json").write_bytes(indented)
    (tmp_path / "b.json.gz").write_bytes(pack(dump_run(RUNS[1])))
    code, out, err = call("import", str(tmp_path / "a.json"), str(tmp_path / "b.json.gz"))
    assert (code, _ids(out)) == (0, IDS[:2])
    assert err.count(" stored\n") == 2
    assert unpack(shelf.document(IDS[0])) == indented
    assert unpack(shelf.document(IDS[1])) == dump_run(RUNS[1])
    assert shelf.open().load(IDS[0]) == RUNS[0]


@pytest.mark.usefixtures("filled")
def test_another_run_of_a_stored_id_is_refused(call: Call, shelf: Shelf, tmp_path: Path) -> None:
    before = shelf.content()
    (tmp_path / "a.json").write_bytes(dump_run(replace(RUNS[0], reached_s=29.0)))
    code, out, err = call("import", str(tmp_path / "a.json"))
    assert (code, out) == (2, "")
    assert f"run {IDS[0]}: refused: another run of this id is stored already" in err
    assert shelf.content() == before


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("a.json", b"{}\n", "a.json: "),
        ("a.json", b"", "a.json: "),
        ("a.json.gz", pack(dump_run(RUNS[0]))[:-9], "the compressed file is cut short"),
        ("a.json.gz", pack(dump_run(RUNS[0])[:50] + b" " * 300_000_000), "unpacks to more than"),
        ("a.json", b"[" * 100_000, "a.json: "),
        ("a.json", b'{"schema":99}\n', "a.json: "),
        ("a.json", b'{"run_id":NaN}\n', "a.json: "),
    ],
    ids=["other", "empty", "cut", "bomb", "deep", "newer", "nan"],
)
def test_what_is_no_run_document_is_refused(
    call: Call, shelf: Shelf, tmp_path: Path, name: str, content: bytes, cause: str
) -> None:
    (tmp_path / name).write_bytes(content)
    code, out, err = call("import", str(tmp_path / name))
    assert (code, out) == (2, "")
    assert cause in err
    assert not shelf.content()


@pytest.mark.usefixtures("filled")
def test_a_whole_history_goes_elsewhere_and_back(
    call: Call, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put_document(IDS[0], None)
    elsewhere = FolderShelf(tmp_path / "elsewhere")
    code, out, _ = call("export", "--format", "history", "--out", str(elsewhere.root))
    assert (code, out) == (0, f"{elsewhere.root}: 5 runs copied, 0 were there, 0 left out\n")
    assert elsewhere.open().list(10) == shelf.open().list(10)
    other = FolderShelf(tmp_path / "third")
    monkeypatch.setenv("PERF_HISTORY", other.where)
    for copied in (5, 0):
        code, out, _ = call("import", str(elsewhere.root))
        assert code == 0
        assert out == f"{other.root}: {copied} runs copied, {5 - copied} were there, 0 left out\n"
    for run in RUNS[1:]:
        assert other.text(run.run_id) == shelf.text(run.run_id)
        assert other.document(run.run_id) == shelf.document(run.run_id)
    assert other.open().documented() == set(IDS[1:])


def test_a_folder_goes_into_a_database(root: Path, database: PostgresShelf, tmp_path: Path) -> None:
    folder = FolderShelf(root)
    for run in RUNS:
        folder.open().store(run)
    for run_id in IDS:
        assert database.open().store_text(*folder.open().texts(run_id))
    assert database.open().list(9) == folder.open().list(9)
    for run_id in IDS:
        History(tmp_path / "back").store_text(*database.open().texts(run_id))
    back = FolderShelf(tmp_path / "back")
    for run_id in IDS:
        assert back.text(run_id) == folder.text(run_id)
        assert back.document(run_id) == folder.document(run_id)


@pytest.mark.usefixtures("filled")
def test_a_damaged_run_is_named_and_the_rest_is_copied(
    call: Call, shelf: Shelf, tmp_path: Path
) -> None:
    shelf.put_text(IDS[1], b"{}\n")
    shelf.put_document(IDS[2], pack(dump_run(RUNS[0])))
    out = str(tmp_path / "elsewhere")
    code, said, err = call("export", "--format", "history", "--out", out)
    assert (code, said) == (2, f"{out}: 3 runs copied, 0 were there, 2 left out\n")
    assert IDS[1] in err
    assert f"run {IDS[2]}: is not the document that its record was made of" in err


@pytest.mark.usefixtures("filled")
def test_a_table_has_a_row_for_each_name(call: Call, shelf: Shelf) -> None:
    run = make_run(9, verdict=Verdict.FAIL)
    run = replace(run, git={"commit": "=cmd()", "branch": "@x"}, figures=None)
    shelf.open().store(run)
    code, out, _ = call("export", "--format", "csv", run.run_id, IDS[0])
    rows = list(csv.DictReader(io.StringIO(out)))
    assert (code, len(rows)) == (0, 10)
    assert (rows[0]["commit"], rows[0]["branch"]) == ("'=cmd()", "'@x")
    assert (rows[0]["name"], rows[0]["requests"]) == ("all", "398")
    assert 0.01 < float(rows[0]["p50_s"]) < float(rows[0]["p95_s"]) < 1.0
    # 398 requests are too few for a p99
    assert rows[0]["p99_s"] == ""


@pytest.mark.usefixtures("filled")
def test_bencher_gets_nanoseconds(call: Call) -> None:
    code, out, _ = call("export", "--format", "bmf", IDS[0])
    found = json.loads(out)
    total = found["sustained/all"]
    assert code == 0
    assert 1e7 < total["latency-p50"]["value"] < 1e9
    assert total["throughput"] == {"value": pytest.approx(19.9)}
    assert total["error-rate"]["value"] < 0.05
    assert "latency-p99" not in total


@pytest.mark.usefixtures("filled")
def test_junit_is_that_of_the_run(call: Call, tmp_path: Path) -> None:
    code, out, _ = call("export", "--format", "junit", "--out", str(tmp_path / "out"), *IDS[:2])
    assert code == 0
    for path in out.splitlines():
        assert "<testcase " in Path(path).read_text()


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        ([], "names no run"),
        (["--format", "history"], "a history is a folder; next: --out DIR"),
        (["--format", "xml", "latest"], "xml"),
        (["nonsense"], "is not stored here"),
        ([IDS[0], IDS[1]], "2 documents do not fit on stdout; next: --out DIR"),
    ],
)
@pytest.mark.usefixtures("filled")
def test_export_refuses_what_it_cannot_do(call: Call, arguments: list[str], cause: str) -> None:
    code, out, err = call("export", *arguments)
    assert (code, out) == (2, "")
    assert cause in err
