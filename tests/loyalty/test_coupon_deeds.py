"""Each deed with coupons says what it asks, touches its own coupons only, and is written down."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from kernel.activity import Activity
from kernel.audit import AuditEntry
from kernel.db import Database
from kernel.refusals import Invalid
from loyalty import (
    claims,
    coupon_batches,
    coupon_grants,
    coupon_locks,
    coupon_uses,
    coupon_voids,
    coupons,
    redemption_undos,
    redemptions,
)
from loyalty.claims import Ask
from loyalty.coupon_grants import Audience
from loyalty.redemption_undos import By
from loyalty.redemptions import Redeemed
from loyalty.tier_ladder import Tier
from tests.loyalty import desk
from tests.loyalty.coupon_books import clerk, enrich, hold, redeem, sound
from tests.loyalty.people import POLICY, VAULT, join, offer
from tests.world import NOON

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def told(session: Session, kind: str) -> list[tuple[int | None, dict[str, Any] | None]]:
    """(member, facts) of each activity of that kind, in order."""
    rows = session.scalars(select(Activity).where(Activity.kind == kind).order_by(Activity.id))
    return [(row.member_id, row.facts) for row in rows]


def shown(session: Session, batch: int, member: int, ask: Ask) -> list[tuple[str, bool, str]]:
    found = claims.conditions(session, coupons.get_batch(session, batch), member, NOON, ask=ask)
    return [(one.title, one.met, one.value) for one in found]


def test_a_plain_batch_asks_little(sqlite: Database) -> None:
    def work(session: Session) -> None:
        batch, member = offer(session, 5), join(session)
        assert shown(session, batch, member, Ask()) == [
            ("券正在发放", True, "发放中"),
            ("领取时间 2026-11-19 12:00 至 2026-11-27 12:00", True, "现在 2026-11-20 12:00"),
            ("会员状态正常", True, "正常"),
            ("每人限领 1 张", True, "已领 0 张"),
            ("券有剩余", True, "剩余 5 张"),
        ]

    sqlite.transaction(work)


def test_a_demanding_batch_says_all_it_asks(sqlite: Database) -> None:
    tier = {"level": 1, "code": "silver", "name": "银卡", "threshold": 100, "gift": {}}
    tier |= {"multiplier_percent": 100, "active": True, "changed_at": NOON}
    terms: dict[str, Any] = {"channels": ["chat"], "min_tier": 1, "needs_tag": "vip"}
    terms |= {"per_member": 3, "per_day": 1, "price_points": 20}

    def work(session: Session) -> None:
        session.execute(insert(Tier), tier)
        digest = coupon_batches.digest_phrase(VAULT, "宽带提速")
        batch, member = offer(session, 5, phrase_digest=digest, **terms), join(session)
        coupon_batches.move(session, batch, "paused", NOON)
        session.flush()
        found = shown(session, batch, member, Ask("site", "no"))
        assert [(title, value) for title, met, value in found if not met] == [
            ("券正在发放", "未发放"),
            ("在指定渠道领取", "此处不发放"),
            ("凭口令领取", "口令不对"),
            ("银卡及以上", found[5][2]),
            ("限“vip”领取", "否"),
            ("需要 20 积分", "当前 0 积分"),
        ]
        found = shown(session, batch, member, Ask("chat", digest))
        assert found[3:5] == [("在指定渠道领取", True, "可领取"), ("凭口令领取", True, "口令正确")]
        assert found[7:9] == [
            ("每人限领 3 张", True, "已领 0 张"), ("每人每天限领 1 张", True, "今天已领 0 张"),
        ]  # fmt: skip
        facts = [
            one.refusal.facts
            for one in claims.conditions(
                session, coupons.get_batch(session, batch), member, NOON, ask=Ask("site")
            )
        ]
        assert facts[0] == {"state": "paused"}
        assert facts[3] == {"channel": "site"}
        assert facts[5] == {"tier": "银卡", "own": "普通会员"}
        assert facts[7:9] == [{"per_member": 3}, {"per_day": 1}]
        assert facts[9] == {"balance": 0, "price": 20}

    sqlite.transaction(work)


def test_an_order_touches_its_own_coupons_and_says_so(sqlite: Database) -> None:
    def work(session: Session) -> None:
        one, other, used = hold(session), hold(session), hold(session)
        for coupon in (one, other, used):
            order = coupon_locks.Order(f"order:{coupon.id}", 10_000)
            member = coupon.member_id
            coupon_locks.lock(session, coupon.id, member, order, NOON, ttl=HOUR)
        assert coupon_locks.release(session, f"order:{one.id}", NOON) == 1
        assert (one.state, other.state) == ("available", "locked")
        coupon_locks.use(session, coupon_locks.Order(f"order:{used.id}", 10_000), NOON)
        assert told(session, "coupon.locked") == [
            (coupon.member_id, {"coupon_id": coupon.id}) for coupon in (one, other, used)
        ]
        released = {"order": f"order:{one.id}", "count": 1}
        assert told(session, "coupon.released") == [(None, released)]
        facts = {"coupon_id": used.id, "fen": 1_000}
        assert told(session, "coupon.used") == [(used.member_id, facts)]

    sqlite.transaction(work)
    sound(sqlite)


def test_what_a_coupon_asks_is_said_with_its_values(sqlite: Database) -> None:
    def work(session: Session) -> None:
        coupon = hold(session, min_order_fen=3_050, validity="next_days", valid_days=3)
        batch = coupons.get_batch(session, coupon.batch_id)
        found = coupon_uses.conditions(coupon, batch, NOON, 1_050)
        assert [(one.title, one.met, one.value) for one in found] == [
            ("没有被其他订单占用", True, "可用"),
            ("未使用、未过期", True, "可用"),
            ("已到可用日期", False, "2026-11-21 起可用"),
            ("今天可以使用", True, "2026-11-20"),
            ("满 30.5 元可用", False, "本单 10.5 元"),
        ]
        assert found[2].refusal.facts == {"valid_from": coupon.valid_from}
        assert found[4].refusal.facts == {"yuan": "30.5"}

    sqlite.transaction(work)


def test_a_redemption_and_its_undo_are_written_down(sqlite: Database) -> None:
    def work(session: Session) -> None:
        coupon, other, staff = hold(session), hold(session), clerk(session)
        code, _ = redemptions.show_code(VAULT, coupon, NOON)
        done = redemptions.redeem(session, VAULT, code, staff, NOON, order_fen=5_000)
        assert done == Redeemed(coupon.id, "话费抵用券", "10 元", coupon.member_id, 1_000)
        facts = {"coupon_id": coupon.id, "staff_id": staff.id, "branch": "zhongshan"}
        assert told(session, "coupon.redeemed") == [(coupon.member_id, facts)]
        number, operator = redeem(session, other), desk.hire(session)
        by = By(operator_id=operator)
        for why in (" ", "长" * 61):
            with pytest.raises(Invalid) as refused:
                redemption_undos.undo(session, number, NOON, by=by, reason=why, policy=POLICY)
            assert refused.value.facts["field"] == "reason"
            assert refused.value.facts["reason"] == "请填写撤销原因（60 字以内）"
        redemption_undos.undo(session, number, NOON, by=by, reason="长" * 60, policy=POLICY)
        facts = {"coupon_id": other.id, "redemption_id": number, "staff_id": None}
        undone = [(other.member_id, facts | {"operator_id": operator})]
        assert told(session, "coupon.redemption_undone") == undone
        session.flush()
        row = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert row is not None
        assert (row.action, row.subject) == ("coupon.redemption_undone", f"redemption:{number}")
        assert row.operator_id == operator

    sqlite.transaction(work)
    sound(sqlite)


def test_a_grant_says_what_it_lacks_and_is_written_down(sqlite: Database) -> None:
    def work(session: Session) -> None:
        operator, member = desk.hire(session), join(session)

        def start(batch: int, who: tuple[int, ...] = (member,), title: str = "补偿") -> int:
            audience = Audience(who)
            return coupon_grants.start(session, batch, audience, NOON, by=operator, title=title).id

        open_one = offer(session, 5)
        batches = [offer(session, 5, ends_at=NOON), offer(session, 5, starts_at=NOON + MINUTE)]
        batches.append(coupon_batches.clone(session, open_one, "a-draft", NOON).id)
        for batch in batches:
            with pytest.raises(Invalid) as refused:
                start(batch)
            said = {"field": "batch", "reason": "券批次未开放或不在发放时间内"}
            assert refused.value.facts == said
        with pytest.raises(Invalid) as refused:
            start(open_one, ())
        said = {"field": "members", "reason": "请填写会员号，或选择一个人群"}
        assert refused.value.facts == said
        grant = start(open_one)
        assert told(session, "coupon.grant_started") == [
            (None, {"grant_id": grant, "batch_id": open_one})
        ]
        session.flush()
        row = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
        assert row is not None
        assert (row.action, row.subject) == ("coupon.grant_started", f"coupon_grant:{grant}")
        assert row.operator_id == operator

    sqlite.transaction(work)


def test_a_void_of_a_batch_counts_as_a_change_of_it(sqlite: Database) -> None:
    def work(session: Session) -> None:
        operator, member = desk.hire(session), join(session)
        batch = offer(session, 5, price_points=7)
        enrich(session, member, 10)
        claims.claim(session, batch, member, NOON)
        target = coupon_voids.Target("batch", batch)
        void = coupon_voids.start(session, target, NOON, by=operator, reason="错")
        assert coupons.get_batch(session, batch).revision == 2
        assert (void.by_operator, void.after_id, void.finished_at) == (operator, 0, None)
        ran = [coupon_voids.run_page(session, void.id, NOON, 5) for _ in range(4)]
        assert ran == [True, False, False, False]
        assert void.finished_at == NOON

    sqlite.transaction(work)
    sound(sqlite)


@pytest.mark.parametrize(
    ("terms", "facts"),
    [
        ({"stock": -1}, ("stock", "库存应在 0 到 1000 万之间")),
        ({"shards": 0}, ("shards", "分片数应在 1 到 16 之间")),
        ({"per_member": 0}, ("per_member", "每人限领至少 1 张")),
        ({"per_day": 2}, ("per_day", "每天限领不能多于每人限领")),
        ({"price_points": -1}, ("price_points", "积分价格应为不小于 0 的整数")),
        ({"alert_percent": 101}, ("alert_percent", "预警比例应在 0 到 100 之间")),
        ({"ends_at": NOON - DAY}, ("ends_at", "领取结束须晚于开始")),
        ({"validity": "ever"}, ("validity", "请选择有效期的算法")),
        ({"valid_days": 0}, ("valid_days", "有效天数应在 1 到 3650 之间")),
        ({"unusable": {"weekdays": [7]}}, ("unusable", "不可用日期的写法不对")),
        ({"min_tier": -1}, ("min_tier", "等级应为不小于 0 的整数")),
        ({"needs_tag": "t" * 41}, ("needs_tag", "标签编码过长")),
        ({"channels": ["radio"]}, ("channels", "没有这个发放渠道")),
        ({"amount_fen": -1}, ("amount_fen", "金额应在 0 到 100 万元之间")),
        ({"amount_fen": 0}, ("amount_fen", "请填写抵扣金额")),
        ({"cap_fen": 5}, ("cap_fen", "只有折扣券需要封顶金额")),
    ],
)
def test_a_form_says_why_a_field_is_wrong(
    sqlite: Database, terms: dict[str, Any], facts: tuple[str, str]
) -> None:
    with pytest.raises(Invalid) as refused:
        sqlite.transaction(lambda session: offer(session, **{"stock": 5, **terms}))
    assert (refused.value.facts["field"], refused.value.facts["reason"]) == facts


def test_a_form_may_hold_its_limits(sqlite: Database) -> None:
    widest = {"stock": 10_000_000, "shards": 16, "per_member": 10_000_000, "per_day": 10_000_000}
    widest |= {"price_points": 10_000_000, "alert_percent": 100, "valid_days": 3650}
    widest |= {"amount_fen": 100_000_000, "min_order_fen": 100_000_000}
    tagged: dict[str, Any] = {"needs_tag": "t" * 40, "min_tier": 1000, **widest}
    assert sqlite.transaction(lambda session: offer(session, **tagged))
