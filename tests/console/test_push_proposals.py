"""Proposals in the console: taken up as drafts, left, and switched by occasion."""

from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import roles
from loyalty import checkin_programmes
from loyalty.coupons import CouponBatch
from pushes import proposals
from pushes.holidays_occasions import OCCASIONS
from pushes.proposals import Proposing, PushProposal
from pushes.pushes import Push
from tests.console import calendar_seeds
from tests.console.acts import acts
from tests.console.house import NOON, Browser, House
from tests.push_calendar.hands import add_batch, add_programme

PAGE = "/console/push-proposals"
FORM = {"title": "元旦问候", "body": "新年好", "send_at": "2027-01-01T09:00"}


def propose(db: Session) -> int:
    """元旦 has proposed; last year there was a coupon, and members check in."""
    add_batch(db, "new-year-2026", "2025-12-30", 5)
    add_programme(db, "daily", "2026-01-01", "2026-01-01")
    due = [(date(2027, 1, 1), OCCASIONS["new-year"])]
    proposals.propose(db, due, Proposing(hall="掌厅"), NOON)
    return db.scalars(select(PushProposal.id)).one()


@pytest.fixture
def proposal(house: House) -> PushProposal:
    number = house.database.transaction(propose)
    return house.database.read(lambda db: db.get_one(PushProposal, number))


@pytest.fixture
def marketer(house: House, proposal: PushProposal) -> Browser:
    return house.enter("marketer")


def all_of(house: House, model: type) -> list:  # type: ignore[type-arg]
    return house.database.read(lambda db: list(db.scalars(select(model))))


def test_what_waits_is_listed_and_said_on_the_home_page(marketer: Browser) -> None:
    assert "条节日推送建议待处理" in marketer.text("/console/")
    page = marketer.text(PAGE)
    assert "还有 41 天" in page
    assert "克隆去年的优惠券" in page
    assert "1 条推送建议待处理" in marketer.text("/console/push-calendar")
    assert "看建议" in marketer.text("/console/push-calendar")


def test_taking_it_up_makes_a_draft_that_somebody_else_must_approve(
    house: House, marketer: Browser
) -> None:
    page = marketer.text(f"{PAGE}/1")
    assert "元旦到了，掌厅祝您" in page
    assert 'value="new-year-2027"' in page

    answer = marketer.post(f"{PAGE}/1/acceptances", **FORM, copy_code="new-year-2027")

    (push,) = all_of(house, Push)
    assert answer.location == f"/console/pushes/{push.id}"
    assert (push.state, push.title, push.approved_by) == ("draft", "元旦问候", None)
    assert house.nudged == []
    assert "新年好" in marketer.text(answer.location)
    assert "新年好" in marketer.text(f"{PAGE}/1")
    # What was not ticked was not made.
    assert [one.code for one in all_of(house, CouponBatch)] == ["new-year-2026"]
    assert [(act.action, act.subject, act.login) for act in acts(house)[-2:]] == [
        ("push.drafted", f"push:{push.id}", "marketer"),
        ("push_proposal.accepted", "push_proposal:1", "marketer"),
    ]
    # It stands on the calendar, on the day for which it was taken up.
    assert "元旦问候" in marketer.text("/console/push-calendar?month=2027-01")
    assert "已安排 1 次" in marketer.text("/console/push-calendar?month=2027-01")


