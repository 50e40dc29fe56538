"""Conditional menus on their way: in order, without a gap, all or nothing; trials."""

import pytest

from menus import publications, versions
from menus.conditional import Face, variants_json
from menus.publications import TrialMissing
from tests.menus.house import BASE, MARKETER, House, menu, variant

ONE, TWO = menu("资费"), menu("网点")


def test_variants_go_out_in_order_and_are_replaced_without_a_gap(house: House) -> None:
    house.tag("vip", "贵宾")
    house.tag("new", "新客户")
    both = Face(ONE, (variant("贵宾", "vip", "甲"), variant("新客", "new", "乙")))
    house.publish(both)
    rules = [one["matchrule"] for one in house.wechat.conditional]
    ids = house.wechat.named
    assert rules == [{"tag_id": str(ids["贵宾"])}, {"tag_id": str(ids["新客户"])}]
    house.wechat.calls.clear()
    house.publish(Face(TWO, (variant("贵宾", "vip", "丙"),)))
    calls = [call for call in house.wechat.calls if call != "read"]
    assert calls == ["add_conditional", "create", "delete_conditional", "delete_conditional"]
    assert len(house.wechat.conditional) == 1
    house.publish(ONE)
    assert house.wechat.conditional == []


@pytest.mark.parametrize("method", ["add_conditional", "create"])
def test_a_refusal_halfway_leaves_everything_as_it_was(house: House, method: str) -> None:
    house.tag("vip", "贵宾")
    first = house.publish(Face(ONE, (variant("贵宾", "vip", "甲"),)))
    before = (house.wechat.buttons, list(house.wechat.conditional))
    face = Face(TWO, (variant("贵宾", "vip", "丙"), variant("又一", "vip", "丁")))
    number = house.do(lambda db: versions.add(db, TWO, "", house.clock.now(), BASE)).id
    house.do(
        lambda db: setattr(versions.get(db, number), "variants", variants_json(face.variants))
    )
    house.wechat.fail(method, "refused", "65316")
    house.order(number)
    house.send()
    assert (house.wechat.buttons, house.wechat.conditional) == before
    assert house.live() == first


def test_a_trial_is_seen_by_its_tag_then_released(house: House) -> None:
    house.tag("trial", "试用")
    first, second = house.publish(ONE), house.approved(TWO)
    house.do(lambda db: publications.try_out(db, second, house.hand(MARKETER)))
    house.send()
    assert (house.live(), house.state(second), house.wechat.names) == (first, "approved", ["资费"])
    (trial,) = house.wechat.conditional
    assert trial["matchrule"] == {"tag_id": str(house.wechat.named["试用"])}
    assert trial["button"][0]["sub_button"][0]["name"] == "网点"
    house.order(second)
    house.send()
    assert (house.live(), house.wechat.conditional) == (second, [])


def test_a_trial_is_withdrawn(house: House) -> None:
    house.tag("trial", "试用")
    house.publish(ONE)
    second = house.approved(TWO)
    with pytest.raises(TrialMissing):
        house.do(lambda db: publications.end_trial(db, house.hand(MARKETER)))
    house.do(lambda db: publications.try_out(db, second, house.hand(MARKETER)))
    house.send()
    house.do(lambda db: publications.end_trial(db, house.hand(MARKETER)))
    house.send()
    assert house.wechat.conditional == []
    assert house.state(second) == "approved"
