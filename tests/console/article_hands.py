"""What the tests of articles in the console share: the editor's form, and buttons."""

from typing import Any

from sqlalchemy.orm import Session

from content import article_revisions
from content.article_revisions import ArticleRevision
from tests.console.house import Browser, House

SCRIPT = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
FORM = {
    "title": "春节服务安排",
    "digest": "照常受理",
    "chat": "春节期间照常受理报修。",
    "byline": "客服部",
    "version": "1",
    "act": "save",
}


def post(browser: Browser, article_id: int, **form: Any) -> Any:
    """The editor's form, its rows as `rows=[("b1", {"kind": …})]`."""
    rows = form.pop("rows", [("b1", {"kind": "paragraph", "text": "照常**受理**报修。"})])
    sent = {**FORM, **form, "csrf_token": browser.token(), "block": [key for key, _ in rows]}
    for key, values in rows:
        sent |= {f"{key}.{name}": value for name, value in values.items()}
    path = form.get("path", "edit")
    return browser.client.post(f"/console/articles/{article_id}/{path}", data=sent)


def revision_of(house: House, article_id: int) -> ArticleRevision:
    def work(db: Session) -> ArticleRevision:
        found = article_revisions.of_article(db, article_id, 1)[0]
        db.expunge(found)
        return found

    return house.database.read(work)


def do(browser: Browser, article_id: int, deed: str, **form: str) -> str:
    answer = browser.post(f"/console/articles/{article_id}/{deed}", **form)
    assert answer.status_code == 303, answer.text[:500]
    return browser.text(f"/console/articles/{article_id}")
