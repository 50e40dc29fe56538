"""The export of a person's data: all of it, nobody else's, and readable."""

import json

import pytest
from sqlalchemy.orm import Session

from kernel.db import Base, Database
from kernel.refusals import NotFound
from loyalty import member_data
from loyalty.member_sections import SECTIONS, TableSection
from tests.loyalty.people import VAULT, join
from tests.loyalty.test_erasure import NAME, OPENID, PHONE, WORD, live
from tests.world import NOON

# Tables that name a member but hold nothing of his own: what is exported instead, or why not.
ELSEWHERE = {
    "coupon": "优惠券",
    "member_tag": "标签",
    "reward_order": "积分兑换",
    "tier_gift": "等级变化",
    "rule_earning": "积分流水",
    "points_reversal": "积分流水",
    "points_debt_move": "积分账户",
    "coupon_grant_row": "优惠券",
    "profile_value": "资料",
    "member_import_row": "the verdict on a line of an operator's file",
    "member_merge": "names two members by number only",
}


def test_everything_of_the_member_is_there(database: Database) -> None:
    def work(session: Session) -> None:
        member = live(session)
        data = member_data.export(session, VAULT, member, NOON)
        person = data["会员"]
        assert (person["手机"], person["姓名"], person["微信标识"]) == (PHONE, NAME, OPENID)
        assert person["注册时间"] == "2026-11-20 12:00:00"
        assert data["关注"][0]["来源场景"] == "qr-12"
        assert [row["内容"] for row in data["资料"]] == [WORD]
        assert {row["用途"] for row in data["授权"]} == {"phone", "marketing"}
        assert [row["变动"] for row in data["积分流水"]] == [50]
        assert len(data["优惠券"]) == 3
        assert data["消息"][0]["内容"] == {"place": WORD}
        assert data["活动记录"][-1]["时间"] == "2026-11-20 12:00:00"
        receiver = {"name": NAME, "phone": PHONE, "address": WORD}
        assert [row["收货人"] for row in data["积分兑换"]] == [receiver]
        json.dumps(data, ensure_ascii=False)

    database.transaction(work)


def test_nobody_elses_data_is_there(sqlite: Database) -> None:
    def work(session: Session) -> None:
        live(session)
        other = join(session, "oOther")
        text = json.dumps(member_data.export(session, VAULT, other, NOON), ensure_ascii=False)
        for word in (OPENID, NAME, PHONE, WORD):
            assert word not in text

    sqlite.transaction(work)


def test_other_packages_add_sections(sqlite: Database) -> None:
    def work(session: Session) -> None:
        member = join(session)
        more = {"申办": lambda _session, _vault, who: [{"会员": who.id, "时间": NOON}]}
        data = member_data.export(session, VAULT, member, NOON, more=more)
        assert data["申办"] == [{"会员": member, "时间": "2026-11-20 12:00:00"}]

    sqlite.transaction(work)


def test_a_stranger_has_no_data(sqlite: Database) -> None:
    with pytest.raises(NotFound):
        sqlite.read(lambda session: member_data.export(session, VAULT, 7, NOON))


def test_every_table_of_members_has_its_section() -> None:
    """A table of loyalty with a member's number must be told, or be named as told elsewhere."""
    with_member = {
        mapper.class_.__tablename__
        for mapper in Base.registry.mappers
        if mapper.class_.__module__.startswith("loyalty.") and "member_id" in mapper.columns
    }
    told = {
        section.table.__tablename__
        for section in SECTIONS.values()
        if isinstance(section, TableSection)
    }
    assert with_member - told - set(ELSEWHERE) == set()
