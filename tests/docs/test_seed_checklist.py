"""Whatever the checklist of the pipeline names is there: files, folders, tests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from repository import ROOT, assert_none

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = (ROOT / "docs/seed-checklist.md").read_text(encoding="utf-8")
ROWS = [line for line in TEXT.splitlines() if line.startswith("|")]
COMING = "†"
# a file at the top, or anything below a folder
NAMED = re.compile(r"`((?:Dockerfile|\.dockerignore|[\w.-]+/[\w./-]+)(?:::\w+)?)`")
MADE = re.compile(r"`make ([\w-]+)`")
JOBS = re.compile(r"jobs? (`[\w-]+`(?: and `[\w-]+`)?) of `([\w./-]+)`")


def named(cell: str) -> Iterator[tuple[str, bool]]:
    """What a cell names, and whether a mark behind it says that it comes later."""
    for found in NAMED.finditer(cell):
        yield found[1], COMING in cell[found.end() :]
    for found in MADE.finditer(cell):
        yield f"Makefile#{found[1]}", COMING in cell[found.end() :]
    for found in JOBS.finditer(cell):
        for job in re.findall(r"[\w-]+", found[1].replace(" and ", " ")):
            yield f"{found[2]}#{job}", COMING in cell[found.end() :]


def is_there(name: str) -> bool:
    """Whether a file exists, with the test, the job or the target in it that is named."""
    path, _, test = name.partition("::")
    path, _, part = path.partition("#")
    if not (ROOT / path).exists():
        return False
    text = (ROOT / path).read_text(encoding="utf-8") if test or part else ""
    if part and path == "Makefile":
        return re.search(rf"^{part}:", text, re.MULTILINE) is not None
    if part:
        return part in yaml.safe_load(text)["jobs"]
    return not test or f"def {test}(" in text


CELLS = [cell for row in ROWS for cell in row.split("|")]
NAMES = [one for cell in CELLS for one in named(cell)]


def test_what_is_named_is_there() -> None:
    assert_none(name for name, is_coming in NAMES if not is_coming and not is_there(name))


def test_what_has_come_is_marked_no_longer() -> None:
    """Once the files are there, take the marks out: sed -i 's/ †//' docs/seed-checklist.md."""
    marked = [cell for cell in CELLS if COMING in cell]
    assert_none(cell for cell in marked if all(is_there(name) for name, _ in named(cell)))


@pytest.mark.parametrize(
    "name",
    [
        "tests/docs/nothing.py",
        "tests/docs/test_seed_checklist.py::test_of_no_name",
        "Makefile#nothing",
        ".github/workflows/gate.yml#nothing",
    ],
)
def test_a_name_of_nothing_is_seen(name: str) -> None:
    assert not is_there(name)


def test_every_row_names_something_or_says_why_not() -> None:
    left_out = TEXT.index("## Left out")
    rows = [
        row
        for row in ROWS
        if TEXT.index(row) < left_out and not row.startswith(("| part", "| ---"))
    ]
    assert len(rows) > 30
    assert_none(row for row in rows if not list(named(row)))
