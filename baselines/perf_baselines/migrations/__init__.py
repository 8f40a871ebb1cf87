"""Steps from each form of the PostgreSQL history to the next; Alembic runs them."""
