"""Alembic's entry: all steps in the one transaction of the connection it is given."""

from alembic import context

from perf_baselines.postgres_schema import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    transaction_per_migration=False,
)
context.run_migrations()
