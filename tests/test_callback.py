"""The callback against what an attacker, a proxy or a broken client may send."""

import secrets
import threading
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.inbox import InboxMessage
from kernel.db import Database
from tests.world import Hall, MovableClock, event_xml, make_hall, make_settings, message_xml


def post(hall: Hall, query: dict[str, str], body: str | bytes) -> int:
    """Send a raw delivery and return the status; nothing may ever be a 500."""
    answer = hall.client.post("/wechat", query_string=query, data=body)
    assert answer.status_code < 500
    return answer.status_code


def sealed_text(hall: Hall, openid: str) -> tuple[dict[str, str], str]:
    """A good delivery of a check-in."""
    return hall.sealed(message_xml(hall, openid, "<Content><![CDATA[签到]]></Content>"))


def taken_in(hall: Hall) -> int:
    """How many messages had an effect."""
    with hall.database.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(InboxMessage)) or 0


def test_the_address_is_proven_by_its_echo(hall: Hall) -> None:
    timestamp = str(int(hall.clock.now().timestamp()))
    query = {
        "timestamp": timestamp,
        "nonce": "n1",
        "echostr": "<b>4711</b>",
        "signature": hall.gate._sign(timestamp, "n1"),
    }
    answer = hall.client.get("/wechat", query_string=query)
    assert (answer.status_code, answer.text) == (200, "<b>4711</b>")
    assert answer.mimetype == "text/plain"
    assert hall.client.get("/wechat", query_string={"echostr": "x"}).status_code == 403


@pytest.mark.parametrize("missing", ["timestamp", "nonce", "msg_signature", "encrypt_type"])
def test_a_missing_proof_is_refused(hall: Hall, anna: str, missing: str) -> None:
    query, body = sealed_text(hall, anna)
    del query[missing]
    assert post(hall, query, body) == 403
    assert taken_in(hall) == 0


@pytest.mark.parametrize(
    "timestamp",
    ["0", "1", "17000000005", "1e10", "１７００００００００", "1700000000 ", "abc", "-1"],
)
def test_an_odd_timestamp_is_refused_even_when_signed(
    hall: Hall, anna: str, timestamp: str
) -> None:
    query, body = sealed_text(hall, anna)
    sealed = body.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    query["timestamp"] = timestamp
    query["msg_signature"] = hall.gate._sign(timestamp, query["nonce"], sealed)
    assert post(hall, query, body) == 403


@pytest.mark.parametrize(("age", "status"), [(-301, 403), (-299, 200), (299, 200), (301, 403)])
def test_a_delivery_is_fresh_for_five_minutes(
    hall: Hall, anna: str, age: int, status: int
) -> None:
    query, body = sealed_text(hall, anna)
    hall.clock.move(seconds=age)
    assert post(hall, query, body) == status


def test_the_same_parameter_twice_counts_as_none(hall: Hall, anna: str) -> None:
    query, body = sealed_text(hall, anna)
    doubled = [*query.items(), ("nonce", "other")]
    assert hall.client.post("/wechat", query_string=doubled, data=body).status_code == 403


@pytest.mark.parametrize("encrypt_type", ["raw", "AES", "", "plain"])
def test_plain_xml_is_refused_in_safe_mode(hall: Hall, anna: str, encrypt_type: str) -> None:
    timestamp = str(int(hall.clock.now().timestamp()))
    query = {
        "timestamp": timestamp,
        "nonce": "n1",
        "signature": hall.gate._sign(timestamp, "n1"),
        "encrypt_type": encrypt_type,
    }
    body = message_xml(hall, anna, "<Content><![CDATA[签到]]></Content>")
    assert post(hall, query, body) == 403
    assert taken_in(hall) == 0


def test_a_changed_ciphertext_is_refused(hall: Hall, anna: str) -> None:
    query, body = sealed_text(hall, anna)
    changed = body.replace("<![CDATA[", "<![CDATA[A", 2)
    assert post(hall, query, changed) in {400, 403}


@pytest.mark.parametrize("sealed", ["@@@", "QUJD", "QUJDREVGR0hJSktMTU5PUA==", "A" * 64])
def test_garbage_that_is_signed_is_malformed_not_a_crash(
    hall: Hall, anna: str, sealed: str
) -> None:
    query, _ = sealed_text(hall, anna)
    query["msg_signature"] = hall.gate._sign(query["timestamp"], query["nonce"], sealed)
    body = f"<xml><ToUserName>gh_x</ToUserName><Encrypt>{sealed}</Encrypt></xml>"
    assert post(hall, query, body) in {400, 403}


def test_another_account_s_message_is_refused(hall: Hall, anna: str) -> None:
    other = hall.settings.wechat.model_copy(update={"app_id": "wx00000000000000ff"})
    assert hall.gate._crypto is not None
    xml = message_xml(hall, anna, "<Content>x</Content>")
    sealed = hall.gate._crypto.seal(xml, other.app_id)
    query, _ = sealed_text(hall, anna)
    query["msg_signature"] = hall.gate._sign(query["timestamp"], query["nonce"], sealed)
    assert post(hall, query, f"<xml><Encrypt>{sealed}</Encrypt></xml>") == 403


