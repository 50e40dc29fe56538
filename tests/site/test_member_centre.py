"""The member centre: tier, notices, consents, the profile."""

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from loyalty import consents, members, notices, profiles, tiers
from loyalty.consents import Wording
from loyalty.members import Member
from tests.loyalty import desk
from tests.site.conftest import POLICY, START, Phone, World


def _alice(world: World) -> int:
    return world.database.read(lambda db: members.get(db, "oAlice").id)


def test_the_card_says_how_far_it_is_to_the_next_tier(alice: Phone, world: World) -> None:
    assert "再得 500 积分升银卡会员" in alice.text("/site/")
    world.grant(_alice(world), 600)
    world.write(lambda db: tiers.climb(db, _alice(world), START, POLICY))

    page = alice.text("/site/")

    assert "银卡会员" in page
    assert "升金卡会员" in page
    ladder = alice.text("/site/tier")
    assert "按 1.5 倍计" in ladder
    assert "等级保留到2027年11月22日" in ladder


def test_a_notice_is_shown_once_and_kept(alice: Phone, world: World) -> None:
    member_id = _alice(world)
    facts = {"points": 40, "days": 7}
    world.write(lambda db: notices.post(db, member_id, "points_expiring", "n:1", START, **facts))

    assert "40 积分还有 7 天到期" in alice.text("/site/")
    assert "40 积分" not in alice.text("/site/")
    assert "40 积分还有 7 天到期" in alice.text("/site/notices")


def test_more_notices_than_the_page_holds_wait_for_the_next(alice: Phone, world: World) -> None:
    member_id = _alice(world)

    def tell(db: Session) -> None:
        for n in range(1, 8):
            notices.post(db, member_id, "points_expiring", f"n:{n}", START, points=n, days=7)

    world.write(tell)

    first, second = alice.text("/site/"), alice.text("/site/")

    assert [n for n in range(1, 8) if f"{n} 积分还有" in first] == [3, 4, 5, 6, 7]
    assert [n for n in range(1, 8) if f"{n} 积分还有" in second] == [1, 2]


def test_a_coupon_s_notice_names_it_and_unknown_kinds_are_silent(
    alice: Phone, bob: Phone, world: World
) -> None:
    member_id, batch = _alice(world), world.batch_id("newcomer-10")
    facts = {"coupon_id": 1, "batch_id": batch, "days": 1}
    world.write(lambda db: notices.post(db, member_id, "coupon_expiring", "n:1", START, **facts))
    world.write(lambda db: notices.post(db, member_id, "of_tomorrow", "n:2", START))

    assert "“新会员话费券”还有 1 天到期" in alice.text("/site/notices")
    assert "新会员话费券" not in bob.text("/site/notices")


def test_a_blocked_member_is_told_so(alice: Phone, world: World) -> None:
    world.write(lambda db: db.execute(update(Member).values(state="blocked")))

    page = alice.text("/site/")

    assert "会员资格已被暂停" in page
    assert "签到领积分" not in page
    assert alice.get("/site/invitation").status_code == 403


def test_marketing_is_agreed_to_and_taken_back_with_a_tap_each(alice: Phone, world: World) -> None:
    def stands() -> bool:
        found = world.database.read(lambda db: consents.find(db, _alice(world), "marketing"))
        return found is not None

    assert not stands()
    alice.post("/site/consents/marketing", version="2026-11")
    assert stands()
    alice.post("/site/consents/marketing/withdrawals")
    assert not stands()
    assert "已收回" in alice.text("/site/consents")


def test_membership_rests_on_the_other_consent(alice: Phone, world: World) -> None:
    alice.post("/site/consents/phone/withdrawals")

    assert "会员服务离不开这项授权" in alice.text("/site/consents")
    assert world.database.read(lambda db: consents.find(db, _alice(world), "phone")) is not None


@pytest.mark.parametrize(
    ("purpose", "version"), [("none", "2026-11"), ("marketing", ""), ("marketing", "x" * 99)]
)
def test_a_made_up_consent_is_none(alice: Phone, world: World, purpose: str, version: str) -> None:
    alice.post(f"/site/consents/{purpose}", version=version)

    assert len(world.database.read(lambda db: consents.history(db, _alice(world)))) == 1


def test_a_new_wording_is_read_and_agreed_to_again(alice: Phone, world: World) -> None:
    wording = Wording("phone", "2026-12", "## 新的说明\n\n请阅读。")
    world.write(lambda db: consents.publish(db, wording, START, by=desk.hire(db)))

    assert "已更新，请阅读并重新同意" in alice.text("/site/")
    assert "<h2>新的说明</h2>" in alice.text("/site/consents/phone/text")
    alice.post("/site/consents/phone", version="2026-11")
    assert "协议已更新" in alice.text("/site/consents")
    alice.post("/site/consents/phone", version="2026-12")

    assert "请阅读并重新同意" not in alice.text("/site/")


def test_the_profile_keeps_what_was_said(alice: Phone, world: World) -> None:
    form = {"birthday": "1990-02-03", "estate": "滨河花园", "use": "家庭上网"}
    alice.post("/site/profile", **form)

    page = alice.text("/site/profile")
    assert "资料已保存" in page
    assert 'value="滨河花园"' in page
    assert "<option selected>家庭上网</option>" in page
    alice.post("/site/profile", **form)
    assert "资料没有变化" in alice.text("/site/profile")


@pytest.mark.parametrize(
    ("field", "value"),
    [("birthday", "1990-02-30"), ("birthday", "昨天"), ("use", "<b>"), ("estate", "长" * 150)],
)
def test_a_wrong_answer_is_shown_at_its_field(
    alice: Phone, world: World, field: str, value: str
) -> None:
    answer = alice.post("/site/profile", **{"estate": "滨河花园", field: value})

    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert value not in answer.text or value != "<b>"
    assert world.database.read(lambda db: profiles.read(db, _alice(world))) == {}


def test_a_blocked_member_changes_nothing(alice: Phone, world: World) -> None:
    world.write(lambda db: db.execute(update(Member).values(state="blocked")))

    alice.post("/site/profile", estate="滨河花园")

    assert "已被暂停" in alice.text("/site/profile")
    assert world.database.read(lambda db: profiles.read(db, _alice(world))) == {}
