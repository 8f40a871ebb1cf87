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
# a file at the top, or anything below a folder
NAMED = re.compile(r"`((?:Dockerfile|\.dockerignore|[\w.-]+/[\w./-]+)(?:::\w+)?)`")
MADE = re.compile(r"`make ([\w-]+)`")
JOBS = re.compile(r"jobs? (`[\w-]+`(?: and `[\w-]+`)?) of `([\w./-]+)`")


def named(cell: str) -> Iterator[str]:
    """What a cell names."""
    for found in NAMED.finditer(cell):
        yield found[1]
    for found in MADE.finditer(cell):
        yield f"Makefile#{found[1]}"
    for found in JOBS.finditer(cell):
        for job in re.findall(r"[\w-]+", found[1].replace(" and ", " ")):
            yield f"{found[2]}#{job}"


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
    assert_none(name for name in NAMES if not is_there(name))


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
