"""How many SQL statements the hot paths send: more would be seen at once under load."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event

from tests.world import Hall, message_xml

# The second day of a streak pays two entries with a lot each.
CHECK_IN_STATEMENTS = {"postgresql": 7, "sqlite": 14, "mysql": 15, "mariadb": 15}


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements sent meanwhile, without BEGIN and COMMIT.

    On PostgreSQL they are counted in the driver: hot statements pass SQLAlchemy's events by.
    """
    sent: list[str] = []
    if engine.dialect.name == "postgresql":
        with pytest.MonkeyPatch.context() as patch:
            execute: Any = psycopg.Cursor.execute

            def note_and_execute(cursor: Any, query: Any, *args: Any, **options: Any) -> Any:
                sent.append(str(query))
                return execute(cursor, query, *args, **options)

            patch.setattr(psycopg.Cursor, "execute", note_and_execute)
            yield sent
        return

    def note(*args: object) -> None:
        if not str(args[2]).startswith("BEGIN"):
            sent.append(str(args[2]))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def test_a_check_in_through_the_webhook(hall_everywhere: Hall, anna: str) -> None:
    hall = hall_everywhere
    hall.member(anna)
    hall.say(anna, "签到")
    hall.clock.move(days=1)
    xml = message_xml(hall, anna, "<Content><![CDATA[签到]]></Content>")
    engine = hall.app.extensions["weiting"].database.engine
    with counted(engine) as sent:
        assert "签到成功" in hall.push(xml)
    count = len([text for text in sent if not text.startswith("BEGIN")])
    assert count <= CHECK_IN_STATEMENTS[engine.dialect.name], sent


def test_a_repeated_delivery_costs_two(hall_everywhere: Hall, anna: str) -> None:
    hall = hall_everywhere
    hall.member(anna)
    xml = message_xml(hall, anna, "<Content><![CDATA[签到]]></Content>")
    hall.push(xml)
    with counted(hall.app.extensions["weiting"].database.engine) as sent:
        hall.push(xml)
    assert 1 <= len(sent) <= 2, sent
