"""The points page and the statement of a month."""

from datetime import UTC, datetime, timedelta

import pytest

from loyalty import members, points, points_pending
from loyalty.points import Credit, Debit
from loyalty.points_pending import Promise
from tests.site.conftest import START, Phone, World


def _alice(world: World) -> int:
    return world.database.read(lambda db: members.get(db, "oAlice").id)


def test_the_purse_says_what_waits_and_what_goes(alice: Phone, world: World) -> None:
    member_id = _alice(world)
    soon = datetime(2026, 12, 1, 16, tzinfo=UTC)  # the midnight after 1 December in Shanghai
    world.write(lambda db: points.earn(db, member_id, [Credit(40, "a", "甲")], START, soon))
    world.grant(member_id, 60)
    promised = Promise(Credit(200, "p", "装机"), "installed:1")
    world.write(lambda db: points_pending.promise(db, member_id, promised, START))

    page = alice.text("/site/points")

    assert "40 积分将于2026年12月1日 24 时到期" in page
    assert "200 积分待到账" in page
    assert 'purse__figure">100<' in page


def test_a_month_opens_and_closes_like_a_bank_s(alice: Phone, world: World) -> None:
    member_id, later = _alice(world), START + timedelta(days=10)  # in December
    world.grant(member_id, 100)
    world.clock.forward(days=10)
    debit = Debit(30, "d", "兑换")
    world.write(lambda db: points.spend(db, member_id, debit, later))

    november = alice.text("/site/points/months/2026-11")
    december = alice.text("/site/points/months/2026-12")

    assert "<dt>月初</dt><dd>0</dd>" in november
    assert "<dt>月末</dt><dd>100</dd>" in november
    assert "<dt>月初</dt><dd>100</dd>" in december
    assert "<dd>-30</dd>" in december
    assert "<dt>当前</dt><dd>70</dd>" in december
    assert "测试" in november
    assert "测试" not in december


def test_midnight_in_shanghai_parts_the_months(alice: Phone, world: World) -> None:
    world.clock.at = datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)
    world.grant(_alice(world), 1, "last")
    world.clock.at = datetime(2026, 11, 30, 16, tzinfo=UTC)
    world.grant(_alice(world), 2, "first")

    assert "<dt>月末</dt><dd>1</dd>" in alice.text("/site/points/months/2026-11")
    assert "<dt>当前</dt><dd>3</dd>" in alice.text("/site/points/months/2026-12")


@pytest.mark.parametrize("month", ["2026-12", "2026-13", "1999-01", "x", "none", "٢٠٢٦-١١"])
def test_a_month_that_cannot_be_is_not_found(alice: Phone, month: str) -> None:
    assert alice.get(f"/site/points/months/{month}").status_code == 404


def test_the_form_leads_to_the_month(alice: Phone) -> None:
    led = alice.get("/site/points/months?month=2026-11")
    assert led.location == "/site/points/months/2026-11"
    assert alice.get("/site/points/months", follow_redirects=True).status_code == 404


def test_an_empty_month_says_so(alice: Phone) -> None:
    assert "这个月没有积分变动" in alice.text("/site/points/months/2026-11")
