"""Alembic's way in: the connection and its transaction come from `flask db upgrade`."""

from alembic import context
from sqlalchemy import Connection

import app  # noqa: F401 - importing it makes every table known
from kernel.db import Base


def run(connection: Connection) -> None:
    """Run the migrations on a connection whose transaction the caller has opened."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
    )
    context.run_migrations()


run(context.config.attributes["connection"])
