"""Findings as a file for code scanning."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING

import pytest

import sarif
from fakes.github import Fault

if TYPE_CHECKING:
    from pathlib import Path

    from fakes.upkeep import FakeHost
    from hub import Clock

FILE = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x"}}, "results": []}]}


def test_the_file_is_handed_over_with_its_commit(
    host: FakeHost, job: dict[str, str], clock: Clock, tmp_path: Path
) -> None:
    path = tmp_path / "x.sarif"
    path.write_text(json.dumps(FILE))
    assert sarif.main([str(path)], job, clock) == 0
    (sent,) = host.sarifs
    assert (sent["commit_sha"], sent["ref"]) == ("a" * 40, "refs/heads/main")
    assert json.loads(gzip.decompress(base64.b64decode(str(sent["sarif"])))) == FILE


@pytest.mark.parametrize("text", ["", "{}", '{"runs": []}', "[1]", "<html>"])
def test_what_is_no_sarif_is_not_sent(
    host: FakeHost, job: dict[str, str], clock: Clock, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "x.sarif"
    path.write_text(text)
    assert sarif.main([str(path)], job, clock) == 2
    assert not host.calls


def test_a_refusal_names_the_permission(
    host: FakeHost, job: dict[str, str], clock: Clock, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    path = tmp_path / "x.sarif"
    path.write_text(json.dumps(FILE))
    host.faults = [Fault(status=403, message="Resource not accessible by integration")]
    assert sarif.main([str(path)], job, clock) == 5
    assert "security-events: write" in capsys.readouterr().err
