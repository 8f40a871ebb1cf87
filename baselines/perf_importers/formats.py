"""Which format a file has, by its content and never by its name, and what it is read by."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from perf_documents.errors import DocumentError, UsageError
from perf_importers.reading import Options, Reading, run_of
from perf_importers.source import Source, shown
from perf_importers.tables import header_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from perf_documents.run import Run

_JSON, _LINES, _TABLE, _TEXT = "json", "lines", "table", "text"


@dataclass(frozen=True, slots=True)
class Format:
    """One form that a file can have.

    Attributes
    ----------
    module, function : str
        What reads it; imported when it is needed.
    kind : str
        JSON document, JSON lines, table or text.
    marks : tuple of str
        Keys or columns by which it is told: all must be there.
    """

    module: str
    function: str
    kind: str
    marks: tuple[str, ...] = ()


# one of them is in every summary
_K6_KEYS = ("metrics.data_received|metrics.http_reqs|results.metrics",)
FORMATS: Mapping[str, Format] = {
    "samples": Format("samples", "read", _TABLE, ("timestamp_s", "name", "duration_s", "ok")),
    "k6-summary": Format("k6_summary", "read", _JSON, _K6_KEYS),
    "k6-json": Format("k6_points", "read_json", _LINES, ("type", "metric", "data")),
    "k6-csv": Format("k6_points", "read_csv", _TABLE, ("metric_name", "timestamp", "metric_value")),
    "locust-json": Format("locust", "read_json", _JSON, ("[].num_requests", "[].response_times")),
    "locust-stats": Format("locust", "read_stats", _TABLE, ("Type", "Name", "Request Count")),
    "locust-history": Format(
        "locust", "read_history", _TABLE, ("Timestamp", "User Count", "Total Request Count")
    ),
    "vegeta-json": Format("vegeta", "read_json", _LINES, ("attack", "seq", "code", "latency")),
    "vegeta-csv": Format("vegeta", "read_csv", _TABLE),
    "vegeta-report": Format("vegeta", "read_report", _JSON, ("latencies", "status_codes")),
    "hey": Format("hey_oha", "read_hey", _TABLE, ("response-time", "status-code", "offset")),
    "oha-json": Format("hey_oha", "read_oha_json", _JSON, ("summary", "latencyPercentiles")),
    "oha-csv": Format("hey_oha", "read_oha_csv", _TABLE, ("request-start", "request-duration")),
    "wrk": Format("wrk", "read", _TEXT),
    "jmeter": Format("jmeter", "read", _TABLE, ("timeStamp", "elapsed", "label")),
    "pytest-benchmark": Format("benchmarks", "read_pytest", _JSON, ("benchmarks", "machine_info")),
    "pyperf": Format("benchmarks", "read_pyperf", _JSON, ("benchmarks", "!machine_info")),
    "criterion": Format("criterion", "read_folder", "folder"),
    "github-action-benchmark": Format("one_number", "read_gab", _JSON, ("entries", "lastUpdate")),
    "bencher": Format("one_number", "read_bmf", _JSON, ("{}.{}.value",)),
}
_OTHER_NAMES = {
    "wrk2": "wrk", "hgrm": "wrk", "jtl": "jmeter", "bmf": "bencher",
    "data.js": "github-action-benchmark", "gab": "github-action-benchmark",
}  # fmt: skip
# a document of our own, which is read elsewhere
RUN = "run"
_OWN = b'{"client_notes":'
_WITH_OPTIONS = frozenset({"bencher", "github-action-benchmark"})
_NANOSECONDS = re.compile(r"\d{18,19},\d{1,3},\d+,")
_WRK = re.compile(r"(?m)^\s*(?:Value(?:\(ms\))?\s+Percentile\s+TotalCount|Running \S+ test @ )")
_SCRIPT = b"window.BENCHMARK_DATA"


def read_runs(path: Path, options: Options, name: str = "") -> tuple[str, list[Run]]:
    """Runs of a file, or of Criterion's folder, and the format they had.

    Parameters
    ----------
    path : Path
    options : Options
    name : str
        Format; empty for whichever the content shows.

    Raises
    ------
    UsageError
        If the format is not known, or fits no format or several.
    DocumentError
        For whatever is wrong with the file, with file:line or the place in the document.
    """
    chosen = recognise(path, name)
    if chosen == RUN:
        raise DocumentError(f"{path}: is a run document of our own, no other tool's file")
    form = FORMATS[chosen]
    read: Callable[..., Reading | list[Reading]] = getattr(
        import_module(f"perf_importers.{form.module}"), form.function
    )
    if form.kind == "folder" or path.is_dir():
        if form.kind != "folder" or not path.is_dir():
            raise DocumentError(
                f"{path}: {chosen} is a {'folder' if form.kind == 'folder' else 'file'}"
            )
        found = read(path)
    else:
        source = Source(path)
        found = read(source, options) if chosen in _WITH_OPTIONS else read(source)
    readings = found if isinstance(found, list) else [found]
    if len(readings) > 1 and (options.commit or options.at_s is not None):
        raise DocumentError(
            f"{path}: holds {len(readings)} runs, each with its own commit and time, which "
            "--commit and --at would make one; next: leave them out"
        )
    return chosen, [run_of(reading, options) for reading in readings]


def recognise(path: Path, name: str = "") -> str:
    """Format of a file: the one that is named, that of the tool named, or what its content shows.

    Raises
    ------
    UsageError
        If there is no such format, or the content is no format of that tool.
    """
    name = _OTHER_NAMES.get(name, name)
    if name in FORMATS:
        return name
    of_tool = [form for form in FORMATS if form.startswith(f"{name}-")]
    if name and not of_tool:
        raise UsageError(f"--format {shown(name)}: expected one of {', '.join(FORMATS)}")
    found = _by_content(path)
    if name and found not in of_tool:
        raise DocumentError(f"{path}: is {found}, not {name}; next: --format {found}, or none")
    return found


def _by_content(path: Path) -> str:
    if path.is_dir():
        from perf_importers.criterion import is_criterion  # noqa: PLC0415  # only for folders

        if is_criterion(path):
            return "criterion"
        raise DocumentError(f"{path}: is a folder, but neither a spool nor Criterion's")
    source = Source(path)
    found = sorted(_candidates(source))
    if len(found) == 1:
        return found[0]
    names = ", ".join(found or FORMATS)
    what = "may be several formats" if found else "is of no format that is known"
    raise DocumentError(f"{path}: {what}; next: --format with one of {names}")


def _candidates(source: Source) -> set[str]:
    head = source.head()
    if head.startswith(_OWN):
        return {RUN}
    text = head.decode("utf-8", "replace").lstrip()
    if head.startswith(_SCRIPT):
        return {"github-action-benchmark"}
    if text[:1] in {"{", "["}:
        line = text.partition("\n")[0]
        keys = _keys_of(line)
        by_line = {n for n, f in FORMATS.items() if f.kind == _LINES and set(f.marks) <= keys}
        return by_line or _by_document(source)
    if _WRK.search(text):
        return {"wrk"}
    if _NANOSECONDS.match(text):
        return {"vegeta-csv"}
    header = set(header_of(source))
    return {
        name
        for name, form in FORMATS.items()
        if form.kind == _TABLE and form.marks and set(form.marks) <= header
    }


def _keys_of(line: str) -> set[str]:
    """Keys of a line that is a whole document by itself."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return set()
    return set(value) if isinstance(value, dict) else set()


def _by_document(source: Source) -> set[str]:
    document = source.document()
    if _has(document, "schema"):
        return {RUN}
    return {
        name for name, form in FORMATS.items()
        if form.kind == _JSON and all(_has(document, mark) for mark in form.marks)
    }  # fmt: skip


def _has(document: object, mark: str) -> bool:
    """Whether a document has a key: `a`, `a.b|c`, `!a`, `[].a` or, at any key, `{}.{}.a`."""
    if mark.startswith("{}."):
        inner = list(document.values()) if isinstance(document, dict) else []
        return bool(inner) and all(_has(value, mark[3:]) for value in inner)
    if mark.startswith("[]."):
        return isinstance(document, list) and bool(document) and _has(document[0], mark[3:])
    if not isinstance(document, dict):
        return False
    if mark.startswith("!"):
        return mark[1:] not in document
    return any(_reaches(document, way.split(".")) for way in mark.split("|"))


def _reaches(document: object, way: list[str]) -> bool:
    for key in way:
        if not isinstance(document, dict) or key not in document:
            return False
        document = document[key]
    return True
