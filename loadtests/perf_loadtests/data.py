"""`feeder("users.csv")`: rows of a file for a scenario, each used where its number says."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import json
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from perf_documents.errors import DocumentError, ScenarioError
from perf_documents.files import read_bounded
from perf_loadtests import current
from perf_loadtests.schedule import count_arrivals, splitmix64

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from perf_documents.plan import Plan

MAX_BYTES = 256 * 1024 * 1024
_CHOICES = {
    "order": ("sequential", "random"), "per": ("iteration", "vu"), "on_end": ("wrap", "stop"),
}  # fmt: skip
Row = dict[str, object]


def feeder(
    path: str | Path,
    *,
    order: Literal["sequential", "random"] = "sequential",
    shuffle: bool = False,
    per: Literal["iteration", "vu"] = "iteration",
    on_end: Literal["wrap", "stop"] = "wrap",
) -> Feeder:
    """Read a file of rows, at the top of a scenario: before any load.

    Parameters
    ----------
    path : str or Path
        CSV with a header line, or JSON: a list of objects (`.json`). UTF-8. Relative to the file
        that calls.
    order : str
        `sequential`: iteration i takes row i modulo their number, and no two load generators take
        one twice. `random`: a row drawn by the profile's seed and i.
    shuffle : bool
        Sequential through one permutation, drawn by the seed.
    per : str
        `iteration`, or `vu`: each VU keeps one row.
    on_end : str
        `wrap`: begin anew. `stop`: each row is used once, and a plan that needs more of them than
        there are is refused before load.

    Returns
    -------
    Feeder

    Raises
    ------
    ScenarioError
        With file and line, where the file or the call cannot be used; nothing is sent then.
    """
    caller = sys._getframe(1).f_globals.get("__file__")  # noqa: SLF001  # CPython's own name of the caller
    given = {"order": order, "per": per, "on_end": on_end}
    for name, allowed in _CHOICES.items():
        if given[name] not in allowed:
            expected = " or ".join(map(repr, allowed))
            raise ScenarioError(f"feeder({str(path)!r}): {name} is {expected}, not {given[name]!r}")
    if order == "random" and (shuffle or on_end == "stop"):
        other = "shuffle" if shuffle else 'on_end="stop"'
        raise ScenarioError(
            f'feeder({str(path)!r}): order="random" draws rows again and again; {other} needs '
            "each row once; next: leave one of them out"
        )
    session = current.session()
    if session is not None and not session.loading:
        raise ScenarioError(
            f"feeder({str(path)!r}) was called during the load; next: call it at the top of the "
            "scenario file, so that the file is read before"
        )
    found = Path(caller).parent / path if caller else Path(path)
    rows, sha256 = read_rows(found)
    made = Feeder(str(path), rows, sha256, given)
    made.mix(1 if session is None else session.seed, shuffle=shuffle)
    if session is not None:
        session.feeders.append(made)
    return made


class Feeder:
    """Rows of one file; `row()` is the one for whoever asks.

    Attributes
    ----------
    name : str
        Path as the scenario gave it.
    sha256 : str
        Of the file's bytes.
    """

    def __init__(
        self, name: str, rows: Sequence[Row], sha256: str, given: Mapping[str, str]
    ) -> None:
        self.name = name
        self.sha256 = sha256
        self._rows = rows
        self._given = given
        self._order: Sequence[int] = range(len(rows))
        self._draw = 0
        self._alone = itertools.count()

    def __len__(self) -> int:
        return len(self._rows)

    def mix(self, seed: int, *, shuffle: bool) -> None:
        """Draw what is left to chance: a stream of its own for each file, and of nothing else."""
        stream = random.Random(f"{seed}/data/{self.name}")  # noqa: S311  # test data, not a secret
        self._draw = stream.getrandbits(63)
        if shuffle:
            order = list(self._order)
            stream.shuffle(order)
            self._order = order

    def row(self) -> Row:
        """Row of this iteration, or of this VU: the same one however often it is asked for.

        Raises
        ------
        RuntimeError
            Where nobody's row is asked for, or each row was used.
        """
        number = self._number()
        count = len(self._rows)
        if self._given["order"] == "random":
            return dict(self._rows[int(splitmix64(self._draw, number) * count)])
        if number >= count and self._given["on_end"] == "stop":
            raise RuntimeError(f"{self.name}: row {number + 1:,} is wanted of {count:,}")
        return dict(self._rows[self._order[number % count]])

    def check(self, plan: Plan) -> None:
        """Refuse a plan that needs more rows than there are, where each may be used once."""
        if self._given["on_end"] != "stop":
            return
        per_vu = self._given["per"] == "vu"
        if not per_vu and not plan.open_model:
            raise ScenarioError(
                f'{self.name}: on_end="stop" needs a number of iterations that is known before, '
                f'which {plan.executor} has not; next: per="vu", or an arrival-rate executor'
            )
        need = plan.max_vus if per_vu else count_arrivals(plan)
        if need > len(self):
            what = "VUs" if per_vu else "iterations"
            raise ScenarioError(
                f"{self.name}: holds {len(self):,} rows, each to be used once, and the plan has "
                f'{need:,} {what}; next: add rows, plan fewer {what}, or on_end="wrap"'
            )

    def _number(self) -> int:
        session = current.session()
        if session is None:
            return next(self._alone)  # plain Locust: whoever asks takes the next one
        place = session.place()
        if place is None:
            raise RuntimeError(f"{self.name}: row() belongs into a task or on_start of a user")
        if self._given["per"] == "vu":
            return place.vu
        if place.iteration is None:
            raise RuntimeError(
                f'{self.name}: outside an iteration there is no row; in on_start, use per="vu"'
            )
        return place.iteration


def read_rows(path: Path) -> tuple[list[Row], str]:
    """Rows of a file, and the SHA-256 of its bytes; `ScenarioError` says what is wrong where."""
    try:
        data = read_bounded(path, MAX_BYTES, follow=True)
    except DocumentError as error:
        raise ScenarioError(f"feeder: {error}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ScenarioError(
            f"{path}:{line}: is not UTF-8: byte {data[error.start]:#04x}; next: save it as UTF-8"
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ScenarioError(f"{path}:{line}: holds a NUL, which no text does")
    rows = _json_rows(path, text) if path.suffix.lower() == ".json" else _csv_rows(path, text)
    if not rows:
        raise ScenarioError(f"{path}:1: holds no rows; expected one at least")
    return rows, hashlib.sha256(data).hexdigest()


def _csv_rows(path: Path, text: str) -> list[Row]:
    reader = csv.reader(io.StringIO(text.rstrip("\r\n"), newline=""), strict=True)
    header: list[str] = []
    rows: list[Row] = []
    try:
        for values in reader:
            if not header:
                header = _header(path, values)
            elif len(values) != len(header):
                raise ScenarioError(
                    f"{path}:{reader.line_num}: {len(values)} values, the header names "
                    f"{len(header)}: {', '.join(header)[:200]}"
                )
            else:
                rows.append(dict(zip(header, values, strict=True)))
    except csv.Error as error:
        raise ScenarioError(f"{path}:{reader.line_num}: is no CSV: {error}") from error
    return rows


def _header(path: Path, names: list[str]) -> list[str]:
    names = [name.strip() for name in names]
    if not all(names) or len(set(names)) < len(names):
        raise ScenarioError(
            f"{path}:1: the header line names each column once; found {', '.join(names)[:200]!r}"
        )
    return names


def _json_rows(path: Path, text: str) -> list[Row]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        raise ScenarioError(f"{path}:{line}: is no JSON: {error}") from error
    if not isinstance(found, list):
        raise ScenarioError(f"{path}:1: holds no list; expected a list of objects")
    first: Row = {}
    for number, row in enumerate(found, 1):
        if not isinstance(row, dict):
            raise ScenarioError(f"{path}: item {number} of the list is no object")
        first = first or row
        if row.keys() != first.keys():
            odd = ", ".join(sorted(map(repr, row.keys() ^ first.keys())))
            raise ScenarioError(f"{path}: item {number} differs from the first one in {odd[:200]}")
    return found
