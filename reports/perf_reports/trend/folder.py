"""The site as files: only what changed is written, and nothing that is not ours is touched."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from perf_documents.errors import PerfError, StoreError, UsageError
from perf_documents.files import read_bounded, read_head, write_shared
from perf_documents.strict_json import content_hash

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from perf_reports.trend.site import Page

MANIFEST = ".perfproof-trend.json"
# how each kind of file of ours says near its beginning that this program wrote it
_MARKS = (b'<meta name="generator" content="perfproof', b"<generator>perfproof",
          b'"generator": "perfproof', b"<!-- perfproof")  # fmt: skip
_HEAD_BYTES = 4096
_MAX_BYTES = 64 * 1024 * 1024
_SCHEMA = 1


@dataclass(slots=True)
class Written:
    """What became of a site's files."""

    new: list[str] = field(default_factory=list)
    kept: int = 0
    removed: list[str] = field(default_factory=list)


class SiteFolder:
    """A folder that holds a site, perhaps beside files of somebody else.

    Raises
    ------
    UsageError
        If it is no folder, or a file that is not ours stands where one of ours belongs.
    StoreError
        If it cannot be written.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        if root.is_symlink() or (root.exists() and not root.is_dir()):
            raise UsageError(f"--out: {root} is not a folder; next: name another")
        self._known = self._manifest()

    def has(self, path: str, made_from: str) -> bool:
        """Whether a file is there and was made from the same."""
        kept = self._known.get(path)
        target = self._root / path
        return kept == made_from and target.is_file() and not target.is_symlink()

    def write(self, pages: Iterable[Page], reports: Iterable[Page]) -> Written:
        """Write what changed; remove files of ours that no longer belong."""
        written = Written()
        found: dict[str, str] = {}
        for page in (*reports, *pages):
            found[page.path] = page.made_from
            if self.has(page.path, page.made_from):
                written.kept += 1
                continue
            self._write(page.path, page.make)
            written.new.append(page.path)
        for path in sorted(self._known.keys() - found.keys()):
            if self._remove(path):
                written.removed.append(path)
        if written.new or written.removed or found != self._known:
            document = {"schema": _SCHEMA, "made_from": found}
            text = json.dumps(document, indent=0, sort_keys=True)
            self._write(MANIFEST, lambda: text + "\n")
        return written

    def _manifest(self) -> dict[str, str]:
        """Hashes by path; empty where there is none, or one that cannot be read."""
        with suppress(PerfError, ValueError, KeyError, TypeError, AttributeError):
            document = json.loads(read_bounded(self._root / MANIFEST, _MAX_BYTES))
            if document["schema"] == _SCHEMA:
                return {str(path): str(made) for path, made in document["made_from"].items()}
        return {}

    def _write(self, path: str, make: Callable[[], str]) -> None:
        target = self._root / path
        self._check(path)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{target.parent}: cannot be made: {error.strerror}") from error
        write_shared(target, make().encode())

    def _check(self, path: str) -> None:
        """Refuse to replace what this program did not write, or to follow a link out."""
        target = self._root / path
        for folder in (target.parent, self._root):
            if folder.is_symlink():
                raise UsageError(f"{folder}: is a symbolic link; next: name its end with --out")
        if not target.exists() and not target.is_symlink():
            return
        if path != MANIFEST and not self._is_ours(path):
            raise UsageError(
                f"{target}: is there already and not of a trend site; it is left alone; "
                "next: name another folder with --out"
            )

    def _is_ours(self, path: str) -> bool:
        """Whether this program wrote a file, by the list of those that it wrote or by itself."""
        target = self._root / path
        if target.is_symlink():
            return False
        with suppress(UsageError):
            head = read_head(target, _HEAD_BYTES)
            return path in self._known or any(mark in head for mark in _MARKS)
        return False

    def _remove(self, path: str) -> bool:
        """Remove a file that an earlier site had; whether there was one, and it is ours."""
        target = self._root / path
        inside = target.resolve().is_relative_to(self._root.resolve())
        if not inside or target.is_symlink() or not target.is_file():
            return False
        if not self._is_ours(path):
            return False
        try:
            target.unlink()
        except OSError as error:
            raise StoreError(f"{target}: cannot be removed: {error.strerror}") from error
        return True


def report_made_from(document_sha256: str, generator: str) -> str:
    """What the report of a stored run is made from: its document never changes."""
    return content_hash(f"{document_sha256} {generator}".encode())
