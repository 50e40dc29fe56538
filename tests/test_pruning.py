"""Old callbacks, codes and keys go; what is young stays."""

from sqlalchemy import func, select

from bot.inbox import InboxMessage
from handlers.actors import Tools
from handlers.pruning import prune
from tests.world import Hall


def test_callbacks_are_kept_for_thirty_days(hall_everywhere: Hall, anna: str) -> None:
    hall = hall_everywhere
    hall.say(anna, "套餐")
    hall.clock.move(days=29)
    hall.say(anna, "套餐")
    tools = Tools(hall.database, hall.clock, hall.vault, None, None, lambda *_: None, 2)  # type: ignore[arg-type]

    def kept() -> int:
        with hall.database.engine.connect() as connection:
            return connection.scalar(select(func.count(InboxMessage.id))) or 0

    assert (prune(tools), kept()) == (0, 2)
    hall.clock.move(days=2)
    assert (prune(tools), kept()) == (1, 1)
