"""The home page: figures, pictures, what waits, and whether everything is well."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.gateway import Quota
from bot.inbox import InboxMessage
from bot.transport import GatewayError, Unreachable
from bot.vitals import Condition, Fault
from kernel import audit_checks, outbox
from kernel.audit_checks import Break, Verdict
from kernel.clock import business_day
from kernel.outbox import OutboxMessage
from loyalty import proof_records
from reports import figure_days
from tests.console import loyalty_seeds, seeds
from tests.console.house import NOON, Browser, House
from web.console import home, waiting

TODAY = business_day(NOON)


def rewire(house: House, **parts: Any) -> None:
    house.app.extensions["weiting"] = replace(house.app.extensions["weiting"], **parts)


def data_of(page: str, key: str) -> Any:
    found = re.search(rf'<script type="application/json" id="chart-{key}">(.*?)</script>', page)
    assert found is not None
    return json.loads(found[1])


def test_today_stands_beside_yesterday_and_the_month(house: House, owner: Browser) -> None:
    def work(session: Session) -> None:
        for number in range(3):
            seeds.add_member(session, house.vault, number)
        yesterday = TODAY - timedelta(days=1)
        figure_days.put(session, yesterday, {"registered": 12_345, "followed": 3}, NOON)

    house.database.transaction(work)
    page = owner.text("/console/")
    people = data_of(page, "people")

    assert "昨日全天 1.2 万" in page
    assert len(people["days"]) == 30
    assert people["days"][-1] == "11/21"
    registered = next(one for one in people["series"] if one["name"] == "新增会员")
    assert registered["values"][-2:] == [12_345, 3]
    assert registered["values"][0] is None
    assert "12,345" in page


def test_the_totals_are_those_that_were_counted_last(house: House, owner: Browser) -> None:
    house.database.transaction(lambda db: seeds.add_member(db, house.vault, 1))
    assert 'title="1">1</dd>' in owner.text("/console/")
    totals = {"followers": 1_234_567, "members": 9_999, "points": 2_000_000_000}
    house.database.transaction(lambda db: figure_days.put(db, TODAY, totals, NOON))

    page = owner.text("/console/")
    for shown in ("123.5 万", "9,999", "20 亿"):
        assert f">{shown}</dd>" in page


def test_what_waits_is_one_line_each_with_a_way_there(house: House, owner: Browser) -> None:
    def work(session: Session) -> None:
        member = seeds.add_member(session, house.vault, 1)
        seeds.add_application(session, house.vault, member)
        loyalty_seeds.furnish(session, house.vault, member.id)
        outbox.post(session, "sms", "phone-code:1", {}, NOON)

    house.database.transaction(work)
    before = owner.text("/console/")

    def fail(session: Session) -> None:
        for row in session.query(OutboxMessage):
            row.state, row.settled_at = "failed", NOON

    house.database.transaction(fail)
    page = owner.text("/console/")

    assert "1 单申办等待受理" in page
    assert 'href="/console/applications?state=submitted"' in page
    assert "外发消息没有送达" not in before
    assert "1 条外发消息没有送达" in page
    house.clock.move(hours=25)
    assert "外发消息没有送达" not in house.enter("owner").text("/console/")


def test_nobody_sees_what_he_may_not_deal_with(house: House) -> None:
    def work(session: Session) -> None:
        member = seeds.add_member(session, house.vault, 1)
        seeds.add_application(session, house.vault, member)

    house.database.transaction(work)

    assert "单申办等待受理" in house.enter("operations").text("/console/")
    assert "单申办等待受理" not in house.enter("marketer").text("/console/")


def test_every_line_of_the_table_has_words_and_a_page(house: House) -> None:
    words = house.app.jinja_env.loader.get_source(  # type: ignore[union-attr]
        house.app.jinja_env, "console/home/waiting.html"
    )[0]
    for name, line in waiting.TABLE.items():
        assert f'"{name}": (' in words, name
        assert line.endpoint in house.app.view_functions, name


def test_the_lights_tell_of_machines_books_and_log(house: House, owner: Browser) -> None:
    assert "还没有核对过" in owner.text("/console/")
    house.database.transaction(lambda db: proof_records.keep(db, [], NOON, 1))
    whole = Verdict(5, 5, "a" * 64)
    house.database.transaction(lambda db: audit_checks.keep(db, whole, NOON, 1))
    page = owner.text("/console/")
    assert "一致 ·" in page
    assert "完整 ·" in page

    torn = Verdict(5, 5, "a" * 64, Break("changed", 6, 7))
    house.database.transaction(lambda db: audit_checks.keep(db, torn, NOON, 1))
    ready = {"database": True, "redis": True, "scheduler": True, "worker": False}
    rewire(house, ready=lambda: ready)
    page = owner.text("/console/")
    assert "第 6 环被动过" in page
    assert "异常：推送和短信会推迟" in page


def test_the_connection_to_wechat_shows_how_it_is(house: House, owner: Browser) -> None:
    assert "还没有收到过" in owner.text("/console/")

    def work(session: Session) -> None:
        for number, minutes in enumerate((3, 50, 100)):
            at = NOON - timedelta(minutes=minutes)
            session.add(
                InboxMessage(key=f"k{number}", kind="text", openid="o", sent_at=at, received_at=at)
            )

    house.database.transaction(work)
    faults = (Fault("/cgi-bin/<b>", "45009", NOON - timedelta(minutes=7)),)
    rewire(house, condition=lambda: Condition(True, 3_600, faults))
    page = owner.text("/console/")

    assert "近一小时 2 条" in page
    assert "3 分钟前" in page
    assert "有效，60 分钟后更换" in page
    assert "45009" in page
    assert "&lt;b&gt;" in page


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Quota(500_000, 12, 499_988), "50 万"),
        (GatewayError(76022, "no such path"), "微信返回 76022"),
        (Unreachable("x"), "暂时查不到"),
    ],
)
def test_quotas_are_asked_for_on_demand_only(
    house: House, owner: Browser, answer: Any, words: str
) -> None:
    asked: list[str] = []

    def ask(path: str) -> Quota:
        asked.append(path)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]

    rewire(house, quota=ask)
    owner.text("/console/")
    assert asked == []
    page = owner.text("/console/quotas")
    fragment = owner.get("/console/quotas", **{"HX-Request": "true"}).text

    assert words in page
    assert words in fragment
    assert "<html" not in fragment
    once = isinstance(answer, Unreachable)  # silence is not asked for again
    assert len(asked) == (2 if once else 2 * len(home.QUOTAS))
