"""The first line of a comment: whose it is, which run wrote it, and what it holds."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_reports.comment import Commit

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEX = 16
# the attempt on GitLab is the number of a job: eleven digits, and more one day
MOST_DIGITS = 18
_LINE = re.compile(
    r"<!-- perfproof:v1 key=([0-9a-f]{16}) "
    rf"run=([0-9]{{1,{MOST_DIGITS}}})\.([0-9]{{1,{MOST_DIGITS}}}) body=([0-9a-f]{{16}}) -->"
)
_EARLIER = re.compile(r"<!-- perfproof:commits((?: [0-9a-f]{7,40}:[✓✗?])*) -->")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """What the first line of a comment says.

    Attributes
    ----------
    key : str
        Which comment of the pull request it is: one for each workflow, job, matrix and profile.
    order : tuple of int
        Number of the run and its attempt, of `MOST_DIGITS` each: the higher one is newer.
    body : str
        Hash of what follows, earlier commits left out.
    """

    key: str
    order: tuple[int, int]
    body: str

    @property
    def line(self) -> str:
        """The line."""
        run, attempt = self.order
        return f"<!-- perfproof:v1 key={self.key} run={run}.{attempt} body={self.body} -->"


def key_of(*parts: str) -> str:
    """16 hexadecimal digits of SHA-256 over the parts, told apart whatever they hold."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:_HEX]


def body_hash(body: str) -> str:
    """16 hexadecimal digits of the SHA-256 of a body."""
    return hashlib.sha256(body.encode()).hexdigest()[:_HEX]


def read_marker(text: str) -> Marker | None:
    """Marker of a comment, or None: only its first line counts, and only as a whole."""
    found = _LINE.fullmatch(text.partition("\n")[0].rstrip("\r"))
    if found is None:
        return None
    return Marker(key=found[1], order=(int(found[2]), int(found[3])), body=found[4])


def commits_line(commits: Sequence[Commit]) -> str:
    """Hidden line that tells the next run of the commits before it."""
    said = "".join(f" {one.sha}:{one.glyph}" for one in commits)
    return f"<!-- perfproof:commits{said} -->"


def read_commits(text: str) -> tuple[Commit, ...]:
    """Commits that a comment of our own knows of, the newest first; none where it says nothing."""
    lines = text.split("\n", 2)
    found = _EARLIER.fullmatch(lines[1].rstrip("\r")) if len(lines) > 1 else None
    if found is None:
        return ()
    pairs = (word.partition(":") for word in found[1].split())
    return tuple(Commit(sha=sha, glyph=glyph) for sha, _, glyph in pairs)
