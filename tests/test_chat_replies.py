"""What the account answers by rule, by question and through staff, as people see it."""

import threading

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import inbox
from content import allowances, conversation_messages, conversations
from content.allowances import Action
from content.conversations import Conversation
from content.faq import FaqEntry
from content.faq_misses import FaqMiss
from content.functions import FUNCTIONS, WORDS
from content.reviews import Hand
from handlers import routes
from kernel.activity import Activity
from kernel.audit import AuditEntry
from kernel.outbox import OutboxMessage
from loyalty.checkin_days import CheckIn
from tests.content.chat import explain, rules, text
from tests.content.desk import form, people, word
from tests.world import Hall, message_xml


def test_functions_and_their_names_are_one_list() -> None:
    assert set(routes.FUNCTIONS) == set(FUNCTIONS)
    assert set(WORDS.values()) <= set(FUNCTIONS)


def test_the_order_of_answers(hall_everywhere: Hall, anna: str) -> None:
    hall = hall_everywhere
    rules(
        hall,
        exact=form(patterns=word("套餐", "exact"), replies=[text("规则先于内置功能")]),
        silent=form(kinds=["default"], patterns=[], replies=[text("规则的默认回复")]),
    )
    assert hall.say(anna, " 套餐！") == "规则先于内置功能"
    assert "宽带资费" in hall.say(anna, "资费"), "a built-in word"
    assert "光信号" in hall.say(anna, "光猫红灯一直闪"), "a question"
    assert hall.say(anna, "红烧肉的做法") == "规则的默认回复"


def test_modes(hall: Hall, anna: str, monkeypatch: pytest.MonkeyPatch) -> None:
    three = [text("一"), text("二"), text("三")]
    rules(
        hall,
        first=form(patterns=word("甲甲"), replies=three),
        random=form(patterns=word("乙乙"), replies=three, mode="random"),
        all=form(patterns=word("丙丙"), replies=three, mode="all"),
    )
    assert hall.say(anna, "甲甲") == "一"
    assert {hall.say(anna, "乙乙") for _ in range(60)} == {"一", "二", "三"}
    xml = message_xml(hall, anna, "<Content>丙丙</Content>")
    assert hall.push(xml) == hall.push(xml) == "一"
    rows = hall.database.read(lambda db: db.scalars(select(OutboxMessage)).all())
    sent = [row.payload["body"]["text"]["content"] for row in rows]
    assert sent == ["二", "三"], "a delivery that comes again sends nothing again"


def test_kinds_of_replies(hall: Hall, anna: str) -> None:
    card = {
        "kind": "news",
        "title": "新装",
        "url": "/site/products",
        "picture": "https://a.cn/x.png",
    }
    rules(
        hall,
        card=form(patterns=word("卡片片"), replies=[card]),
        image=form(patterns=word("图片片"), replies=[{"kind": "image", "media_id": "MEDIA_1"}]),
        voice=form(patterns=word("语音音"), replies=[{"kind": "voice", "media_id": "MEDIA_1"}]),
        video=form(patterns=word("视频频"), replies=[{"kind": "video", "media_id": "MEDIA_1"}]),
        staff=form(patterns=word("找真人"), replies=[{"kind": "staff"}]),
        checkin=form(patterns=word("打个卡"), replies=[{"kind": "function", "key": "check_in"}]),
        picture=form(kinds=["image"], patterns=[], replies=[text("收到图片")]),
    )
    said = {word: hall.say(anna, word) for word in ("卡片片", "图片片", "语音音", "视频频")}
    assert list(said.values()) == ["[news]", "[image]", "[voice]", "[video]"]
    assert explain(hall, anna, text="卡片片").reply["url"].endswith(":8000/site/products")
    assert "/site/registration" in hall.say(anna, "打个卡")
    hall.member(anna)
    assert "签到成功" in hall.say(anna, "打个卡")
    media = "<PicUrl>http://a.cn/1</PicUrl><MediaId>M</MediaId>"
    assert hall.push(message_xml(hall, anna, media, kind="image")) == "收到图片"
    assert "正在为您转接" in hall.say(anna, "找真人")


