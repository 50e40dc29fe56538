"""Articles, announcements and branches by chat, and what WeChat tells of a publication."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from content import announcements, article_sync, articles
from content.announcements import Announcement
from content.article_revisions import ArticleRevision
from content.article_sync import ArticleSync
from content.articles import Article
from content.reviews import Hand
from kernel import operators
from kernel.operators import NewOperator
from products.catalogue import Product
from tests.world import Hall, event_xml, message_xml


def author(hall: Hall, session: Session) -> Hand:
    new = NewOperator("author", "author", "marketer", "a password of twelve")
    operators.create(session, new, hall.clock.now())
    found = operators.find(session, "author")
    assert found
    return Hand(found.id, hall.clock.now())


def test_an_article_says_what_the_data_say(hall: Hall, anna: str) -> None:
    assert "0590-80001050" in hall.click(anna, "article.about")

    def write(session: Session) -> None:
        session.execute(update(Article).values(chat="宽带 {{price:broadband-300m}}"))

    hall.database.transaction(write)
    hall.clock.move(seconds=5)
    assert hall.click(anna, "article.about").startswith("宽带 79 元/月")
    hall.database.transaction(lambda s: s.execute(update(Product).values(price_fen=100)))
    hall.clock.move(seconds=5)
    assert hall.click(anna, "article.about").startswith("宽带 1 元/月")


def test_announcements_by_word(hall: Hall, anna: str) -> None:
    assert hall.say(anna, "公告") == "目前没有公告。"

    def announce(session: Session) -> None:
        at = hall.clock.now()
        form = announcements.Form("检修", "周六凌晨", at, at + timedelta(days=1), "/site/branches")
        made = announcements.draft(session, form, author(hall, session))
        session.get_one(Announcement, made.id).state = "approved"

    hall.database.transaction(announce)
    answer = hall.say(anna, "公告")
    assert answer.startswith("【检修】\n周六凌晨")
    assert answer.endswith("/site/branches")


def test_the_nearest_branch_says_whether_it_is_open(hall: Hall, anna: str) -> None:

    where = "<Location_X>26.25</Location_X><Location_Y>118.53</Location_Y><Label>x</Label>"
    answer = hall.push(message_xml(hall, anna, where, "location"))
    assert "公里，营业中" in answer
    hall.clock.move(hours=12)
    assert "公里，休息中" in hall.push(message_xml(hall, anna, where, "location"))


def submitted(hall: Hall) -> int:
    def work(session: Session) -> int:
        hand = author(hall, session)
        article = articles.get(session, "about")
        revision = session.get_one(ArticleRevision, article.live_id)
        made = article_sync.ask(session, revision, hand)
        article_sync.claim(session, made.id, "https://x.cn/1", hand.at)
        article_sync.drafted(session, made.id, "D1", hand.at)
        article_sync.claim(session, made.id, "https://x.cn/1", hand.at)
        article_sync.submitted(session, made.id, "2247503", hand.at)
        return made.id

    return hall.database.transaction(work)


def told(hall: Hall, inner: str) -> None:
    xml = event_xml(
        hall, "oPlatform", "PUBLISHJOBFINISH", f"<PublishEventInfo>{inner}</PublishEventInfo>"
    )
    assert hall.push(xml) == ""


def state_of(hall: Hall, sync_id: int) -> tuple[Any, ...]:
    columns = (ArticleSync.state, ArticleSync.url, ArticleSync.reason)
    return tuple(
        hall.database.read(
            lambda s: s.execute(select(*columns).where(ArticleSync.id == sync_id)).one()
        )
    )


def test_wechat_tells_that_an_article_is_out(hall: Hall) -> None:
    sync_id = submitted(hall)
    told(
        hall,
        "<publish_id>2247503</publish_id><publish_status>0</publish_status>"
        "<article_id><![CDATA[A1]]></article_id><article_detail><count>1</count>"
        "<item><idx>1</idx><article_url><![CDATA[http://mp.weixin.qq.com/s/a]]></article_url></item>"
        "</article_detail>",
    )
    assert state_of(hall, sync_id) == ("published", "http://mp.weixin.qq.com/s/a", "")


def test_wechat_tells_that_it_was_refused(hall: Hall) -> None:
    sync_id = submitted(hall)
    told(
        hall,
        "<publish_id>2247503</publish_id><publish_status>2</publish_status><fail_idx>1</fail_idx>",
    )
    assert state_of(hall, sync_id) == ("failed", "", "原创声明未通过")


def test_news_of_somebody_else_s_publication_changes_nothing(hall: Hall) -> None:
    sync_id = submitted(hall)
    for inner in ("<publish_id>7</publish_id><publish_status>0</publish_status>", "x", "<a>b</a>"):
        hall.clock.move(seconds=1)
        told(hall, inner)
    assert state_of(hall, sync_id)[0] == "submitted"
