"""One head, and a schema that equals the tables, on each kind of database."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, inspect

from handlers.commands.schema import upgrade
from kernel.db import Base
from tests.databases import KINDS, make_database
from tests.world import ROOT


def test_there_is_one_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_migrated_schema_equals_the_tables(kind: str, worker: str, tmp_path: Path) -> None:
    with make_database(kind, f"{worker}_schema", tmp_path) as database:
        upgrade(database.engine)  # a second time changes nothing
        with database.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, Base.metadata) == []
            assert checks_of(connection) == {
                str(check.name)
                for table in Base.metadata.tables.values()
                for check in table.constraints
                if isinstance(check, CheckConstraint)
            }


def checks_of(connection: Connection) -> set[str]:
    """The names of our check constraints, which the comparison passes over."""
    found = inspect(connection)
    return {
        name
        for table in Base.metadata.tables
        for check in found.get_check_constraints(table)
        if (name := str(check["name"])).startswith("ck_")
    }