def test_following_by_a_channel(hall: Hall, anna: str, boris: str) -> None:
    rules(
        hall,
        poster=form(
            kinds=["follow", "scan"], patterns=[], scenes=["poster-*"], replies=[text("海报")]
        ),
    )
    assert hall.event(anna, "subscribe", EventKey="qrscene_poster-7") == "海报"
    assert "欢迎关注" in hall.event(boris, "subscribe", EventKey="")
    assert hall.event(boris, "SCAN", EventKey="poster-7", Ticket="T") == "海报"
    follow = select(func.count()).where(Activity.kind == "follow")
    assert hall.database.read(lambda db: db.scalar(follow)) == 2


def test_a_menu_entry_names_a_rule(hall: Hall, anna: str) -> None:
    rules(hall, spring_menu=form(patterns=word("没人会说的词"), replies=[text("春节安排")]))
    assert hall.click(anna, "reply.spring-menu") == "春节安排"
    assert hall.event(anna, "scancode_waitmsg", EventKey="reply.spring-menu") == "春节安排"
    assert "没有找到" in hall.click(anna, "reply.nothing")


def test_a_question_is_answered_and_voted_on(hall_everywhere: Hall, anna: str) -> None:
    hall = hall_everywhere
    assert "没有找到" in hall.say(anna, "有用"), "nothing was asked yet"
    answer = hall.say(anna, "光猫红灯一直闪")
    assert "回复“有用”或“没用”" in answer
    assert "谢谢" in hall.say(anna, "有用。")
    assert "抱歉" in hall.say(anna, "没用")
    query = select(FaqEntry).where(FaqEntry.code == "red-light")
    entry = hall.database.read(lambda db: db.scalars(query).one())
    assert (entry.views, entry.useful, entry.useless) == (1, 0, 1)
    hall.clock.move(minutes=10)
    assert "没有找到" in hall.say(anna, "有用")


def test_close_questions_are_offered(hall_everywhere: Hall, anna: str) -> None:
    hall = hall_everywhere
    offered = hall.say(anna, "电视")
    assert offered.startswith("您想问的可能是：\n1. ")
    second = offered.splitlines()[2].removeprefix("2. ")
    query = select(FaqEntry).where(FaqEntry.question == second)
    wanted = hall.database.read(lambda db: db.scalars(query).one())
    assert hall.say(anna, "２").startswith(wanted.answer), "a number in full width"
    assert "没有找到" in hall.say(anna, "2"), "it was chosen from already"


def test_what_nobody_can_answer_is_noted(hall: Hall, anna: str) -> None:
    hall.say(anna, "我的手机是13812345678，能装监控设备不")
    hall.say(anna, "我的手机是13987654321，能装监控设备不！")
    rows = hall.database.read(lambda db: db.scalars(select(FaqMiss)).all())
    assert [(row.sample, row.count) for row in rows] == [("我的手机是***,能装监控设备不!", 2)]


def talk(hall: Hall, openid: str) -> Conversation:
    """Somebody's conversation."""
    query = select(Conversation).where(Conversation.openid == openid)
    return hall.database.read(lambda db: db.scalars(query).one())


