"""Alembic's way in: the connection and its transaction come from `flask db upgrade`."""

import importlib
import pkgutil

from alembic import context
from sqlalchemy import Connection

from kernel.db import Base

# Every table must be known here, whether or not anything that serves uses it.
for _package in (
    "kernel",
    "bot",
    "loyalty",
    "content",
    "products",
    "promotions",
    "pushes",
    "menus",
):
    for _found in pkgutil.iter_modules(importlib.import_module(_package).__path__):
        importlib.import_module(f"{_package}.{_found.name}")


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
