"""Series of numbers that anyone can write down: columns of a CSV, lists in JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from perf_analysis.changes.find import LARGEST
from perf_documents.errors import DocumentError
from perf_documents.redact import visible
from perf_documents.strict_json import MAX_PROBLEMS, parse_json
from perf_importers.tables import number_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MAX_BYTES = 64 * 1024 * 1024
MAX_SERIES = 20_000
MAX_VALUES = 2_000_000
MAX_NAME_LENGTH = 200
# Columns and keys that say of which run a value is, wherever they stand.
LABELS = ("commit", "sha", "revision", "version", "build", "run", "run_id", "label", "branch",
          "time", "date", "timestamp", "timestamp_s", "date_ms", "index")  # fmt: skip
_EXPECTED = "a finite number, or nothing where a run lacks the series"


@dataclass(frozen=True, slots=True)
class NumberSeries:
    """One number per run, in order.

    Attributes
    ----------
    values : tuple of float or None
        None where a run lacks the series.
    labels : tuple of str
        What each run is called, a commit or a time; empty where the file does not say.
    """

    name: str
    values: tuple[float | None, ...]
    labels: tuple[str, ...] = ()


def parse_series(data: bytes, name: str) -> tuple[NumberSeries, ...]:
    """Series of a CSV or JSON text; its content decides which it is.

    Parameters
    ----------
    name : str
        Of the file: the name of a series that has none of its own.

    Raises
    ------
    DocumentError
        With the line, or the place in the JSON, of each value that cannot be used.

    Notes
    -----
    CSV (INTEGRATIONS.md, end of 13.9): a header, the first column a label, each further column a
    series unless its name is one of `LABELS`. One column alone is a series, with or without header.
    JSON: a list of numbers; an object of lists, by name; a list of objects, one per run; the shape
    of annotated data sets, `{"series": [{"label", "raw": []}], "time": {"raw": []}}`; histories,
    `{"suites": {name: {"commit": [], "values": {name: []}}}}`. null is a gap.
    """
    # before anything is made of it: labels and values, each with what separates it from the next
    if data.count(b",") + data.count(b"\n") > 2 * MAX_VALUES:
        _refuse_size()
    if data.lstrip()[:1] in (b"[", b"{"):
        found = _of_json(parse_json(data.rstrip() + b"\n"), name)
    else:
        found = _of_csv(_text(data), name)
    _check(found)
    return tuple(found)


def _check(found: Sequence[NumberSeries]) -> None:
    if not any(value is not None for series in found for value in series.values):
        raise DocumentError("holds no numbers; expected a column or a list of them")
    if len(found) > MAX_SERIES or sum(len(series.values) for series in found) > MAX_VALUES:
        _refuse_size()
    most, times = Counter(series.name for series in found).most_common(1)[0]
    if times > 1:
        raise DocumentError(f'two series are called "{visible(most, 80)}"; rename one')


def _refuse_size() -> NoReturn:
    raise DocumentError(
        f"holds more than {MAX_SERIES:,} series or {MAX_VALUES:,} values; hand in a part"
    )


def _text(data: bytes) -> str:
    if not data.strip():
        raise DocumentError("is empty")
    if b"\0" in data:
        raise DocumentError(f"byte {data.index(0)}: is NUL; expected CSV or JSON as text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(f"byte {error.start}: is not UTF-8") from error


def _of_csv(text: str, name: str) -> list[NumberSeries]:
    header, rows = _rows(text, name)
    if len(header) == 1:
        places = [0]
        labels: tuple[str, ...] = ()
    else:
        places = [at for at, title in enumerate(header) if at and title.lower() not in LABELS]
        labels = tuple(cells[0] for _, cells in rows)
    if not places:
        raise DocumentError("1: has no column of numbers beside labels")
    problems: list[str] = []
    found = [
        NumberSeries(header[at], tuple(_column(rows, at, header[at], problems)), labels)
        for at in places
    ]
    if problems:
        problems.sort(key=lambda problem: int(problem.partition(":")[0]))
        _refuse(problems)
    return found


def _rows(text: str, name: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Header, and each row with its line; a header is made up where the first row is numbers."""
    lines = csv.reader(io.StringIO(text.rstrip(), newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for cells in lines:
            # in a lone column, an empty line is a gap
            if cells or (rows and len(rows[0][1]) == 1):
                rows.append((lines.line_num, [cell.strip() for cell in cells] or [""]))
    except csv.Error as error:
        raise DocumentError(f"{lines.line_num}: {error}") from error
    header = rows[0][1]
    ragged = [line for line, cells in rows if len(cells) != len(header)]
    if ragged:
        raise DocumentError(
            f"{ragged[0]}: not as many values as the first line has, {len(header)}; "
            "separate them by commas"
        )
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        raise DocumentError("1: one column with ; or tabs in it; separate columns by commas")
    if all(_number(cell) is not None for cell in header[-1:]):
        names = [name] if len(header) == 1 else [f"column {at}" for at in range(1, len(header) + 1)]
        return names, rows
    _check_header(header)
    return header, rows[1:]


def _check_header(header: list[str]) -> None:
    for title in header:
        if len(title) > MAX_NAME_LENGTH or not title.isprintable():
            raise DocumentError(f"1: a name longer than {MAX_NAME_LENGTH} printable characters")
    most, times = Counter(header).most_common(1)[0]
    if times > 1:
        raise DocumentError(f'1: the column "{visible(most, 80)}" stands twice')


def _column(
    rows: Sequence[tuple[int, list[str]]], at: int, title: str, problems: list[str]
) -> Iterator[float | None]:
    for line, cells in rows:
        value = _number(cells[at]) if cells[at] else None
        if cells[at] and value is None and len(problems) <= MAX_PROBLEMS:
            found = visible(cells[at], 40)
            problems.append(f"{line}: {visible(title, 80)}: found {found!r}; expected {_EXPECTED}")
        yield value


def _number(text: str) -> float | None:
    """Number of a text; None where it is none that can be used."""
    value = number_of(text)
    return value if value is not None and abs(value) <= LARGEST else None


def _of_json(document: object, name: str) -> list[NumberSeries]:
    if isinstance(document, list):
        if document and all(isinstance(item, dict) for item in document):
            keys = list(dict.fromkeys(key for item in document for key in item))
            return _of_lists({key: [item.get(key) for item in document] for key in keys}, "")
        return [NumberSeries(name, _numbers(document, ""))]
    if not isinstance(document, dict):
        _refuse(["document: is neither a list nor an object"])
    if isinstance(document.get("suites"), dict):
        return [
            series
            for suite, content in document["suites"].items()
            for series in _of_lists(_object(content, f"suites.{suite}"), f"suites.{suite}", suite)
        ]
    if isinstance(document.get("series"), list):
        return _of_annotated(document, document["series"])
    return _of_lists(document, "")


def _of_annotated(document: Mapping[str, object], listed: list[object]) -> list[NumberSeries]:
    """Series of `{"series": [{"label", "raw"}], "time": {"raw"}}`."""
    time = document.get("time")
    stamps = time.get("raw") if isinstance(time, dict) else None
    found: list[NumberSeries] = []
    for place, item in enumerate(listed):
        path = f"series[{place}]"
        content = _object(item, path)
        raw = content.get("raw", content.get("values"))
        if not isinstance(raw, list):
            _refuse([f"{path}.raw: is not a list of numbers"])
        label = content.get("label", content.get("name"))
        title = label if isinstance(label, str) and label else f"series {place}"
        found.append(NumberSeries(title, _numbers(raw, f"{path}.raw"), _texts(stamps, len(raw))))
    return found


def _of_lists(content: Mapping[str, object], path: str, suite: str = "") -> list[NumberSeries]:
    """Series of lists by name; lists called like one of `LABELS` say of which run a value is."""
    nested = content.get("values")
    lists = nested if isinstance(nested, dict) else content
    inner = f"{path}.values".lstrip(".") if lists is nested else path
    labels = next((content[key] for key in LABELS if isinstance(content.get(key), list)), None)
    found: list[NumberSeries] = []
    for key, values in lists.items():
        if lists is content and key.lower() in LABELS:
            continue
        place = f"{inner}.{visible(key, 80)}".lstrip(".")
        if not isinstance(values, list):
            _refuse([f"{place}: found {_shown(values)}; expected a list of numbers"])
        title = f"{suite}: {key}" if suite else key
        found.append(NumberSeries(title, _numbers(values, place), _texts(labels, len(values))))
    return found


def _object(value: object, path: str) -> dict[str, object]:
    if not isinstance(value, dict):
        _refuse([f"{visible(path, 80)}: found {_shown(value)}; expected an object"])
    return value


def _numbers(values: list[object], path: str) -> tuple[float | None, ...]:
    problems: list[str] = []
    numbers: list[float | None] = []
    for place, value in enumerate(values):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        number = _number(str(value)) if is_number else None
        if value is not None and number is None and len(problems) <= MAX_PROBLEMS:
            problems.append(f"{path}[{place}]: found {_shown(value)}; expected {_EXPECTED}")
        numbers.append(number)
    if problems:
        _refuse(problems)
    return tuple(numbers)


def _texts(labels: object, count: int) -> tuple[str, ...]:
    """Labels as text; none where their number does not fit."""
    if not isinstance(labels, list) or len(labels) != count:
        return ()
    return tuple("" if label is None else visible(str(label), 80) for label in labels)


def _shown(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "a number beyond every float"
    return visible(json.dumps(value), 40)


def _refuse(problems: Sequence[str]) -> NoReturn:
    more = ["and more"] if len(problems) > MAX_PROBLEMS else []
    raise DocumentError("\n".join([*problems[:MAX_PROBLEMS], *more]))
