"""Articles, products and branches from before blocks and approvals keep what they said."""

from pathlib import Path

import pytest
from sqlalchemy import MetaData, select

from content import articles, branches, page_html
from content.article_revisions import ArticleRevision
from content.facts import Facts
from handlers.commands.schema import upgrade
from kernel.db import Database
from kernel.engine import make_engine
from products import catalogue
from tests import databases
from tests.commands.test_upgrade import OPENERS

BODY = "开头 **不是** 记号\n第二行\n\n## 小标题\n- 一\n- [二](x)\n\n<script>x</script>"


@pytest.mark.parametrize("kind", databases.KINDS)
def test_old_rows_say_what_they_said(kind: str, worker: str, tmp_path: Path) -> None:
    with OPENERS[kind](f"{databases.database_name(worker)}_articles", tmp_path) as url:
        engine = make_engine(url)
        upgrade(engine, "0006")
        old = MetaData()
        old.reflect(engine, only=["article", "branch", "product"])
        with engine.begin() as connection:
            row = {"code": "about", "title": "关于", "chat": "聊天", "body": BODY}
            connection.execute(old.tables["article"].insert(), row)
            connection.execute(
                old.tables["branch"].insert(),
                {"code": "zs", "name": "中山厅", "district": "中山区", "address": "路",
                 "phone": "1", "hours": "每天", "latitude": 1.0, "longitude": 2.0},
            )  # fmt: skip
            connection.execute(
                old.tables["product"].insert(),
                {"code": "b", "family": "f", "name": "宽带", "speed": "1M", "price_fen": 100,
                 "period": "月", "summary": "s", "terms": "t"},
            )  # fmt: skip
        upgrade(engine)
        database = Database(engine)
        article = database.read(lambda session: articles.get(session, "about"))
        assert [block["type"] for block in article.blocks] == [
            "paragraph", "heading", "list", "paragraph",
        ]  # fmt: skip
        shown = str(page_html.render(article.blocks, Facts()))
        assert "<p>开头 **不是** 记号<br>第二行</p>" in shown
        assert "<li>[二](x)</li>" in shown
        assert "&lt;script&gt;" in shown
        live = database.read(lambda session: session.get(ArticleRevision, article.live_id))
        assert live is not None
        assert (live.state, live.title, live.author_id) == ("published", "关于", None)
        assert database.read(lambda session: branches.get(session, "zs")).services == []
        assert database.read(lambda session: catalogue.get(session, "b")).version == 1
        assert database.read(lambda session: session.scalars(select(ArticleRevision)).all())
        engine.dispose()
