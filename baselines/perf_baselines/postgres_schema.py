"""The form of a history in PostgreSQL: its table, and how an older form becomes this one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Column, LargeBinary, MetaData, Table, Text, text

from perf_documents.errors import UsageError
from perf_documents.redact import visible

if TYPE_CHECKING:
    from sqlalchemy import Connection

# The newest step below migrations/versions, and all before it.
STEPS = ("001", "002")
VERSION_TABLE = "perfproof_version"
RUNS = Table(
    "perfproof_runs",
    MetaData(),
    Column("run_id", Text, primary_key=True),
    Column("profile", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Column("document", LargeBinary),
)
# As long as another process may take for it.
_WAIT_MS = 15_000
# Any number that other programs hardly choose: "PERF" twice.
_LOCK = 0x5045524650455246


def form(connection: Connection) -> str | None:
    """Newest step that the database has seen; None where it holds no history yet.

    Raises
    ------
    UsageError
        If a newer version made it.
    """
    if connection.scalar(text("SELECT to_regclass(:name)"), {"name": VERSION_TABLE}) is None:
        return None
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608  # our own name
    if found is not None and found not in STEPS:
        raise UsageError(
            f"was made by a newer version: schema {visible(found, 20)}; this one knows up to "
            f"{STEPS[-1]}; next: upgrade perfproof"
        )
    return found


def migrate(connection: Connection) -> None:
    """Bring the database to this form, in the connection's transaction; one process at a time."""
    if form(connection) == STEPS[-1]:
        return
    # alembic takes a second to import: only where it is needed, and while nobody waits for us
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    connection.execute(text(f"SET LOCAL lock_timeout = {_WAIT_MS}"))
    connection.execute(text(f"SET LOCAL statement_timeout = {_WAIT_MS}"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if form(connection) == STEPS[-1]:
        return  # the process before this one did it
    folder = str(Path(__file__).parent / "migrations").replace("%", "%%")
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", folder)
    command.upgrade(config, "head")
