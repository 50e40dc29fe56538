"""What pickers of the menu editor offer when there is more than a list can hold."""

import re

import pytest
from sqlalchemy.orm import Session

from content.articles import Article
from menus.conditional import Face
from menus.targets import Target, view
from menus.tree import Hall, Menu
from tests.console.house import NOON, Browser, House
from web.console import menu_links
from web.console.menu_links import SHOWN

OLDEST = "/site/articles/a-0"


@pytest.fixture
def full(house: House) -> House:
    """One article more than a list shows."""

    def work(db: Session) -> None:
        for number in range(SHOWN + 1):
            texts = {"code": f"a-{number}", "title": f"第 {number} 篇", "chat": "", "blocks": []}
            db.add(Article(kind="page", state="published", **texts))

    house.database.transaction(work)
    return house


def offered(browser: Browser, **asked: str) -> list[str]:
    query = "&".join(f"{name}={text}" for name, text in asked.items())
    return re.findall(r'<option value="([^"]+)"', browser.text(f"/console/menu/links?{query}"))


def test_what_is_not_in_the_list_is_found_by_its_name(full: House) -> None:
    marketer = full.enter("marketer")

    assert OLDEST not in offered(marketer, field="page")
    assert offered(marketer, **{"field": "page", "0.1.find": "第 0 篇"}) == [OLDEST]
    kept = offered(marketer, **{"field": "page", "0.1.find": "签到", "0.1.pick": OLDEST})
    assert kept == [OLDEST, "/site/check-ins"]
    assert "article.a-7" in offered(marketer, **{"field": "reply", "2.find": "第 7 篇"})
    for odd in ("%25", "_", "x" * 300):
        assert offered(marketer, **{"field": "page", "0.find": odd}) == []
    assert offered(marketer, field="no") == []
    assert full.enter("approver").get("/console/menu/links?field=page").status_code == 403


def test_what_a_menu_leads_to_has_its_name_however_long_the_list(full: House) -> None:
    face = Face(Menu((Hall("文章", target=view(OLDEST)),)))

    def names(db: Session) -> list[str]:
        return [
            menu_links.choices(db, NOON, *faces).say(Target("view", OLDEST))
            for faces in ((), (face,))
        ]

    with full.app.test_request_context():
        said = full.database.read(names)
        found = full.database.read(lambda db: menu_links.choices(db, NOON))

    assert said == [f"打开页面：{OLDEST}", "打开页面：第 0 篇"]
    assert found.cut == {"page", "reply"}
