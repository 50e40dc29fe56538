"""Articles in the console: written, reviewed by another, published, compared, sent to WeChat."""

import re
from typing import Any

import pytest

from content.facts import Facts
from tests.console import content_seeds
from tests.console.acts import acts
from tests.console.article_hands import SCRIPT, do, post, revision_of
from tests.console.house import House
from web.console import article_previews, article_sheets, block_forms


@pytest.fixture
def topic(house: House) -> int:
    """An article that nobody wrote yet."""
    return house.database.transaction(content_seeds.add_topic)[0]


def test_a_topic_is_proposed_and_faults_come_back(house: House) -> None:
    marketer = house.enter("marketer")
    form = {"title": "春节", "code": "Spring!", "kind": "article", "due_on": "2026-11-19"}

    wrong = marketer.post("/console/articles", **form)
    assert wrong.status_code == 422
    assert "小写字母" in wrong.text
    assert 'value="Spring!"' in wrong.text
    made = marketer.post("/console/articles", **{**form, "code": "spring"})
    assert made.location == "/console/articles/1"
    assert marketer.post("/console/articles", **{**form, "code": "spring"}).status_code == 409
    assert "（已过期）" in marketer.text("/console/articles")
    assert "1 篇已过截止日期" in marketer.text("/console/articles")
    assert [act.action for act in acts(house)] == ["article.proposed"]


def test_the_list_is_narrowed(house: House, topic: int) -> None:
    house.database.transaction(content_seeds.add_live)
    browser = house.enter("owner")

    def shown(query: str) -> list[str]:
        page = browser.text(f"/console/articles?{query}")
        return re.findall(r'wt-row-link wt-strong" href="/console/articles/(\d+)"', page)

    assert topic == 1
    assert shown("") == ["2", "1"]
    assert shown("state=topic") == ["1"]
    assert shown("state=published") == ["2"]
    assert shown("q=春节") == ["1"]
    assert shown("q=%25") == shown("mine=yes") == []
    assert shown("kind=page&before=2") == []
    assert shown("state=nonsense&kind=%00&before=x") == ["2", "1"]


