"""Addresses of commits and pages, and the commands that hold runs against each other."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from perf_documents.errors import UsageError
from perf_documents.strict_json import content_hash

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from perf_baselines.trend_tracks import Change, Track

MOST_RUNS = 3
INDEX = "index.html"
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_TEMPLATE = re.compile(r"https?://[A-Za-z0-9._~:/?#@!$&()*+,;=%{}-]{1,500}")
# git@host:owner/name.git, ssh://git@host/owner/name.git, https://host/owner/name.git
_REMOTE = re.compile(
    r"(?:https?://(?:[^@/]*@)?|ssh://(?:[^@/]*@)?|[\w.-]+@)"
    r"(?P<host>[A-Za-z0-9.-]+(?::[0-9]{1,5}(?=/))?)[:/](?P<path>[\w./~-]+?)(?:\.git)?/?"
)
_PORT = re.compile(r":[0-9]+$")
_SLUG = re.compile(r"[^a-z0-9]+")
_SLUG_LENGTH = 60
_HASH_LENGTH = 10


@dataclass(frozen=True, slots=True)
class CommitLinks:
    """Where commits can be read; empty texts where nobody knows."""

    commit_template: str = ""
    range_template: str = ""

    def commit(self, commit: str) -> str:
        """Address of one commit."""
        if not self.commit_template or not _COMMIT.fullmatch(commit):
            return ""
        return self.commit_template.replace("{commit}", commit)

    def between(self, before: str, after: str) -> str:
        """Address of what lies between two commits."""
        known = _COMMIT.fullmatch(before) and _COMMIT.fullmatch(after)
        if not self.range_template or not known:
            return ""
        return self.range_template.replace("{before}", before).replace("{after}", after)


def links_of(template: str | None, remote: str) -> CommitLinks:
    """Links by a person's template, or by the remote of the repository.

    Raises
    ------
    UsageError
        If the template is no http(s) address with `{commit}` in it.
    """
    if template is not None:
        if not _TEMPLATE.fullmatch(template) or "{commit}" not in template:
            raise UsageError(
                "--commit-url: expected an http or https address with {commit} in it, such as "
                "https://git.example/team/service/commit/{commit}"
            )
        return CommitLinks(template)
    match = _REMOTE.fullmatch(remote)
    if match is None:
        return CommitLinks()
    host = match["host"] if remote.startswith("http") else _PORT.sub("", match["host"])
    base = f"https://{host}/{match['path'].strip('/')}"
    base += "/-" if "gitlab" in host else ""
    return CommitLinks(f"{base}/commit/{{commit}}", f"{base}/compare/{{before}}...{{after}}")


def page_of(track: Track) -> str:
    """File of a series' page, below the site: the same for good, whatever the names hold."""
    identity = "\n".join((*track.place, *track.name[:2]))
    told = f"{track.place.profile} {track.place.environment} {track.name.text}".lower()
    slug = _SLUG.sub("-", told.encode("ascii", "ignore").decode()).strip("-")[:_SLUG_LENGTH]
    return f"series/{slug.strip('-')}-{content_hash(identity.encode())[:_HASH_LENGTH]}.html"


def report_of(run_id: str) -> str:
    """File of a run's report, below the site."""
    return f"runs/{run_id}.html"


def anchor_of(track: Track) -> str:
    """Place of a series' group in the index."""
    return f"g-{content_hash(chr(10).join(track.place).encode())[:_HASH_LENGTH]}"


def compare_commands(track: Track, documented: AbstractSet[str]) -> list[str]:
    """Commands that hold the runs after each change point against those before it.

    Only runs whose document is kept can be compared; empty where either side has none.
    """
    rows, counted = track.rows, track.counted
    kept = [at for at, row in enumerate(rows)
            if row.run_id in documented and counted[at] is not None]  # fmt: skip
    found: list[str] = []
    for point in (change.point for change in track.changes):
        end, start = bisect_left(kept, point.first), bisect_left(kept, point.last)
        before, after = kept[max(0, end - MOST_RUNS) : end], kept[start : start + MOST_RUNS]
        sides = [" ".join(rows[at].run_id for at in side) for side in (before, after)]
        found.append(f"perfproof compare {' -- '.join(sides)}" if all(sides) else "")
    return found


def identity_of(track: Track, change: Change) -> str:
    """`tag:` URI of a change point: by series and first commit, the same for good."""
    row = track.rows[change.point.index]
    series = quote("/".join((*track.place, track.name.text)), safe="")
    return f"tag:perfproof.invalid,2026:{series}:{row.commit or row.run_id}"
