"""合规预检 in the console: live beside the editors, and where something is let out."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from loyalty.coupons import CouponBatch
from pushes import pushes
from pushes.pushes import Push
from tests.console import loyalty_seeds, seeds
from tests.console.acts import acts
from tests.console.house import NOON, Browser, House
from web.console.compliance import MOST_BYTES

CHECK = "/console/compliance/check"
FIELDS = {"compliance_kind": "push", "compliance_fields": "title=标题;body=内容"}


def add_push(house: House, body: str, title: str = "通知") -> Push:
    """A draft of the marketer."""
    return house.database.transaction(lambda db: seeds.add_push(db, "marketer", title, body))


def state_of(house: House, push: Push) -> str:
    return house.database.read(lambda db: db.get_one(Push, push.id).state)


@pytest.fixture
def audience(house: House) -> None:
    """Two members who follow."""

    def work(db: Session) -> None:
        for number in (1, 2):
            seeds.add_member(db, house.vault, number)

    house.database.transaction(work)


@pytest.fixture
def marketer(house: House) -> Browser:
    return house.enter("marketer")


def test_the_fragment_says_place_quote_why_and_what_to_do(marketer: Browser) -> None:
    answer = marketer.post(CHECK, **FIELDS, title="通知", body="冬季促销：转发朋友圈领红包")

    assert answer.status_code == 200
    assert "<html" not in answer.text
    for part in ("诱导分享", "内容", "<mark>转发朋友圈领红包</mark>", "怎么改：", "3.3.1"):
        assert part in answer.text
    assert "必须修改" in answer.text


def test_nothing_found_and_nothing_written_read_differently(marketer: Browser) -> None:
    clean = marketer.post(CHECK, **FIELDS, title="通知", body="您的账单已出")
    empty = marketer.post(CHECK, **FIELDS, title=" ", body="")

    assert "没有发现问题" in clean.text
    assert "开始填写后" in empty.text
    assert "没有发现问题" not in empty.text


def test_a_form_may_repeat_places_and_texts(marketer: Browser) -> None:
    answer = marketer.client.post(
        CHECK,
        data={
            "csrf_token": marketer.token(),
            "compliance_kind": "article",
            "place": ["标题", "正文第 2 段"],
            "text": ["宽带小知识", "本店最终解释权"],
        },
    )

    assert "正文第 2 段" in answer.text
    assert "最终解释权" in answer.text


def test_facts_are_read_as_they_are_typed(marketer: Browser) -> None:
    form = {
        "compliance_kind": "coupon",
        "compliance_fields": "title=券名",
        "compliance_facts": "ends_at=until;stock=stock;rules=terms;evil=title",
        "title": "话费券",
        "terms": "每户一张，到店出示",
    }

    missing = marketer.post(CHECK, **form, until="", stock="5")
    over = marketer.post(CHECK, **form, until="2026-11-21T11:00", stock="5")
    well = marketer.post(CHECK, **form, until="2026-12-31T00:00", stock="half typed")

    assert "没有结束时间" in missing.text
    assert "已经结束" in over.text
    assert "没有发现问题" in well.text


def test_our_own_links_are_known_and_others_are_not(marketer: Browser) -> None:
    ours = marketer.post(CHECK, **FIELDS, body="详见 http://hall.test/site/coupons")
    strange = marketer.post(CHECK, **FIELDS, body="详见 https://shop.example.org/a")

    assert "没有发现问题" in ours.text
    assert "未登记的域名" in strange.text


def test_what_was_typed_is_text(marketer: Browser) -> None:
    evil = "<img src=x onerror=alert(1)>最佳</mark><script>alert(2)</script>"

    answer = marketer.post(
        CHECK, compliance_kind="push", compliance_fields=f"title=<b>{evil}</b>", title=evil
    )

    assert "<mark>最佳</mark>" in answer.text
    assert "<img" not in answer.text
    assert "<script" not in answer.text
    assert "&lt;" in answer.text


@pytest.mark.parametrize("body", ["\x00最\x00佳\x00", "最\ufeff佳", "最\u202e佳"])
def test_what_cannot_be_seen_hides_nothing(marketer: Browser, body: str) -> None:
    assert "绝对化用语" in marketer.post(CHECK, **FIELDS, body=body).text


def test_a_megabyte_is_refused(marketer: Browser) -> None:
    answer = marketer.post(CHECK, **FIELDS, body="x" * 1_000_000)

    assert answer.status_code == 413


def test_as_much_as_is_let_in_is_answered(marketer: Browser) -> None:
    answer = marketer.post(CHECK, **FIELDS, body="x" * (MOST_BYTES - 2_000))

    assert answer.status_code == 200
    assert "正文过长" in answer.text


@pytest.mark.parametrize("kind", ["", "nothing", "push\x00x", "push" * 100])
def test_an_unknown_kind_is_refused(marketer: Browser, kind: str) -> None:
    assert marketer.post(CHECK, compliance_kind=kind, title="x").status_code == 422


def test_editors_carry_the_panel(marketer: Browser) -> None:
    for path, url in {"pushes/new": "/console/pushes/findings", "coupons/new": CHECK}.items():
        page = marketer.text(f"/console/{path}")
        assert f'hx-post="{url}"' in page
        assert "delay:600ms" in page


def submit(house: House, push: Push) -> None:
    answer = house.enter("marketer").post(f"/console/pushes/{push.id}/review")
    assert answer.status_code == 303


@pytest.mark.usefixtures("audience")
def test_red_keeps_a_push_from_being_submitted(house: House) -> None:
    push = add_push(house, "全网最低价，转发朋友圈领红包")
    page = house.enter("marketer").text(f"/console/pushes/{push.id}")
    assert "改好红色的地方后才能提交审核" in page
    assert "<mark>全网最低价</mark>" in page

    submit(house, push)

    assert state_of(house, push) == "draft"
    assert [act.action for act in acts(house)] == ["push.drafted"]


@pytest.mark.usefixtures("audience")
def test_amber_wants_a_reason_which_is_kept(house: House) -> None:
    push = add_push(house, "宽带优惠活动进行中，欢迎到店")
    submit(house, push)
    approver = house.enter("approver")
    path = f"/console/pushes/{push.id}"
    assert "通过的理由" in approver.text(f"{path}/preflight")

    approver.post(f"{path}/approvals", reason="  ")
    assert "请写明通过的理由" in approver.text(path)
    approver.post(f"{path}/approvals", reason="长" * 501)
    assert state_of(house, push) == "review"

    approver.post(f"{path}/approvals", reason="长期活动，没有截止日", when="waits")

    assert state_of(house, push) == "approved"
    assert acts(house)[-1].details == {
        "reason": "长期活动，没有截止日",
        "findings": ["end-unsaid"],
    }


@pytest.mark.usefixtures("audience")
def test_a_push_at_night_wants_a_reason(house: House) -> None:
    push = add_push(house, "今晚机房割接，宽带中断")
    submit(house, push)
    house.clock.move(hours=10)  # 22:00 in Shanghai
    approver = house.enter("approver")

    assert "打扰时段" in approver.text(f"/console/pushes/{push.id}/preflight")
    approver.post(f"/console/pushes/{push.id}/approvals")
    assert state_of(house, push) == "review"


@pytest.mark.usefixtures("audience")
def test_the_fifth_push_of_a_month_is_refused(house: House) -> None:
    for number in range(4):
        add_push(house, "您好", f"第 {number} 条")
    began = NOON - timedelta(days=3)
    house.database.transaction(
        lambda db: db.execute(update(Push).values(state="finished", started_at=began))
    )
    push = add_push(house, "您好", "第五条")

    assert house.database.read(lambda db: pushes.begun_in_month(db, NOON)) == 4
    assert "本月群发次数用完" in house.enter("approver").text(f"/console/pushes/{push.id}")
    later = NOON + timedelta(days=15)
    assert house.database.read(lambda db: pushes.begun_in_month(db, later)) == 0


def draft_batch(house: House, **values: object) -> CouponBatch:
    """A draft of a batch with these columns."""
    house.database.transaction(
        lambda db: loyalty_seeds.furnish(db, house.vault, seeds.add_member(db, house.vault, 9).id)
    )
    batch = house.database.read(
        lambda db: db.scalars(select(CouponBatch).order_by(CouponBatch.id)).first()
    )
    assert batch
    changed = {"state": "draft", **values}
    house.database.transaction(
        lambda db: db.execute(
            update(CouponBatch).where(CouponBatch.id == batch.id).values(**changed)
        )
    )
    return batch


def batch_state(house: House, batch: CouponBatch) -> str:
    return house.database.read(lambda db: db.get_one(CouponBatch, batch.id).state)


def test_red_keeps_a_batch_closed(house: House, marketer: Browser) -> None:
    batch = draft_batch(house, title="最佳话费券")

    page = marketer.text(f"/console/coupons/{batch.id}")
    answer = marketer.post(f"/console/coupons/{batch.id}/moves", to="open")

    assert "改好前不能开放领取" in page
    assert answer.status_code == 303
    assert batch_state(house, batch) == "draft"
    assert "refused: not_compliant" in marketer.text(f"/console/coupons/{batch.id}")


def test_amber_is_shown_and_lets_a_batch_open(house: House, marketer: Browser) -> None:
    batch = draft_batch(house, terms="到店出示，概不退换，每人一张")

    assert "不公平的格式条款" in marketer.text(f"/console/coupons/{batch.id}")
    marketer.post(f"/console/coupons/{batch.id}/moves", to="open")

    assert batch_state(house, batch) == "open"


def test_an_open_batch_takes_on_nothing_red(house: House, marketer: Browser) -> None:
    batch = draft_batch(house, state="open", terms="每人一张")
    page = marketer.text(f"/console/coupons/{batch.id}/edit")
    form = dict(re.findall(r'name="([a-z_]+)" type="[a-z-]+" value="([^"]*)"', page))
    chosen = {"kind": batch.kind, "validity": batch.validity, "stacking": batch.stacking}

    refused = marketer.post(
        f"/console/coupons/{batch.id}", **{**form, **chosen, "terms": "本店最终解释权"}
    )
    let = marketer.post(
        f"/console/coupons/{batch.id}", **{**form, **chosen, "terms": "每人限领一张，到店出示"}
    )

    assert refused.status_code == 422
    assert "合规预检：" in refused.text
    assert "本店最终解释权" in refused.text
    assert let.status_code == 303, let.text
