"""Sends: windows, credits, template values, the four mass messages a month."""

from typing import Any

import pytest

from emulator.api.template_values import check_value
from emulator.errcodes import Refused
from tests.emulator.stubs import CHECKIN, PROGRESS, Wechat

VALUES = {
    "thing1": {"value": "千兆宽带新装"},
    "character_string2": {"value": "TT20261120001"},
    "phrase3": {"value": "已受理"},
    "time4": {"value": "2026-11-20 15:01"},
}
NOTICE = {"thing1": {"value": "签到"}, "number2": {"value": "3"}, "thing3": {"value": "来签到"}}


def speak(wechat: Wechat, openid: str, text: str = "您好") -> int:
    body = {"touser": openid, "msgtype": "text", "text": {"content": text}}
    return int(wechat.call("/cgi-bin/message/custom/send", **body)["errcode"])


def test_a_message_opens_five_answers_for_48_hours(wechat: Wechat) -> None:
    openid = wechat.add_follower().openid
    wechat.control("say", openid=openid, text="在吗")
    assert [speak(wechat, openid) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]
    wechat.control("say", openid=openid, text="在吗")
    wechat.advance(48 * 3600 + 1)
    assert speak(wechat, openid) == 45015
    shown = wechat.read("transcript", openid=openid)
    assert [each["from"] for each in shown].count("account") == 5


def test_a_click_opens_three_answers_for_one_minute(wechat: Wechat) -> None:
    openid = wechat.add_follower().openid
    wechat.advance(120)
    assert speak(wechat, openid) == 45015
    wechat.control("click", openid=openid, key="KF")
    assert [speak(wechat, openid) for _ in range(4)] == [0, 0, 0, 45047]
    wechat.control("click", openid=openid, key="KF")
    wechat.advance(61)
    assert speak(wechat, openid) == 45015


def test_a_smaller_window_never_lowers_a_larger_one(wechat: Wechat) -> None:
    user = wechat.add_follower()
    wechat.control("say", openid=user.openid, text="在吗")
    wechat.control("click", openid=user.openid, key="KF")
    assert user.window is not None
    assert user.window.remaining == 5
    wechat.advance(3600)
    assert speak(wechat, user.openid) == 0


def test_tapping_a_menu_item_counts_as_a_click(wechat: Wechat) -> None:
    user = wechat.add_follower()
    wechat.advance(120)
    wechat.control("say", openid=user.openid, text="满意", menu_id="1")
    assert user.window is not None
    assert user.window.remaining == 3


def test_viewing_opens_no_window(wechat: Wechat) -> None:
    openid = wechat.add_follower().openid
    wechat.advance(120)
    wechat.control("view", openid=openid, url="https://example.com")
    assert speak(wechat, openid) == 45015


def test_people_out_of_reach(wechat: Wechat) -> None:
    stranger = wechat.control("users", nickname="路人")["openid"]
    left = wechat.add_follower().openid
    wechat.control("unfollow", openid=left)
    blocked = wechat.add_follower(blacklisted=True).openid
    silent = wechat.add_follower(refuses_messages=True).openid
    codes = [speak(wechat, each) for each in (stranger, left, blocked, silent, "oNobody")]
    assert codes == [43004, 45015, 43019, 48002, 40003]


@pytest.mark.parametrize(
    ("message", "errcode"),
    [
        ({"msgtype": "text", "text": {"content": ""}}, 44004),
        ({"msgtype": "text", "text": {"content": "好" * 683}}, 45002),
        ({"msgtype": "image", "image": {"media_id": "nope"}}, 40007),
        ({"msgtype": "news", "news": {"articles": [{}, {}]}}, 45008),
        ({"msgtype": "song"}, 40008),
    ],
)
def test_messages_that_cannot_be_sent(
    wechat: Wechat, message: dict[str, Any], errcode: int
) -> None:
    openid = wechat.add_follower().openid
    answer = wechat.call("/cgi-bin/message/custom/send", touser=openid, **message)
    assert answer["errcode"] == errcode


def send_template(wechat: Wechat, openid: str, **changes: Any) -> dict[str, Any]:
    body = {"touser": openid, "template_id": PROGRESS, "data": VALUES, **changes}
    return wechat.call("/cgi-bin/message/template/send", **body)


def test_template_is_shown_and_reported(wechat: Wechat) -> None:
    openid = wechat.add_follower().openid
    answer = send_template(wechat, openid, url="https://example.com/order")
    assert answer["errcode"] == 0
    assert answer["msgid"] > 2**53
    card = wechat.read("transcript", openid=openid)[-1]
    assert card["kind"] == "template"
    assert card["lines"][2] == {"label": "办理状态", "value": "已受理"}
    assert wechat.control("drain")["drained"]
    assert wechat.read("journal", channel="template")[0]["event"] == "success"


def test_template_goes_once_for_a_client_msg_id(wechat: Wechat) -> None:
    openid = wechat.add_follower().openid
    first = send_template(wechat, openid, client_msg_id="job-1")
    assert send_template(wechat, openid, client_msg_id="job-1")["msgid"] == first["msgid"]
    assert len(wechat.read("transcript", openid=openid)) == 1
    wechat.advance(601)
    assert send_template(wechat, openid, client_msg_id="job-1")["msgid"] != first["msgid"]