def test_what_is_ticked_is_made_too(house: House, marketer: Browser) -> None:
    more = {"copies": "yes", "copy_code": "new-year-2027", "gives": "yes", "bonus_points": "20"}

    marketer.post(f"{PAGE}/1/acceptances", **FORM, **more)

    copy = all_of(house, CouponBatch)[-1]
    assert (copy.code, copy.state) == ("new-year-2027", "draft")
    rules = house.database.read(lambda db: checkin_programmes.in_force(db, date(2027, 1, 1))).rules
    assert [(one.on, one.gift.points) for one in rules.specials] == [("2027-01-01", 20)]
    page = marketer.text(f"{PAGE}/1")
    assert "已写入签到规则" in page
    assert "克隆自去年" in page


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"title": ""}, "title"),
        ({"body": "长" * 700}, "too-long"),
        ({"send_at": "2026-11-21T11:59"}, "send_at"),
        ({"send_at": ""}, "send_at"),
        ({"copies": "yes", "copy_code": ""}, "copy_code"),
        ({"copies": "yes", "copy_code": "new-year-2026"}, "copy_code"),
        ({"gives": "yes", "bonus_points": "0"}, "bonus_points"),
        ({"gives": "yes", "bonus_points": "二十"}, "bonus_points"),
    ],
)
def test_a_fault_comes_back_beside_its_field_and_nothing_is_made(
    house: House, marketer: Browser, changed: dict[str, str], fault: str
) -> None:
    answer = marketer.post(f"{PAGE}/1/acceptances", **{**FORM, **changed})

    assert answer.status_code == 422
    assert (
        f'id="{fault}-fault"' in answer.text
        or '<div class="invalid-feedback" role="alert" id="too-long">' in answer.text
    )
    assert all_of(house, Push) == []
    assert all_of(house, PushProposal)[0].state == "proposed"


def test_what_a_role_may_not_do_elsewhere_it_cannot_do_from_here(
    house: House, marketer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = roles.ROLES["marketer"] - {"coupons.write"}
    monkeypatch.setitem(roles.ROLES, "marketer", fewer)

    answer = marketer.post(
        f"{PAGE}/1/acceptances", **FORM, copies="yes", copy_code="new-year-2027"
    )

    assert answer.status_code == 403
    assert "照它克隆一批" not in marketer.text(f"{PAGE}/1")
    assert all_of(house, Push) == []


def test_it_is_left_once(house: House, marketer: Browser) -> None:
    answer = marketer.post(f"{PAGE}/1/dismissals")
    assert answer.location == PAGE
    assert "已忽略" in marketer.text(PAGE)
    assert "没有待处理的建议" in marketer.text(PAGE)

    marketer.post(f"{PAGE}/1/dismissals")
    assert "refused: proposal_decided" in marketer.text(PAGE)
    late = marketer.post(f"{PAGE}/1/acceptances", **FORM)
    assert late.status_code == 303
    assert "refused: proposal_decided" in marketer.text(late.location)
    assert [act.action for act in acts(house)][-1] == "push_proposal.ignored"
    assert all_of(house, Push) == []


def test_one_that_nobody_decided_is_over(house: House, marketer: Browser) -> None:
    house.clock.move(days=50)
    marketer = house.enter("marketer")

    assert "已过期" in marketer.text(PAGE)
    assert "采纳，生成草稿" not in marketer.text(f"{PAGE}/1")


def test_a_solemn_day_offers_no_coupon_and_no_points(house: House, marketer: Browser) -> None:
    number = house.database.transaction(
        lambda db: calendar_seeds.add_proposal(db, "qingming", date(2027, 4, 5))
    )

    page = marketer.text(f"{PAGE}/{number}")

    assert "这一天宜庄重" in page
    assert 'name="gives"' not in page
    form = {**FORM, "send_at": "2027-04-05T09:00", "gives": "yes", "bonus_points": "5"}
    assert marketer.post(f"{PAGE}/{number}/acceptances", **form).status_code == 422


def test_an_occasion_is_switched(house: House, marketer: Browser) -> None:
    page = marketer.text(f"{PAGE}/occasions")
    assert page.count("到时提出") == 11

    answer = marketer.post(f"{PAGE}/occasions/laba", to="on")

    assert answer.location == f"{PAGE}/occasions#laba"
    assert marketer.text(f"{PAGE}/occasions").count("到时提出") == 12
    assert [(act.action, act.subject) for act in acts(house)][-1] == (
        "occasion.switched_on", "occasion:laba",
    )  # fmt: skip
    assert marketer.post(f"{PAGE}/occasions/easter", to="on").status_code == 404


def test_a_batch_says_by_how_much_a_copy_meets_its_festival_again(marketer: Browser) -> None:
    page = marketer.text("/console/coupons/1")

    assert "这一批在元旦前后" in page
    assert '<b class="wt-digits">365</b> 天，正好在 2027年1月1日的元旦前后' in page
