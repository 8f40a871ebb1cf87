"""The table of keys on disk: what was written is read, what was not is refused."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from perf_canary.gate_store import Entry, GateFiles
from perf_documents.errors import DocumentError, InfraError, StoreError

if TYPE_CHECKING:
    from pathlib import Path

ENTRIES = (
    Entry(key="argo:a", started_s=1.5, ended_s=2.5, exit_code=0, reason="held", run_id="r"),
    Entry(key="flagger:n/a/c", started_s=3.0, expected_s=300.0),
)
ENTRY = (
    '{"schema":"perfproof.gate/1","entries":[{"key":"a","started_s":1.5,"ended_s":2.5,'
    '"expected_s":null,"exit_code":0,"reason":"","run_id":null}]}\n'
)


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    files = GateFiles(tmp_path / "gates")
    files.open()
    assert files.load("staging") == ()
    files.save("staging", ENTRIES)
    files.close()
    again = GateFiles(tmp_path / "gates")
    again.open()
    assert again.load("staging") == ENTRIES
    again.close()


def test_one_server_holds_the_folder_even_through_what_it_started(tmp_path: Path) -> None:
    first, second = GateFiles(tmp_path), GateFiles(tmp_path)
    first.open()
    # a child inherits the descriptor and lives on
    inherited = os.dup(first.lock)
    with pytest.raises(InfraError, match="still works here"):
        second.open()
    first.close()
    with pytest.raises(InfraError, match="still works here"):
        second.open()
    os.close(inherited)
    second.open()
    second.close()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}\n",
        '{"schema":"perfproof.gate/2","entries":[]}\n',
        '{"schema":"perfproof.gate/1","entries":{}}\n',
        '{"schema":"perfproof.gate/1","entries":[1]}\n',
        '{"schema":"perfproof.gate/1","entries":[{"key":"a"}]}\n',
        ENTRY.replace("1.5", "true"),
        ENTRY.replace("0", "false"),
        ENTRY.replace("null", "NaN"),
        '{"schema":"perfproof.gate/1","entries":[',
    ],
)
def test_a_table_that_was_not_written_so_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "staging.json").write_text(text)
    with pytest.raises(DocumentError, match="move the file away"):
        GateFiles(tmp_path).load("staging")


def test_every_shorter_prefix_is_refused(tmp_path: Path) -> None:
    files = GateFiles(tmp_path)
    files.save("staging", ENTRIES)
    data = (tmp_path / "staging.json").read_bytes()
    for length in range(len(data)):
        (tmp_path / "staging.json").write_bytes(data[:length])
        with pytest.raises(DocumentError):
            files.load("staging")


def test_a_folder_that_is_gone_is_unhealthy(tmp_path: Path) -> None:
    files = GateFiles(tmp_path / "gates")
    files.open()
    files.probe()
    (tmp_path / "gates/lock").unlink()
    (tmp_path / "gates").rmdir()
    with pytest.raises(StoreError):
        files.probe()
    files.close()
