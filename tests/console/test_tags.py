"""Tags, segments and profile fields: defined, explained, tried before they are saved."""

import json

import pytest
from sqlalchemy import update

from kernel.refusals import NotFound
from loyalty import profiles, segments, tags
from loyalty.members import Member
from loyalty.segments import Segment
from tests.console import loyalty_seeds
from tests.console.acts import acts
from tests.console.house import Browser, House

RULE = json.dumps({"all": [{"field": "points.balance", "op": ">=", "value": 100}]})


def test_a_tag_by_hand_and_one_by_rule(house: House, owner: Browser) -> None:
    owner.post("/console/tags", code="vip", name="专属客服")
    owner.post("/console/tags", code="rich", name="高积分", rule=RULE)

    page = owner.text("/console/tags")
    assert "积分余额不少于 100 分" in page
    owner.post("/console/tags/vip/retirements")
    found = {tag.code: (tag.kind, tag.active) for tag, _ in house.database.read(tags.every)}
    assert found == {"vip": ("hand", False), "rich": ("rule", True)}
    assert [act.action for act in acts(house)] == ["tag.defined", "tag.defined", "tag.retired"]
    assert "重新启用" in owner.text("/console/tags")


@pytest.mark.parametrize(
    "form",
    [
        {"code": "Bad"}, {"name": ""}, {"name": "长" * 21}, {"rule": "{"}, {"rule": "[]"},
        {"rule": '{"field": "no", "op": "=", "value": 1}'}, {"rule": '{"all": []'},
    ],
)  # fmt: skip
def test_a_tag_that_cannot_be(house: House, owner: Browser, form: dict[str, str]) -> None:
    answer = owner.post("/console/tags", **{"code": "vip", "name": "专属", **form})

    assert answer.status_code == 422
    assert "is-invalid" in answer.text
    assert house.database.read(tags.every) == []


def test_a_tag_stays_by_hand(house: House, owner: Browser) -> None:
    owner.post("/console/tags", code="vip", name="专属客服")

    assert owner.post("/console/tags", code="vip", name="专属", rule=RULE).status_code == 422


def segment(house: House, code: str) -> Segment:
    return house.database.read(lambda db: segments.get(db, code))


def test_a_segment_is_saved_in_versions(house: House, owner: Browser) -> None:
    owner.post("/console/segments", code="rich", name="积分满百", rule=RULE)
    other = RULE.replace("100", "200")
    owner.post("/console/segments", code="rich", name="积分满二百", rule=other)

    assert segment(house, "rich").version == 2
    page = owner.text("/console/segments")
    assert "积分余额不少于 200 分" in page
    assert "200" in owner.text("/console/segments/rich")
    owner.post("/console/segments/rich/retirements")
    assert "积分满二百" not in owner.text("/console/segments")


def test_a_segment_without_a_rule_is_none(house: House, owner: Browser) -> None:
    assert owner.post("/console/segments", code="all", name="所有人", rule="").status_code == 422
    with pytest.raises(NotFound):
        segment(house, "all")


def test_a_rule_is_tried_before_it_is_saved(house: House, owner: Browser, wang: Member) -> None:
    house.database.transaction(lambda db: loyalty_seeds.give_points(db, wang.id, 150))

    tried = owner.post("/console/rules/meaning", rule=RULE).text

    assert "积分余额不少于 100 分" in tried
    assert ">1</b> 位会员" in tried
    assert "王芳" in tried
    assert "<html" not in tried
    for odd in ("", "{", '{"field": "no"}', "{" * 100_000):
        assert "位会员" not in owner.post("/console/rules/meaning", rule=odd).text
    assert acts(house) == []


def test_a_rule_that_the_house_no_longer_speaks_breaks_no_page(
    house: House, owner: Browser
) -> None:
    owner.post("/console/tags", code="rich", name="高积分", rule=RULE)

    gone = update(tags.Tag).values(rule={"field": "gone", "op": "=", "value": 1})
    house.database.transaction(lambda db: db.execute(gone))

    assert "规则已失效" in owner.text("/console/tags")


def test_a_profile_field_is_defined_and_changed(house: House, owner: Browser) -> None:
    form = {"code": "use", "title": "用途", "kind": "choice", "choices": "上网\n电视",
            "position": "1", "active": "yes"}  # fmt: skip
    owner.post("/console/profile-fields", **form)
    owner.post("/console/profile-fields", **{**form, "title": "主要用途", "required": "yes"})

    (field,) = house.database.read(profiles.fields)
    assert (field.title, field.required, list(field.choices)) == (
        "主要用途",
        True,
        ["上网", "电视"],
    )
    wrong = [
        {"kind": "text"},
        {"choices": "一个"},
        {"position": "-1"},
        {"title": ""},
        {"code": "A"},
    ]
    for each in wrong:
        assert owner.post("/console/profile-fields", **{**form, **each}).status_code == 422
