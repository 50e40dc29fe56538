"""What a push says by each channel, and what each channel refuses."""

import pytest

from kernel.refusals import Invalid
from pushes import bodies, messages, template_values
from pushes.messages import Reader

LI = Reader("李女士", "金卡", 120, "https://h.example/l/d1-x")


@pytest.mark.parametrize(
    ("channel", "content", "field"),
    [
        ("mass", {"text": ""}, "mass.text"),
        ("mass", {"text": "汉" * 683}, "mass.text"),
        ("mass", {"text": "{称呼}你好"}, "mass.text"),
        ("mass", {"kind": "article"}, "mass.article_id"),
        ("customer", {"text": "{名字}你好"}, "customer.text"),
        ("customer", {"kind": "news", "title": "t"}, "customer.description"),
        ("customer", {"kind": "news", "title": "t", "description": "d", "picture": "http://x"},
         "customer.picture"),
        ("notice", {"template_id": "x"}, "notice.template_id"),
        ("notice", {"template_id": "template-0001", "data": {}}, "notice.data"),
        ("notice", {"template_id": "template-0001", "data": {"thing1": "汉" * 21}},
         "notice.data.thing1"),
        ("template", {"template_id": "template-0001", "data": {"character_string1": "中文"}},
         "template.data.character_string1"),
        ("template", {"template_id": "template-0001", "data": {"phrase1": "六个汉字的词"}},
         "template.data.phrase1"),
        ("sms", {"text": "长" * 501}, "sms.text"),
    ],
)  # fmt: skip
def test_what_the_platform_would_refuse_is_refused_first(
    channel: str, content: dict[str, object], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        messages.check(channel, content)
    assert refused.value.facts["field"] == field


def test_slots_are_filled_once_and_other_braces_stay() -> None:
    text = "{称呼}（{等级}）有 {积分} 分：{链接}"
    assert messages.fill(text, LI) == "李女士（金卡）有 120 分：https://h.example/l/d1-x"
    nested = Reader("{积分}")
    assert messages.fill("{称呼}好", nested) == "{积分}好"


def test_a_filled_value_is_fitted_to_its_key() -> None:
    content = messages.check(
        "notice", {"template_id": "template-0001", "data": {"thing1": "{称呼}的礼"}}
    )
    body = bodies.notice(content, Reader("名字很长" * 9))
    value = body["data"]["thing1"]["value"]
    assert len(value) == 20
    assert value.endswith("…")
    assert bodies.notice(content, LI)["page"] == LI.link


@pytest.mark.parametrize(
    ("key", "value", "is_well"),
    [
        ("thing1", "汉" * 20, True), ("number2", "12.5", True), ("number2", "1,000", False),
        ("amount3", "¥100元", True), ("amount3", "一百", False), ("phone_number4", "10050", True),
        ("car_number5", "京A12345", True), ("name6", "王小明", True), ("time7", "15:01", True),
        ("date8", "2026年9月25日", True), ("character_string9", "A-1_2", True),
        ("keyword1", "x" * 99, True),
    ],
)  # fmt: skip
def test_each_kind_of_key_has_its_rule(key: str, value: str, is_well: bool) -> None:
    assert (template_values.fault(key, value) is None) is is_well


def test_a_short_message_is_signed_and_says_how_it_is_refused() -> None:
    content = messages.check("sms", {"text": "{称呼}，中秋安康"})
    assert messages.sms_text(content, LI, "铁通", False) == "【铁通】李女士，中秋安康 拒收请回复R"
    assert messages.sms_text(content, LI, "铁通", True) == "【铁通】李女士，中秋安康"
    assert [messages.sms_pieces("字" * n) for n in (1, 70, 71, 134, 135)] == [1, 1, 2, 2, 3]
