"""All stored runs: a folder of immutable records with the full documents beside them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from perf_baselines.finding import find_run
from perf_baselines.folder import Folder
from perf_baselines.record import Record, summarise
from perf_baselines.record_codec import MAX_RECORD_BYTES, dump_record, load_record
from perf_documents.codec import dump_run, load_run
from perf_documents.errors import DocumentError, PerfError, StoreError, UsageError
from perf_documents.events import Notice
from perf_documents.files import read_bounded, write_atomic, write_new
from perf_documents.strict_json import MAX_JSON_BYTES, content_hash, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from perf_baselines.index import RunIndex
    from perf_documents.run import Run

NEEDED_BYTES = 8 * 1024 * 1024
# Up to so many records are read one by one: faster than to import a database library.
DIRECT = 200
_RUN_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_SUFFIX = ".json"
_BATCH = 2000

Records = list[Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What became of a run that was stored.

    Attributes
    ----------
    path : Path
        The full run document.
    equal : bool
        Both files, read back, hold the bytes that were to be written (V12).
    new : bool
        False where the same run was there before.
    """

    run_id: str
    path: Path
    equal: bool
    new: bool


def open_history(where: str, base: Path, notify: Callable[[Notice], None] | None = None) -> History:
    """History at a folder, which is relative to `base`, or at a URL."""
    if where.lower().startswith("postgresql"):
        # the URL may hold a password: it is not repeated
        raise UsageError("PostgreSQL history is not part of this release yet; name a folder")
    if "://" in where:
        raise UsageError("history: is a URL of an unknown kind; name a folder")
    return History(base / where, notify)


