"""Batches of coupons in the console: the form, the states, codes, grants, voids."""

import io
from typing import Any

import pytest
from sqlalchemy import func, select

from loyalty import claims, coupons
from loyalty.coupons import Coupon, CouponBatch
from loyalty.members import Member
from tests.console import loyalty_seeds, seeds
from tests.console.acts import acts
from tests.console.house import NOON, Browser, House
from tests.loyalty.books import breaches

FORM = {
    "title": "春节话费券", "code": "spring-10", "kind": "bill_credit", "worth": "10 元",
    "stacking": "exclusive", "amount_fen": "10.50", "stock": "100", "shards": "1",
    "alert_percent": "20", "starts_at": "2026-11-22T00:00", "ends_at": "2026-12-22T00:00",
    "per_member": "1", "validity": "days", "valid_days": "30", "weekdays-5": "yes",
    "dates": "2027-02-05~2027-02-11", "channels-site": "yes", "phrase": "新春快乐",
}  # fmt: skip


@pytest.fixture
def batch(house: House) -> int:
    return house.database.transaction(loyalty_seeds.add_batch)


def batch_now(house: House, batch_id: int) -> CouponBatch:
    return house.database.read(lambda db: coupons.get_batch(db, batch_id))


def count(house: House, state: str = "available") -> int:
    query = select(func.count()).where(Coupon.state == state)
    return house.database.read(lambda db: db.scalar(query)) or 0


def test_a_batch_is_made_as_a_draft(house: House, owner: Browser) -> None:
    answer = owner.post("/console/coupons", **FORM)

    made = batch_now(house, 1)
    assert answer.location == "/console/coupons/1"
    assert (made.state, made.amount_fen, made.channels) == ("draft", 1050, ["site"])
    assert made.unusable == {"weekdays": [5], "dates": [["2027-02-05", "2027-02-11"]]}
    assert made.starts_at.isoformat() == "2026-11-21T16:00:00+00:00"
    assert made.phrase_digest not in {"", "新春快乐"}
    assert acts(house)[0].action == "coupon.batch_created"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "Bad Code"), ("amount_fen", "1.234"), ("amount_fen", ""), ("stock", "many"),
        ("starts_at", ""), ("ends_at", "2026-11-01T00:00"), ("dates", "soon"), ("rule", "{"),
        ("rule", '{"field": "nothing", "op": "=", "value": 1}'), ("rule", "[" * 9000),
        ("kind", "gold"), ("per_member", "0"), ("validity", "never"), ("percent_off", "x"),
    ],
)  # fmt: skip
def test_a_fault_comes_back_beside_its_field_with_the_rest(
    house: House, owner: Browser, field: str, value: str
) -> None:
    answer = owner.post("/console/coupons", **{**FORM, field: value})

    assert answer.status_code == 422
    assert "春节话费券" in answer.text
    assert "没有保存" in answer.text
    assert house.database.read(lambda db: db.scalar(select(func.count(CouponBatch.id)))) == 0


def test_the_form_of_a_batch_saves_the_same_again(house: House, owner: Browser) -> None:
    owner.post("/console/coupons", **FORM)
    before = batch_now(house, 1)
    page = owner.text("/console/coupons/1/edit")
    assert 'value="10.50"' in page
    assert 'value="2026-11-22T00:00"' in page

    owner.post("/console/coupons/1", **{**FORM, "phrase": "", "title": "改名"})

    after = batch_now(house, 1)
    assert (after.title, after.phrase_digest) == ("改名", before.phrase_digest)
    assert after.revision == before.revision + 1


def test_what_was_promised_is_not_taken_back(
    house: House, owner: Browser, wang: Member, batch: int
) -> None:
    house.database.transaction(lambda db: claims.claim(db, batch, wang.id, NOON))

    form = {**FORM, "code": "bill-10", "kind": "discount", "starts_at": "2026-11-20T00:00"}
    answer = owner.post(f"/console/coupons/{batch}", **form)

    assert answer.status_code == 422
    assert "不能改券种" in answer.text


def test_a_batch_is_paused_opened_and_closed_for_ever(
    house: House, owner: Browser, batch: int
) -> None:
    for wanted in ("paused", "open", "closed", "open", "nonsense"):
        owner.post(f"/console/coupons/{batch}/moves", to=wanted)

    assert batch_now(house, batch).state == "closed"
    assert len([act for act in acts(house) if act.action == "coupon.batch_moved"]) == 3


def test_a_clone_is_a_draft_with_later_dates(house: House, owner: Browser, batch: int) -> None:
    answer = owner.post(f"/console/coupons/{batch}/clones", code="bill-11", shift_days="30")

    copy = batch_now(house, 2)
    assert answer.location == "/console/coupons/2"
    assert (copy.state, copy.cloned_from_id) == ("draft", batch)
    assert (copy.starts_at - batch_now(house, batch).starts_at).days == 30
    for code, shift in (("bill-11", "0"), ("ok", "x"), ("ok", "99999999999")):
        owner.post(f"/console/coupons/{batch}/clones", code=code, shift_days=shift)
    assert house.database.read(lambda db: db.scalar(select(func.count(CouponBatch.id)))) == 2