def test_a_talk_with_staff(hall_everywhere: Hall, anna: str, boris: str) -> None:
    hall = hall_everywhere
    staff = hall.database.transaction(people)[0]
    assert "正在为您转接" in hall.say(anna, "人工")
    xml = message_xml(hall, anna, "<Content>我家宽带断了</Content>")
    assert [hall.push(xml) for _ in range(3)] == ["", "", ""]
    picture = "<PicUrl>http://a.cn/1</PicUrl><MediaId>MEDIA-7</MediaId>"
    assert hall.push(message_xml(hall, anna, picture, kind="image")) == ""
    assert "宽带资费" in hall.say(anna, "套餐"), "a word that is known is still answered"
    assert "没有找到" in hall.say(boris, "阿斯蒂芬"), "nobody else is handed over"
    found = talk(hall, anna)
    assert (found.state, found.unread, found.preview) == ("open", 2, "[图片]")

    def answer(session: Session) -> None:
        at = hall.clock.now()
        did = [Action(*one) for one in inbox.actions(session, anna, at - allowances.LONGEST)]
        assert conversations.left(session, found.id, did, at).left == 5
        conversations.answer(session, found.id, "马上来", Hand(staff, at), did)

    hall.database.transaction(answer)
    lines = hall.database.read(lambda db: conversation_messages.page(db, found.id))
    assert [line.message.text for line in lines] == ["我家宽带断了", "", "马上来"]
    assert lines[1].message.media_id == "MEDIA-7"
    hall.database.transaction(
        lambda db: conversations.close(db, found.id, Hand(staff, hall.clock.now()))
    )
    assert "0590-80001050" in hall.say(anna, "我家宽带断网了"), "the bot again"


def test_at_night_a_word_is_left(hall: Hall, anna: str) -> None:
    hall.clock.move(hours=11)
    assert "已下班" in hall.say(anna, "人工")
    assert "08:30 上班后" in hall.say(anna, "宽带断了")
    assert hall.say(anna, "在吗在吗") == "", "said once"
    assert talk(hall, anna).unread == 2


def test_three_deliveries_at_once_are_one_line(hall_everywhere: Hall, anna: str) -> None:
    hall = hall_everywhere
    hall.say(anna, "人工")
    query, body = hall.sealed(message_xml(hall, anna, "<Content>我家宽带断了</Content>"))
    barrier = threading.Barrier(3)

    def deliver() -> None:
        barrier.wait()
        hall.app.test_client().post("/wechat", query_string=query, data=body)

    threads = [threading.Thread(target=deliver) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = talk(hall, anna)
    assert found.unread == 1


def test_a_check_in_is_one_for_all_that(hall: Hall, anna: str) -> None:
    hall.member(anna)
    rules(hall, one=form(patterns=word("签到", "exact"), replies=[
        {"kind": "function", "key": "check_in"}]))  # fmt: skip
    for _ in range(2):
        hall.say(anna, "签到")
    count = select(func.count()).select_from(CheckIn)
    assert hall.database.read(lambda db: db.scalar(count)) == 1


HOSTILE = [
    "a" * 20_000, "\u202e反转", "🙂" * 2_000, "'; DROP TABLE faq_entry; --", "{link}", "%s%n",
    "<script>alert(1)</script>", "&lt;", "((((((", ".*" * 300,
]  # fmt: skip


@pytest.mark.parametrize("said", HOSTILE)
def test_hostile_texts_are_answered_like_others(hall: Hall, anna: str, said: str) -> None:
    rules(hall, regex=form(patterns=word("^(甲|乙)+$", "regex")))
    xml = message_xml(hall, anna, f"<Content><![CDATA[{said}]]></Content>")
    assert "人工" in hall.push(xml)
    hall.say(anna, "人工")
    assert hall.push(message_xml(hall, anna, f"<Content><![CDATA[{said}]]></Content>")) == ""


def test_an_answer_of_staff_is_in_the_audit_log(hall: Hall, anna: str) -> None:
    staff = hall.database.transaction(people)[0]
    hall.say(anna, "人工")
    hall.say(anna, "你好呀朋友")

    def answer(session: Session) -> str:
        at, number = hall.clock.now(), conversations.find_open(session, anna)
        assert number
        did = [Action(*one) for one in inbox.actions(session, anna, at - allowances.LONGEST)]
        conversations.answer(session, number, "您好", Hand(staff, at), did)
        return (
            session.scalars(select(AuditEntry.subject).order_by(AuditEntry.id.desc())).first()
            or ""
        )

    assert hall.database.transaction(answer).startswith("conversation:")
