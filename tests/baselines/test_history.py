from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fakes.runs import make_plan, make_run
from perf_analysis.facts import EndState
from perf_analysis.verdict import Verdict
from perf_baselines import folder_store
from perf_baselines import history as history_module
from perf_baselines.history import History, open_history
from perf_baselines.record_codec import SCHEMA
from perf_documents.codec import dump_run, load_run
from perf_documents.errors import DocumentError, StoreError, UsageError
from perf_documents.strict_json import content_hash, pack, unpack
from perf_documents.windows import Windows

if TYPE_CHECKING:
    from pathlib import Path

    from perf_documents.events import Notice
    from perf_documents.run import Run
    from shelves import Shelf

RUN = make_run(1, verdict=Verdict.PASS)


@pytest.fixture
def history(shelf: Shelf, notices: list[Notice]) -> History:
    return shelf.open(notices.append)


def test_a_stored_run_comes_back_equal(history: History, shelf: Shelf) -> None:
    stored = history.store(RUN)
    assert (stored.run_id, stored.equal, stored.new) == (RUN.run_id, True, True)
    assert history.load(RUN.run_id) == RUN
    assert unpack(shelf.document(RUN.run_id)) == dump_run(RUN)
    assert len(shelf.text(RUN.run_id)) < 4096


def test_nobody_else_may_read_a_folder(root: Path) -> None:
    History(root).store(RUN)
    assert {path.stat().st_mode & 0o777 for path in root.rglob("*.json*")} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (root, root / "runs")} == {0o700}


def test_a_run_is_read_to_its_last_window_before_it_is_stored(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Run] = []

    def load(data: bytes, source: str = "") -> Run:
        read.append(load_run(data, source))
        return read[-1]

    monkeypatch.setattr(history_module, "load_run", load)
    history.store(RUN)
    held = [*read[0].measured.series.values(), *read[0].measured.scenarios.values()]
    assert held
    assert all(isinstance(slots, Windows) and slots.is_decoded for slots in held)


def test_a_run_whose_windows_contradict_its_sums_is_not_stored(
    history: History, shelf: Shelf
) -> None:
    document = json.loads(dump_run(RUN))
    document["measured"]["series"][0][7] = "[]"
    run = load_run(json.dumps(document).encode() + b"\n", "given.json")
    with pytest.raises(DocumentError, match=r"^given\.json: measured\.series\[0\]\[7\]: "):
        history.store(run)
    assert not shelf.content()


def test_a_record_says_what_trends_need(history: History) -> None:
    run = make_run(1, verdict=Verdict.FAIL)
    history.store(run)
    record = history.record(run.run_id)
    assert (record.verdict, record.exit_code, record.valid) == (Verdict.FAIL, 1, True)
    assert (record.state, record.phase, record.phase_s) == (EndState.COMPLETED, "sustained", 20.0)
    assert record.load_hash == run.load_hash
    assert record.commit == run.git["commit"]
    sustained = run.measured.cells("sustained")
    assert record.total.n == sum(cell.n for cell in sustained.values()) == 398
    assert record.total.failed == sum(cell.n for key, cell in sustained.items() if key.error_class)
    assert [series.label for series in record.series] == sorted(
        {f"{key.method} {key.name}" for key in sustained}
    )
    for series in record.series:
        assert series.p50_s is not None
        assert series.p95_s is not None
        assert series.p50_s < series.p95_s
    assert [row.verdict for row in record.thresholds] == [
        Verdict.FAIL,
        Verdict.PASS,
        Verdict.PASS,
    ]


def test_a_run_without_judgement_or_samples_is_stored(history: History) -> None:
    run = replace(make_run(1), measured=replace(RUN.measured, series={}, scenarios={}))
    history.store(run)
    record = history.record(run.run_id)
    assert (record.verdict, record.total.n, record.total.p95_s) == (None, 0, None)


def test_storing_again_is_a_no_op(history: History, shelf: Shelf) -> None:
    history.store(RUN)
    before = shelf.content()
    again = history.store(RUN)
    assert (again.equal, again.new) == (True, False)
    assert shelf.content() == before


def test_equal_content_in_other_bytes_is_the_same_run(history: History, shelf: Shelf) -> None:
    history.store(RUN)
    whole = replace(RUN, plan=make_plan(timeout_s=30))
    assert dump_run(whole) != dump_run(RUN)
    assert history.store(whole).equal
    assert unpack(shelf.document(RUN.run_id)) == dump_run(RUN)


def test_other_content_of_the_same_id_is_refused(history: History) -> None:
    history.store(RUN)
    with pytest.raises(DocumentError, match=f"run {RUN.run_id}: refused: another run"):
        history.store(replace(RUN, reached_s=29.0))
    assert history.load(RUN.run_id) == RUN


def test_a_run_that_could_not_be_read_again_is_not_stored(history: History, shelf: Shelf) -> None:
    with pytest.raises(StoreError, match="cannot be stored: run_id"):
        history.store(replace(RUN, run_id="../../escape"))
    assert not shelf.content()


def test_a_document_that_was_changed_is_refused(history: History, shelf: Shelf) -> None:
    history.store(RUN)
    shelf.put_document(RUN.run_id, pack(dump_run(replace(RUN, reached_s=29.0))))
    with pytest.raises(DocumentError, match="is not the document that its record was made of"):
        history.load(RUN.run_id)
    assert not history.store(RUN).equal


