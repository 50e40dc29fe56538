"""Every example of docs/loyalty.md does what the page says, and leaves the books in order."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.db import Base, Database
from loyalty.ledger import PointsEntry
from tests.docs import desk
from tests.docs.desk import PAGE, Example
from tests.loyalty.books import breaches
from tests.world import NOON, ROOT

EXAMPLES = desk.examples()
AT_THE_DESK = [one for one in EXAMPLES if not one.alone]
ALONE = [one for one in EXAMPLES if one.alone]


def named(example: Example) -> str:
    return example.name


@pytest.mark.parametrize("example", AT_THE_DESK, ids=named)
def test_an_example_holds(sqlite: Database, example: Example) -> None:
    run(sqlite, example.code, example.name)


def run(database: Database, code: str, name: str) -> None:
    """Run an example in a transaction of its own, then hold the books against every promise."""

    def work(session: Session) -> None:
        exec(compile(code, name, "exec"), desk.prepared(session))
        session.flush()

    database.transaction(work)
    latest = database.read(
        lambda session: session.scalar(select(func.max(PointsEntry.created_at)))
    )
    assert breaches(database, max(NOON, latest or NOON)) == {}


@pytest.mark.parametrize("example", AT_THE_DESK, ids=named)
def test_each_line_of_an_example_can_fail(sqlite: Database, example: Example) -> None:
    turned = desk.turned(example.code)
    assert turned, "an example that asserts nothing shows nothing"
    for wrong in turned:
        with pytest.raises(AssertionError):
            run(sqlite, wrong, example.name)


@pytest.mark.parametrize("example", ALONE, ids=named)
def test_the_engine_runs_alone(example: Example, tmp_path: Path) -> None:
    outside = {"flask", "redis", "wechatpy", "apscheduler", "dramatiq"}
    strangers = outside | {"bot", "content", "products", "handlers", "web", "app"}
    last = f"import sys\nassert not {strangers} & set(sys.modules)\n"
    done = subprocess.run(
        [sys.executable, "-c", example.code + last],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_page_names_every_table_of_the_engine() -> None:
    desk.modules()
    tables = {
        mapper.local_table.name  # type: ignore[attr-defined]
        for mapper in Base.registry.mappers
        if mapper.class_.__module__.startswith("loyalty.")
    }
    page = PAGE.read_text()
    assert {
        name for name in tables if f"`{name}`" not in page and f" {name} " not in page
    } == set()
