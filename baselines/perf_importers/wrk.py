"""wrk2's percentile spectrum (and HdrHistogram's), and wrk's latency distribution."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from perf_analysis.compared import ERROR_RATE
from perf_analysis.grid import LARGEST_S
from perf_analysis.reduction import figures_of
from perf_analysis.series import CANDIDATE, SeriesKey
from perf_importers.counted import cells_of, measured_of
from perf_importers.reading import Reading, best_quantile
from perf_importers.rows import SHOWN
from perf_importers.summaries import EVERYTHING, Summary, coarse, summed_up

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from perf_importers.source import Source

WRK2, WRK = "wrk2", "wrk"
_MS = 1e-3
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
_HEADER = re.compile(r"\s*Value(\(ms\))?\s+Percentile\s+TotalCount\s+1/\(1-Percentile\)\s*")
_ROW = re.compile(
    r"\s*(\d+(?:\.\d+)?)\s+(\d(?:\.\d+)?)\s+(\d+)(?:\s+(?:\d+(?:\.\d+)?|inf|Infinity))?\s*"
)
_DONE = re.compile(r"\s*(\d+) requests in (\d+(?:\.\d+)?)(us|ms|s|m),.*")
_BAD = re.compile(r"\s*Non-2xx or 3xx responses: (\d+)\s*")
_SOCKET = re.compile(r"\s*Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)\s*")
_SHARE = re.compile(r"\s*(\d{1,2}(?:\.\d+)?)%\s+(\d+(?:\.\d+)?)(us|ms|s|m)\s*")
_THREADS = re.compile(
    r"\s*Latency\s+(\d+(?:\.\d+)?)(us|ms|s|m)\s+\S+\s+(\d+(?:\.\d+)?)(us|ms|s|m)\s.*"
)
_RECORDED, _UNCORRECTED = "Recorded Latency", "Uncorrected Latency"
# how the output of wrk and wrk2 begins
_RUNNING = "Running "
_MOST_LINES = 20_000


@dataclass(slots=True)
class _Output:
    """What the text says, as it is read."""

    spectra: dict[str, list[tuple[float, int]]]
    shares: dict[float, float]
    requests: int | None = None
    length_s: float = 0.0
    bad: int = 0
    unanswered: int = 0
    heading: str = _RECORDED
    is_wrk: bool = False
    average_s: float | None = None


def read(source: Source) -> Reading:
    """Read what wrk2 or wrk printed, or a percentile file in milliseconds."""
    output = _Output({}, {})
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
    output.is_wrk = output.is_wrk or _RUNNING in line or _RECORDED in line
    if header := _HEADER.fullmatch(line):
        if not header[1] and not output.is_wrk:
            raise ValueError("the spectrum names no unit: expected Value(ms), or wrk2's own output")
        output.spectra[output.heading] = []
    elif (row := _ROW.fullmatch(line)) and output.heading in output.spectra:
        _add(output.spectra[output.heading], float(row[1]) * _MS, int(row[3]))
    elif share := _SHARE.fullmatch(line):
        output.shares[round(float(share[1]) / 100.0, 12)] = float(share[2]) * _UNITS[share[3]]
    else:
        _take_sums(output, line)


def _take_sums(output: _Output, line: str) -> None:
    if done := _DONE.fullmatch(line):
        output.requests, output.length_s = int(done[1]), float(done[2]) * _UNITS[done[3]]
    elif bad := _BAD.fullmatch(line):
        output.bad = int(bad[1])
    elif socket := _SOCKET.fullmatch(line):
        output.unanswered = sum(map(int, socket.groups()))
    elif threads := _THREADS.fullmatch(line):
        output.average_s = float(threads[1]) * _UNITS[threads[2]]
        output.shares[1.0] = float(threads[3]) * _UNITS[threads[4]]


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
    found = {heading: _times(rows) for heading, rows in output.spectra.items()}
    latency, service = found.get(_RECORDED, {}), found.get(_UNCORRECTED, {})
    recorded = sum(latency.values())
    if not recorded:
        raise source.error("the spectrum is empty: no request was recorded")
    known = output.requests is not None
    n = max(output.requests or 0, recorded, sum(service.values())) + output.unanswered
    length_s = output.length_s or 1.0
    shows = {"http_req_latency", *(["http_req_duration"] if service else [])}
    shows |= {"http_reqs", "http_req_failed"} if known else set()
    try:
        cells = {
            SeriesKey(CANDIDATE, WRK2, "", EVERYTHING, 0, error): cell
            for error, cell in cells_of(
                n, output.bad + output.unanswered, latency=latency, service=service
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
        notes=("durations run from the intended start of each request",),
        modified_s=source.modified_s,
        requests=n,
    )


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
    n = answered + output.unanswered
    summary = Summary(
        n=n,
        failed=output.bad + output.unanswered,
        timed=answered,
        average_s=output.average_s,
        quantiles_s=dict(sorted(output.shares.items())),
    )
    try:
        measured, figures = summed_up(
            [summary], tool=WRK, length_s=output.length_s or 1.0, shows=SHOWN,
            resolution_s=_three_digits,
        )  # fmt: skip
    except ValueError as error:
        raise source.error(str(error)) from error
    return Reading(
        tool=WRK,
        source=str(source.path),
        sha256=source.sha256,
        measured=measured,
        figures=figures,
        length_s=output.length_s or 1.0,
        names=1,
        metrics=(best_quantile(output.shares), ERROR_RATE),
        notes=("wrk prints durations with two decimals",),
        modified_s=source.modified_s,
        requests=n,
    )


def _three_digits(value_s: float) -> float:
    """Step of two decimals in the unit that wrk chose for a value."""
    unit = next((unit for unit in (1.0, 1e-3) if value_s >= unit), 1e-6)
    return unit / 100.0
