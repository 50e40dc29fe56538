"""The page of reviews, and the part of it that subjects carry."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from jinja2 import Environment
from sqlalchemy import select

from content import reviews
from content.compliance import Finding
from content.reviews import Hand, Review, Subject
from kernel.operators import Operator
from kernel.refusals import Invalid
from tests.console.house import NOON, House
from web.console import review_lists
from web.console.reviews import KINDS, link, written

AMBER = Finding(
    "ad-leader", "amber", "标题", "<b>领先</b>", "须有依据", "附上出处", "《广告法》第十一条"
)


def by(house: House, login: str) -> int:
    return house.database.read(
        lambda db: db.scalars(select(Operator.id).where(Operator.login == login)).one()
    )


def ask(house: House, subject: Subject, author: str, *findings: Finding, note: str = "") -> Review:
    hand = Hand(by(house, author), NOON - timedelta(hours=2))
    return house.database.transaction(lambda db: reviews.ask(db, subject, findings, hand, note))


def test_an_approver_sees_what_waits_with_its_findings(house: House) -> None:
    ask(house, Subject("menu", 7, "春节<菜单>"), "marketer", AMBER, note="初五\n上线")

    page = house.enter("approver").text("/console/reviews")

    assert "春节&lt;菜单&gt;" in page
    assert "marketer person 提交于" in page
    assert "初五\n上线" in page
    assert "领先、首家、龙头" in page
    assert "&lt;b&gt;领先" in page
    assert "2 小时前" in page


def test_the_one_who_waits_longest_comes_first(house: House) -> None:
    ask(house, Subject("menu", 1, "后来的"), "marketer")
    house.database.transaction(
        lambda db: reviews.ask(
            db,
            Subject("article", 1, "先来的"),
            [],
            Hand(by(house, "marketer"), NOON - timedelta(3)),
        )
    )

    page = house.enter("approver").text("/console/reviews")

    assert page.index("先来的") < page.index("后来的")


def test_what_i_submitted_is_not_mine_to_approve(house: House) -> None:
    ask(house, Subject("menu", 7, "我的菜单"), "owner")

    page = house.enter("owner").text("/console/reviews")

    assert "我提交的，需由另一位同事审核" in page
    assert "去审核" not in page


def test_others_see_what_waits_and_decide_nothing(house: House) -> None:
    ask(house, Subject("menu", 7, "春节菜单"), "marketer")

    page = house.enter("auditor").text("/console/reviews")

    assert "正在等待审核的内容" in page
    assert "春节菜单" in page
    assert "去审核" not in page


def test_my_submissions_show_their_outcome(house: House) -> None:
    review = ask(house, Subject("article", 3, "宽带小知识"), "marketer")
    ask(house, Subject("article", 4, "别人的"), "owner")
    hand = Hand(by(house, "approver"), NOON)
    house.database.transaction(lambda db: reviews.refuse(db, review.id, hand, "标题<太>长"))

    page = house.enter("marketer").text("/console/reviews/mine")

    assert "已退回" in page
    assert "标题&lt;太&gt;长" in page
    assert "approver person 处理于" in page
    assert "别人的" not in page


def test_my_submissions_are_paged(house: House) -> None:
    for number in range(23):
        ask(house, Subject("faq", number, f"问答 {number:02}"), "marketer")
    browser = house.enter("marketer")

    first = browser.text("/console/reviews/mine")
    second = browser.text("/console/reviews/mine?before=4")

    assert "问答 22" in first
    assert "问答 02" not in first
    assert "下一页" in first
    assert "问答 02" in second


def test_empty_tabs_say_what_will_be_there(house: House) -> None:
    browser = house.enter("approver")

    assert "没有等待审核的内容" in browser.text("/console/reviews")
    assert "还没有提交过审核" in browser.text("/console/reviews/mine")


def test_home_counts_what_waits_for_me(house: House) -> None:
    ask(house, Subject("menu", 1, "菜单"), "marketer")
    ask(house, Subject("article", 1, "图文"), "owner")

    assert "2 份内容等你审核" in house.enter("approver").text("/console/")
    assert "1 份内容等你审核" in house.enter("owner").text("/console/")
    assert "份内容等你审核" not in house.enter("marketer").text("/console/")


def test_a_kind_without_a_page_has_no_link(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "push", replace(KINDS["menu"], endpoint="console.pushes.show"))
    monkeypatch.setitem(KINDS, "ghost", replace(KINDS["menu"], endpoint="console.ghosts.show"))
    with house.app.test_request_context():
        assert link("ghost", 1) == ""
        assert link("nothing", 1) == ""
        monkeypatch.setitem(KINDS, "push", replace(KINDS["push"], argument="push_id"))
        assert link("push", 7) == "/console/pushes/7"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_leads_somewhere_or_nowhere_but_never_breaks(house: House, kind: str) -> None:
    ask(house, Subject(kind, 1, "一份"), "marketer")

    assert "一份" in house.enter("approver").text("/console/reviews")


def test_a_written_reason_is_bounded(house: House) -> None:
    def read(**form: str) -> str:
        with house.app.test_request_context(method="POST", data=form):
            return written(needed="请写明退回的原因")

    assert read(reason=" 太长\x00 ") == "太长"
    for wrong in ("", "  ", "长" * 501):
        with pytest.raises(Invalid):
            read(reason=wrong)


URLS = {name: f"/{name}" for name in ("ask", "withdraw", "approve", "refuse", "comment")}


def panel(app: Flask, desk: review_lists.Desk, urls: dict[str, str]) -> str:
    """The panel as a page of a subject includes it."""
    jinja: Environment = app.jinja_env
    template = jinja.from_string(
        '{% from "console/reviews/panel.html" import review_panel %}{{ review_panel(desk, urls) }}'
    )
    with app.test_request_context():
        return template.render(desk=desk, urls=urls)


def desk_of(house: House, subject: Subject, me: str, *findings: Finding) -> review_lists.Desk:
    return house.database.read(
        lambda db: review_lists.desk(
            db, (subject.kind, subject.id), by(house, me), findings=findings
        )
    )


MENU = Subject("menu", 7, "春节菜单")


def test_the_panel_asks_then_waits_then_decides(house: House) -> None:
    fresh = panel(house.app, desk_of(house, MENU, "marketer"), URLS)
    ask(house, MENU, "marketer", AMBER, note="请看")
    own = panel(house.app, desk_of(house, MENU, "marketer"), {"withdraw": "/withdraw"})
    other = panel(house.app, desk_of(house, MENU, "approver"), URLS)

    assert "提交审核" in fresh
    assert "需由另一位同事审核" in own
    assert "撤回" in own
    assert "通过</button>" not in own
    assert "通过</button>" in other
    assert 'formaction="/refuse"' in other
    assert "required" in other
    assert "请看" in other


def test_red_findings_leave_nothing_to_press(house: House) -> None:
    shown = panel(
        house.app, desk_of(house, MENU, "marketer", replace(AMBER, severity="red")), URLS
    )

    assert "改好红色的地方后才能提交审核" in shown
    assert 'action="/ask"' not in shown


def test_remarks_are_text(house: House) -> None:
    hand = Hand(by(house, "approver"), NOON)
    house.database.transaction(
        lambda db: reviews.comment(db, MENU, hand, "<script>alert(1)</script>")
    )

    shown = panel(house.app, desk_of(house, MENU, "marketer"), URLS)

    assert "approver person" in shown
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown
