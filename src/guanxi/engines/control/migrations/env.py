"""Alembic's entry: runs the migrations on the connection that `database.upgrade` hands over."""

from alembic import context

from guanxi.engines.control.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    transactional_ddl=False,  # the caller holds the transaction, on both databases
)
context.run_migrations()
