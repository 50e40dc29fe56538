"""What a person gets by chat, from the first follow to leaving."""

from sqlalchemy import func, select

from handlers import routes
from loyalty import followers
from loyalty.points import PointsEntry
from tests.world import Hall


def test_a_new_follower_is_greeted(hall: Hall, anna: str) -> None:
    assert "欢迎关注" in hall.event(anna, "subscribe", EventKey="")


def test_check_in_before_registering_leads_to_register(hall: Hall, anna: str) -> None:
    assert "/site/registration" in hall.say(anna, "签到")


def test_a_member_checks_in_once_a_day(hall_everywhere: Hall, anna: str) -> None:
    hall = hall_everywhere
    hall.member(anna)
    assert "连续签到 1 天" in hall.say(anna, " 签到！")
    assert "今天已签到过了" in hall.click(anna, "check_in")

    hall.clock.move(days=1)
    assert "连续签到 2 天" in hall.click(anna, "check_in")


def test_every_menu_key_answers_with_content(hall: Hall, anna: str) -> None:
    hall.member(anna)
    for section in hall.settings.menu:
        for entry in section.entries:
            if entry.key:
                answer = hall.click(anna, entry.key)
                assert len(answer) > 15, entry.name
                assert "没有找到" not in answer, entry.name


def test_nonsense_gets_a_helpful_default(hall: Hall, anna: str) -> None:
    assert "人工" in hall.say(anna, "阿斯蒂芬")


def test_leaving_keeps_everything(hall: Hall, anna: str) -> None:
    hall.member(anna)
    hall.say(anna, "签到")
    hall.clock.move(seconds=5)
    assert hall.event(anna, "unsubscribe") == ""

    with hall.database.engine.connect() as connection:
        assert connection.scalar(select(func.sum(PointsEntry.delta))) == 5
    hall.clock.move(seconds=5)
    assert "欢迎李梅回来" in hall.event(anna, "subscribe", EventKey="")


def test_an_old_unfollow_that_arrives_late_changes_nothing(hall: Hall, anna: str) -> None:
    hall.event(anna, "subscribe", EventKey="")
    follow_again = hall.clock.now()
    hall.clock.instant = follow_again.replace(second=0, minute=59, hour=3)
    hall.event(anna, "unsubscribe")

    found = hall.database.read(lambda session: followers.find(session, anna))
    assert found is not None
    assert found.subscribed


def test_every_menu_key_has_a_handler(hall: Hall) -> None:
    for section in hall.settings.menu:
        for entry in section.entries:
            assert entry.key is None or routes.find_key(entry.key), entry.key