class History:
    """All stored runs below one folder."""

    def __init__(self, root: Path, notify: Callable[[Notice], None] | None = None) -> None:
        self._folder = Folder(root)
        self._notify = notify or _ignore

    def open_for_writing(self, needed_bytes: int = NEEDED_BYTES) -> None:
        """Make sure, before any load, that a run can be stored afterwards."""
        self._folder.check()
        try:
            self._folder.create()
            self._folder.probe(needed_bytes)
        except StoreError as error:
            raise StoreError(
                f"{self._folder.root}: the history is read-only or full, before load: {error}"
            ) from error

    def store(self, run: Run) -> Stored:
        """Store a run once and for all; again, it is a no-op."""
        document = dump_run(run)
        _check_readable(document, run)
        record = dump_record(summarise(run, document))
        self._folder.check()
        self._folder.create()
        with self._folder.locked():
            new = self._write(run, document, record)
        return Stored(
            run_id=run.run_id,
            path=self._folder.document(run.run_id),
            equal=self._is_kept(run, document, record, new=new),
            new=new,
        )

    def load(self, run_id: str) -> Run:
        """Return the run of an id, of the beginning of one, or of `latest`, checked."""
        record = self.record(run_id)
        path = self._folder.document(record.run_id)
        if not path.exists():
            raise DocumentError(f"{path}: the full document is no longer kept, only its record")
        try:
            data = unpack(read_bounded(path, MAX_JSON_BYTES))
            if content_hash(data) != record.document_sha256:
                raise DocumentError("is not the document that its record was made of")  # noqa: TRY301  # one place names the file
            return load_run(data, str(path))
        except DocumentError as error:
            raise _located(path, error) from error

    def record(self, run_id: str) -> Record:
        """Return the record of a run."""
        return self._read(self.resolve(run_id))[0]

    def resolve(self, spec: str) -> str:
        """Return the run id that `latest`, an id or the beginning of one means."""
        known = self._ids()
        if not known:
            raise UsageError(
                f"{self._folder.root}: no run is stored here yet; "
                "next: perf run --profile smoke --target demo"
            )
        return find_run(spec, known)

    def list(
        self, limit: int, profile: str | None = None, environment: str | None = None
    ) -> Records:
        """Records of the newest runs, the newest first; unreadable ones are named in a notice."""
        known = self._ids()
        is_filtered = profile is not None or environment is not None
        records = None
        if (len(known) if is_filtered else min(limit, len(known))) > DIRECT:
            records = self._list_by_index(known, limit, profile, environment)
        return (
            self._list_directly(known, limit, profile, environment) if records is None else records
        )

    def stamps(self) -> dict[str, str]:
        """Ids of the stored runs, each with what changes if its record does."""
        stamps = self._folder.stamps()
        return {run_id: stamps[run_id] for run_id in self._ids() if run_id in stamps}

    def records(self, run_ids: Iterable[str]) -> Iterator[Record]:
        """Records by id; unreadable ones are named in a notice and left out."""
        for run_id in run_ids:
            read = self._try_read(run_id)
            if read is not None:
                yield read[0]

    def documents(self) -> set[str]:
        """Ids of the runs whose full document is still kept."""
        return self._folder.documents()

    def _ids(self) -> set[str]:
        """Ids of the stored runs, by the names of their files alone."""
        self._folder.check()
        try:
            names = [path.name for path in self._folder.records.iterdir()]
        except FileNotFoundError:
            return set()
        except OSError as error:
            raise StoreError(f"{self._folder.records}: cannot be read: {error.strerror}") from error
        ids = {name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)}
        return {run_id for run_id in ids if _RUN_ID.fullmatch(run_id)}

    def _read(self, run_id: str) -> tuple[Record, str]:
        """Record of a stored run, and its text."""
        path = self._folder.record(run_id)
        data = read_bounded(path, MAX_RECORD_BYTES)
        try:
            record = load_record(data)
        except DocumentError as error:
            raise _located(path, error) from error
        if record.run_id != run_id:
            raise DocumentError(f"{path}: is the record of another run, {record.run_id}")
        return record, data.decode()

    def _write(self, run: Run, document: bytes, record: bytes) -> bool:
        """Write both files unless the run is stored; whether it is new. The record comes last."""
        stored = run.run_id in self._ids()
        if stored and not self._is_same(run, document):
            raise DocumentError(
                f"run {run.run_id}: refused: another run of this id is stored already"
            )
        path = self._folder.document(run.run_id)
        if not stored or not path.exists():
            # without a record, a document is the left-over of a writer that was killed
            write_atomic(path, pack(document))
        return write_new(self._folder.record(run.run_id), record)

    def _is_same(self, run: Run, document: bytes) -> bool:
        record = self._read(run.run_id)[0]
        if record.document_sha256 == content_hash(document):
            return True
        # an older version may have written equal content in other bytes
        return self._folder.document(run.run_id).exists() and self.load(run.run_id) == run

    def _is_kept(self, run: Run, document: bytes, record: bytes, *, new: bool) -> bool:
        """Whether the files, opened anew, hold what they should."""
        path = self._folder.document(run.run_id)
        try:
            kept = unpack(read_bounded(path, MAX_JSON_BYTES))
            if not new:
                return self._is_same(run, document) and self.load(run.run_id) == run
            noted = read_bounded(self._folder.record(run.run_id), MAX_RECORD_BYTES)
        except PerfError:
            return False
        return content_hash(kept) == content_hash(document) and noted == record

    def _list_directly(
        self, known: set[str], limit: int, profile: str | None, environment: str | None
    ) -> Records:
        records: Records = []
        for run_id in sorted(known, reverse=True):
            if len(records) >= limit:
                break
            record, _ = self._try_read(run_id) or (None, "")
            if record is not None and _fits(record, profile, environment):
                records.append(record)
        return records

    def _list_by_index(
        self, known: set[str], limit: int, profile: str | None, environment: str | None
    ) -> Records | None:
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
                self._warn(f"{self._folder.index}: not used: {error}; records are read one by one")
                return None
            except (index.IndexDamagedError, DocumentError):
                with self._folder.locked():
                    kept = index.set_aside(self._folder.index)
                self._warn(f"{self._folder.index}: was damaged; kept as {kept.name} and rebuilt")
        return None

    def _refresh(self, runs: RunIndex, known: set[str]) -> None:
        if runs.on_network:
            self._warn(f"{self._folder.root}: lies on a network file system; its index is slower")
        indexed = runs.run_ids()
        missing = sorted(known - indexed)
        for start in range(0, len(missing), _BATCH):
            batch = missing[start : start + _BATCH]
            runs.change([read for run_id in batch if (read := self._try_read(run_id))], [])
        if indexed - known:
            runs.change([], indexed - known)

    def _try_read(self, run_id: str) -> tuple[Record, str] | None:
        try:
            return self._read(run_id)
        except PerfError as error:
            self._warn(f"left out: {error}")
            return None

    def _warn(self, text: str) -> None:
        self._notify(Notice(text=text, warning=True))


def _ignore(_notice: Notice) -> None:
    pass


def _check_readable(document: bytes, run: Run) -> None:
    """Refuse to store what could not be read again."""
    try:
        readable = load_run(document) == run
    except DocumentError as error:
        raise StoreError(f"run {run.run_id}: cannot be stored: {error}") from error
    if not readable:
        raise StoreError(f"run {run.run_id}: cannot be stored: it would be read back changed")


def _located(path: Path, error: DocumentError) -> DocumentError:
    lines = str(error).removeprefix(f"{path}: ").splitlines()
    return DocumentError("\n".join(f"{path}: {line}" for line in lines))


def _fits(record: Record, profile: str | None, environment: str | None) -> bool:
    return profile in {None, record.profile} and environment in {None, record.environment}
