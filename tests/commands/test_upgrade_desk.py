"""Phrases, taps and products from before the marketer's desk was finished keep what they had."""

from datetime import date
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, MetaData, select

from content import service_phrases
from handlers.commands.schema import upgrade
from kernel.db import Database
from kernel.engine import make_engine
from menus import versions
from menus.clicks import MenuClick
from menus.targets import click
from menus.tree import Hall, Menu
from products import catalogue
from tests import databases
from tests.commands.test_upgrade import OPENERS
from tests.world import NOON, ROOT

PRODUCT = {
    "family": "f", "name": "宽带", "speed": "1M", "price_fen": 100, "period": "月", "summary": "s",
    "terms": "t", "active": True, "version": 1,
}  # fmt: skip


def fill(engine: Engine) -> None:
    """Rows of the release before."""
    menu = Menu((Hall("一", target=click("prices")),))
    Database(engine).transaction(lambda db: versions.add(db, menu, "", NOON, "http://hall.test"))
    old = MetaData()
    old.reflect(engine, only=["service_phrase", "menu_click", "product"])
    with engine.begin() as connection:
        for title in ("一", "二"):
            row = {"group_name": "组", "title": title, "text": "您好", "position": 1,
                   "active": True, "changed_at": NOON}  # fmt: skip
            connection.execute(old.tables["service_phrase"].insert(), row)
        tap = {"day": date(2026, 11, 20), "version_id": 1, "target": "prices", "count": 7}
        connection.execute(old.tables["menu_click"].insert(), tap)
        for code in ("z", "a"):
            connection.execute(old.tables["product"].insert(), {**PRODUCT, "code": code})


def downgrade(engine: Engine, to: str) -> None:
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(ROOT / "migrations"))
        config.attributes["connection"] = connection
        command.downgrade(config, to)


@pytest.mark.parametrize("kind", databases.KINDS)
def test_old_rows_go_on(kind: str, worker: str, tmp_path: Path) -> None:
    with OPENERS[kind](f"{databases.database_name(worker)}_desk", tmp_path) as url:
        engine = make_engine(url)
        upgrade(engine, "0008")
        fill(engine)
        upgrade(engine)
        database = Database(engine)
        phrases = database.read(service_phrases.every)
        assert [(one.title, one.version) for one in phrases] == [("一", 1), ("二", 1)]
        assert len({one.code for one in phrases}) == 2
        (tap,) = database.read(lambda db: db.scalars(select(MenuClick)).all())
        assert (tap.version_id, tap.variant, tap.target, tap.count) == (1, 0, "prices", 7)
        assert [one.code for one in database.read(catalogue.every)] == ["z", "a"]
        engine.dispose()


@pytest.mark.parametrize("kind", databases.KINDS)
def test_the_desk_alone_can_be_taken_back(kind: str, worker: str, tmp_path: Path) -> None:
    with OPENERS[kind](f"{databases.database_name(worker)}_back", tmp_path) as url:
        engine = make_engine(url)
        upgrade(engine, "0008")
        fill(engine)
        upgrade(engine, "0009")
        downgrade(engine, "0008")
        upgrade(engine, "0009")
        assert len(Database(engine).read(service_phrases.every)) == 2
        engine.dispose()
