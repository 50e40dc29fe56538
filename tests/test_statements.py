"""How many SQL statements the hot paths send: more would be seen at once under load."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

from tests.world import Hall, message_xml

CHECK_IN_STATEMENTS = 12


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements sent through `engine` meanwhile, without BEGIN and COMMIT."""
    sent: list[str] = []

    def note(*args: object) -> None:
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
    with counted(hall.app.extensions["weiting"].database.engine) as sent:
        assert "签到成功" in hall.push(xml)
    assert len([text for text in sent if not text.startswith("BEGIN")]) <= CHECK_IN_STATEMENTS, (
        sent
    )


def test_a_repeated_delivery_costs_two(hall_everywhere: Hall, anna: str) -> None:
    hall = hall_everywhere
    hall.member(anna)
    xml = message_xml(hall, anna, "<Content><![CDATA[签到]]></Content>")
    hall.push(xml)
    with counted(hall.app.extensions["weiting"].database.engine) as sent:
        hall.push(xml)
    assert len([text for text in sent if not text.startswith("BEGIN")]) <= 2, sent
