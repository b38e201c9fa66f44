"""What Alembic runs around the steps.  The connection and its transaction come from mft.store.schema."""

from alembic import context

from mft.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",  # SQLite alters a table by making it anew.
)
context.run_migrations()
