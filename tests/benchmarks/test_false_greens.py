"""The published table of false greens: complete, never green for perfproof, and reproducible."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from false_greens.page import cell, codes_on
from false_greens.rows import ROWS, Row, profile_of
from false_greens.running import FILES, steady
from perf_cli.outcome import Code
from perf_documents.profile import load_profile_text
from repository import ROOT, assert_none

if TYPE_CHECKING:
    from pathlib import Path

PAGE = (ROOT / "docs/false-greens.md").read_text(encoding="utf-8")
FAULTS = [row for row in ROWS if not row.healthy]
LEAST = 15
# one of each kind: the service, the scenario, a limit, the generator, a signal, and health
AGAIN = ("healthy", "silent", "status-999", "os-exit", "typo", "frozen", "sigterm")


def test_every_row_stands_in_the_published_table_and_nothing_else_does() -> None:
    assert list(codes_on(PAGE)) == [row.name for row in ROWS]
    assert re.findall(r"^### (.+)$", PAGE, re.MULTILINE) == [row.name for row in ROWS]
    assert len(FAULTS) >= LEAST


def test_perfproof_is_green_of_health_alone() -> None:
    codes = {name: cells[-1] for name, cells in codes_on(PAGE).items()}
    assert_none(row.name for row in FAULTS if codes[row.name].split(" ")[0] == "0")
    assert_none(row.name for row in ROWS if row.healthy and codes[row.name] != "0")
    assert {int(code) for code in codes.values()} <= {code.value for code in Code}


def test_what_k6_does_is_quoted_with_its_version_or_not_at_all() -> None:
    published = codes_on(PAGE)
    assert {row.name: published[row.name][1] for row in ROWS} == {row.name: row.k6 for row in ROWS}
    assert_none(
        row.name for row in ROWS if row.k6 != "not measured" and not re.search(r"k6 \d", row.k6)
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_both_have_their_files_and_the_same_limits(row: Row) -> None:
    assert (FILES / f"{row.scenario}.py").is_file()
    listener = (FILES / f"{row.limits}.py").read_text(encoding="utf-8")
    assert "fail_ratio > 0.01" in listener
    assert "(0.95) > 1000" in listener
    profile = load_profile_text(profile_of(row), "profile", name="check")
    limits = {str(threshold.expression) for threshold in profile.thresholds}
    assert {"rate<0.01", "p(95)<1000"} <= limits


@pytest.mark.slow
@pytest.mark.fault
@pytest.mark.skipif(shutil.which("openssl") is None, reason="the torture server needs openssl")
@pytest.mark.parametrize("name", AGAIN)
def test_a_rerun_agrees_with_the_published_codes(name: str, tmp_path: Path) -> None:
    (row,) = [row for row in ROWS if row.name == name]
    result = steady(row, tmp_path)
    published = codes_on(PAGE)[name]
    assert (cell(result.locust), cell(result.perf)) == (published[0], published[2])
    assert result.right, result.perf.said
