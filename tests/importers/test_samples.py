"""The generic samples file: what it gives, and every way in which it can be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from perf_analysis.compared import RowVerdict
from perf_analysis.grammar import parse_threshold
from perf_analysis.judgement import judge
from perf_analysis.verdict import Outcome
from perf_baselines.acceptance import refusal
from perf_baselines.comparing import compare_named, figures_of_run
from perf_baselines.controlling import compare_with_control
from perf_documents.codec import dump_run, load_run
from perf_documents.errors import DocumentError
from perf_importers.samples import read_samples

if TYPE_CHECKING:
    from pathlib import Path

    from perf_documents.run import Run

HEADER = "timestamp_s,name,duration_s,ok\n"


def written(folder: Path, text: str, name: str = "samples.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def drawn(
    folder: Path, seed: int, *, slowness: float = 1.0, arm: bool = False, name: str = ""
) -> Run:
    """Run of 6,000 drawn samples, 100 a second."""
    rng = np.random.default_rng(seed)
    lines = [HEADER.strip() + (",arm" if arm else "")]
    for place in range(6000):
        value = float(rng.lognormal(-3.0, 0.3))
        end = ""
        if arm:
            candidate = place % 2 == 0
            value *= slowness if candidate else 1.0
            end = ",candidate" if candidate else ",control"
        else:
            value *= slowness
        lines.append(f"{1_700_000_000 + place / 100:.2f},GET /x,{value:.6f},true{end}")
    return read_samples(written(folder, "\n".join(lines) + "\n", name or f"{seed}.csv"))


def test_samples_become_a_run_that_can_be_judged(tmp_path: Path) -> None:
    run = drawn(tmp_path, 1)
    threshold = parse_threshold("http_req_duration", "p(95)<500")
    judgement = judge(run.facts(), run.measured, [threshold])
    assert judgement.exit_code == 0
    unknown = {c.rule for c in judgement.checks if c.outcome is Outcome.UNKNOWN}
    assert unknown == {"V1", "V3", "V4", "V5", "V6", "V7", "V8", "V9"}
    assert "its source cannot show V1" in refusal(run, judgement)
    assert run.resolution_s == pytest.approx(1e-6)
    assert load_run(dump_run(run)) == run


def test_failed_samples_count_as_failures(tmp_path: Path) -> None:
    text = HEADER + "".join(f"{i},a,0.1,{'false' if i % 4 == 0 else 'true'}\n" for i in range(400))
    run = read_samples(written(tmp_path, text))
    total = figures_of_run(run).labelled("")
    assert total is not None
    assert (total.n, total.failed) == (400, 100)


def test_runs_of_samples_are_compared(tmp_path: Path) -> None:
    base = [drawn(tmp_path, seed) for seed in range(5)]
    same = compare_named(base, [drawn(tmp_path, 10)])
    slow = compare_named(base, [drawn(tmp_path, 11, slowness=1.5)])
    assert same.verdict is RowVerdict.PASS
    assert "against 5 runs" in same.sentence
    assert slow.verdict is RowVerdict.FAIL
    assert "the load of imported runs is not known" in slow.notes


def test_two_arms_are_compared_with_each_other(tmp_path: Path) -> None:
    slow = compare_with_control([drawn(tmp_path, 1, slowness=1.5, arm=True)])
    assert slow.verdict is RowVerdict.FAIL
    assert slow.source == "control"


def test_whole_milliseconds_are_not_judged_finer(tmp_path: Path) -> None:
    text = HEADER + "".join(f"{i / 100},a,0.00{1 + i % 3},true\n" for i in range(3000))
    runs = [read_samples(written(tmp_path, text, f"{n}.csv")) for n in range(4)]
    assert runs[0].resolution_s == pytest.approx(0.001)
    found = compare_named(runs[:3], runs[3:])
    row = next(row for row in found.rows if row.metric == "p95")
    assert row.verdict is RowVerdict.INCONCLUSIVE
    assert "source resolution" in row.reason


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("x,a,0.1,true", "2: timestamp_s: found 'x'; expected a finite number of seconds"),
        ("nan,a,0.1,true", "2: timestamp_s: found 'nan'"),
        ("1,a,nan,true", "2: duration_s: found 'nan'; expected a number of seconds in [0, 4295)"),
        ("1,a,inf,true", "2: duration_s: found 'inf'"),
        ("1,a,-0.1,true", "2: duration_s: found '-0.1'"),
        ("1,a,1e999,true", "2: duration_s: found '1e999'"),
        ("1,a,9999,true", "2: duration_s: found '9999'"),
        ("1,a,,true", "2: duration_s: found ''"),
        ("1,,0.1,true", "2: name: found ''; expected 1 to 200 printable characters"),
        ("1,a\x07,0.1,true", "2: name: found 'a\\\\x07'"),
        ("1,a,0.1,yes", "2: ok: found 'yes'; expected true, false, 1 or 0"),
        ("1,a,0.1", "2: 3 values for 4 columns"),
        ("1,a,0.1,true,x", "2: 5 values for 4 columns"),
        ('1,"a,0.1,true', "2: unexpected end of data"),
    ],
)
def test_a_row_that_cannot_be_used_is_named(tmp_path: Path, line: str, says: str) -> None:
    path = written(tmp_path, HEADER + line + "\n")
    with pytest.raises(DocumentError) as caught:
        read_samples(path)
    assert str(caught.value).startswith(f"{path}:{says}")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "columns missing: timestamp_s, name, duration_s, ok"),
        (b"a,b\n1,2\n", "columns missing"),
        (HEADER.encode(), "holds no requests"),
        (b"\xff\xfe" + HEADER.encode(), "is UTF-16; save it as UTF-8"),
        (b"\xfd" + HEADER.encode(), ":1: byte 0: is not UTF-8"),
        (b"timestamp_s,name,duration_s,ok,ok\n", "a column stands twice"),
        (b"timestamp_s,name,duration_s,ok,arm\n1,a,0.1,true,old\n", "arm: found 'old'"),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "samples.csv"
    path.write_bytes(data)
    with pytest.raises(DocumentError, match=says):
        read_samples(path)


def test_all_problems_are_said_at_once_up_to_a_limit(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + "1,a,x,true\n" * 100)
    with pytest.raises(DocumentError) as caught:
        read_samples(path)
    assert 20 <= len(str(caught.value).splitlines()) <= 22


def test_too_many_names_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + "".join(f"1,n{i},0.1,true\n" for i in range(501)))
    with pytest.raises(DocumentError, match="more than 500 names"):
        read_samples(path)


def test_order_line_ends_and_marks_change_nothing(tmp_path: Path) -> None:
    rows = [f"{i / 10:.1f},a,0.{100 + i},true" for i in range(300)]
    plain = read_samples(written(tmp_path, HEADER + "\n".join(rows) + "\n", "a.csv"))
    other = written(tmp_path, "\ufeff" + HEADER + "\r\n".join(reversed(rows)) + "\r\n", "b.csv")
    assert read_samples(other).measured == plain.measured


@given(st.text(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_read_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes((HEADER + text).encode("utf-8", "surrogatepass"))
    said = ""
    try:
        assert read_samples(path).measured.series
    except DocumentError as error:
        said = str(error)
    assert not said or said.startswith(str(path))
