"""`flask db …`: the schema, by Alembic's migrations."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from handlers.commands.context import CommandContext

_MIGRATIONS = Path(__file__).parents[2] / "migrations"
_LOCK = 590_215_011  # any number, the same on every host


@click.group("db")
def group() -> None:
    """Create and upgrade the tables."""


@group.command("upgrade")
@click.pass_obj
def upgrade_command(context: CommandContext) -> None:
    """Bring the schema to the newest version."""
    upgrade(context.database.engine)
    click.echo("数据库结构已是最新。")


def upgrade(engine: Engine, to: str = "head") -> None:
    """Run the missing migrations; of several hosts that start at once, one does."""
    # Imported here: the processes that only serve have no use for it.
    from alembic import command
    from alembic.config import Config

    _reach(engine)
    with _tables_may_move(engine) as connection, connection.begin(), _alone(connection):
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, to)
        _refuse_orphans(connection)


def _reach(engine: Engine) -> None:
    try:
        engine.connect().close()
    except OperationalError as error:
        reason = str(error.orig).splitlines()[0]
        raise click.ClickException(f"数据库没有回答：{reason}") from None
    except OSError as error:
        raise click.ClickException(f"数据库文件的目录不可用：{error.strerror}") from None


@contextmanager
def _tables_may_move(engine: Engine) -> Iterator[Connection]:
    """A connection on which SQLite lets a table be made anew that others refer to.

    There a table cannot be altered beyond new columns: it is copied, dropped and renamed, and a
    drop deletes the rows first. The switch does nothing once a transaction has begun.
    """
    with engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            yield connection
            return
        driver = connection.connection.dbapi_connection
        assert driver is not None
        driver.cursor().execute("PRAGMA foreign_keys=OFF")
        try:
            yield connection
        finally:
            driver.cursor().execute("PRAGMA foreign_keys=ON")


def _refuse_orphans(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        orphans = connection.execute(text("PRAGMA foreign_key_check")).first()
        assert orphans is None, f"rows that refer to nothing: {orphans}"


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    # SQLite needs nothing: its transaction began with the write lock.
    if connection.dialect.name == "postgresql":
        # A migration may take long, and so may waiting for another host's.
        connection.execute(text("SET LOCAL lock_timeout = '10min'"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        yield
    elif connection.dialect.name in {"mysql", "mariadb"}:
        if connection.scalar(text("SELECT GET_LOCK(:lock, 600)"), {"lock": str(_LOCK)}) != 1:
            raise click.ClickException("另一台主机正在升级数据库，请稍后再试")
        try:
            yield
        finally:
            connection.execute(text("SELECT RELEASE_LOCK(:lock)"), {"lock": str(_LOCK)})
    else:
        yield


COMMANDS = (group,)
