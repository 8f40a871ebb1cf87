"""Messages of master and workers: sealed, limited, strict."""

from __future__ import annotations

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perf_loadtests.engine.distributed import messages
from perf_loadtests.engine.distributed.messages import (
    BadMessageError,
    Lease,
    Placed,
    Report,
    Seal,
    Stop,
    pack,
    pack_json,
    unpack,
)

SEAL = Seal("secret" * 8, "run", "nonce", "client")


def test_what_is_packed_is_read_again() -> None:
    placed = Placed(index=1, workers=4)
    assert unpack("perf_plan", pack(placed, SEAL), Placed, SEAL) == placed


@pytest.mark.parametrize(
    "other",
    [
        Seal("another", "run", "nonce", "client"),
        Seal("secret" * 8, "other", "nonce", "client"),
        Seal("secret" * 8, "run", "other", "client"),
        Seal("secret" * 8, "run", "nonce", "other"),
        None,
    ],
)
def test_a_seal_is_good_for_one_token_run_and_client(other: Seal | None) -> None:
    with pytest.raises(BadMessageError, match="seal"):
        unpack("perf_stop", pack(Stop(word="stop"), other), Stop, SEAL)


def test_a_seal_is_good_for_one_kind() -> None:
    lease = pack(Lease(at_s=None), SEAL)
    with pytest.raises(BadMessageError, match="seal"):
        unpack("perf_flush", lease, messages.Flush, SEAL)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'{"index":1}', "workers"),
        (b'{"index":1,"workers":"4"}', "workers"),
        (b'{"index":-1,"workers":4}', "index"),
        (b'{"index":1,"workers":4,"more":1}', "more"),
        (b'{"index":NaN,"workers":4}', "."),
        (b"[]", "."),
        (b"", "."),
    ],
)
def test_what_is_no_such_message_is_refused_even_if_sealed(text: bytes, said: str) -> None:
    with pytest.raises(BadMessageError, match=said):
        unpack("perf_plan", pack_json("perf_plan", text, SEAL), Placed, SEAL)


@given(st.recursive(st.none() | st.integers() | st.binary() | st.text(), st.lists))
def test_no_data_gets_past_the_seal(data: object) -> None:
    for given_data in (data, {"body": data, "seal": data}, {"body": b"", "seal": data}):
        with pytest.raises(BadMessageError):
            unpack("perf_plan", given_data, Placed, SEAL)


def test_a_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MAX_BYTES", 1000)
    body = zlib.compress(b" " * 1001)
    with pytest.raises(BadMessageError, match="too large"):
        unpack("perf_plan", {"body": body, "seal": SEAL.of("perf_plan", body)}, Placed, SEAL)


def test_a_large_body_is_not_even_looked_at() -> None:
    body = bytes(messages.MAX_PACKED_BYTES + 1)
    with pytest.raises(BadMessageError, match="bytes"):
        unpack("perf_plan", {"body": body, "seal": b""}, Placed, SEAL)


def test_a_report_carries_a_record_of_the_spool_and_no_other() -> None:
    record = '{"type":"ready","vus":1,"wakeup_p99_s":0.1}'
    packed = messages.pack_report("me", 3, record, SEAL)
    report = unpack("perf_report", packed, Report, SEAL)
    assert (report.incarnation, report.sequence) == ("me", 3)
    foreign = json.dumps({"incarnation": "me", "sequence": 1, "record": {"type": "final"}})
    with pytest.raises(BadMessageError, match="record"):
        unpack("perf_report", pack_json("perf_report", foreign.encode(), SEAL), Report, SEAL)
