from __future__ import annotations

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fakes.runs import make_plan, make_run
from perf_analysis.verdict import Verdict
from perf_baselines import folder_store as store_module
from perf_baselines import postgres_store
from perf_baselines.folder import APPLICATION_ID, is_on_network
from perf_baselines.history import History
from perf_documents.errors import UsageError
from shelves import FolderShelf

if TYPE_CHECKING:
    from pathlib import Path

    from perf_documents.events import Notice
    from shelves import Shelf

RUN = make_run(1, verdict=Verdict.PASS)


def _files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.fixture(params=["direct", "indexed", "database"])
def listed(
    request: pytest.FixtureRequest,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Shelf:
    """Each way that a list comes about."""
    monkeypatch.setattr(store_module, "DIRECT", 0 if request.param == "indexed" else 100)
    monkeypatch.setattr(postgres_store, "PAGE", 2)
    if request.param != "database":
        return FolderShelf(root)
    database: Shelf = request.getfixturevalue("database")
    return database


def test_lists_are_newest_first_and_filtered(listed: Shelf) -> None:
    history = listed.open()
    for seed in range(1, 7):
        run = make_run(seed, plan=make_plan(profile="smoke" if seed % 2 else "soak"))
        environment = "demo" if seed < 4 else "staging"
        history.store(replace(run, target=replace(run.target, environment=environment)))

    def seeds(*arguments: object, **named: object) -> list[int]:
        records = history.list(*arguments, **named)  # type: ignore[arg-type]  # as called below
        return [int(record.run_id[-6:], 16) for record in records]

    assert seeds(4) == [6, 5, 4, 3]
    assert seeds(10, profile="smoke") == [5, 3, 1]
    assert seeds(1, profile="smoke") == [5]
    assert seeds(10, environment="demo") == [3, 2, 1]
    assert seeds(10, profile="soak", environment="staging") == [6, 4]
    assert seeds(10, profile="none") == []


@pytest.mark.usefixtures("indexed")
def test_the_index_follows_the_records(history: History, root: Path) -> None:
    for seed in range(1, 4):
        history.store(make_run(seed))
    assert len(history.list(10)) == 3
    assert (root / "index.sqlite").exists()
    (root / "records" / f"{make_run(2).run_id}.json").unlink()
    history.store(make_run(4))
    assert [record.run_id[-1] for record in history.list(10)] == ["4", "3", "1"]
    (root / "index.sqlite").unlink()
    assert [record.run_id[-1] for record in history.list(10)] == ["4", "3", "1"]


@pytest.mark.usefixtures("indexed")
def test_the_index_is_marked_as_ours_and_writes_ahead(history: History, root: Path) -> None:
    history.store(RUN)
    history.list(10)
    connection = sqlite3.connect(root / "index.sqlite")
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    expected = "delete" if is_on_network(root) else "wal"
    assert connection.execute("PRAGMA journal_mode").fetchone() == (expected,)
    connection.close()


def test_an_unreadable_record_is_named_not_hidden(listed: Shelf, notices: list[Notice]) -> None:
    history = listed.open(notices.append)
    for seed in range(1, 6):
        history.store(make_run(seed))
    listed.put_text(make_run(4).run_id, b"{}\n")
    assert [record.run_id[-1] for record in history.list(3)] == ["5", "3", "2"]
    assert [(n.warning, make_run(4).run_id in n.text) for n in notices] == [(True, True)]


@pytest.mark.usefixtures("indexed")
@pytest.mark.parametrize("place", [110, 1000, 5000])
def test_a_damaged_index_is_kept_aside_and_rebuilt(
    history: History, root: Path, notices: list[Notice], place: int
) -> None:
    for seed in range(1, 9):
        history.store(make_run(seed))
    history.list(10)
    path = root / "index.sqlite"
    data = path.read_bytes()
    path.write_bytes(data[:place] + bytes(byte ^ 0xFF for byte in data[place:]))
    assert len(history.list(10)) == 8
    assert (root / "index.sqlite.bad-1").read_bytes()[:place] == data[:place]
    assert "kept as index.sqlite.bad-1 and rebuilt" in notices[0].text
    assert history.list(10)
    assert len(notices) == 1


@pytest.mark.usefixtures("indexed")
def test_an_index_cut_short_or_empty_is_made_anew(history: History, root: Path) -> None:
    for seed in range(1, 4):
        history.store(make_run(seed))
    history.list(10)
    path = root / "index.sqlite"
    whole = path.read_bytes()
    for end in (0, 100, 4096, len(whole) - 1):
        path.write_bytes(whole[:end])
        assert len(history.list(10)) == 3


@pytest.mark.usefixtures("indexed")
def test_an_index_that_was_copied_without_its_log_is_completed(
    history: History, root: Path, tmp_path: Path
) -> None:
    history.store(RUN)
    history.list(5)
    early = (root / "index.sqlite").read_bytes()
    history.store(make_run(2))
    history.list(5)
    copy = tmp_path / "copy"
    shutil.copytree(root / "records", copy / "records")
    (copy / "index.sqlite").write_bytes(early)
    assert History(copy).list(5) == history.list(5)


def test_a_reader_beside_a_writer_sees_whole_runs(listed: Shelf) -> None:
    history, seen = listed.open(), [0]
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(lambda: [listed.open().store(make_run(n)) for n in range(1, 31)])
        while not writing.done():
            seen.append(len(history.list(100)))
    assert len(writing.result()) == 30
    assert seen == sorted(seen)
    assert len(history.list(100)) == 30
    if isinstance(listed, FolderShelf):
        assert sum(path.stat().st_size for path in listed.root.glob("index*")) < 1_000_000


def test_a_file_that_is_no_database_is_left_alone(history: History, root: Path) -> None:
    history.store(RUN)
    (root / "index.sqlite").write_text("notes of somebody")
    for call in (history.open_for_writing, lambda: history.store(RUN), lambda: history.list(1)):
        with pytest.raises(UsageError, match="is not a database; it is left alone"):
            call()
    assert (root / "index.sqlite").read_text() == "notes of somebody"


def test_a_database_of_another_program_is_left_alone(history: History, root: Path) -> None:
    root.mkdir()
    connection = sqlite3.connect(root / "index.sqlite")
    connection.execute("CREATE TABLE bookmarks (url)")
    connection.commit()
    connection.close()
    before = (root / "index.sqlite").read_bytes()
    with pytest.raises(UsageError, match="a database of another program"):
        history.open_for_writing()
    assert (root / "index.sqlite").read_bytes() == before
    assert _files(root) == ["index.sqlite"]


@pytest.mark.usefixtures("indexed")
def test_without_a_usable_index_records_are_read_one_by_one(
    history: History, root: Path, notices: list[Notice]
) -> None:
    history.store(RUN)
    history.list(5)
    (root / "index.sqlite-wal").mkdir()
    assert [record.run_id for record in history.list(5)] == [RUN.run_id]
    assert "records are read one by one" in notices[0].text


@pytest.mark.parametrize(
    ("kind", "is_network"), [("ext4", False), ("nfs4", True), ("fuse.sshfs", True)]
)
def test_a_network_file_system_is_known_by_its_mount(
    tmp_path: Path,
    kind: str,
    is_network: bool,  # noqa: FBT001  # a case of the table
) -> None:
    mount = tmp_path / "my share"
    mount.mkdir()
    mounts = tmp_path / "mountinfo"
    escaped = str(mount).replace(" ", "\\040")
    mounts.write_text(
        f"22 1 0:21 / / rw - ext4 /dev/vda rw\n36 22 0:3 / {escaped} rw shared:1 - {kind} a: rw\n"
    )
    assert is_on_network(mount / "history", mounts) is is_network
    assert not is_on_network(tmp_path, mounts)
    assert not is_on_network(tmp_path, tmp_path / "gone")
