"""What holds for all pages: how many statements they cost, what they say when empty."""

from collections.abc import Callable
from functools import partial

from sqlalchemy import event
from sqlalchemy.orm import Session

from tests.console import calendar_seeds, content_seeds, desk_seeds, loyalty_seeds, people, seeds
from tests.console.house import Browser, House

# Statements a page may cost, the one that finds the session included.
COSTS = {
    "": 18,
    "members": 7,
    "members/1": 24,
    "members/1/timeline": 10,
    "members/1/reasons": 4,
    "members/1/reasons?about=coupon:1": 9,
    "members/1/acts": 3,
    "adjustments": 3,
    "coupons": 4,
    "coupons/1": 10,
    "coupons/1/edit": 7,
    "coupons/new": 4,
    "coupons/1/grants/new": 3,
    "coupons/grants/1": 6,
    "coupons/voids/1": 7,
    "coupons/voids/new?scope=batch&id=1": 3,
    "rewards": 2,
    "rewards/1": 5,
    "reward-orders": 3,
    "check-ins": 3,
    "check-ins/new": 3,
    "amnesties?day=2026-11-20": 3,
    "tiers": 4,
    "earn-rules": 2,
    "tags": 3,
    "segments": 3,
    "profile-fields": 2,
    "books": 2,
    "books/liability": 6,
    "imports": 3,
    "applications": 3,
    "push-calendar": 12,
    "push-calendar/year": 6,
    "push-calendar/days/2027-02-09": 6,
    "push-calendar/company-days": 2,
    "push-proposals": 4,
    "push-proposals/1": 5,
    "push-proposals/occasions": 3,
    "replies": 4,
    "replies?tab=follow": 4,
    "pushes": 6,
    "pushes/1": 14,
    "pushes/1/preflight": 8,
    "pushes/1/progress": 4,
    "pushes/1/recipients": 5,
    "pushes/new": 9,
    "push-channels": 4,
    "push-lists": 2,
    "members/1/pushes": 7,
    "replies/new": 4,
    "replies/1": 9,
    "replies/1/edit": 5,
    "replies/test": 1,
    "faq": 3,
    "faq?q=报修宽带": 5,
    "faq/1": 5,
    "faq/1/edit": 2,
    "faq/unanswered": 2,
    "inbox": 6,
    "inbox/talks?tab=mine": 7,
    "phrases": 3,
    "phrases/new": 2,
    "articles": 6,
    "articles/1": 16,
    "articles/1/edit": 16,
    "articles/1/differences": 4,
    "articles/calendar": 4,
    "articles/new": 2,
    "media": 4,
    "media/1": 5,
    "announcements": 2,
    "announcements/1": 5,
    "branding": 5,
    "products": 4,
    "products/b300": 6,
    "branches": 4,
    "reviews": 4,
    "reviews/mine": 2,
    "menu": 10,
    "audit": 4,
    "audit/1": 4,
    "redemptions": 4,
    "redemptions/1": 3,
    "operators": 4,
    "operators/1": 7,
    "operators/new": 2,
    "account": 3,
    "account/second-factor": 4,
    "confirm": 1,
}


def add_some(house: House, numbers: range) -> None:
    def work(db: Session) -> None:
        for number in numbers:
            member = seeds.add_member(db, house.vault, number)
            seeds.add_application(db, house.vault, member)
            seeds.submit_push(db, "marketer")
            loyalty_seeds.add_more(db, house.vault, member.id)
            people.add_more(db, house.vault, member.id)
            desk_seeds.add_more(db, member.openid, number)
            content_seeds.add_more(db, number)
            calendar_seeds.add_more(db, number)

    house.database.transaction(work)


def cost(house: House, ask: Callable[[], object]) -> int:
    statements: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    event.listen(house.database.engine, "before_cursor_execute", note)
    ask()
    event.remove(house.database.engine, "before_cursor_execute", note)
    return len(statements)


def costs(house: House, owner: Browser) -> dict[str, int]:
    """What each page costs now."""
    return {page: cost(house, partial(owner.text, f"/console/{page}")) for page in COSTS}


def test_a_page_costs_the_same_however_much_there_is(house: House, owner: Browser) -> None:
    add_some(house, range(1, 3))
    few = costs(house, owner)
    add_some(house, range(3, 8))
    many = costs(house, owner)

    assert few == many
    assert {page: each for page, each in many.items() if each > COSTS[page]} == {}


def test_empty_pages_say_what_will_be_there(owner: Browser) -> None:
    assert "还没有会员" in owner.text("/console/members")
    assert "还没有申办" in owner.text("/console/applications")
    assert "还没有推送" in owner.text("/console/pushes")
    assert "flask menus publish" in owner.text("/console/menu")
    assert "都处理完了" in owner.text("/console/")
    for page, words in {
        "adjustments": "没有等待审批的调整", "coupons": "还没有优惠券", "rewards": "还没有礼品",
        "reward-orders": "没有待发货的订单", "check-ins": "还没有签到规则", "tiers": "还没有等级",
        "amnesties": "没有保护过的日子", "earn-rules": "还没有积分规则", "tags": "还没有标签",
        "segments": "还没有人群", "profile-fields": "还没有资料字段", "books": "还没有核对过",
        "books/liability": "没有未使用的积分", "imports": "还没有导入过",
        "redemptions": "还没有核销记录", "replies": "还没有回复规则", "faq": "还没有问答",
        "replies?tab=follow": "现在用通用欢迎语", "replies?tab=default": "现在用通用的默认回复",
        "faq/unanswered": "没有未答的问题", "inbox": "没有客户在等", "phrases": "还没有常用语",
        "articles": "还没有文章", "media": "还没有图片", "announcements": "还没有公告",
        "products": "还没有产品", "branches": "还没有营业厅", "branding": "还没有卷首卷尾",
        "push-calendar/company-days": "还没有公司日", "push-proposals": "没有待处理的建议",
    }.items():  # fmt: skip
        assert words in owner.text(f"/console/{page}"), page


def test_home_shows_what_waits_for_the_one_who_looks(house: House, owner: Browser) -> None:
    house.database.transaction(lambda db: seeds.submit_push(db, "owner", "我的推送"))
    house.database.transaction(lambda db: seeds.submit_push(db, "marketer", "同事的推送"))

    page = owner.text("/console/")

    assert page.count("去审核") == 1
    assert "我写的推送，需由另一位同事审核" in page


def test_the_menu_shows_the_published_version(house: House, owner: Browser) -> None:
    house.database.transaction(seeds.add_menu)

    page = owner.text("/console/menu")

    assert "微信正在使用" in page
    assert "宽带套餐" in page


def test_the_audit_log_says_who_did_what_from_where(house: House, owner: Browser) -> None:
    house.browser().post("/console/sign-in", login="thief", password="not the right one")

    page = owner.text("/console/audit")

    assert "owner person" in page
    assert "登录失败" in page
    assert "thief" in page
    assert "127.0.0.1" in page


def test_no_page_needs_what_its_policy_forbids(house: House, owner: Browser) -> None:
    add_some(house, range(1, 3))
    for page in [*COSTS, "sign-in", "nothing"]:
        answer = owner.get(f"/console/{page}")
        assert "unsafe" not in answer.headers["Content-Security-Policy"], page
        for forbidden in (" style=", " onclick=", "<style", "<script>"):
            assert forbidden not in answer.text, (page, forbidden)
