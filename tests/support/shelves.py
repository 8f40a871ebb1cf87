"""The two places a history lies in, for tests that hold for both: looked into behind its back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from perf_baselines.history import History, open_history

if TYPE_CHECKING:
    from perf_documents.events import Notice
    from real_postgres import Server


# a command's arguments; its code, stdout and stderr
Call = Callable[..., tuple[int, str, str]]


class Shelf(ABC):
    """Where a history lies."""

    where: str

    def open(self, notify: Callable[[Notice], None] | None = None) -> History:
        """Open the history as perf.yaml's `history:` does."""
        return open_history(self.where, Path("/"), notify)

    @abstractmethod
    def text(self, run_id: str) -> bytes:
        """Bytes of a record."""

    @abstractmethod
    def document(self, run_id: str) -> bytes:
        """Bytes of a document."""

    @abstractmethod
    def put_text(self, run_id: str, text: bytes) -> None:
        """Set the bytes of a record."""

    @abstractmethod
    def put_document(self, run_id: str, document: bytes | None) -> None:
        """Set the bytes of a document, or remove it."""

    @abstractmethod
    def content(self) -> object:
        """Everything that is stored; equal before and after a no-op."""


@dataclass(slots=True)
class FolderShelf(Shelf):
    """A folder."""

    root: Path

    @property
    def where(self) -> str:  # type: ignore[override]  # read only
        """Its path."""
        return str(self.root)

    def text(self, run_id: str) -> bytes:
        return (self.root / "records" / f"{run_id}.json").read_bytes()

    def document(self, run_id: str) -> bytes:
        return (self.root / "runs" / f"{run_id}.json.gz").read_bytes()

    def put_text(self, run_id: str, text: bytes) -> None:
        (self.root / "records" / f"{run_id}.json").write_bytes(text)

    def put_document(self, run_id: str, document: bytes | None) -> None:
        path = self.root / "runs" / f"{run_id}.json.gz"
        if document is None:
            path.unlink()
        else:
            path.write_bytes(document)

    def content(self) -> object:
        return {path: path.stat() for path in self.root.rglob("*.json*")}


@dataclass(slots=True)
class PostgresShelf(Shelf):
    """A database of its own on the tests' server."""

    server: Server
    name: str

    @property
    def where(self) -> str:  # type: ignore[override]  # read only
        """Its URL."""
        return self.server.url(self.name)

    def text(self, run_id: str) -> bytes:
        return self._column("record", run_id)

    def document(self, run_id: str) -> bytes:
        return self._column("document", run_id)

    def put_text(self, run_id: str, text: bytes) -> None:
        row = f"'{run_id}', 'sustained', 'demo', '\\x{text.hex()}'"
        new = "ON CONFLICT (run_id) DO UPDATE SET record = EXCLUDED.record"
        self.server.execute(self.name, f"INSERT INTO perfproof_runs VALUES ({row}) {new}")  # noqa: S608  # a test's texts

    def put_document(self, run_id: str, document: bytes | None) -> None:
        value = "NULL" if document is None else f"'\\x{document.hex()}'"
        where = f"WHERE run_id = '{run_id}'"
        self.server.execute(self.name, f"UPDATE perfproof_runs SET document = {value} {where}")  # noqa: S608  # a test's texts

    def content(self) -> object:
        exists = self.server.execute(self.name, "SELECT to_regclass('perfproof_runs')")
        query = "SELECT *, xmin FROM perfproof_runs ORDER BY run_id"
        return self.server.execute(self.name, query) if exists != [(None,)] else []

    def _column(self, column: str, run_id: str) -> bytes:
        query = f"SELECT {column} FROM perfproof_runs WHERE run_id = '{run_id}'"  # noqa: S608  # a test's texts
        [(value,)] = self.server.execute(self.name, query)
        assert isinstance(value, bytes)
        return value
