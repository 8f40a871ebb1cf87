"""wrk2's percentile spectrum (and HdrHistogram's), and wrk's latency distribution."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from perf_analysis.compared import ERROR_RATE
from perf_analysis.grid import LARGEST_S
from perf_analysis.reduction import figures_of
from perf_analysis.series import CANDIDATE, SeriesKey
from perf_importers.counted import cells_of, measured_of
from perf_importers.reading import Reading, of_summaries
from perf_importers.rows import SHOWN
from perf_importers.summaries import EVERYTHING, Summary, coarse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perf_importers.source import Source

WRK2, WRK = "wrk2", "wrk"
_MS = 1e-3
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_TIME = r"(\d+(?:\.(\d+))?)(us|ms|s|m|h)"
_HEADER = re.compile(r"\s*Value(\(ms\))?\s+Percentile\s+TotalCount\s+1/\(1-Percentile\)\s*")
_ROW = re.compile(
    r"\s*(\d+(?:\.\d+)?)\s+(\d(?:\.\d+)?)\s+(\d+)(?:\s+(?:\d+(?:\.\d+)?|inf|Infinity))?\s*"
)
# below each spectrum: how many samples it was made of
_COUNT = re.compile(r"#\[.*\bTotal count\s*=\s*(\d+)\]\s*")
_DONE = re.compile(rf"\s*(\d+) requests in {_TIME},.*")
# the line that closes the sums: what stands before it is whole
_CLOSED = "Requests/sec:"
_BAD = re.compile(r"\s*Non-2xx or 3xx responses: (\d+)\s*")
_SOCKET = re.compile(r"\s*Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)\s*")
_SHARE = re.compile(rf"\s*(\d{{1,2}}(?:\.\d+)?)%\s+{_TIME}\s*")
_THREADS = re.compile(rf"\s*Latency\s+{_TIME}\s+\S+\s+{_TIME}\s.*")
_RECORDED, _UNCORRECTED = "Recorded Latency", "Uncorrected Latency"
# how the output of wrk and wrk2 begins
_RUNNING = re.compile(r"\s*Running \S+ test @ .*")
_MOST_LINES = 20_000
_NOT_CLOSED = "the sums lack their last line: how many requests failed is not known"


@dataclass(slots=True)
class _Output:
    """What the text says, as it is read.

    Attributes
    ----------
    steps_s : dict of float to float
        To which each duration of `shares` was rounded.
    reached, counts : dict of str to float, int
        The last percentile of each spectrum, and the samples that it says it was made of.
    is_closed : bool
        Whether the sums are there to their last line.
    """

    spectra: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    shares: dict[float, float] = field(default_factory=dict)
    steps_s: dict[float, float] = field(default_factory=dict)
    reached: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    requests: int | None = None
    length_s: float = 0.0
    bad: int = 0
    unanswered: int = 0
    heading: str = _RECORDED
    is_wrk: bool = False
    has_begun: bool = False
    is_closed: bool = False
    average_s: float | None = None


def read(source: Source) -> Reading:
    """Read what wrk2 or wrk printed, or a percentile file in milliseconds."""
    output = _Output()
    for number, line in enumerate(source.lines(), 1):
        if number > _MOST_LINES:
            raise source.error("is longer than anything that wrk2 prints", number)
        try:
            _take(output, line.rstrip("\r\n"))
        except ValueError as error:
            raise source.error(str(error), number) from error
    if output.spectra:
        return _spectrum(source, output)
    if output.shares and output.requests is not None:
        return _distribution(source, output)
    raise source.error(
        "holds neither a percentile spectrum nor a latency distribution with its requests; "
        "next: run wrk2 or wrk with --latency"
    )


def _take(output: _Output, line: str) -> None:
    output.heading = next((h for h in (_RECORDED, _UNCORRECTED) if h in line), output.heading)
    output.is_wrk = output.is_wrk or _RECORDED in line
    heading = output.heading
    if header := _HEADER.fullmatch(line):
        _open(output, heading, names_unit=bool(header[1]))
    elif (row := _ROW.fullmatch(line)) and heading in output.spectra:
        _add(output.spectra[heading], float(row[1]) * _MS, int(row[3]))
        output.reached[heading] = float(row[2])
    elif count := _COUNT.fullmatch(line):
        output.counts[heading] = int(count[1])
    elif share := _SHARE.fullmatch(line):
        _state(output, round(float(share[1]) / 100.0, 12), share.groups()[1:])
    elif not _take_sums(output, line) and _RUNNING.fullmatch(line):
        if output.has_begun:
            raise ValueError("a second run begins here; next: a file for each run")
        output.has_begun = output.is_wrk = True


def _open(output: _Output, heading: str, *, names_unit: bool) -> None:
    if not names_unit and not output.is_wrk:
        raise ValueError("the spectrum names no unit: expected Value(ms), or wrk2's own output")
    if heading in output.spectra:
        raise ValueError("a second spectrum begins here; next: a file for each run")
    output.spectra[heading] = []


def _take_sums(output: _Output, line: str) -> bool:
    """Take a line of the sums; whether it was one."""
    if done := _DONE.fullmatch(line):
        if output.requests is not None:
            raise ValueError("a second run ends here; next: a file for each run")
        output.requests, output.length_s = int(done[1]), float(done[2]) * _UNITS[done[4]]
    elif bad := _BAD.fullmatch(line):
        output.bad = int(bad[1])
    elif socket := _SOCKET.fullmatch(line):
        output.unanswered = sum(map(int, socket.groups()))
    elif threads := _THREADS.fullmatch(line):
        output.average_s = float(threads[1]) * _UNITS[threads[3]]
        _state(output, 1.0, threads.groups()[3:])
    elif line.startswith(_CLOSED):
        output.is_closed = True
    else:
        return False
    return True


def _state(output: _Output, q: float, printed: Sequence[str | None]) -> None:
    """Keep a quantile, and the step in which its number was printed."""
    number, decimals, unit = printed
    value_s = float(number or 0) * _UNITS[unit or "s"]
    output.shares[q] = value_s
    output.steps_s[value_s] = _UNITS[unit or "s"] / 10.0 ** len(decimals or "")


def _add(rows: list[tuple[float, int]], value_s: float, total: int) -> None:
    if value_s >= LARGEST_S:
        raise ValueError(f"a latency of {value_s:g} s; expected less than {LARGEST_S:.0f}")
    if rows and (value_s < rows[-1][0] or total < rows[-1][1]):
        raise ValueError("value and count must ascend from row to row")
    rows.append((value_s, total))


def _spectrum(source: Source, output: _Output) -> Reading:
    """Run of a spectrum: latency from the intended start, as wrk2 records it.

    Notes
    -----
    The samples between two rows lie above the former's value and are counted at the latter's: a
    quantile is never understated. wrk2 leaves its calibration phase out of the spectrum.
    """
    found = {heading: _whole(source, output, heading) for heading in output.spectra}
    latency, service = found.get(_RECORDED, {}), found.get(_UNCORRECTED, {})
    recorded = sum(latency.values())
    if not recorded:
        raise source.error("the spectrum is empty: no request was recorded")
    known = output.requests is not None and output.is_closed
    n = max(recorded, sum(service.values()))
    if known:
        n = max(n, output.requests or 0) + output.unanswered
    length_s = output.length_s or 1.0
    shows = {"http_req_latency", *(["http_req_duration"] if service else [])}
    shows |= {"http_reqs", "http_req_failed"} if known else set()
    try:
        cells = {
            SeriesKey(CANDIDATE, WRK2, "", EVERYTHING, 0, error): cell
            for error, cell in cells_of(
                n, (output.bad + output.unanswered) * known, latency=latency, service=service
            ).items()
        }
    except ValueError as error:
        raise source.error(str(error)) from error
    measured = measured_of(cells, length_s, frozenset(shows), open_model=True)
    # what is compared is the latency: the clock that wrk2 is for
    timed = replace(
        measured,
        series={
            key: {slot: replace(cell, service=cell.latency) for slot, cell in slots.items()}
            for key, slots in measured.series.items()
        },
    )
    figures = coarse(figures_of("", timed), _steps(output.spectra[_RECORDED]))
    return Reading(
        tool=WRK2,
        source=str(source.path),
        sha256=source.sha256,
        measured=measured,
        figures=figures,
        length_s=length_s,
        names=1,
        resolution_s=1e-6,
        metrics=("p95", ERROR_RATE) if known else ("p95",),
        notes=(
            "durations run from the intended start of each request",
            *(() if output.is_closed or output.requests is None else (_NOT_CLOSED,)),
        ),
        modified_s=source.modified_s,
        requests=n,
    )


def _whole(source: Source, output: _Output, heading: str) -> dict[float, int]:
    """Samples of a spectrum by value; one that was cut is refused, whose slowest samples lack."""
    rows, reached = output.spectra[heading], output.reached.get(heading)
    total = rows[-1][1] if rows else 0
    if rows and reached != 1.0:
        raise source.error(
            f"the spectrum ends at percentile {reached:g}, not at 1: the file is not whole"
        )
    if output.counts.get(heading, total) != total:
        raise source.error(
            f"the spectrum counts {total} samples, but says that it holds {output.counts[heading]}"
        )
    return _times(rows)


def _times(rows: Sequence[tuple[float, int]]) -> dict[float, int]:
    """Samples by value, from rows with the count up to each."""
    times: dict[float, int] = {}
    before = 0
    for value_s, total in rows:
        if total > before:
            times[value_s] = times.get(value_s, 0) + total - before
        before = total
    return times


def _steps(rows: Sequence[tuple[float, int]]) -> Callable[[float], float]:
    """Distance of the rows on either side of a value."""
    values = sorted({value for value, _ in rows})

    def step_s(value_s: float) -> float:
        above = min(bisect_left(values, value_s), len(values) - 1)
        return values[above] - values[max(0, above - 1)]

    return step_s


def _distribution(source: Source, output: _Output) -> Reading:
    answered = output.requests or 0
    if not answered:
        raise source.error("no request was answered")
    unanswered = output.unanswered if output.is_closed else 0
    summary = Summary(
        n=answered + unanswered,
        failed=output.bad + unanswered if output.is_closed else 0,
        timed=answered,
        average_s=output.average_s,
        quantiles_s=dict(sorted(output.shares.items())),
    )
    reading = of_summaries(
        source, [summary], tool=WRK, length_s=output.length_s or 1.0,
        shows=SHOWN if output.is_closed else SHOWN - {"http_reqs", "http_req_failed"},
        resolution_s=output.steps_s.__getitem__,
    )  # fmt: skip
    notes = ("wrk prints durations with two decimals",)
    return replace(reading, notes=notes if output.is_closed else (*notes, _NOT_CLOSED))
