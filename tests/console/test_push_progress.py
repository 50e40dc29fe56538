"""How far a push is: figures that add up, one person looked up, everybody by result."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Select, event, insert, select, update
from sqlalchemy.orm import Session

from kernel.db import Database
from kernel.vault import Vault
from pushes import chunks, recipients, why_not
from pushes.chunks import PushChunk
from pushes.clicks import PushClick
from pushes.deliveries import Delivery
from pushes.pushes import Push
from pushes.recipients import OUTSIDE, Wanted
from pushes.settings import PushRules
from tests.console import seeds
from tests.console.house import NOON, House
from web.console import push_lists

PATH = "/console/pushes/1"
PEOPLE = 30


@pytest.fixture
def running(house: House) -> House:
    """Thirty people, three of whom left; ten are done."""

    def work(db: Session) -> None:
        for number in range(1, PEOPLE + 1):
            name = "李小芳" if number == 2 else "王芳"
            seeds.add_member(db, house.vault, number, name=name, follows=number % 10 != 0)
        seeds.run_push(db, "marketer")
        claim = chunks.claim(db, 1, "worker", NOON)
        assert claim is not None
        ids = db.scalars(
            select(Delivery.id).where(Delivery.state == "pending").order_by(Delivery.id)
        ).all()
        chunks.begin(db, claim, list(ids[:11]))
        ends = [("sent", None)] * 7 + [("failed", "43004")] * 2 + [("unknown", "worker lost")]
        for row_id, (state, reason) in zip(ids, ends, strict=False):
            done = {"state": state, "reason": reason, "settled_at": NOON}
            db.execute(update(Delivery).where(Delivery.id == row_id).values(**done))

    house.database.transaction(work)
    return house


def test_the_figures_add_up_and_refresh_themselves(running: House) -> None:
    browser = running.enter("approver")
    page = browser.text(f"{PATH}/progress?seen=running")

    assert "<html" not in page
    assert "10 / 27 人" in page
    assert 'hx-trigger="every 2s"' in page
    for name, count in {"已送出": 7, "未送达": 2, "结果不明": 1, "发送中": 1, "待发送": 16,
                        "未发送": 3}.items():  # fmt: skip
        assert f"</span>{name}</dt><dd>{count}</dd>" in page, name
    assert "10.0 条/秒" in page  # the push began this very second

    running.database.transaction(lambda db: db.execute(update(Push).values(state="finished")))
    answer = browser.get(f"{PATH}/progress?seen=running")
    assert answer.headers["HX-Trigger"] == "push-moved"  # its buttons are others now
    running.database.transaction(
        lambda db: db.execute(update(Delivery).where(Delivery.state == "sending")
                              .values(state="sent"))
    )  # fmt: skip
    assert "hx-trigger" not in browser.text(f"{PATH}/progress?seen=finished")


def test_quiet_hours_are_said(running: House) -> None:
    running.clock.move(hours=10)  # 22:00 in Shanghai
    page = running.enter("marketer").text(f"{PATH}/progress")
    assert "免打扰时段，11月22日 08:00 接着发" in page


def test_a_slow_chunk_that_just_closed_is_not_counted_whole(running: House) -> None:
    def close(db: Session) -> int:
        db.execute(update(PushChunk).values(state="closed", due_at=NOON, tally=[]))
        earlier = NOON - timedelta(minutes=3)
        db.execute(update(Delivery).where(Delivery.state == "sent").values(settled_at=earlier))
        return recipients.settled_lately(db, 1, NOON)

    assert running.database.transaction(close) == 3  # two failed and one is unknown


def test_did_mrs_li_get_it(running: House) -> None:
    def click(db: Session) -> None:
        found = db.scalars(select(Delivery).where(Delivery.member_id == 2)).one()
        db.add(PushClick(push_id=1, variant=0, delivery_id=found.id, at=NOON))

    running.database.transaction(click)
    browser = running.enter("operations")

    def ask(q: str) -> str:
        return browser.client.post(
            f"{PATH}/searches", data={"q": q, "csrf_token": browser.token()},
            headers={"HX-Request": "true"},
        ).text  # fmt: skip

    for q in ("李小", "2", seeds.phone_of(2), f"oMember{2:021d}"):
        answer = ask(q)
        assert "已通过群发送出" in answer, q
        assert "点开了链接" in answer, q
        assert answer.count("wt-answer") == 1, q
    assert "没有发给他：已取消关注" in ask("10")
    assert "还在排队" in ask("29")
    assert "可能已收到" in ask(str(_member_of(running, "unknown")))
    for q in ("没有这个人", "424242", "13900000000", "\x00", "%", "9" * 40):
        assert "wt-answer" not in ask(q), q
    assert "oMember0000" not in ask("2")
    assert "<html" in browser.post(f"{PATH}/searches", q="2").text


def _member_of(house: House, state: str) -> int:
    query = select(Delivery.member_id).where(Delivery.state == state)
    found = house.database.read(lambda db: db.scalar(query))
    assert found is not None
    return found


def test_recipients_are_masked_and_narrowed(running: House) -> None:
    browser = running.enter("auditor")

    everybody = browser.text(f"{PATH}/recipients")
    failed = browser.text(f"{PATH}/recipients?state=failed")
    left = browser.text(f"{PATH}/recipients?reason=unfollowed")

    assert everybody.count("oMem…") == 25
    assert "oMember0000" not in everybody
    assert failed.count("oMem…") == 2
    assert left.count("oMem…") == 3
    for odd in (
        "after=x-y",
        "after=9-9-9",
        f"after={'9' * 40}-1",
        "after=٣-1",
        "state=%00",
        "reason='",
    ):
        assert browser.get(f"{PATH}/recipients?{odd}").status_code == 200, odd


def everybody_of(database: Database, wanted: Wanted, size: int, push_id: int = 1) -> list[int]:
    """The ids of all pages."""
    found: list[int] = []
    place: tuple[int, int] | None = wanted.after
    while place is not None:
        here = Wanted(wanted.state, wanted.reason, place)
        page = database.read(partial(recipients.listed, push_id=push_id, wanted=here, size=size))
        found += [line.Delivery.id for line in page.rows]
        place = page.further
    return found


def test_pages_hold_everybody_once(running: House) -> None:
    for wanted in (Wanted(), Wanted(state="sent"), Wanted(reason="unfollowed"),
                   Wanted(state="pending"), Wanted(state="held")):  # fmt: skip
        found = everybody_of(running.database, wanted, 4)
        query = select(Delivery.id)
        if wanted.state:
            query = query.where(Delivery.state == wanted.state)
        if wanted.reason:
            query = query.where(Delivery.reason == wanted.reason)
        meant = running.database.read(partial(_ids, query=query))
        assert len(found) == len(set(found))
        assert set(found) == meant, wanted


def _ids(db: Session, query: Select[int]) -> set[int]:
    return set(db.scalars(query))


def big(db: Session) -> None:
    """A push of 50,000 in 100 chunks, one of which holds the only failure."""
    seeds.add_operators(db)
    seeds.add_push(db, "marketer")
    db.execute(update(Push).values(state="running", started_at=NOON, frozen_at=NOON))
    for no in range(100):
        ended = [{"push_id": 1, "openid": f"o{no}-{n}", "chunk_no": no, "channel": "notice",
                  "variant": 0, "state": "sent", "attempts": 1, "claim_no": 1,
                  "settled_at": NOON - timedelta(minutes=5)} for n in range(500)]  # fmt: skip
        if no == 73:
            ended[9] |= {"state": "failed", "reason": "43101"}
        db.execute(insert(Delivery), [{"reason": None, **one} for one in ended])
        db.add(PushChunk(push_id=1, no=no, channel="notice", variant=0, size=500,
                         state="closed", claim_no=1, due_at=NOON - timedelta(minutes=5),
                         tally=[["sent", "notice", 0, None, 499 + (no != 73)],
                                *([["failed", "notice", 0, "43101", 1]] if no == 73 else [])],
                         result={}))  # fmt: skip


def test_a_rare_result_is_found_without_reading_everybody(sqlite: Database) -> None:
    sqlite.transaction(big)
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    def work(db: Session) -> list[Any]:
        driver = db.connection().connection.driver_connection
        assert driver is not None
        driver.set_progress_handler(count, 100)
        wanted = Wanted(state="failed", reason="43101")
        found = recipients.listed(db, 1, wanted, 25)
        recipients.settled_lately(db, 1, NOON)
        chunks.progress(db, db.get_one(Push, 1))
        driver.set_progress_handler(None, 0)
        return list(found.rows)

    rows = sqlite.read(work)
    assert [line.Delivery.openid for line in rows] == ["o73-9"]
    assert steps * 100 < 150_000  # the 50,000 alone would be half a million
    assert OUTSIDE > 1_000_000 * 1_000


def test_every_database_answers_alike(database: Database) -> None:
    vault = Vault({"k1": b"k" * 32}, b"l" * 32)

    def begin(db: Session) -> tuple[int, list[int]]:
        seeds.add_operators(db)
        ids = []
        for number in range(1, 6):
            name = "李小芳" if number == 2 else "王芳"
            member = seeds.add_member(db, vault, number, name=name, follows=number != 5)
            ids.append(member.id)
        return seeds.run_push(db, "marketer").id, ids

    # Not every database begins with 1 in each test.
    push_id, ids = database.transaction(begin)
    assert len(everybody_of(database, Wanted(), 2, push_id)) == 5
    assert len(everybody_of(database, Wanted(reason="unfollowed"), 2, push_id)) == 1

    def ask(db: Session) -> None:
        digest = vault.digest(seeds.phone_of(2))
        for asked, key in (
            ("李", None),
            (f"{ids[1]}", None),
            ("", digest),
            (f"oMember{2:021d}", None),
        ):
            (line,) = recipients.find(db, push_id, asked, key)
            assert line.name == "李小芳"
        assert recipients.find(db, push_id, f"OMEMBER{2:021d}", None) == []
        assert recipients.settled_lately(db, push_id, NOON) == 0
        push = db.get_one(Push, push_id)
        assert why_not.ask(db, push, ids[4], NOON, PushRules()).reasons == (
            ("mass", "unfollowed"),
        )
        assert why_not.ask(db, push, 424242, NOON, PushRules()) == why_not.Answer(meant=False)
        found = push_lists.listed(db, push_lists.Wanted(q="冬至"), None)
        assert [line.Push.id for line in found.page.rows] == [push_id]
        assert found.counts == {"running": 1}

    database.read(ask)


def test_a_page_of_the_list_costs_the_same_with_many_pushes(house: House) -> None:
    browser = house.enter("owner")
    sent: list[str] = []

    def statements() -> int:
        sent.clear()
        event.listen(house.database.engine, "before_cursor_execute", lambda *a: sent.append(a[2]))
        browser.text("/console/pushes")
        return len(sent)

    def add(count: int) -> None:
        for _ in range(count):
            house.database.transaction(lambda db: seeds.add_push(db, "marketer"))

    add(2)
    few = statements()
    add(6)
    sent.clear()
    browser.text("/console/pushes")
    assert len(sent) == few
