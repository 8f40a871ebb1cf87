"""`baselines/acknowledged.yaml`: change points that somebody answers for, as reviewed text.

It changes marks, filters and the feed, never a gate.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from perf_documents.problems import START, Problems
from perf_documents.strict_yaml import load_yaml
from perf_documents.yaml_fields import Field, keys

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MAX_ENTRIES = 1000
_MOST_TEXT = 300
_TOP = keys("acknowledged")
_KEYS = keys("series", "commit", "reason", "who", "until")
_REQUIRED = ("series", "commit", "reason", "who")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """One entry.

    Attributes
    ----------
    series : str
        Pattern with `*` and `?`, held against `profile/environment/metric of name`.
    commit : str
        First commit of the new level, or its beginning.
    until : date or None
        Last day of a waiver; after it, the change is open again.
    line : int
        Where it stands in its file.
    """

    series: str
    commit: str
    reason: str
    who: str
    until: date | None
    line: int

    def covers(self, series: str, commits: Iterable[str]) -> bool:
        """Whether it speaks of a change of that series that began with one of these commits."""
        return fnmatchcase(series, self.series) and any(
            commit.startswith(self.commit) for commit in commits
        )

    def has_ended(self, today: date) -> bool:
        """Whether it is a waiver whose last day is over."""
        return self.until is not None and today > self.until


def load_acknowledged(path: Path) -> tuple[Acknowledgement, ...]:
    """Entries of a file; none where there is no file.

    Raises
    ------
    ProfileError
        With every problem and its file:line:column.
    """
    if not path.exists() and not path.is_symlink():
        return ()
    problems = Problems(str(path))
    top = Field("", load_yaml(path, problems), problems).members(_TOP) or {}
    listed = top["acknowledged"].items() if "acknowledged" in top else None
    if "acknowledged" not in top:
        problems.add(START, "acknowledged: is missing", expected="a list of entries")
    found = [_entry(item) for item in listed or ()]
    if len(found) > MAX_ENTRIES:
        problems.add(START, f"{len(found)} entries", expected=f"at most {MAX_ENTRIES}")
    problems.raise_if_any()
    return tuple(entry for entry in found if entry is not None)


def _entry(item: Field) -> Acknowledgement | None:
    members = item.members(_KEYS)
    if members is None:
        return None
    missing = [name for name in _REQUIRED if name not in members]
    if missing:
        item.refuse(f"{', '.join(missing)} missing", expected="series, commit, reason and who")
    texts = {name: _text(members[name]) for name in _REQUIRED if name in members}
    commit = texts.get("commit")
    if commit and not _COMMIT.fullmatch(commit):
        members["commit"].refuse("is no commit", expected="7 to 64 hexadecimal digits, quoted")
    until = _day(members["until"]) if "until" in members else None
    if missing or None in texts.values():
        return None
    return Acknowledgement(
        **{name: text or "" for name, text in texts.items()}, until=until, line=item.node.mark.line
    )


def _text(field: Field) -> str | None:
    text = field.text()
    if text is not None and (not text.strip() or len(text) > _MOST_TEXT):
        field.refuse("is empty or too long", expected=f"1 to {_MOST_TEXT} characters")
        return None
    return text


def _day(field: Field) -> date | None:
    """A day, with or without quotes: YAML itself reads a bare one as a date."""
    text = getattr(field.node, "text", "")
    if _DAY.fullmatch(text):
        with suppress(ValueError):
            return date.fromisoformat(text)
    field.refuse("is no day", expected="such as 2027-01-31")
    return None
