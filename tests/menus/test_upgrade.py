"""A hall that published menus before versions had authors keeps what is live."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import JSON, column, table

from handlers.commands.schema import upgrade
from kernel.db import Database, UtcDateTime
from kernel.engine import make_engine
from menus import live, publications, versions
from menus.targets import click
from menus.tree import Entry, Hall, Menu
from tests import databases
from tests.commands.test_upgrade import OPENERS

THEN = datetime(2026, 11, 1, 4, tzinfo=UTC)
OLD = [{"name": "业务", "entries": [{"name": "资费", "key": "prices", "page": None}]}]


RICHEST: tuple[list[int | None], list[str]] = (
    [1, 2, None],
    ["superseded", "published", "draft"],
)


@pytest.mark.parametrize(
    ("kind", "published", "states"),
    [
        # What is decided is Python's; the servers show that their SQL carries it out.
        *((kind, *RICHEST) for kind in databases.KINDS),
        ("sqlite", [], []),
        ("sqlite", [None], ["approved"]),
        ("sqlite", [None, None], ["draft", "approved"]),
        ("sqlite", [2, 1], ["published", "superseded"]),
    ],
)
def test_old_versions_are_carried_over(
    kind: str, published: list[int | None], states: list[str], worker: str, tmp_path: Path
) -> None:
    with OPENERS[kind](databases.database_name(f"{worker}_menus"), tmp_path) as url:
        database = Database(make_engine(url))
        try:
            upgrade(database.engine, "0004")
            put(database, published)
            upgrade(database.engine)
            check(database, published, states)
        finally:
            database.engine.dispose()


def put(database: Database, published: list[int | None]) -> None:
    instants = [column(name, UtcDateTime) for name in ("created_at", "published_at")]
    rows = table("menu_version", column("tree", JSON), column("note"), *instants)
    with database.engine.begin() as connection:
        for day in published:
            at = None if day is None else THEN.replace(day=day)
            row = {"tree": OLD, "note": "旧", "created_at": THEN, "published_at": at}
            connection.execute(rows.insert(), row)


def check(database: Database, published: list[int | None], states: list[str]) -> None:
    found = database.read(versions.every)[::-1]
    assert [one.state for one in found] == states
    for one in found:
        assert versions.menu_of(one) == Menu((Hall("业务", (Entry("资费", click("prices")),)),))
        assert (one.revision, one.editors, one.edited_at) == (1, [], THEN)
    shown = database.read(live.version)
    log = database.read(publications.latest)
    if not any(published):
        assert (shown, log) == (None, [])
        return
    assert shown is not None
    assert shown.state == "published"
    assert [(one.version_id, one.state) for one in log] == [(shown.id, "done")]
    assert log[0].settled_at == shown.published_at