def test_a_document_that_is_gone_is_named_and_stored_anew(history: History, shelf: Shelf) -> None:
    history.store(RUN)
    shelf.put_document(RUN.run_id, None)
    assert history.record(RUN.run_id).run_id == RUN.run_id
    with pytest.raises(DocumentError, match="not kept here, only its record"):
        history.load(RUN.run_id)
    assert history.store(RUN).equal
    assert history.load(RUN.run_id) == RUN


def test_a_left_over_document_without_record_is_replaced(root: Path) -> None:
    history = History(root)
    history.store(make_run(2))
    (root / "runs" / f"{RUN.run_id}.json.gz").write_bytes(b"torn")
    assert RUN.run_id not in {record.run_id for record in history.list(10)}
    assert history.store(RUN).equal
    assert history.load(RUN.run_id) == RUN


def test_what_is_read_back_different_is_said(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_store, "write_atomic", lambda path, _data: path.write_bytes(b""))
    assert not History(root).store(RUN).equal


@pytest.mark.parametrize("bit", [0, 4, 6])
def test_a_changed_byte_never_changes_a_record(root: Path, bit: int) -> None:
    history = History(root)
    history.store(RUN)
    whole = history.record(RUN.run_id)
    refused = 0
    path = root / "records" / f"{RUN.run_id}.json"
    data = path.read_bytes()
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1 << bit
        path.write_bytes(damaged)
        try:
            # a last digit may change without changing the number
            assert history.record(RUN.run_id) == whole
        except DocumentError:
            refused += 1
    assert refused > 0.98 * len(data)


def test_every_beginning_of_a_record_is_refused(root: Path) -> None:
    history = History(root)
    history.store(RUN)
    path = root / "records" / f"{RUN.run_id}.json"
    data = path.read_bytes()
    for end in range(len(data)):
        path.write_bytes(data[:end])
        with pytest.raises(DocumentError):
            history.record(RUN.run_id)


def test_a_record_of_another_run_or_a_newer_version_is_refused(
    history: History, shelf: Shelf
) -> None:
    history.store(RUN)
    shelf.put_text("other", shelf.text(RUN.run_id))
    with pytest.raises(DocumentError, match=f"is the record of another run, {RUN.run_id}"):
        history.record("other")
    document = json.loads(shelf.text(RUN.run_id)) | {"schema": SCHEMA + 1}
    shelf.put_text(RUN.run_id, json.dumps(document).encode() + b"\n")
    with pytest.raises(DocumentError, match="made by a newer version"):
        history.record(RUN.run_id)


def test_a_run_is_found_by_id_beginning_and_latest(history: History) -> None:
    for seed in (1, 2, 16):
        history.store(make_run(seed))
    assert history.resolve("latest") == "20260301-121600-000010"
    assert history.resolve("20260301-1202") == "20260301-120200-000002"
    assert history.resolve(RUN.run_id) == RUN.run_id


@pytest.mark.parametrize(
    ("spec", "cause"),
    [
        ("20260301-120100-00000", None),
        ("20260301-120100-000002", "did you mean 20260301-120[12]00-00000[12]"),
        ("nonsense", "the newest: 20260301-120200-000002, 20260301-120100-000001$"),
        ("20260301", "2 begin so: 20260301-120200-000002, 20260301-120100-000001$"),
        ("", "is not stored here"),
        ("../records", "is not stored here"),
        ("\x1b[31m", r'run "\\x1b\[31m": is not stored here'),
    ],
)
def test_a_run_that_is_not_there_is_refused_with_a_hint(
    history: History, spec: str, cause: str | None
) -> None:
    history.store(make_run(1))
    history.store(make_run(2))
    if cause is None:
        assert history.resolve(spec) == "20260301-120100-000001"
        return
    with pytest.raises(UsageError, match=cause):
        history.resolve(spec)


def test_an_empty_history_has_no_latest(history: History) -> None:
    assert history.list(5) == []
    with pytest.raises(UsageError, match="no run is stored here yet"):
        history.resolve("latest")


def test_a_folder_and_a_url_are_told_apart(tmp_path: Path) -> None:
    open_history("history", tmp_path).store(RUN)
    assert History(tmp_path / "history").load(RUN.run_id) == RUN
    for url, cause in {
        "mysql://user:hunter22@db/x": "URL of an unknown kind",
        "postgresql+other://user:hunter22@db/x": "is no URL of PostgreSQL; expected postgresql",
        "postgresql+psycopg://user:hunter22@db:port/x": "is no URL of PostgreSQL",
        "postgres:hunter22": "is no URL of PostgreSQL",
    }.items():
        with pytest.raises(UsageError, match=cause) as caught:
            open_history(url, tmp_path)
        assert "hunter22" not in str(caught.value)
        assert "db" not in str(caught.value)


def test_the_record_holds_the_hash_of_the_document(history: History) -> None:
    history.store(RUN)
    record = history.record(RUN.run_id)
    assert record.document_sha256 == content_hash(dump_run(RUN))
    assert record.document_bytes == len(dump_run(RUN))