def test_template_refusals(wechat: Wechat) -> None:
    openid = wechat.add_follower().openid
    stranger = wechat.control("users")["openid"]
    assert send_template(wechat, stranger)["errcode"] == 43004
    assert send_template(wechat, openid, template_id="gone")["errcode"] == 40037
    answer = send_template(wechat, openid, data={**VALUES, "thing1": {"value": ""}})
    assert answer["errcode"] == 47003
    assert answer["errmsg"].startswith("argument invalid! data.thing1.value is emtpy")


@pytest.mark.parametrize(
    ("key", "value", "is_good"),
    [
        ("thing1", "好" * 20, True),
        ("thing1", "好" * 21, False),
        ("character_string1", "A-1_2#", True),
        ("character_string1", "单号1", False),
        ("number1", "12.5", True),
        ("number1", "12 次", False),
        ("time1", "15:01", True),
        ("time1", "2019年10月1日 15:01", True),
        ("time1", "明天下午", False),
        ("date1", "2020年03月19日", True),
        ("date1", "周一", False),
        ("amount1", "¥129.00", True),
        ("amount1", "129元", True),
        ("amount1", "一百元", False),
        ("phone_number1", "+86-10086", True),
        ("phone_number1", "1" * 18, False),
        ("name1", "张师傅", True),
        ("name1", "张" * 11, False),
        ("phrase1", "已受理", True),
        ("phrase1", "已受理成功了", False),
        ("phrase1", "OK", False),
        ("first", "", True),
        ("keyword1", "任何" * 30, True),
    ],
)
def test_values_follow_the_prefix_of_their_key(key: str, value: str, is_good: bool) -> None:
    if is_good:
        assert check_value(key, {"value": value}) == value
    else:
        with pytest.raises(Refused) as caught:
            check_value(key, {"value": value})
        assert caught.value.errcode == 47003


def test_notice_uses_one_consent(wechat: Wechat) -> None:
    user = wechat.add_follower()

    def send() -> int:
        body = {"touser": user.openid, "template_id": CHECKIN, "data": NOTICE}
        return int(wechat.call("/cgi-bin/message/subscribe/bizsend", **body)["errcode"])

    assert send() == 43101
    wechat.control("notices", openid=user.openid, template_id=CHECKIN)
    assert [send(), send()] == [0, 43101]
    assert wechat.read("transcript", openid=user.openid)[-1]["kind"] == "notice"


def mass(wechat: Wechat, openids: list[str], text: str, **more: Any) -> dict[str, Any]:
    body = {"touser": openids, "msgtype": "text", "text": {"content": text}, **more}
    return wechat.call("/cgi-bin/message/mass/send", **body)


def test_four_mass_messages_a_calendar_month(wechat: Wechat) -> None:
    openids = [wechat.add_follower().openid for _ in range(2)]
    for number in range(5):
        assert mass(wechat, openids, f"第{number}条")["errcode"] == 0
    jobs = list(wechat.platform.state.mass_jobs.values())
    assert [job.sent for job in jobs] == [2, 2, 2, 2, 0]
    assert len(wechat.read("transcript", openid=openids[0])) == 4
    wechat.advance(32 * 86400)
    mass(wechat, openids, "下个月")
    assert len(wechat.read("transcript", openid=openids[0])) == 5


def test_a_repeated_clientmsgid_gets_the_first_job(wechat: Wechat) -> None:
    openids = [wechat.add_follower().openid for _ in range(2)]
    first = mass(wechat, openids, "国庆", clientmsgid="job-1")
    again = mass(wechat, openids, "国庆", clientmsgid="job-1")
    assert again["errcode"] == 45065
    assert again["msg_id"] == first["msg_id"]
    assert len(wechat.read("transcript", openid=openids[0])) == 1
    assert mass(wechat, openids[:1], "一个人")["errcode"] == 40130
    wechat.control("drain")
    told = wechat.call("/cgi-bin/message/mass/get", msg_id=first["msg_id"])
    assert told["msg_status"] == "SEND_SUCCESS"


def test_mass_to_a_tag_and_to_all(wechat: Wechat) -> None:
    member, other = wechat.add_follower(), wechat.add_follower()
    tag = wechat.call("/cgi-bin/tags/create", tag={"name": "会员"})["tag"]["id"]
    wechat.call("/cgi-bin/tags/members/batchtagging", openid_list=[member.openid], tagid=tag)

    def send(text: str, **chosen: Any) -> int:
        body = {"filter": chosen, "msgtype": "text", "text": {"content": text}}
        return int(wechat.call("/cgi-bin/message/mass/sendall", **body)["errcode"])

    assert send("会员日", is_to_all=False, tag_id=tag) == 0
    assert wechat.read("transcript", openid=other.openid) == []
    assert send("给所有人", is_to_all=True) == 0
    assert send("又给所有人", is_to_all=True) == 45028
    assert send("没有的标签", is_to_all=False, tag_id=7777) == 45159
    assert len(wechat.read("transcript", openid=member.openid)) == 2
