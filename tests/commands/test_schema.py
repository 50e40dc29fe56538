"""`flask db upgrade`: as often and from as many hosts as anybody likes."""

import multiprocessing
import os
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from handlers.commands.schema import upgrade
from kernel.db import Base
from kernel.engine import make_engine
from tests import databases
from tests.world import Hall

OPENERS = {"postgresql": databases._postgresql, "mariadb": databases._mariadb}


def test_a_second_upgrade_changes_nothing(hall_everywhere: Hall) -> None:
    hall = hall_everywhere
    for _ in range(2):
        result = hall.app.test_cli_runner().invoke(args=["db", "upgrade"])
        assert result.exit_code == 0, result.output
        assert result.output == "数据库结构已是最新。\n"


def upgrade_alone(url: str) -> None:
    """One host's part, in a process of its own."""
    engine = make_engine(url)
    upgrade(engine)
    engine.dispose()
    os._exit(0)  # without the tests' own endings


@pytest.mark.race
@pytest.mark.parametrize("kind", list(OPENERS))
def test_eight_hosts_that_start_at_once_all_succeed(
    kind: str, worker: str, tmp_path: Path
) -> None:
    opened: AbstractContextManager[str] = OPENERS[kind](
        f"{databases.database_name(worker)}_race", tmp_path
    )
    with opened as url:
        fork = multiprocessing.get_context("fork")
        hosts = [fork.Process(target=upgrade_alone, args=(url,)) for _ in range(8)]
        for host in hosts:
            host.start()
        for host in hosts:
            host.join(60)
        assert [host.exitcode for host in hosts] == [0] * 8
        engine = make_engine(url)
        with engine.connect() as connection:
            assert set(Base.metadata.tables) <= set(inspect(connection).get_table_names())
            versions = connection.execute(text("SELECT version_num FROM alembic_version"))
            assert len(versions.all()) == 1
        engine.dispose()
