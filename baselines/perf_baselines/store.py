"""What a history asks of the place it lies in: a folder or a database."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from perf_baselines.record_codec import load_record
from perf_documents.errors import DocumentError, PerfError
from perf_documents.events import Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from perf_baselines.record import Record

RECORD, DOCUMENT = "record", "document"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is stored of one run.

    Attributes
    ----------
    text : bytes
        Of the record.
    document : bytes or None
        The full document, compressed; None where only its record is known.
    """

    record: Record
    text: bytes
    document: bytes | None


class Store(ABC):
    """Records by run id, each with its full document as long as that is kept.

    What was added is durable when `add` returns, and never changes; only `remove` takes it away.
    """

    def __init__(self, place: str, notify: Callable[[Notice], None] | None = None) -> None:
        self.place = place
        self._notify = notify or _ignore

    @abstractmethod
    def state(self) -> str:
        """Form of the place in words, without a write; `StoreError` if it takes no runs."""

    @abstractmethod
    def open_for_writing(self, needed_bytes: int) -> None:
        """Make sure that a run can be stored; `StoreError` if not."""

    @abstractmethod
    def ids(self) -> set[str]:
        """Ids of all stored runs."""

    @abstractmethod
    def documented(self) -> set[str]:
        """Ids of those whose full document is kept."""

    @abstractmethod
    def text(self, run_id: str) -> bytes:
        """Bytes of a record; `DocumentError` if there is none."""

    @abstractmethod
    def document(self, run_id: str) -> bytes | None:
        """Compressed document of a run; None where it is not kept."""

    @abstractmethod
    def name(self, run_id: str, part: str) -> str:
        """Where a record or document lies, in words for errors."""

    @abstractmethod
    def add(self, entry: Entry) -> bool:
        """Store a run unless there is one of its id; whether it is new."""

    @abstractmethod
    def add_texts(self, entries: Collection[Entry]) -> int:
        """Store many records, without documents, at once; how many are new."""

    @abstractmethod
    def restore(self, run_id: str, document: bytes) -> None:
        """Store the document of a run that had only its record."""

    @abstractmethod
    def newest(self, limit: int, profile: str | None, environment: str | None) -> list[Record]:
        """Records of the newest runs, the newest first; unreadable ones are named in a notice."""

    @abstractmethod
    def remove(self, run_ids: Collection[str], *, documents_only: bool) -> None:
        """Remove runs, or only their documents."""

    def stamps(self) -> dict[str, str]:
        """Ids of the stored runs, each with what changes if its record does: by default nothing."""
        return dict.fromkeys(self.ids(), "")

    def records(self, run_ids: Collection[str]) -> Iterator[Record]:
        """Records by id; unreadable ones are named in a notice and left out."""
        for run_id in run_ids:
            record = self.tried(partial(self.record, run_id))
            if record is not None:
                yield record

    def record(self, run_id: str) -> Record:
        """Record of a run, checked."""
        return self.checked(run_id, self.text(run_id))

    def checked(self, run_id: str, text: bytes) -> Record:
        """Record in a text that was found under an id."""
        return checked(self.name(run_id, RECORD), run_id, text)

    def warn(self, text: str) -> None:
        """Say what does not stop the work."""
        self._notify(Notice(text=text, warning=True))

    def tried(self, read: Callable[[], Record]) -> Record | None:
        """Record that can be read; None, and a notice, where it cannot."""
        try:
            return read()
        except PerfError as error:
            self.warn(f"left out: {error}")
            return None


def checked(name: str, run_id: str, text: bytes) -> Record:
    """Record in a text that was found under an id; `name` says where, in errors."""
    try:
        record = load_record(text)
    except DocumentError as error:
        raise located(name, error) from error
    if record.run_id != run_id:
        raise DocumentError(f"{name}: is the record of another run, {record.run_id}")
    return record


def located(name: str, error: PerfError) -> DocumentError:
    """Error with the place before each of its lines."""
    lines = str(error).removeprefix(f"{name}: ").splitlines()
    return DocumentError("\n".join(f"{name}: {line}" for line in lines))


def _ignore(_notice: Notice) -> None:
    pass
