"""A history in a folder: one file a record, one a document, and an index that can be deleted."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from perf_baselines.folder import Folder
from perf_baselines.record_codec import MAX_RECORD_BYTES, load_record
from perf_baselines.store import RECORD, Store
from perf_documents.errors import DocumentError, StoreError
from perf_documents.files import read_bounded, write_all_new, write_atomic, write_new
from perf_documents.strict_json import MAX_JSON_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from perf_baselines.index import RunIndex
    from perf_baselines.record import Record
    from perf_baselines.store import Entry
    from perf_documents.events import Notice

# Up to so many records are read one by one: faster than to import a database library.
DIRECT = 200
_RUN_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_BATCH = 2000


class FolderStore(Store):
    """The runs below one folder."""

    def __init__(self, root: Path, notify: Callable[[Notice], None] | None = None) -> None:
        super().__init__(str(root), notify)
        self._folder = Folder(root)

    def state(self) -> str:
        """Whether the folder, or the one it will be made in, may be written."""
        self._folder.check()
        place = Path(self.place)
        existing = next(path for path in (place, *place.absolute().parents) if path.exists())
        if not os.access(existing, os.W_OK | os.X_OK):
            raise StoreError(
                f"{self.place}: cannot be written by this user; next: correct its owner or mode, "
                "or name another history in perf.yaml"
            )
        return "a folder that can be written" if existing == place else "the first run makes it"

    def open_for_writing(self, needed_bytes: int) -> None:
        """Make the folders, write into each, and ask for space."""
        self._folder.check()
        try:
            self._folder.create()
            self._folder.probe(needed_bytes)
        except StoreError as error:
            raise StoreError(
                f"{self.place}: the history is read-only or full, before load: {error}"
            ) from error

    def ids(self) -> set[str]:
        """Ids of the stored runs, by the names of their files alone."""
        self._folder.check()
        return _ids(self._folder.records, ".json")

    def documented(self) -> set[str]:
        """Ids of those with a document."""
        # a document without its record is the left-over of a writer that was killed
        return _ids(self._folder.runs, ".json.gz") & self.ids()

    def stamps(self) -> dict[str, str]:
        """Ids, each with size and age of its record's file."""
        known = self.ids()
        return {name: stamp for name, stamp in self._folder.stamps().items() if name in known}

    def text(self, run_id: str) -> bytes:
        """Bytes of a record's file."""
        return read_bounded(self._folder.record(run_id), MAX_RECORD_BYTES)

    def document(self, run_id: str) -> bytes | None:
        """Bytes of a document's file; None where there is none."""
        path = self._folder.document(run_id)
        return read_bounded(path, MAX_JSON_BYTES) if path.exists() else None

    def name(self, run_id: str, part: str) -> str:
        """Path of the file."""
        file = self._folder.record if part == RECORD else self._folder.document
        return str(file(run_id))

    def add(self, entry: Entry) -> bool:
        """Write the document, then the record: only that makes it a stored run."""
        path = self._folder.record(entry.record.run_id)
        self._folder.check()
        self._folder.create()
        with self._folder.locked():
            if path.exists() or path.is_symlink():
                return False
            if entry.document is not None:
                # one that lies there is the left-over of a writer that was killed
                write_atomic(self._folder.document(entry.record.run_id), entry.document)
            return write_new(path, entry.text)

    def add_texts(self, entries: Collection[Entry]) -> int:
        """Write the records together."""
        self._folder.check()
        self._folder.create()
        files = {self._folder.record(entry.record.run_id).name: entry.text for entry in entries}
        with self._folder.locked():
            return write_all_new(self._folder.records, files)

    def restore(self, run_id: str, document: bytes) -> None:
        """Write the document's file."""
        with self._folder.locked():
            write_atomic(self._folder.document(run_id), document)

    def remove(self, run_ids: Collection[str], *, documents_only: bool) -> None:
        """Remove each document before its record: in between, a run has only its record."""
        if not self.ids():
            return
        with self._folder.locked():
            for run_id in sorted(run_ids):
                _remove(self._folder.document(run_id))
                if not documents_only:
                    _remove(self._folder.record(run_id))

    def newest(self, limit: int, profile: str | None, environment: str | None) -> list[Record]:
        """Records by the index where there are many; one by one otherwise."""
        known = self.ids()
        is_filtered = profile is not None or environment is not None
        records = None
        if (len(known) if is_filtered else min(limit, len(known))) > DIRECT:
            records = self._list_by_index(known, limit, profile, environment)
        return (
            self._list_directly(known, limit, profile, environment) if records is None else records
        )

    def _list_directly(
        self, known: set[str], limit: int, profile: str | None, environment: str | None
    ) -> list[Record]:
        records: list[Record] = []
        for run_id in sorted(known, reverse=True):
            if len(records) >= limit:
                break
            record, _ = self._try_read(run_id) or (None, "")
            if record is not None and _fits(record, profile, environment):
                records.append(record)
        return records

    def _list_by_index(
        self, known: set[str], limit: int, profile: str | None, environment: str | None
    ) -> list[Record] | None:
        """Records by the index, brought up to date first; None where it cannot be used."""
        # sqlalchemy takes half a second to import: only where it is needed
        from perf_baselines import index  # noqa: PLC0415

        for _ in range(2):
            runs = index.RunIndex(self._folder.index)
            try:
                self._refresh(runs, known)
                return [
                    load_record(text.encode()) for text in runs.newest(limit, profile, environment)
                ]
            except index.IndexUnusableError as error:
                self.warn(f"{self._folder.index}: not used: {error}; records are read one by one")
                return None
            except (index.IndexDamagedError, DocumentError):
                with self._folder.locked():
                    kept = index.set_aside(self._folder.index)
                self.warn(f"{self._folder.index}: was damaged; kept as {kept.name} and rebuilt")
        return None

    def _refresh(self, runs: RunIndex, known: set[str]) -> None:
        if runs.on_network:
            self.warn(f"{self._folder.root}: lies on a network file system; its index is slower")
        indexed = runs.run_ids()
        missing = sorted(known - indexed)
        for start in range(0, len(missing), _BATCH):
            batch = missing[start : start + _BATCH]
            runs.change([read for run_id in batch if (read := self._try_read(run_id))], [])
        if indexed - known:
            runs.change([], indexed - known)

    def _try_read(self, run_id: str) -> tuple[Record, str] | None:
        """Record and its text; None, and a notice, where it cannot be read."""
        texts: list[bytes] = []

        def read() -> Record:
            texts.append(self.text(run_id))
            return self.checked(run_id, texts[0])

        record = self.tried(read)
        return None if record is None else (record, texts[0].decode())


def _ids(folder: Path, suffix: str) -> set[str]:
    try:
        names = os.listdir(folder)  # noqa: PTH208  # ten thousand paths take longer than their names
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise StoreError(f"{folder}: cannot be read: {error.strerror}") from error
    ids = {name.removesuffix(suffix) for name in names if name.endswith(suffix)}
    return {run_id for run_id in ids if _RUN_ID.fullmatch(run_id)}


def _remove(path: Path) -> None:
    try:
        with suppress(FileNotFoundError):
            path.unlink()
    except OSError as error:
        raise StoreError(f"{path}: cannot be removed: {error.strerror}") from error


def _fits(record: Record, profile: str | None, environment: str | None) -> bool:
    return profile in {None, record.profile} and environment in {None, record.environment}
