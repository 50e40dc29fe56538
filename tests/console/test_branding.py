"""卷首卷尾 and facts of the house: changed by two people, stale edits kept."""

from typing import Any

from content import branding, house_facts
from tests.console import content_seeds
from tests.console.acts import acts
from tests.console.house import House


def test_a_branding_is_edited_and_stale_edits_are_kept(house: House) -> None:
    house.database.transaction(content_seeds.add_branding)
    marketer = house.enter("marketer")
    form: dict[str, Any] = {"name": "卷尾", "version": "1", "block": "b1"}
    form |= {"b1.kind": "paragraph", "b1.text": "热线 {{fact:company}}"}

    added = marketer.post("/console/branding/company", act="add:button", **form)
    assert 'name="n1.link"' in added.text
    assert marketer.post("/console/branding/company", act="save", **form).status_code == 303
    assert "热线" not in house.database.read(lambda db: str(branding.get(db, "company").blocks))
    page = house.enter("approver").text("/console/changes/1")
    assert "热线 10050" in page
    assert "铁通服务" in page
    twice = marketer.post("/console/branding/company", act="save", **form)
    assert (twice.status_code, "refused: change_open" in twice.text) == (409, True)
    house.enter("approver").post("/console/changes/1/approve", reason="好")
    assert "热线 10050" in marketer.text("/console/branding")
    late = marketer.post("/console/branding/company", act="save", **{**form, "name": "我的名称"})
    assert late.status_code == 409
    assert "我的名称" in late.text
    wrong = {**form, "version": "2", "b1.text": "[x](javascript:1)"}
    refused = marketer.post("/console/branding/company", act="save", **wrong)
    assert refused.status_code == 422
    assert 'id="b1-fault"' in refused.text
    assert house.database.read(lambda db: branding.get(db, "company").version) == 2


def test_a_fact_is_changed_everywhere(house: House) -> None:
    house.database.transaction(content_seeds.add_branding)
    marketer = house.enter("marketer")

    marketer.post("/console/branding/facts/company", value="10086", version="1")
    assert house.database.read(house_facts.values) == {"company": "10050"}
    assert "有修改等待审核" in marketer.text("/console/branding")
    approver = house.enter("approver")
    assert "10086" in approver.text("/console/changes/1")
    approver.post("/console/changes/1/approve", reason="打过了")
    assert house.database.read(house_facts.values) == {"company": "10086"}
    assert (acts(house)[-1].details or {})["changes"] == {"value": ["10050", "10086"]}
    marketer.post("/console/branding/facts/company", value="1", version="1")
    assert "refused: house_fact_changed" in marketer.text("/console/branding")
