"""The folder a history lives in: its parts, who may write there, and what it must not be."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perf_documents.errors import DocumentError, StoreError, UsageError
from perf_documents.files import make_private_folder, read_head, remove_stale_temporaries

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLICATION_ID = 0x50455246
BUSY_S = 30.0
# a writer needs seconds; what is older was left by one that was killed
STALE_S = 3600.0
_POLL_S = 0.02
_SQLITE = b"SQLite format 3\0"
_HEADER_BYTES = 100
_ID_PLACE = slice(68, 72)
_NETWORK = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre",
    "fuse.sshfs", "fuse.glusterfs",
})  # fmt: skip
_MOUNTS = Path("/proc/self/mountinfo")


@dataclass(frozen=True, slots=True)
class Folder:
    """Where each part of a history lies below its root."""

    root: Path

    @property
    def records(self) -> Path:
        """Folder of the records, one file a run: the truth."""
        return self.root / "records"

    @property
    def runs(self) -> Path:
        """Folder of the full run documents."""
        return self.root / "runs"

    @property
    def index(self) -> Path:
        """File of the index, which may be deleted at any time."""
        return self.root / "index.sqlite"

    def record(self, run_id: str) -> Path:
        """File of one record."""
        return self.records / f"{run_id}.json"

    def document(self, run_id: str) -> Path:
        """File of one full run document."""
        return self.runs / f"{run_id}.json.gz"

    def stamps(self) -> dict[str, str]:
        """Size and age of each record's file, by its name: what changes if it does."""
        # removed meanwhile: then it is no longer stored
        with suppress(FileNotFoundError), os.scandir(self.records) as entries:
            return {
                entry.name.removesuffix(".json"): f"{status.st_size}-{status.st_mtime_ns}"
                for entry in entries
                if entry.name.endswith(".json") and (status := entry.stat(follow_symlinks=False))
            }
        return {}

    def check(self) -> None:
        """Refuse what is no folder of ours, before anything is read or written."""
        try:
            if self.root.exists() and not self.root.is_dir():
                raise UsageError(f"{self.root}: is a file; a history is a folder")
            for path in (self.root, self.records, self.runs, self.index):
                _refuse_leaving(path)
            _check_index(self.index)
        except OSError as error:
            raise StoreError(f"{self.root}: cannot be read: {error.strerror}") from error

    def create(self) -> None:
        """Create what is missing of the folders."""
        for path in (self.root, self.records, self.runs):
            make_private_folder(path)

    def probe(self, needed_bytes: int) -> None:
        """Write a file into each folder and ask for space; `StoreError` if either fails."""
        for path in (self.records, self.runs):
            remove_stale_temporaries(path, STALE_S)
        status = os.statvfs(self.runs)
        free_bytes = status.f_bavail * status.f_frsize
        if free_bytes < needed_bytes:
            raise StoreError(f"{free_bytes} bytes are free; {needed_bytes} are needed")

    @contextmanager
    def locked(self, wait_s: float = BUSY_S) -> Iterator[None]:
        """Hold the writers' lock; it ends with its process, however that ends."""
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(self.root / ".lock", flags, 0o600)
        except OSError as error:
            raise StoreError(f"{self.root}: cannot be locked: {error.strerror}") from error
        try:
            self._wait_for(descriptor, wait_s)
            yield
        finally:
            os.close(descriptor)

    def _wait_for(self, descriptor: int, wait_s: float) -> None:
        deadline_s = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in {errno.EAGAIN, errno.EACCES}:
                    raise StoreError(f"{self.root}: no locks here: {error.strerror}") from error
            else:
                return
            if time.monotonic() >= deadline_s:
                raise StoreError(f"{self.root}: another writer has held it for {wait_s:.0f} s")
            time.sleep(_POLL_S)


def is_on_network(path: Path, mounts: Path = _MOUNTS) -> bool:
    """Whether a path lies on a network file system, where SQLite's WAL does not work."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    kinds = dict(_mount(line) for line in lines if " - " in line)
    resolved = path.resolve()
    above = (kinds.get(str(place)) for place in (resolved, *resolved.parents))
    return next((kind for kind in above if kind), "") in _NETWORK


def _mount(line: str) -> tuple[str, str]:
    r"""Mount point and type of a line of mountinfo; blanks in it are written `\040`."""
    left, right = line.split(" - ", 1)
    place = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), left.split()[4])
    return place, right.split()[0]


def _refuse_leaving(path: Path) -> None:
    """Refuse a link out of its folder: a checkout must not choose where results are written."""
    if path.is_symlink() and not path.resolve().is_relative_to(path.parent.resolve()):
        raise UsageError(f"{path}: is a symbolic link that leaves its folder; name its end instead")


def _check_index(path: Path) -> None:
    """Refuse, and leave untouched, a file that is not an index of ours."""
    if not path.exists():
        return
    try:
        head = read_head(path, _HEADER_BYTES)
    except DocumentError as error:
        raise UsageError(str(error)) from error
    # SQLite creates its file empty: a killed first writer leaves that
    if not head:
        return
    if not head.startswith(_SQLITE):
        raise UsageError(f"{path}: is not a database; it is left alone: remove or rename it")
    if int.from_bytes(head[_ID_PLACE], "big") != APPLICATION_ID:
        raise UsageError(
            f"{path}: is a database of another program; it is left alone: name another folder"
        )
