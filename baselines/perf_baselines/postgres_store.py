"""A history in PostgreSQL: one row a run, which teams share with its full document."""

from __future__ import annotations

import secrets
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from perf_baselines.postgres import Database
from perf_baselines.postgres_schema import RUNS, STEPS, form, migrate
from perf_baselines.store import DOCUMENT, Store
from perf_documents.errors import DocumentError, StoreError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from sqlalchemy import Connection, Select

    from perf_baselines.record import Record
    from perf_baselines.store import Entry
    from perf_documents.events import Notice

T = TypeVar("T")
# A page at a time is read: no statement takes long, however many runs there are.
PAGE = 500
# More than any history holds.
_ALL = 2**31


class PostgresStore(Store):
    """The runs in one database.

    Parameters
    ----------
    address : str
        URL of the database.
    """

    def __init__(self, address: str, notify: Callable[[Notice], None] | None = None) -> None:
        self._database = Database(address)
        self._is_ready = False
        super().__init__(self._database.place, notify)

    def state(self) -> str:
        """Step of its schema, and whether this user may add rows."""
        found = self._run(form)
        if found is None:
            return "no schema yet: the first run makes it"
        asked = select(func.has_table_privilege(RUNS.name, "INSERT"))
        if not self._run(lambda connection: connection.scalar(asked)):
            raise StoreError(
                f"{self.place}: this user may not add runs; next: GRANT SELECT, INSERT, UPDATE, "
                f"DELETE ON {RUNS.name}"
            )
        newest = STEPS[-1]
        older = "" if found == newest else f"; the next run brings it to {newest}"
        return f"schema {found}{older}"

    def open_for_writing(self, needed_bytes: int) -> None:
        """Make the table where there is none, and try a row, which is taken back."""
        del needed_bytes  # no client can ask how much is free
        # of its own name: a second writer would wait for the first
        row = {
            "run_id": f"~{secrets.token_hex(16)}",
            "profile": "",
            "environment": "",
            "record": b"",
        }

        def probe(connection: Connection) -> None:
            attempt = connection.begin_nested()
            connection.execute(insert(RUNS).values(row))
            attempt.rollback()

        try:
            self._write(probe)
        except StoreError as error:
            raise StoreError(f"the history cannot be written, before load: {error}") from error

    def ids(self) -> set[str]:
        """Ids of the stored runs."""
        return self._ids(select(RUNS.c.run_id))

    def documented(self) -> set[str]:
        """Ids of those with a document."""
        return self._ids(select(RUNS.c.run_id).where(RUNS.c.document.is_not(None)))

    def text(self, run_id: str) -> bytes:
        """Bytes of a record."""
        query = select(RUNS.c.record).where(RUNS.c.run_id == run_id)
        text = self._read(lambda connection: connection.scalar(query), None)
        if text is None:
            raise DocumentError(f"{self.name(run_id, 'record')}: is not stored")
        return bytes(text)

    def document(self, run_id: str) -> bytes | None:
        """Compressed document; None where it is not kept."""
        query = select(RUNS.c.document).where(RUNS.c.run_id == run_id)
        document = self._read(lambda connection: connection.scalar(query), None)
        return None if document is None else bytes(document)

    def name(self, run_id: str, part: str) -> str:
        """Database and run, in words."""
        return f"{self.place}: {'run' if part == DOCUMENT else 'record of run'} {run_id}"

    def add(self, entry: Entry) -> bool:
        """Insert a row unless there is one."""
        return self._insert([entry]) == 1

    def add_texts(self, entries: Collection[Entry]) -> int:
        """Insert the rows in a few statements."""
        rest = [replace(entry, document=None) for entry in entries]
        pages = [rest[start : start + PAGE] for start in range(0, len(rest), PAGE)]
        return sum(map(self._insert, pages))

    def restore(self, run_id: str, document: bytes) -> None:
        """Set the document of a row."""
        row = update(RUNS).where(RUNS.c.run_id == run_id).values(document=document)
        self._write(lambda connection: connection.execute(row))

    def remove(self, run_ids: Collection[str], *, documents_only: bool) -> None:
        """Remove rows, or empty their documents, all in one transaction."""
        gone = RUNS.c.run_id.in_(sorted(run_ids))
        change = update(RUNS).values(document=None) if documents_only else delete(RUNS)
        self._write(lambda connection: connection.execute(change.where(gone)))

    def newest(self, limit: int, profile: str | None, environment: str | None) -> list[Record]:
        """Records by rows, a page at a time."""
        query = select(RUNS.c.run_id, RUNS.c.record).order_by(RUNS.c.run_id.desc())
        if profile is not None:
            query = query.where(RUNS.c.profile == _key(profile))
        if environment is not None:
            query = query.where(RUNS.c.environment == _key(environment))
        records: list[Record] = []
        before = query
        while page := self._page(before.limit(min(limit - len(records), PAGE))):
            for run_id, text in page:
                record = self.tried(partial(self.checked, run_id, text))
                records += [record] if record else []
            if len(records) == limit:
                break
            before = query.where(RUNS.c.run_id < page[-1][0])
        return records

    def records(self, run_ids: Collection[str]) -> Iterator[Record]:
        """Records by id: many of them by pages of all."""
        if len(run_ids) < PAGE:
            return super().records(run_ids)
        wanted = set(run_ids)
        every = self.newest(_ALL, None, None)
        return (record for record in every if record.run_id in wanted)

    def _insert(self, entries: Sequence[Entry]) -> int:
        rows = [
            {
                "run_id": entry.record.run_id,
                "profile": _key(entry.record.profile),
                "environment": _key(entry.record.environment),
                "record": entry.text,
                "document": entry.document,
            }
            for entry in entries
        ]
        query = insert(RUNS).values(rows).on_conflict_do_nothing().returning(RUNS.c.run_id)
        return len(self._write(lambda connection: connection.scalars(query).all()))

    def _ids(self, query: Select[str]) -> set[str]:
        def read(connection: Connection) -> set[str]:
            return set(connection.scalars(query))

        return self._read(read, set())

    def _page(self, query: Select[str, bytes]) -> list[tuple[str, bytes]]:
        def read(connection: Connection) -> list[tuple[str, bytes]]:
            return [(str(row[0]), bytes(row[1])) for row in connection.execute(query)]

        return self._read(read, [])

    def _read(self, work: Callable[[Connection], T], empty: T) -> T:
        """What is read; `empty` where there is no history yet: reading makes and changes none."""

        def read(connection: Connection) -> T:
            if not self._is_ready:
                found = form(connection)
                if found is None:
                    return empty
                # an older form is read as it is: its tables hold the same
                self._is_ready = found == STEPS[-1]
            return work(connection)

        return self._run(read)

    def _write(self, work: Callable[[Connection], T]) -> T:
        def write(connection: Connection) -> T:
            if not self._is_ready:
                migrate(connection)
            return work(connection)

        result = self._run(write)
        self._is_ready = True
        return result

    def _run(self, work: Callable[[Connection], T]) -> T:
        try:
            return self._database.run(work)
        except UsageError as error:
            raise UsageError(f"{self.place}: {error}") from error


def _key(text: str) -> str:
    """Text that a list is filtered by; PostgreSQL holds no NUL."""
    return text.replace("\0", "\\0")
