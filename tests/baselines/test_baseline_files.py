"""Accepted runs as reviewed text: every way to damage a line is refused with its place."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fakes.runs import make_run
from perf_analysis.facts import EndState
from perf_analysis.judgement import judge
from perf_analysis.verdict import Verdict
from perf_baselines.acceptance import baseline_of, refusal
from perf_baselines.baseline import Baseline, dump_baseline, load_baseline
from perf_baselines.baseline_files import BaselineFiles, parse_baselines
from perf_baselines.comparing import figures_of_run
from perf_documents.errors import DocumentError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WHEN = "2026-03-01T12:00:00Z"
PLACE = ("sustained", "staging")


def baseline(seed: int = 1, **changes: object) -> Baseline:
    """Baseline of a made-up run."""
    run = make_run(seed)
    made = baseline_of(run, figures_of_run(run), accepted_at=WHEN, because="")
    return replace(made, profile=PLACE[0], environment=PLACE[1], **changes)  # type: ignore[arg-type]  # by name


@pytest.fixture
def files(tmp_path: Path) -> BaselineFiles:
    """Empty folders."""
    return BaselineFiles(tmp_path / "baselines", tmp_path / ".perf")


def test_a_baseline_reads_back_as_it_was_written() -> None:
    made = baseline()
    line = dump_baseline(made)
    again = load_baseline(line)
    assert dump_baseline(again) == line
    assert again.load_hash == made.load_hash
    assert again.run_id == made.run_id
    for ours, theirs in zip(made.figures.series, again.figures.series, strict=True):
        assert (ours.label, ours.n, ours.failed) == (theirs.label, theirs.n, theirs.failed)
        for one, other in zip(ours.quantiles, theirs.quantiles, strict=True):
            assert one.ln_s == pytest.approx(other.ln_s, abs=1e-9)


def test_a_line_is_short_text_of_one_line() -> None:
    line = dump_baseline(baseline())
    assert line.count(b"\n") == 1
    assert len(line) < 6000
    assert line.isascii()


def test_every_beginning_of_a_line_is_refused() -> None:
    line = dump_baseline(baseline())
    for end in range(0, len(line), 7):
        with pytest.raises(DocumentError):
            parse_baselines(line[:end] or b"\n", "x", *PLACE)


def test_every_changed_byte_is_refused() -> None:
    line = dump_baseline(baseline())
    for place in range(0, len(line) - 1, 11):
        changed = bytearray(line)
        changed[place] ^= 1
        with pytest.raises(DocumentError):
            parse_baselines(bytes(changed), "x", *PLACE)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda d: d.update(schema=99), "newer version", id="newer"),
        pytest.param(lambda d: d.pop("schema"), "schema: is missing", id="no-schema"),
        pytest.param(lambda d: d.update(because="edited"), "was edited or damaged", id="edited"),
    ],
)
def test_an_edited_line_is_told_from_a_newer_one(
    change: Callable[[dict[str, object]], object], message: str
) -> None:
    document = json.loads(dump_baseline(baseline()))
    change(document)
    with pytest.raises(DocumentError, match=message):
        load_baseline((json.dumps(document) + "\n").encode())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<<<<<<< HEAD\n", "unresolved merge"),
        (b"\xef\xbb\xbf{}\n", "byte order mark"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git LFS pointer"),
        (b"[]\n", "is not an object"),
        (b"{}\n", "schema: is missing"),
        (b'{"schema": 1, "a": NaN}\n', "NaN is not a number"),
        (b'{"schema": 1, "a": 1, "a": 2}\n', "stands twice"),
        (b"\n", "is empty"),
    ],
)
def test_what_people_hand_in_by_mistake_is_named_with_its_line(data: bytes, message: str) -> None:
    good = dump_baseline(baseline())
    with pytest.raises(DocumentError, match=message) as caught:
        parse_baselines(good + data, "baselines/a/b.jsonl", *PLACE)
    assert str(caught.value).startswith("baselines/a/b.jsonl:2: ")


def test_line_ends_of_another_system_change_nothing() -> None:
    line = dump_baseline(baseline())
    assert parse_baselines(line.replace(b"\n", b"\r\n"), "x", *PLACE) == (load_baseline(line),)


def test_a_baseline_of_another_place_is_refused() -> None:
    line = dump_baseline(baseline())
    with pytest.raises(DocumentError, match="x:1: is of profile sustained on staging, not of"):
        parse_baselines(line, "x", "ramp", "staging")


def test_a_run_stands_once() -> None:
    line = dump_baseline(baseline())
    with pytest.raises(DocumentError, match=r"x:2: run .* stands twice"):
        parse_baselines(line + line, "x", *PLACE)


def test_quantiles_that_do_not_ascend_are_refused() -> None:
    made = baseline()
    total = made.figures.series[0]
    wrong = replace(total.quantiles[0], ln_s=5.0)
    figures = replace(
        made.figures,
        series=(replace(total, quantiles=(wrong, *total.quantiles[1:])), *made.figures.series[1:]),
    )
    with pytest.raises(DocumentError, match="quantiles must ascend"):
        load_baseline(dump_baseline(replace(made, figures=figures)))


def test_counts_that_json_readers_round_are_refused() -> None:
    made = baseline()
    total = replace(made.figures.series[0], n=9007199254740993, finished=5)
    figures = replace(made.figures, series=(total, *made.figures.series[1:]))
    with pytest.raises(DocumentError, match=r"figures\.series\[0\]\.n"):
        load_baseline(dump_baseline(replace(made, figures=figures)))


def test_adding_listing_and_keeping(files: BaselineFiles) -> None:
    assert files.read(*PLACE) == ()
    for seed in (1, 2, 3):
        assert files.add(baseline(seed))
    assert not files.add(baseline(2))
    assert files.names() == [PLACE]
    known = files.read(*PLACE)
    assert [b.run_id for b in known] == [baseline(s).run_id for s in (1, 2, 3)]
    files.keep(*PLACE, known[-1:])
    assert [b.run_id for b in files.read(*PLACE)] == [baseline(3).run_id]
    assert files.path(*PLACE).stat().st_mode & 0o077


def test_a_damaged_file_is_not_added_to(files: BaselineFiles) -> None:
    files.add(baseline())
    path = files.path(*PLACE)
    path.write_bytes(path.read_bytes()[:-5])
    before = path.read_bytes()
    with pytest.raises(DocumentError, match=":1: "):
        files.add(baseline(2))
    assert path.read_bytes() == before


def test_a_link_is_not_followed(files: BaselineFiles, tmp_path: Path) -> None:
    files.add(baseline())
    path = files.path(*PLACE)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DocumentError):
        files.read(*PLACE)


def _hold(root: str, ready: object, done: object) -> None:
    from pathlib import Path  # noqa: PLC0415  # another process

    held = BaselineFiles(Path(root) / "baselines", Path(root) / ".perf")
    with held._locked():
        ready.set()  # type: ignore[attr-defined]  # an Event
        done.wait(20)  # type: ignore[attr-defined]  # an Event


def test_a_second_writer_is_told_of_the_first(files: BaselineFiles, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(str(tmp_path), ready, done))
    holder.start()
    try:
        assert ready.wait(20)
        with pytest.raises(UsageError, match=f"process {holder.pid} is changing them"):
            files.add(baseline())
    finally:
        done.set()
        holder.join(20)
    assert files.add(baseline())


def test_a_lock_whose_holder_is_gone_holds_nobody(files: BaselineFiles) -> None:
    files.state.mkdir()
    (files.state / "baselines.lock").write_text("1")
    assert files.add(baseline())


@pytest.mark.parametrize(
    ("verdict", "state", "says"),
    [
        (Verdict.PASS, EndState.COMPLETED, ""),
        (Verdict.FAIL, EndState.COMPLETED, "a threshold is breached"),
        (Verdict.INCONCLUSIVE, EndState.COMPLETED, "not valid: V6"),
        (Verdict.PASS, EndState.ABORTED, "the run was aborted"),
        (Verdict.PASS, EndState.INTERRUPTED, "the run was interrupted"),
        (Verdict.PASS, EndState.INCOMPLETE, "the run was incomplete"),
    ],
)
def test_who_may_become_a_baseline(verdict: Verdict, state: EndState, says: str) -> None:
    run = replace(make_run(1, verdict=verdict), state=state)
    assert run.judgement is not None
    why = refusal(run, run.judgement, because="whatever is said")
    assert says in why
    assert bool(why) is bool(says)


def test_an_undecided_threshold_is_no_baseline() -> None:
    run = make_run(1)
    judgement = judge(run.facts(), run.measured, run.plan.thresholds)
    undecided = replace(
        judgement,
        checks=make_run(1, verdict=Verdict.PASS).judgement.checks,  # type: ignore[union-attr]  # judged
        thresholds=(
            replace(judgement.thresholds[0], verdict=Verdict.INCONCLUSIVE),
            *judgement.thresholds[1:],
        ),
    )
    assert "threshold is undecided" in refusal(run, undecided)
