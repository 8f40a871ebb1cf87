"""Lists of one profile without reading all of the others."""

from alembic import op

revision = "002"
down_revision = "001"


def upgrade() -> None:
    """Make the index."""
    columns = ["profile", "environment", "run_id"]
    op.create_index("perfproof_runs_by_profile", "perfproof_runs", columns)
