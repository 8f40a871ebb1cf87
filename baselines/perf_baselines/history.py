"""All stored runs: immutable records with the full documents beside them, wherever they lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perf_baselines.finding import find_run
from perf_baselines.folder_store import FolderStore
from perf_baselines.record import Record, summarise
from perf_baselines.record_codec import dump_record, load_record
from perf_baselines.store import DOCUMENT, Entry, located
from perf_documents.codec import dump_run, load_run
from perf_documents.errors import DocumentError, PerfError, StoreError, UsageError
from perf_documents.strict_json import content_hash, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from perf_baselines.store import Store
    from perf_documents.events import Notice
    from perf_documents.run import Run

NEEDED_BYTES = 8 * 1024 * 1024
_POSTGRES = ("postgresql", "postgres:")

Records = list[Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What became of a run that was stored.

    Attributes
    ----------
    equal : bool
        Record and document, read back, hold the bytes that were to be written (V12).
    new : bool
        False where the same run was there before.
    """

    run_id: str
    equal: bool
    new: bool


def open_history(where: str, base: Path, notify: Callable[[Notice], None] | None = None) -> History:
    """History at a folder, which is relative to `base`, or at a URL."""
    if where.lower().startswith(_POSTGRES):
        # sqlalchemy takes half a second to import: only where it is needed
        from perf_baselines.postgres_store import PostgresStore  # noqa: PLC0415

        return History(PostgresStore(where, notify))
    if "://" in where:
        # the URL may hold a password: it is not repeated
        raise UsageError(
            "history: is a URL of an unknown kind; expected a folder or postgresql+psycopg://..."
        )
    return History(base / where, notify)