def upload(browser: Browser, path: str, data: bytes, name: str = "codes.csv") -> Any:
    form = {"csrf_token": browser.token(), "file": (io.BytesIO(data), name)}
    return browser.client.post(path, data=form)


def test_codes_of_a_partner_are_imported_with_a_verdict_each(house: House, owner: Browser) -> None:
    batch = house.database.transaction(
        lambda db: loyalty_seeds.add_batch(db, kind="partner", amount_fen=0, stock=0)
    )
    path = f"/console/coupons/{batch}/codes"

    page = upload(owner, path, b"code\nABCDEF1\nABCDEF2\nABCDEF1\nx\n").text

    assert "文件中重复" in page
    assert "太短" in page
    assert batch_now(house, batch).stock == 2
    assert owner.post(path, codes="ABCDEF2\nABCDEF3").status_code == 200
    assert batch_now(house, batch).stock == 3
    assert owner.post(path, codes=" ").status_code == 422
    assert upload(owner, path, b"\x00\x01\xff").status_code == 422
    assert breaches(house.database, NOON) == {}


def test_a_grant_is_seen_then_given_then_reported(
    house: House, owner: Browser, wang: Member, batch: int
) -> None:
    house.database.transaction(lambda db: seeds.add_member(db, house.vault, 2))
    form = {"title": "断网补偿", "whom": "members", "members": "1，2\n2 77"}

    preview = owner.post(f"/console/coupons/{batch}/grants/previews", **form)
    assert "2 位" in preview.text
    assert "没有这个会员号" in preview.text
    assert count(house) == 0
    answer = owner.post(f"/console/coupons/{batch}/grants", **form)

    assert count(house) == 2
    assert "已完成" in owner.text(answer.location)
    assert "coupon.grant_started" in {act.action for act in acts(house)}
    assert breaches(house.database, NOON) == {}


def test_a_grant_to_a_segment(house: House, owner: Browser, wang: Member, batch: int) -> None:
    house.database.transaction(loyalty_seeds.add_words)
    house.database.transaction(lambda db: seeds.add_member(db, house.vault, 2))
    house.database.transaction(lambda db: loyalty_seeds.give_points(db, wang.id, 100))

    owner.post(f"/console/coupons/{batch}/grants", title="回馈", whom="segment", segment="rich")

    assert count(house) == 1


@pytest.mark.parametrize(
    "form",
    [
        {"members": "1 x"}, {"members": ""}, {"members": "9" * 30},
        {"whom": "segment", "segment": ""}, {"members": "1", "title": " "},
    ],
)  # fmt: skip
def test_a_grant_to_nobody_is_refused(
    house: House, owner: Browser, wang: Member, batch: int, form: dict[str, str]
) -> None:
    sent = {"title": "补偿", "whom": "members", **form}
    answer = owner.post(f"/console/coupons/{batch}/grants", **sent)

    assert answer.status_code == 422
    assert count(house) == 0


def test_a_batch_is_taken_back_after_a_look(
    house: House, owner: Browser, wang: Member, batch: int
) -> None:
    house.database.transaction(lambda db: claims.claim(db, batch, wang.id, NOON))
    path = f"/console/coupons/voids/new?scope=batch&id={batch}"
    assert "作废 1 张" in owner.text(path)

    target = {"scope": "batch", "id": str(batch)}
    assert owner.post("/console/coupons/voids", **target, reason=" ").status_code == 422
    assert count(house) == 1
    answer = owner.post("/console/coupons/voids", **target, reason="发错", returns_stock="yes")

    assert (count(house), count(house, "void")) == (0, 1)
    assert batch_now(house, batch).state == "paused"
    assert "共 1 张" in owner.text(answer.location)
    assert breaches(house.database, NOON) == {}


@pytest.mark.parametrize("query", ["", "scope=all&id=1", "scope=batch&id=x", "scope=grant&id=9"])
def test_a_void_of_nothing_is_not_found(house: House, owner: Browser, query: str) -> None:
    assert owner.get(f"/console/coupons/voids/new?{query}").status_code == 404


def test_little_stock_is_marked_and_told_at_home(
    house: House, owner: Browser, wang: Member
) -> None:
    house.database.transaction(
        lambda db: loyalty_seeds.add_batch(db, "few", stock=2, alert_percent=50)
    )
    assert "库存低" not in owner.text("/console/coupons")
    house.database.transaction(lambda db: claims.claim(db, 1, wang.id, NOON))

    assert "库存低" in owner.text("/console/coupons")
    assert "1 批优惠券库存低" in owner.text("/console/")