@pytest.mark.parametrize(
    "xml",
    [
        "",
        "hello",
        "<a/>",
        "<xml></xml>",
        "<xml>text</xml>",
        "<!DOCTYPE xml><xml><MsgType>text</MsgType></xml>",
        '<!DOCTYPE x [<!ENTITY a "b">]><xml><MsgType>&a;</MsgType></xml>',
        "<xml><FromUserName>a</FromUserName><FromUserName>b</FromUserName></xml>",
        "<xml>" + "<a>" * 50_000 + "</a>" * 50_000 + "</xml>",
        '<xml><MsgType kind="x">text</MsgType></xml>',
    ],
)
def test_malformed_xml_is_a_400(hall: Hall, xml: str) -> None:
    query, body = hall.sealed(xml)
    assert post(hall, query, body) in {400, 413}
    assert taken_in(hall) == 0


@pytest.mark.parametrize(
    "field",
    [
        "<CreateTime>abc</CreateTime>",
        "<CreateTime>-1</CreateTime>",
        "<CreateTime>99999999999999999999</CreateTime>",
        "<MsgId>abc</MsgId>",
        "<MsgType></MsgType>",
        "<FromUserName>'\"&gt;&lt;script&gt;</FromUserName>",
        f"<FromUserName>{'o' * 1000}</FromUserName>",
    ],
)
def test_a_field_that_cannot_be_is_a_400(hall: Hall, anna: str, field: str) -> None:
    name = field[1:].split(">", maxsplit=1)[0]
    good = message_xml(hall, anna, "<Content>x</Content>")
    start, end = good.index(f"<{name}>"), good.index(f"</{name}>") + len(name) + 3
    query, body = hall.sealed(good[:start] + field + good[end:])
    assert post(hall, query, body) == 400


def test_a_huge_body_is_refused_unread(hall: Hall, anna: str) -> None:
    query, _ = sealed_text(hall, anna)
    assert post(hall, query, b"<xml>" + b"x" * 10_000_000) in {400, 413}


def test_unknown_kinds_are_acknowledged(hall: Hall, anna: str) -> None:
    assert hall.push(message_xml(hall, anna, "", kind="hologram")) == ""
    assert hall.push(event_xml(hall, anna, "something_new")) == ""


def test_text_that_would_break_out_of_the_reply_stays_text(hall: Hall, anna: str) -> None:
    nasty = "]]&gt;&lt;/Content&gt;&lt;Hack&gt;1&lt;/Hack&gt;"
    answer = hall.push(message_xml(hall, anna, f"<Content>x{nasty}</Content>"))
    assert "人工" in answer


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(hall: Hall, method: str) -> None:
    assert getattr(hall.client, method)("/wechat").status_code == 405


def test_a_trailing_slash_is_not_a_redirect(hall: Hall, anna: str) -> None:
    query, body = sealed_text(hall, anna)
    answer = hall.client.post("/wechat/", query_string=query, data=body)
    assert answer.status_code == 200


def test_a_form_content_type_does_not_empty_the_body(hall: Hall, anna: str) -> None:
    query, body = sealed_text(hall, anna)
    answer = hall.client.post(
        "/wechat",
        query_string=query,
        data=body,
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 200


def test_compatible_mode_wants_the_seal_when_it_is_there(
    sqlite: Database, redis_url: str, clock: MovableClock, tmp_path: Path, anna: str
) -> None:
    settings = make_settings(tmp_path, sqlite, redis_url)
    wechat = settings.wechat.model_copy(update={"mode": "compatible"})
    hall = make_hall(settings.model_copy(update={"wechat": wechat}), sqlite, clock)
    query, body = sealed_text(hall, anna)
    assert post(hall, query, body) == 200
    query["msg_signature"] = secrets.token_hex(20)
    assert post(hall, query, body) == 403
    hall.close()


def test_three_deliveries_at_once_have_one_effect_and_one_answer(
    hall_everywhere: Hall, anna: str
) -> None:
    hall = hall_everywhere
    hall.member(anna)
    query, body = sealed_text(hall, anna)
    barrier, seen = threading.Barrier(3), []

    def deliver() -> None:
        barrier.wait()
        answer = hall.app.test_client().post("/wechat", query_string=query, data=body)
        seen.append((answer.status_code, hall.seen(answer.text)))

    threads = [threading.Thread(target=deliver) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(seen)) == 1
    assert "签到成功" in seen[0][1]
    assert taken_in(hall) == 1


def test_a_repeat_is_answered_as_the_first_was(hall: Hall, anna: str) -> None:
    hall.member(anna)
    xml = message_xml(hall, anna, "<Content><![CDATA[签到]]></Content>")
    first = hall.push(xml)
    hall.clock.move(seconds=5)
    assert hall.push(xml) == first
    assert "今天已签到过了" in hall.say(anna, "签到")


def test_people_who_speak_at_once_with_one_msgid_are_all_heard(
    hall: Hall, anna: str, boris: str
) -> None:
    """WxJava #333: fifteen people got equal MsgIds and some lost their replies."""
    xml = message_xml(hall, anna, "<Content><![CDATA[套餐]]></Content>")
    assert "宽带" in hall.push(xml)
    assert "宽带" in hall.push(xml.replace(anna, boris))
    assert taken_in(hall) == 2


def test_events_of_one_person_in_one_second_are_not_mixed_up(hall: Hall, anna: str) -> None:
    """WxJava #858: events have no MsgId, and several can share sender and second."""
    hall.member(anna)
    assert "签到成功" in hall.click(anna, "check_in")
    assert "积分" in hall.click(anna, "points")
    assert "签到成功" in hall.click(anna, "check_in")  # the same tap, delivered again
    assert taken_in(hall) == 2
