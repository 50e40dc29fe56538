"""The editor of pushes: what is typed is kept, or comes back with what is wrong beside it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content.article_sync import ArticleSync
from pushes import drafts
from tests.console import content_seeds, push_desk, seeds
from tests.console.acts import acts
from tests.console.house import NOON, Browser, House
from tests.console.push_desk import MASS, NOTICE, SMS, form

PATH = "/console/pushes"


@pytest.fixture
def marketer(house: House) -> Browser:
    return house.enter("marketer")


def test_a_push_is_drafted(house: House, marketer: Browser) -> None:
    answer = marketer.post(PATH, **form(title="冬至"))

    (push,) = push_desk.every(house)
    assert answer.location == f"{PATH}/{push.id}"
    assert (push.state, push.channels, push.holdout_percent) == ("draft", ["mass"], 5)
    # Browsers send CRLF, which would cost a byte a line and is not what was counted.
    assert push.contents["mass"] == {"kind": "text", "text": "冬至快乐\n记得吃饺子"}
    (act,) = acts(house)
    assert (act.action, act.subject, act.login) == ("push.drafted", "push:1", "marketer")
    assert "提交审核" in marketer.text(answer.location)


def test_all_that_was_typed_is_kept_and_shown_again(house: House, marketer: Browser) -> None:
    typed = form(
        channel=["sms", "notice", "mass"], variant_count="2", link="/site/coupons",
        a__share="70", b__share="30", when="later", send_at="2026-11-22T09:30",
        a__sms__text="甲短信", b__sms__text="乙短信", a__mass__text="甲", b__mass__kind="text",
        b__mass__text="乙", **{
            f"{letter}.notice.{name}": value for letter in "ab" for name, value in {
                "template_id": "TplNotice000000001", "key": ["thing1", ""],
                "value": [f"礼券{letter}", ""]}.items()
        },
        grace_minutes="15", rate="200", freeze_at="approval", holdout_percent="10",
    )  # fmt: skip
    answer = marketer.post(PATH, **typed)
    assert answer.status_code == 303, answer.text

    push = push_desk.get(house)
    assert push.channels == ["sms", "notice", "mass"]
    assert [one["share"] for one in push.variants] == [70, 30]
    assert push.variants[1]["contents"]["notice"]["data"] == {"thing1": "礼券b"}
    assert push.send_at == NOON + timedelta(hours=21, minutes=30)
    assert (push.grace_minutes, push.rate, push.freeze_at) == (15, 200, "approval")
    page = marketer.text(f"{PATH}/1/edit")
    for words in ("甲短信", "乙短信", "礼券b", 'value="2026-11-22T09:30"', "TplNotice000000001"):
        assert words in page
    assert page.index('value="sms"') < page.index('value="notice"') < page.index('value="mass"')

    again = marketer.post(f"{PATH}/1", **{**typed, "title": "改过的"})
    assert again.location == f"{PATH}/1"
    assert push_desk.get(house).title == "改过的"
    assert acts(house)[-1].action == "push.revised"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"title": "长" * 41}, "请填写标题"),
    ({"channel": []}, "至少一个渠道"),
    ({"channel": ["mass", "pigeon\x00"], "a__mass__text": ""}, "请填写内容"),
    ({"channel": ["template"]}, "请选择模板"),
    ({"a__mass__text": "汉" * 683}, "不超过 2048 字节"),
    ({"a__mass__text": "{称呼}您好"}, "只能用 {链接}"),
    ({"a__mass__text": "{口令}"}, "没有 {口令} 这个变量"),
    ({"a__mass__kind": "article", "a__mass__article_id": "7"}, "草稿箱的文章"),
    ({"link": "javascript:alert(1)"}, "https:// 地址"),
    ({"link": "//evil.example"}, "https:// 地址"),
    ({"when": "later", "send_at": ""}, "请选择日期和时间"),
    ({"when": "later", "send_at": "0000-00-00T99:99"}, "请选择日期和时间"),
    ({"holdout_percent": "51"}, "0 至 50"),
    ({"holdout_percent": "٣"}, "请填写整数"),
    ({"rate": "-1"}, "0 至 10000"),
    ({"variant_count": "2", "b__mass__text": "乙", "a__share": "50"}, "100%"),
    ({"audience_kind": "tag", "audience_tag": "no\x00ne"}, "请选择标签"),
    ({"audience_kind": "segment", "audience_segment": "none"}, "请选择人群"),
    ({"audience_kind": "list", "audience_list": "9" * 18}, "请选择名单"),
    ({"audience_kind": "trigger"}, "请选择发给谁"),
    ({"channel": ["sms"], "audience_kind": "followers", "a__sms__text": "您好"}, "没有手机号"),
]


def test_what_is_refused_comes_back_as_it_was(house: House, marketer: Browser) -> None:
    for changes, words in REFUSED:
        answer = marketer.post(PATH, **form(**changes))

        assert answer.status_code == 422, changes
        assert words in answer.text, changes
        assert 'role="alert"' in answer.text
        if "title" not in changes:
            assert 'value="冬至祝福"' in answer.text
        if "a__mass__text" in changes:
            assert changes["a__mass__text"] in answer.text
    assert push_desk.every(house) == []
    assert acts(house) == []


def test_by_the_tag_of_wechat_nobody_is_held_back(house: House, marketer: Browser) -> None:
    house.database.transaction(lambda db: seeds.add_tag(db, "vip"))
    asked = form(audience_kind="tag", audience_tag="vip", audience_by_tag="yes")

    assert "不能留对照组" in marketer.post(PATH, **asked).text
    several = {
        **asked,
        "variant_count": "2",
        "b.mass.text": "乙",
        "a.share": "50",
        "b.share": "50",
    }
    assert "同一个版本" in marketer.post(PATH, **several).text
    assert marketer.post(PATH, **{**asked, "holdout_percent": "0"}).status_code == 303
    assert push_desk.get(house).audience == {"kind": "tag", "tag": "vip", "by_tag": True}


def test_an_article_is_chosen_from_those_that_lie_in_drafts(
    house: House, marketer: Browser
) -> None:
    def draft(db: Session) -> int:
        content_seeds.furnish(db)
        sync = db.scalars(select(ArticleSync)).one()
        sync.state, sync.draft_id = "drafted", "media-1"
        return sync.article_id

    drafted = str(house.database.transaction(draft))
    answer = marketer.post(PATH, **form(a__mass__kind="article", a__mass__article_id=drafted))

    assert answer.status_code == 303
    content = push_desk.get(house).contents["mass"]
    assert (content["kind"], content["article_id"]) == ("article", int(drafted))
    assert content["title"] in marketer.text(answer.location)


def test_only_a_draft_is_changed(house: House, marketer: Browser) -> None:
    house.database.transaction(lambda db: seeds.submit_push(db, "marketer"))

    assert marketer.get(f"{PATH}/1/edit").status_code == 409
    assert marketer.post(f"{PATH}/1", **form(title="偷改")).status_code == 409
    assert push_desk.get(house).title == "冬至祝福"


def test_what_a_colleague_changed_meanwhile_is_not_lost(house: House, marketer: Browser) -> None:
    house.database.transaction(lambda db: seeds.add_push(db, "marketer"))
    seen = push_desk.get(house).changed_at.isoformat()
    assert f'name="seen" value="{seen}"' in marketer.text(f"{PATH}/1/edit")
    house.clock.move(minutes=1)
    assert marketer.post(f"{PATH}/1", **form(title="同事的"), seen=seen).status_code == 303

    answer = marketer.post(f"{PATH}/1", **form(title="我的"), seen=seen)

    assert answer.status_code == 409
    assert "同事刚保存过" in answer.text
    assert 'value="我的"' in answer.text
    assert push_desk.get(house).title == "同事的"


def test_a_copy_is_a_draft_without_a_time(house: House, marketer: Browser) -> None:
    contents = {"mass": MASS, "notice": NOTICE, "sms": SMS}
    later = NOON + timedelta(days=1)
    given = drafts.Form("原件", list(contents), [{"share": 100, "contents": contents}],
                        send_at=later)  # fmt: skip
    house.database.transaction(lambda db: drafts.write(db, given, seeds.hand_of(db, "owner")))
    answer = marketer.post(f"{PATH}/1/copies")

    _, made = push_desk.every(house)
    assert answer.location == f"{PATH}/{made.id}/edit"
    assert (made.variants, made.send_at, made.state) == ([{"share": 100, "contents": contents}],
                                                         None, "draft")  # fmt: skip


def test_phones_show_what_is_typed(marketer: Browser) -> None:
    typed = form(
        channel=["mass", "sms", "template"], a__sms__text="{称呼}" + "长" * 70,
        a__template__template_id="TplTemplate00001", a__template__key=["thing1", "amount2"],
        a__template__value=["长" * 30, "不是钱"],
    )  # fmt: skip
    answer = marketer.post(f"{PATH}/looks", **typed)

    assert "<html" not in answer.text
    assert "2 条" in answer.text
    assert "拒收请回复R" in answer.text
    assert "…" in answer.text  # cut to what the kind of the key allows
    assert "金额，如 ¥100" in answer.text
    assert "28 / 2,048 字节" in answer.text


def test_what_is_typed_is_weighed_with_what_is_added_to_it(marketer: Browser) -> None:
    path = f"{PATH}/findings"
    typed = form(channel=["sms"], a__sms__text="{称呼}您好，明天有礼 {链接}", link="/site/coupons")
    assert "mark" not in marketer.post(path, **typed).text  # the way out and slots are filled in
    bad = form(a__mass__text="全网最低价", channel=["mass"], when="later", send_at="2026-")
    assert "<mark>全网最低价</mark>" in marketer.post(path, **bad).text
    at_night = form(when="later", send_at="2026-11-22T22:00")
    assert "打扰时段" in marketer.post(path, **at_night).text
    assert marketer.post(path, channel="mass").status_code == 200


def test_an_audience_is_counted_with_masked_names(house: House, marketer: Browser) -> None:
    house.database.transaction(
        lambda db: seeds.add_members(db, house.vault, range(1, 4), "李小芳")
    )

    answer = marketer.post(f"{PATH}/audiences", audience_kind="members")
    assert '<b class="wt-digits">3</b>' in answer.text
    assert "李**" in answer.text
    assert "李小芳" not in answer.text
    assert "请选择人群" in marketer.post(f"{PATH}/audiences", audience_kind="segment").text


def test_the_text_of_a_push_is_text(marketer: Browser) -> None:
    evil = "</textarea><script>alert(1)</script>"
    answer = marketer.post(PATH, **form(title=evil, a__mass__text=evil))
    pages = [
        marketer.post(PATH, **form(title="x" * 50, a__mass__text=evil)).text,
        marketer.post(f"{PATH}/looks", **form(a__mass__text=evil)).text,
        *(marketer.text(path) for path in (answer.location, PATH, f"{answer.location}/edit")),
    ]
    for page in pages:
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)" in page