def test_pages_of_the_list_go_on(
    house: House, topic: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(article_sheets, "SIZE", 1)
    house.database.transaction(content_seeds.add_live)

    page = house.enter("auditor").text("/console/articles?kind=")

    assert topic
    assert "before=2" in page


def test_what_is_typed_is_kept(house: House, topic: int) -> None:
    house.database.transaction(content_seeds.add_branding)
    marketer = house.enter("marketer")
    rows = [
        ("b1", {"kind": "heading", "text": "服务时间", "level": "3"}),
        ("b2", {"kind": "list", "text": "报修\n**缴费**", "ordered": "yes"}),
        ("b3", {"kind": "table", "text": "套餐 | 价格\n300M | {{price:b300}}"}),
        ("b4", {"kind": "button", "label": "去办理", "link": "/site/products"}),
        ("b5", {"kind": "paragraph", "text": "  "}),
    ]

    answer = post(marketer, topic, rows=rows, tail="company")

    assert answer.status_code == 303
    kept = revision_of(house, topic)
    assert [block["type"] for block in kept.blocks] == ["heading", "list", "table", "button"]
    assert kept.blocks[1]["items"][1] == [{"text": "缴费", "bold": True}]
    assert kept.blocks[2]["rows"] == [["300M", "{{price:b300}}"]]
    assert (kept.tail, kept.byline, kept.state) == ("company", "客服部", "writing")
    page = marketer.text(f"/console/articles/{topic}/edit")
    assert "**缴费**" in page
    assert "{{fact:company}}" in page
    assert "10050" in page
    (act,) = [one for one in acts(house) if one.action == "article.edited"]
    assert (act.details or {})["changes"]["作者"] == ["", "客服部"]


@pytest.mark.parametrize(
    ("act", "order"),
    [
        ("up:b2", ["二", "一", "三"]),
        ("down:b2", ["一", "三", "二"]),
        ("up:b1", ["一", "二", "三"]),
        ("down:b3", ["一", "二", "三"]),
        ("delete:b2", ["一", "三"]),
        ("up:nothing", ["一", "二", "三"]),
    ],
)
def test_rows_are_moved_without_scripts(
    house: House, topic: int, act: str, order: list[str]
) -> None:
    rows = [(f"b{n}", {"kind": "paragraph", "text": text}) for n, text in enumerate("一二三", 1)]

    answer = post(house.enter("marketer"), topic, rows=rows, act=act)

    assert answer.status_code == 303
    said = [block["spans"][0]["text"] for block in revision_of(house, topic).blocks]
    assert said == order


def test_a_new_row_appears_and_nothing_is_lost(house: House, topic: int) -> None:
    answer = post(house.enter("marketer"), topic, act="add:image")

    assert answer.status_code == 200
    assert 'data-focus="row-n1"' in answer.text
    assert 'name="n1.media"' in answer.text
    assert 'name="version" value="2"' in answer.text
    assert len(revision_of(house, topic).blocks) == 1
    below = post(house.enter("marketer"), topic, act="below:b1", version="2")
    assert 'name="n1.text"' in below.text


def test_faults_stand_beside_what_they_are_about(house: House, topic: int) -> None:
    rows = [
        ("b1", {"kind": "paragraph", "text": "好的"}),
        ("b2", {"kind": "paragraph", "text": "[点我](javascript:alert(1))x [看](data:text/html)"}),
        ("b3", {"kind": "button", "label": "走", "link": "javascript:alert(1)"}),
    ]
    marketer = house.enter("marketer")

    wrong = post(marketer, topic, rows=rows, title="题" * 65)
    assert wrong.status_code == 422
    assert "标题最多 64 字" in wrong.text
    assert "题" * 65 in wrong.text
    wrong = post(marketer, topic, rows=rows)
    assert wrong.status_code == 422
    assert 'id="b2-fault"' in wrong.text
    assert 'id="b1-fault"' not in wrong.text
    assert "javascript:alert(1)" in wrong.text
    wrong = post(marketer, topic, rows=[rows[0], rows[2]])
    assert 'id="b3-fault"' in wrong.text
    assert revision_of(house, topic).version == 1
    assert post(marketer, topic, version="x").status_code == 303
    assert post(marketer, topic, cover_id="999").status_code == 422
    assert post(marketer, topic, chat="字" * 2000).status_code == 422


def test_a_stale_edit_keeps_what_was_typed_and_says_so(house: House, topic: int) -> None:
    marketer, owner = house.enter("marketer"), house.enter("owner")
    assert post(marketer, topic).status_code == 303

    late = post(owner, topic, title="我写的标题", rows=[("b1", {"kind": "quote", "text": "我的"})])

    assert late.status_code == 409
    assert "同事刚保存过" in late.text
    assert "我写的标题" in late.text
    assert "我的</textarea>" in late.text
    assert revision_of(house, topic).title == "春节服务安排"
    assert 'name="version" value="2"' in late.text
    assert post(owner, topic, title="我写的标题", version="2").status_code == 303


def test_a_preview_is_drawn_and_not_kept(house: House, topic: int) -> None:
    marketer = house.enter("marketer")

    drawn = post(marketer, topic, path="preview", chat="全国最好的宽带").text

    assert '<div id="pane-phone" hx-swap-oob="innerHTML">' in drawn
    assert "<p>照常<strong>受理</strong>报修。</p>" in drawn
    assert re.search(r'<p class="wx-[0-9a-f]{10}">照常<strong>', drawn)
    assert " style=" not in drawn
    assert "必须修改" in drawn or "需说明理由" in drawn
    assert revision_of(house, topic).version == 1
    wrong = post(marketer, topic, path="preview", title="").text
    assert "请填写标题" in wrong


def test_every_style_of_wechat_has_its_rule(house: House) -> None:
    sheet = house.enter("auditor").get("/console/articles/wechat.css")

    assert sheet.mimetype == "text/css"
    named = re.findall(r"\.wt-wechat \.(wx-\w+) \{", sheet.text)
    drawn = article_previews.classed(
        article_previews.wechat(
            [{"type": "quote", "spans": [{"text": 'style="color:red"'}]}], Facts()
        )
    )
    (used,) = re.findall(r'class="([^"]*)"', drawn)
    assert used in named
    assert "color:red" in drawn
    assert len(named) > 10


def test_scripts_stay_words_in_every_field(house: House, topic: int) -> None:
    marketer = house.enter("marketer")
    media_id = house.database.transaction(lambda db: content_seeds.add_media(db, 1, SCRIPT))
    rows = [
        ("b1", {"kind": "heading", "text": SCRIPT}),
        ("b2", {"kind": "paragraph", "text": f"**{SCRIPT}** [{SCRIPT}](https://a.example/{'x'})"}),
        ("b3", {"kind": "list", "text": SCRIPT}),
        ("b4", {"kind": "table", "text": f"{SCRIPT} | 二\n{SCRIPT} | 三"}),
        ("b5", {"kind": "image", "media": str(media_id), "caption": SCRIPT}),
        ("b6", {"kind": "button", "label": "<script>", "link": "https://a.example/?a=\"'<>"}),
    ]
    texts = {"title": SCRIPT, "digest": SCRIPT, "chat": SCRIPT, "byline": "<script>x"}

    for path in ("preview", "edit"):
        drawn = post(marketer, topic, rows=rows, path=path, **texts)
        assert "<script>alert" not in drawn.text, path
    kept = post(marketer, topic, rows=rows[:5], **texts)
    assert kept.status_code == 303, kept.text
    do(marketer, topic, "comments", body=SCRIPT)
    do(marketer, topic, "plan", brief=SCRIPT)
    paths = ["", "/edit", "/differences"]
    pages = [marketer.text(f"/console/articles/{topic}{path}") for path in paths]
    pages += [marketer.text(f"/console/{one}") for one in ("articles", "articles/calendar")]
    for page in pages:
        assert "<script>alert" not in page
        assert "onerror=alert(1)>" not in page.replace("onerror=alert(1)&gt;", "")


def test_rows_are_read_as_they_are_written() -> None:
    body: list[dict[str, Any]] = [
        {"type": "table", "head": ["a|b", ""], "rows": [["1", "2"], ["", ""]]},
        {"type": "list", "ordered": False, "items": [[{"text": "*x* [y]"}]]},
        {"type": "image", "media": 7, "caption": "图"},
        {"type": "heading", "level": 3, "text": "题"},
    ]

    again = block_forms.blocks_of(block_forms.rows_of(body))

    assert again[0] == body[0]
    assert again[2:] == body[2:]
    assert again[1]["items"] == ["\\*x\\* \\[y]"]
