"""One row a run: its record and its full document, both as the bytes that a folder would hold."""

import sqlalchemy as sa
from alembic import op

revision = "001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "perfproof_runs",
        # "C": ids are in the order of their bytes, as file names are
        sa.Column("run_id", sa.Text(collation="C"), primary_key=True),
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("environment", sa.Text, nullable=False),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.Column("document", sa.LargeBinary),
    )
    # it is compressed already
    op.execute("ALTER TABLE perfproof_runs ALTER COLUMN document SET STORAGE EXTERNAL")
