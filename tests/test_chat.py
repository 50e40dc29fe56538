"""What a person gets by chat, from the first follow to leaving."""

from sqlalchemy import func, select

from handlers import routes
from loyalty import followers
from loyalty.points import PointsEntry
from tests.world import Hall, message_xml


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


def test_who_called_human_staff_talks_to_them(hall: Hall, anna: str, boris: str) -> None:
    assert "人工客服" in hall.click(anna, "human")
    hall.clock.move(minutes=5)
    assert hall.say(anna, "我家宽带断了") == "[transfer_customer_service]"
    assert "宽带" in hall.say(anna, "套餐"), "a word that is known is still answered"
    assert "人工" in hall.say(boris, "我家宽带断了"), "nobody else is handed over"
    hall.clock.move(minutes=40)
    assert "人工" in hall.say(anna, "还在吗")


def test_at_night_nobody_is_promised_staff(hall: Hall, anna: str) -> None:
    hall.clock.move(hours=11)
    assert "08:30 至 20:00" in hall.click(anna, "human")
    assert "人工" in hall.say(anna, "有人吗")


def test_staff_are_shown_where_to_redeem(hall: Hall, anna: str, boris: str) -> None:
    hall.employee(anna)
    assert "/site/redemptions/new" in hall.say(anna, "核销")
    assert "仅限" in hall.say(boris, "核销")


def test_a_location_is_answered_with_the_nearest_branches(hall: Hall, anna: str) -> None:
    inner = "<Location_X>26.08</Location_X><Location_Y>119.30</Location_Y><Scale>15</Scale>"
    assert "公里" in hall.push(message_xml(hall, anna, inner, kind="location"))
    odd = "<Location_X>NaN</Location_X><Location_Y>999</Location_Y>"
    assert "各区营业厅" in hall.push(message_xml(hall, anna, odd, kind="location"))
