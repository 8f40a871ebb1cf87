from __future__ import annotations

import os
import zlib
from typing import TYPE_CHECKING

import pytest

from perf_documents.errors import StoreError
from perf_loadtests import spool

if TYPE_CHECKING:
    from pathlib import Path


def filled(path: Path, count: int) -> tuple[int, spool.SpoolWriter]:
    descriptor = spool.create(path)
    writer = spool.SpoolWriter(descriptor)
    for number in range(count):
        writer.write({"type": "x", "number": number})
    return descriptor, writer


def test_what_was_written_is_read_back_in_order(tmp_path: Path) -> None:
    descriptor, writer = filled(tmp_path / "s", 3)
    reader = spool.SpoolReader(descriptor)
    assert [record["number"] for record in reader.read()] == [0, 1, 2]
    writer.write({"number": 3})
    assert [record["number"] for record in reader.read()] == [3]
    assert reader.damage is None
    assert reader.sequence == writer.last_sequence == 4


def test_others_may_write_while_a_record_is_encoded(tmp_path: Path) -> None:
    descriptor, writer = filled(tmp_path / "s", 0)
    rests: list[int] = []

    def rest() -> None:
        if not rests:
            writer.write({"type": "event"})
        rests.append(1)

    record: dict[str, object] = {
        "type": "second", "none": [], "empty": {}, "cells": {"series": [[1, "a"], [2, {"b": [3]}]]},
    }  # fmt: skip
    writer.write(record, rest)
    assert spool.SpoolReader(descriptor).read() == [{"type": "event"}, record]
    assert len(rests) == 2  # once for each row


def test_a_number_that_is_not_finite_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    descriptor, writer = filled(tmp_path / "s", 1)
    bads: list[dict[str, object]] = [
        {"x": float("nan")}, {"cells": {"series": [[float("inf")]]}},
    ]  # fmt: skip
    for bad in bads:
        with pytest.raises(ValueError, match="not JSON compliant"):
            writer.write(bad)
    assert writer.last_sequence == 1
    assert len(spool.SpoolReader(descriptor).read()) == 1


def test_the_digest_before_the_last_record_is_the_writers(tmp_path: Path) -> None:
    descriptor, writer = filled(tmp_path / "s", 2)
    before = writer.digest
    writer.write({"type": "final"})
    reader = spool.SpoolReader(descriptor)
    reader.read()
    assert reader.digest_before_last == before


def test_every_truncated_prefix_gives_whole_records_and_no_damage(tmp_path: Path) -> None:
    descriptor, _ = filled(tmp_path / "s", 3)
    data = os.pread(descriptor, 10_000, 0)
    for length in range(len(data)):
        path = tmp_path / f"cut{length}"
        path.write_bytes(data[:length])
        with path.open("rb") as stream:
            reader = spool.SpoolReader(stream.fileno())
            records = reader.read()
        assert len(records) == data[:length].count(b"\n")
        assert reader.damage is None
        assert reader.torn_bytes == len(data[:length].rpartition(b"\n")[2])


def test_every_flipped_byte_is_found(tmp_path: Path) -> None:
    descriptor, _ = filled(tmp_path / "s", 2)
    data = os.pread(descriptor, 10_000, 0)
    for place in range(len(data)):
        spoiled = bytearray(data)
        spoiled[place] ^= 0x01
        path = tmp_path / f"flip{place}"
        path.write_bytes(spoiled)
        with path.open("rb") as stream:
            reader = spool.SpoolReader(stream.fileno())
            records = reader.read()
        assert reader.damage is not None or reader.torn_bytes
        assert len(records) < 2


def test_a_missing_record_is_a_gap(tmp_path: Path) -> None:
    descriptor, _ = filled(tmp_path / "s", 3)
    lines = os.pread(descriptor, 10_000, 0).splitlines(keepends=True)
    path = tmp_path / "gap"
    path.write_bytes(lines[0] + lines[2])
    with path.open("rb") as stream:
        reader = spool.SpoolReader(stream.fileno())
        assert len(reader.read()) == 1
    assert reader.damage is not None
    assert "record 3 where 2 was due" in reader.damage.cause


def test_a_number_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    descriptor = spool.create(tmp_path / "s")
    with pytest.raises(ValueError, match="not JSON compliant"):
        spool.SpoolWriter(descriptor).write({"value": float("nan")})


def test_an_existing_spool_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("mine")
    with pytest.raises(StoreError, match="cannot be created"):
        spool.create(tmp_path / "s")
    assert (tmp_path / "s").read_text() == "mine"


def test_a_record_that_is_no_object_is_damage(tmp_path: Path) -> None:
    text = b"1 [1]"
    (tmp_path / "spool").write_bytes(b"%08x %s\n" % (zlib.crc32(text), text))
    with (tmp_path / "spool").open("rb") as file:
        reader = spool.SpoolReader(file.fileno())
        assert reader.read() == []
    assert reader.damage == spool.Damage(after_sequence=0, cause="a record that is no object")


def test_a_line_without_end_is_damage_and_not_read_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "MAX_LINE_BYTES", 100)
    (tmp_path / "spool").write_bytes(b"x" * 101)
    with (tmp_path / "spool").open("rb") as file:
        reader = spool.SpoolReader(file.fileno())
        assert reader.read() == []
    assert reader.damage == spool.Damage(after_sequence=0, cause="a line without end")
