"""A push that paused goes on when somebody says so."""

from sqlalchemy.orm import Session

from content.reviews import Hand
from pushes import drafts, pushes
from pushes.pushes import Push
from tests.world import Hall


def test_a_paused_push_is_resumed_once(hall: Hall) -> None:
    result = hall.app.test_cli_runner().invoke(
        args=["operators", "add", "lin", "--name", "林晓", "--role", "marketer"]
    )
    assert result.exit_code == 0

    def pause(session: Session) -> int:
        form = drafts.text_form("中秋", "节日快乐")
        push = drafts.write(session, form, Hand(1, hall.clock.now()))
        pushes.move(session, push.id, "draft", "paused", reason="微信返回 48001")
        return push.id

    push_id = hall.database.transaction(pause)
    runner = hall.app.test_cli_runner()
    first = runner.invoke(args=["pushes", "resume", str(push_id)])
    again = runner.invoke(args=["pushes", "resume", str(push_id)])

    assert (first.exit_code, again.exit_code) == (0, 1)
    found = hall.database.read(lambda session: session.get_one(Push, push_id))
    assert (found.state, found.reason) == ("running", None)
