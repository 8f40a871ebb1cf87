"""The generic samples file: `timestamp_s,name,duration_s,ok[,arm]`, one line a request."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from perf_analysis.facts import Accounts, EndState
from perf_analysis.grid import LARGEST_S
from perf_analysis.histogram import HistogramBuilder
from perf_analysis.series import CANDIDATE, CONTROL, SUSTAINED, Cell, Measured, SeriesKey, Slot
from perf_documents.errors import DocumentError
from perf_documents.files import read_bounded
from perf_documents.plan import MAX_WINDOWS, Plan, Stage
from perf_documents.profile_gate import Regression, read_gate
from perf_documents.redact import visible
from perf_documents.run import EngineFacts, Run, ScenarioFacts, TargetFacts
from perf_documents.strict_json import MAX_PROBLEMS, content_hash

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COLUMNS = ("timestamp_s", "name", "duration_s", "ok")
ARM = "arm"
MAX_BYTES = 1024 * 1024 * 1024
MAX_NAMES = 500
MAX_NAME_LENGTH = 200
MAX_DECIMALS = 12
FAILED = "assertion"
SCENARIO = "samples"
# what a list of requests knows nothing of
UNKNOWN = ("V1", "V3", "V4", "V5", "V6", "V7", "V8", "V9")
_OK = {"true": True, "1": True, "false": False, "0": False}
_ARMS = (CANDIDATE, CONTROL)


class Row(NamedTuple):
    """One request."""

    at_s: float
    name: str
    duration_s: float
    ok: bool
    arm: str


@dataclass(slots=True)
class _Filling:
    """A cell while it is filled."""

    n: int = 0
    service: HistogramBuilder = field(default_factory=HistogramBuilder)


@dataclass(slots=True)
class _Reading:
    """What the whole file shows, beside its rows."""

    rows: list[Row] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    decimals: int = 0
    names: set[str] = field(default_factory=set)


def read_samples(path: Path) -> Run:
    """Run of a samples file.

    Parameters
    ----------
    path : Path
        UTF-8 CSV with a header; `ok` is true, false, 1 or 0, `arm` is candidate or control.

    Raises
    ------
    DocumentError
        With file:line for each row that cannot be used: a value that is missing, not a number, not
        finite, negative, or an hour and more.
    """
    data = read_bounded(path, MAX_BYTES, follow=True)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(f"{path}: byte {error.start}: is not UTF-8") from error
    reading = _read(text)
    if reading.problems:
        lines = [f"{path}:{problem}" for problem in reading.problems]
        more = [f"{path}: and more"] if len(lines) >= MAX_PROBLEMS else []
        raise DocumentError("\n".join([*lines, *more]))
    if not reading.rows:
        raise DocumentError(f"{path}: holds no requests, only a header")
    return _run(reading, data, path.name)


def _read(text: str) -> _Reading:
    reading = _Reading()
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(lines, [])
        wrong = _check_header(header)
        if wrong:
            reading.problems.append(f"1: {wrong}")
            return reading
        places = [header.index(name) for name in COLUMNS]
        arm_at = header.index(ARM) if ARM in header else None
        for cells in lines:
            if len(reading.problems) >= MAX_PROBLEMS:
                break
            if not cells:
                continue
            if len(cells) != len(header):
                found = f"{len(cells)} values for {len(header)} columns"
                reading.problems.append(f"{lines.line_num}: {found}")
                continue
            arm = CANDIDATE if arm_at is None else cells[arm_at].strip()
            _add(reading, [cells[place].strip() for place in places], arm, lines.line_num)
    except csv.Error as error:
        reading.problems.append(f"{lines.line_num}: {error}")
    return reading


def _check_header(header: list[str]) -> str:
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        expected = ",".join((*COLUMNS, f"[{ARM}]"))
        return f"columns missing: {', '.join(missing)}; expected the header {expected}"
    if len(set(header)) != len(header):
        return "a column stands twice"
    return ""


def _add(reading: _Reading, values: list[str], arm: str, line: int) -> None:
    at_text, name, duration_text, ok_text = values
    at_s, duration_s = _number(at_text), _number(duration_text)
    checks = (
        (at_s is None, "timestamp_s", at_text, "a finite number of seconds"),
        (
            duration_s is None or not 0.0 <= duration_s < LARGEST_S,
            "duration_s", duration_text, f"a number of seconds in [0, {LARGEST_S:.0f})",
        ),
        (not name or len(name) > MAX_NAME_LENGTH or not name.isprintable(), "name", name,
         f"1 to {MAX_NAME_LENGTH} printable characters"),
        (ok_text.lower() not in _OK, "ok", ok_text, "true, false, 1 or 0"),
        (arm not in _ARMS, ARM, arm, "candidate or control"),
    )  # fmt: skip
    for is_wrong, column, found, expected in checks:
        if is_wrong:
            reading.problems.append(
                f"{line}: {column}: found {visible(found, 40)!r}; expected {expected}"
            )
            return
    reading.names.add(name)
    if len(reading.names) > MAX_NAMES:
        reading.problems.append(f"{line}: name: more than {MAX_NAMES} names; group them")
        return
    reading.decimals = max(reading.decimals, _decimals(duration_text))
    reading.rows.append(Row(at_s or 0.0, name, duration_s or 0.0, _OK[ok_text.lower()], arm))


def _number(text: str) -> float | None:
    """Finite number of a text; None where it is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _decimals(text: str) -> int:
    """Decimal places that a number is written with; an exponent counts as all of them."""
    if "e" in text.lower():
        return MAX_DECIMALS
    return min(MAX_DECIMALS, len(text.partition(".")[2]))


