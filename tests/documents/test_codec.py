from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.run_strategies import runs
from fakes.runs import make_plan, make_run
from perf_analysis.facts import Accounts
from perf_analysis.series import Span
from perf_analysis.verdict import Check, Judgement, ThresholdResult, Verdict
from perf_documents import models
from perf_documents.codec import (
    content_hash,
    decode_run,
    dump_run,
    encode_run,
    load_run,
    read_run,
)
from perf_documents.errors import DocumentError
from perf_documents.health import HealthWindow
from perf_documents.run import (
    EngineFacts,
    ErrorSample,
    GroupedException,
    ScenarioFacts,
    TargetFacts,
)
from perf_documents.strict_json import pack, unpack
from perf_documents.upgrades import SCHEMA

if TYPE_CHECKING:
    from pathlib import Path

    from perf_documents.cells import StrictModel

    Document = dict[str, object]

RUN = make_run(1, verdict=Verdict.PASS)

DATA = dump_run(RUN)

SMALL = dump_run(
    replace(make_run(1), measured=replace(RUN.measured, series={}, scenarios={}), health=())
)


@pytest.mark.parametrize("verdict", [None, *Verdict])
def test_a_run_comes_back_equal(verdict: Verdict | None) -> None:
    run = make_run(2, verdict=verdict)
    assert load_run(dump_run(run)) == run
    assert decode_run(json.loads(dump_run(run))) == run


@given(runs())
@settings(max_examples=50, deadline=None)
def test_any_run_comes_back_equal_and_gives_the_same_bytes(run: object) -> None:
    data = dump_run(run)  # type: ignore[arg-type]  # hypothesis hands a Run
    again = load_run(data)
    assert again == run
    assert dump_run(again) == data


def test_whole_numbers_of_seconds_give_the_bytes_of_floats() -> None:
    whole = replace(RUN, reached_s=30, health=(replace(RUN.health[0], gc_pause_s=0),))
    real = replace(RUN, reached_s=30.0, health=(replace(RUN.health[0], gc_pause_s=0.0),))
    assert dump_run(whole) == dump_run(real)


def test_the_document_is_canonical() -> None:
    assert json.dumps(
        json.loads(DATA), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode() == DATA.removesuffix(b"\n")
    assert json.loads(DATA)["schema"] == SCHEMA
    assert len(content_hash(DATA)) == 64


def test_a_number_that_is_not_finite_is_never_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump_run(replace(RUN, reached_s=float("nan")))


def test_equal_content_gives_equal_compressed_bytes(tmp_path: Path) -> None:
    assert pack(DATA) == pack(bytes(DATA))
    assert unpack(pack(DATA)) == DATA
    for name, content in (("run.json.gz", pack(DATA)), ("run.json", DATA)):
        (tmp_path / name).write_bytes(content)
        assert read_run(tmp_path / name) == RUN


def test_a_file_that_cannot_be_read_is_named_on_each_line(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(DATA.replace(b'"names":4', b'"names":-4'))
    with pytest.raises(DocumentError, match=rf"^{re.escape(str(path))}: engine\.names: "):
        read_run(path)
    with pytest.raises(DocumentError, match=r"no such file$"):
        read_run(tmp_path / "gone")


def test_every_beginning_of_a_document_is_refused() -> None:
    for end in range(len(SMALL)):
        with pytest.raises(DocumentError):
            load_run(SMALL[:end])


def test_every_beginning_of_a_compressed_document_is_refused() -> None:
    packed = pack(SMALL)
    for end in range(len(packed)):
        with pytest.raises(DocumentError):
            load_run(unpack(packed[:end]))


@given(st.integers(0, len(SMALL) - 1), st.integers(0, 7))
@settings(max_examples=300, deadline=None)
def test_a_flipped_bit_never_escapes_as_another_error(place: int, bit: int) -> None:
    damaged = bytearray(SMALL)
    damaged[place] ^= 1 << bit
    try:
        load_run(bytes(damaged))
    except DocumentError:
        pass
    else:
        # a changed digit or letter: what the hash in the record is for
        assert content_hash(bytes(damaged)) != content_hash(SMALL)


@pytest.mark.parametrize("place", range(0, len(pack(SMALL)), 7))
def test_a_flipped_bit_in_a_compressed_document_changes_nothing_unseen(place: int) -> None:
    damaged = bytearray(pack(SMALL))
    damaged[place] ^= 16
    try:
        content = unpack(bytes(damaged))
    except DocumentError:
        return
    # only the head's date and system are not covered by a checksum
    assert content == SMALL or place < 10


def test_a_bomb_is_not_unpacked() -> None:
    with pytest.raises(DocumentError, match="unpacks to more than 1000 bytes"):
        unpack(pack(b"0" * 10**7), 1000)


def test_nothing_may_follow_the_compressed_document() -> None:
    for tail in (b"x", pack(b"y")):
        with pytest.raises(DocumentError, match="something follows"):
            unpack(pack(DATA) + tail)


@pytest.mark.parametrize(
    ("model", "twin", "others"),
    [
        (models.TargetModel, TargetFacts, set()),
        (models.ScenarioModel, ScenarioFacts, set()),
        (models.SpanModel, Span, set()),
        (models.HealthModel, HealthWindow, set()),
        (models.AccountsModel, Accounts, set()),
        (models.ExceptionModel, GroupedException, set()),
        (models.ErrorModel, ErrorSample, set()),
        (models.EngineModel, EngineFacts, set()),
        (models.CheckModel, Check, set()),
        (models.ThresholdResultModel, ThresholdResult, set()),
        (models.JudgementModel, Judgement, set()),
        (models.RunModel, type(RUN), {"schema_", "load_hash"}),
        (models.MeasuredModel, type(RUN.measured), set()),
    ],
)
def test_models_and_dataclasses_have_the_same_fields(
    model: type[StrictModel], twin: type[EngineFacts], others: set[str]
) -> None:
    # sums that are kept beside the windows are part of each series' entry
    names = {field.name for field in fields(twin)} - {"kept", "_sums"}
    assert set(model.model_fields) - others == names


def test_encoding_is_plain_json() -> None:
    assert json.loads(json.dumps(encode_run(RUN))) == json.loads(DATA)


def test_a_plan_of_fractions_comes_back() -> None:
    run = make_run(1, plan=make_plan(seed=7))
    assert load_run(dump_run(run)).plan == run.plan


def test_sums_of_other_windows_are_never_taken_for_theirs() -> None:
    run = load_run(DATA)
    first = next(iter(run.measured.series))
    fewer = replace(run.measured, series={first: run.measured.series[first]})
    assert set(fewer.sums.series) == {first}