class History:
    """All stored runs of one folder or database."""

    def __init__(self, place: Path | Store, notify: Callable[[Notice], None] | None = None) -> None:
        self._store = FolderStore(place, notify) if isinstance(place, Path) else place

    @property
    def place(self) -> str:
        """Where it lies, without secrets."""
        return self._store.place

    def state(self) -> str:
        """Its form, and whether runs can be stored in it; nothing is written.

        Raises
        ------
        UsageError
            If a newer version made it.
        StoreError
            If it cannot be reached, or no run could be stored.
        """
        return self._store.state()

    def open_for_writing(self, needed_bytes: int = NEEDED_BYTES) -> None:
        """Make sure, before any load, that a run can be stored afterwards."""
        self._store.open_for_writing(needed_bytes)

    def store(self, run: Run) -> Stored:
        """Store a run once and for all; again, it is a no-op."""
        document = dump_run(run)
        _check_readable(document, run)
        return self._store_as(run, document)

    def store_document(self, document: bytes, source: str) -> Stored:
        """Store the run of a document as it stands, byte for byte; `source` names it in errors."""
        try:
            run = load_run(document, source)
            # windows are read when they are asked for
            _check_readable(dump_run(run), run)
        except (DocumentError, StoreError) as error:
            raise located(source, error) from error
        return self._store_as(run, document)

    def _store_as(self, run: Run, document: bytes) -> Stored:
        record = summarise(run, document)
        entry = Entry(record, dump_record(record), pack(document))
        new = self._store.add(entry)
        if not new:
            self._check_same(run, entry)
        equal = self._is_kept(document, entry) if new else self._is_same(run)
        return Stored(run_id=run.run_id, equal=equal, new=new)

    def store_text(self, text: bytes, document: bytes | None = None) -> bool:
        """Store what another history holds of a run, byte for byte; whether anything was missing.

        Parameters
        ----------
        text : bytes
            Of the record.
        document : bytes, optional
            Compressed.
        """
        record = load_record(text)
        run_id = record.run_id
        if document is not None and content_hash(unpack(document)) != record.document_sha256:
            raise DocumentError(f"run {run_id}: is not the document that its record was made of")
        if self._store.add(Entry(record, text, document)):
            return True
        if self._store.record(run_id).document_sha256 != record.document_sha256:
            raise _other_run(run_id)
        lacks = document is not None and self._store.document(run_id) is None
        if document is not None and lacks:
            self._store.restore(run_id, document)
        return lacks

    def store_records(self, entries: Collection[Entry]) -> int:
        """Store many records, none of which is stored, without documents; how many were new."""
        return self._store.add_texts(entries)

    def load(self, run_id: str) -> Run:
        """Return the run of an id, of the beginning of one, or of `latest`, checked."""
        record = self.record(run_id)
        data = self._store.document(record.run_id)
        name = self._store.name(record.run_id, DOCUMENT)
        if data is None:
            raise DocumentError(
                f"{name}: the full document is not kept here, only its record; "
                "next: perf history list --json"
            )
        try:
            content = unpack(data)
            if content_hash(content) != record.document_sha256:
                raise DocumentError("is not the document that its record was made of")  # noqa: TRY301  # one place names the file
            return load_run(content, name)
        except DocumentError as error:
            raise located(name, error) from error

    def record(self, run_id: str) -> Record:
        """Return the record of a run."""
        return self._store.record(self.resolve(run_id))

    def texts(self, run_id: str) -> tuple[bytes, bytes | None]:
        """Bytes of a stored run's record, checked, and of its compressed document."""
        text = self._store.text(run_id)
        self._store.checked(run_id, text)
        return text, self._store.document(run_id)

    def ids(self) -> set[str]:
        """Ids of all stored runs."""
        return self._store.ids()

    def documented(self) -> set[str]:
        """Ids of those whose full document is kept."""
        return self._store.documented()

    def resolve(self, spec: str) -> str:
        """Return the run id that `latest`, an id or the beginning of one means."""
        known = self.ids()
        if not known:
            raise UsageError(
                f"{self.place}: no run is stored here yet; "
                "next: perf run --profile smoke --target demo"
            )
        return find_run(spec, known)

    def list(
        self, limit: int, profile: str | None = None, environment: str | None = None
    ) -> Records:
        """Records of the newest runs, the newest first; unreadable ones are named in a notice."""
        return self._store.newest(limit, profile, environment)

    def remove(self, run_ids: Collection[str], *, documents_only: bool = False) -> None:
        """Remove stored runs, or only their documents."""
        self._store.remove(run_ids, documents_only=documents_only)

    def stamps(self) -> dict[str, str]:
        """Ids of the stored runs, each with what changes if its record does."""
        return self._store.stamps()

    def records(self, run_ids: Collection[str]) -> Iterator[Record]:
        """Records by id; unreadable ones are named in a notice and left out."""
        return self._store.records(run_ids)

    def _check_same(self, run: Run, entry: Entry) -> None:
        """Refuse another run of a stored id; give the same one its document back."""
        is_kept = self._store.document(run.run_id) is not None
        if self._store.record(run.run_id).document_sha256 == entry.record.document_sha256:
            if not is_kept and entry.document is not None:
                self._store.restore(run.run_id, entry.document)
        # an older version may have written equal content in other bytes
        elif not is_kept or self.load(run.run_id) != run:
            raise _other_run(run.run_id)

    def _is_same(self, run: Run) -> bool:
        """Whether what is stored, opened anew, is the run."""
        try:
            return self.load(run.run_id) == run
        except PerfError:
            return False

    def _is_kept(self, document: bytes, entry: Entry) -> bool:
        """Whether what is stored, opened anew, holds the bytes that it should."""
        run_id = entry.record.run_id
        try:
            kept, noted = self._store.document(run_id), self._store.text(run_id)
            return kept is not None and unpack(kept) == document and noted == entry.text
        except PerfError:
            return False


def _other_run(run_id: str) -> DocumentError:
    return DocumentError(f"run {run_id}: refused: another run of this id is stored already")


def _check_readable(document: bytes, run: Run) -> None:
    """Refuse to store what could not be read again."""
    try:
        readable = load_run(document) == run
    except DocumentError as error:
        raise StoreError(f"run {run.run_id}: cannot be stored: {error}") from error
    if not readable:
        raise StoreError(f"run {run.run_id}: cannot be stored: it would be read back changed")
