"""What a person gets by chat, from the first follow to leaving."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from handlers import routes
from kernel.db import Database
from loyalty import coupon_batches, followers
from loyalty.coupons import Coupon
from loyalty.ledger import PointsEntry
from tests.world import Hall, MovableClock, make_hall, make_settings, message_xml


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


@pytest.fixture
def wechat_desk(
    sqlite: Database, redis_url: str, clock: MovableClock, tmp_path: Path
) -> Iterator[Hall]:
    """A hall whose staff answer in WeChat's own customer service."""
    settings = make_settings(tmp_path, sqlite, redis_url)
    desk = settings.hall.model_copy(update={"staff": "wechat"})
    made = make_hall(settings.model_copy(update={"hall": desk}), sqlite, clock)
    yield made
    made.close()


def test_who_called_human_staff_talks_to_them(wechat_desk: Hall, anna: str, boris: str) -> None:
    hall = wechat_desk
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


@pytest.mark.parametrize(
    ("word", "page"),
    [
        ("补签", "/site/check-ins"),
        ("商城", "/site/rewards"),
        ("积分商城", "/site/rewards"),
        ("兑换", "/site/rewards"),
        ("等级", "/site/tier"),
        ("邀请", "/site/invitation"),
    ],
)
def test_words_of_the_programme_lead_to_their_pages(
    hall: Hall, anna: str, word: str, page: str
) -> None:
    assert "/site/registration" in hall.say(anna, word)
    hall.member(anna)
    assert page in hall.say(anna, f" {word}！")


def test_the_tier_is_told_with_what_is_missing(hall: Hall, anna: str) -> None:
    hall.member(anna)
    assert "再得 500 积分升为银卡会员" in hall.say(anna, "等级")


def test_the_invite_code_stays_the_same(hall: Hall, anna: str) -> None:
    hall.member(anna)
    first = re.search(r"邀请码 ([0-9A-Z]{9})", hall.say(anna, "邀请"))
    again = re.search(r"邀请码 ([0-9A-Z]{9})", hall.say(anna, "邀请好友"))
    assert first
    assert again
    assert first[1] == again[1]


def offer(hall: Hall, phrase: str, **terms: Any) -> None:
    """A batch that is claimed by saying a pass-phrase."""
    at = hall.clock.now()
    values = {
        "code": "phrase", "title": "口令券", "kind": "gift", "worth": "一份",
        "terms": "到店领取。", "stock": 1, "valid_days": 10, "starts_at": at,
        "ends_at": at + timedelta(days=9), **terms,
    }  # fmt: skip
    digest = coupon_batches.digest_phrase(hall.vault, phrase)
    form = coupon_batches.Form(phrase_digest=digest, **values)
    hall.database.transaction(lambda db: coupon_batches.create(db, form, at, state="open"))


def test_a_pass_phrase_claims_its_coupon_once(
    hall_everywhere: Hall, anna: str, boris: str
) -> None:
    hall = hall_everywhere
    offer(hall, "春节快乐")
    assert "/site/registration" in hall.say(anna, "春节快乐")
    hall.member(anna)
    hall.member(boris)

    assert "“口令券”已放入您的优惠券" in hall.say(anna, " 春节 快乐！")
    assert "每人限领 1 张" in hall.say(anna, "春节快乐")
    assert "优惠券已领完" in hall.say(boris, "春节快乐")
    assert "优惠券已领完" in hall.say(boris, "春节快乐")
    assert "没有找到" in hall.say(boris, "新春快乐")
    held = hall.database.read(lambda db: db.scalars(select(Coupon.source)).all())
    assert held == ["chat"]


def test_a_phrase_of_another_channel_is_not_for_the_chat(hall: Hall, anna: str) -> None:
    hall.member(anna)
    offer(hall, "春节快乐", channels=["site"])
    assert "本券不在此处发放" in hall.say(anna, "春节快乐")


def test_a_word_that_is_known_is_never_a_phrase(hall: Hall, anna: str) -> None:
    hall.member(anna)
    offer(hall, "签到")
    assert "签到成功" in hall.say(anna, "签到")


def test_while_staff_are_talking_a_phrase_still_claims(wechat_desk: Hall, anna: str) -> None:
    hall = wechat_desk
    hall.member(anna)
    offer(hall, "春节快乐")
    hall.click(anna, "human")
    assert "口令券" in hall.say(anna, "春节快乐")
    assert hall.say(anna, "春节快乐吗") == "[transfer_customer_service]"