def _run(reading: _Reading, data: bytes, name: str) -> Run:
    first_s = min(row.at_s for row in reading.rows)
    length_s = max(1, math.ceil(max(row.at_s for row in reading.rows) - first_s + 1e-9))
    arms = sorted({row.arm for row in reading.rows})
    plan = _plan(reading, length_s, name, len(arms))
    sha256 = content_hash(data)
    target = TargetFacts(name=name, url="", environment="imported")
    return Run(
        run_id=f"samples-{sha256[:16]}",
        version="",
        started_at="1970-01-01T00:00:00Z",
        state=EndState.COMPLETED,
        reached_s=float(length_s),
        plan=plan,
        target=target,
        control=target if CONTROL in arms else None,
        scenario=ScenarioFacts(spec=SCENARIO, sha256="0" * 64, client_kind="unknown",
                               classes=(SCENARIO,)),
        measured=_measured(reading, plan, first_s),
        engine=EngineFacts(
            accounts=Accounts(), cpu_p95_ratio=None, wall_step_s=None, silent_s=0.0,
            processes_final=0, names=len(reading.names), unknown_rules=UNKNOWN,
        ),
        resolution_s=0.0 if reading.decimals >= MAX_DECIMALS else 10.0**-reading.decimals,
        client_notes=("imported samples: the load and the generator are not known",),
    )  # fmt: skip


def _plan(reading: _Reading, length_s: int, name: str, arms: int) -> Plan:
    """Plan that the samples look like: one plateau, judged by the usual margins."""
    rate = max(Fraction(1, 1000), Fraction(len(reading.rows), length_s * arms))
    usual = Regression()
    return Plan(
        profile=name,
        scenario=SCENARIO,
        executor="constant-arrival-rate",
        stages=(Stage(duration_s=Fraction(length_s), start=rate, target=rate, phase=SUSTAINED),),
        pre_allocated_vus=1,
        max_vus=1,
        graceful_stop_s=0.0,
        timeout_s=1.0,
        thresholds=(),
        regression=usual.margins,
        tolerance=usual.tolerance,
        alpha=usual.alpha,
        gate=read_gate(None, usual.margins),
    )


def _measured(reading: _Reading, plan: Plan, first_s: float) -> Measured:
    window_s = plan.window_s
    filling: dict[SeriesKey, dict[Slot, _Filling]] = {}
    last = min(MAX_WINDOWS, math.ceil(plan.duration_s / window_s)) - 1
    # in order: the rounding of a sum must not depend on that of the lines
    for row in sorted(reading.rows):
        key = SeriesKey(row.arm, SCENARIO, "", row.name, 0, "" if row.ok else FAILED)
        window = min(last, int((row.at_s - first_s) / window_s))
        cell = filling.setdefault(key, {}).setdefault(Slot(SUSTAINED, window), _Filling())
        cell.n += 1
        cell.service.add(row.duration_s)
    return Measured(
        window_s=window_s,
        spans=plan.spans(),
        open_model=False,
        series={key: dict(_frozen(slots)) for key, slots in sorted(filling.items())},
        scenarios={},
    )


def _frozen(slots: dict[Slot, _Filling]) -> Iterator[tuple[Slot, Cell]]:
    for slot, cell in sorted(slots.items()):
        yield slot, Cell(n=cell.n, service=cell.service.freeze())
