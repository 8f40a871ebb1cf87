"""`baselines/acknowledged.yaml`: what it says, and everything wrong with it at its place."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from perf_documents.acknowledged import Acknowledgement, load_acknowledged
from perf_documents.errors import ProfileError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

WHOLE = """\
acknowledged:
  - series: 'sustained/staging/p95 of *'
    commit: 'a1b2c3d4'
    reason: a new TLS library
    who: anna
    until: 2027-01-31
"""
ENTRY = "acknowledged:\n  - {series: s, commit: abcdef0, reason: r, who: w}\n"


def load(folder: Path, text: str) -> tuple[Acknowledgement, ...]:
    path = folder / "acknowledged.yaml"
    path.write_text(text, encoding="utf-8")
    return load_acknowledged(path)


def test_an_entry_is_read(tmp_path: Path) -> None:
    assert load(tmp_path, WHOLE) == (
        Acknowledgement(
            series="sustained/staging/p95 of *", commit="a1b2c3d4", reason="a new TLS library",
            who="anna", until=date(2027, 1, 31), line=2,
        ),
    )  # fmt: skip
    assert load(tmp_path, ENTRY)[0].until is None
    assert load(tmp_path, "acknowledged: []\n") == ()
    assert load_acknowledged(tmp_path / "none.yaml") == ()


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("acknowledged:\n  - {series: s}\n", "2:5", "commit, reason, who missing"),
        (ENTRY.replace("abcdef0", "xyz"), "2:25", "is no commit"),
        (ENTRY.replace("abcdef0", "abc"), "2:25", "7 to 64 hexadecimal digits"),
        (ENTRY.replace("abcdef0", "1234567"), "2:25", "not a text: quote it"),
        (ENTRY.replace("reason: r", "reason: ''"), "2:42", "is empty or too long"),
        (ENTRY.replace("who: w", "until: soon, who: w"), "2:52", "is no day"),
        (ENTRY.replace("who: w", "until: 2027-02-30, who: w"), "2:52", "is no day"),
        (ENTRY.replace("who: w", "whom: w"), "2:45", 'did you mean "who"'),
        ("acknowledged: yes please\n", "1:15", "a list"),
        ("known: []\n", "1:1", "acknowledged: is missing"),
        ("", "1:1", "the file is empty"),
        ("acknowledged: [\n", "2:1", "not YAML"),
        ("a: !!python/object:os.system x\n", "1:4", ""),
    ],
)
def test_what_is_wrong_is_named_with_its_place(
    tmp_path: Path, text: str, place: str, said: str
) -> None:
    with pytest.raises(ProfileError) as refused:
        load(tmp_path, text)
    assert refused.value.exit_code == 2
    assert any(f"acknowledged.yaml:{place}: " in line and said in line
               for line in refused.value.problems), refused.value.problems  # fmt: skip


def test_too_many_and_no_file_at_all_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at most"):
        load(
            tmp_path,
            "acknowledged:\n" + "  - {series: s, commit: abcdef0, reason: r, who: w}\n" * 1001,
        )
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError):
        load_acknowledged(tmp_path / "folder")


def test_patterns_hold_series_and_commits_begin() -> None:
    entry = Acknowledgement(
        series="sustained/*/p9? of GET /a*", commit="abcdef01", reason="r", who="w", until=None,
        line=1,
    )  # fmt: skip
    commit = "abcdef0123"
    assert entry.covers("sustained/staging/p95 of GET /api", ["0" * 40, commit])
    assert not entry.covers("sustained/staging/p50 of GET /api", [commit])
    assert not entry.covers("sustained/staging/p95 of GET /api", ["abcdef1"])
    assert not entry.covers("sustained/staging/p95 of GET /api", [])
    assert not entry.has_ended(date(9999, 1, 1))
