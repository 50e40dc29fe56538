"""Subscription notices: one consent, one message."""

from urllib.parse import urlsplit

from emulator.api.calls import OK, Call, Endpoint
from emulator.api.template_values import check_values
from emulator.api.templates import build_card, find_template
from emulator.chats import add_item
from emulator.deliveries import build_push, deliver
from emulator.errcodes import Refused
from emulator.platform import Platform
from emulator.sendings import note_event
from emulator.state import FOREVER, Json, Template, User

NOTICE_KINDS = {"once", "longterm"}


def send_notice(call: Call) -> Json:
    """POST /cgi-bin/message/subscribe/bizsend; uses up one credit.

    Refuses with 40003, 40037, 43101 (no credit), 47003, 41030 (page is no web address).
    """
    user = call.user(call.text("touser"))
    template = find_template(call, NOTICE_KINDS)
    page = call.text("page")
    if page and urlsplit(page).scheme not in {"http", "https"}:
        raise Refused(41030)
    values = check_values(template.keys, call.table("data"))
    use_credit(user, template)
    card = build_card(call, template, values)
    add_item(call.platform, user.openid, "account", "notice", text=template.title, **card)
    msgid = call.platform.take_id()
    call.platform.background.hand_over(
        lambda: report(call.platform, user.openid, template.id, msgid)
    )
    return {**OK, "msgid": msgid}


def use_credit(user: User, template: Template) -> None:
    """Take one consent; a long-term one stays."""
    credit = user.credits.get(template.id, 0)
    if credit == 0 or user.blacklisted:
        raise Refused(43101)
    if credit != FOREVER:
        user.credits[template.id] = credit - 1


def report(platform: Platform, openid: str, template_id: str, msgid: int) -> None:
    """Push subscribe_msg_sent_event."""
    told: Json = {
        "TemplateId": template_id,
        "MsgID": str(msgid),
        "ErrorCode": "0",
        "ErrorStatus": "success",
    }
    event = {"Event": "subscribe_msg_sent_event", "SubscribeMsgSentEvent": {"List": told}}
    with platform.store.lock:
        push = build_push(platform, openid, "event", **event)
    note_event(platform, str(msgid), "success")
    deliver(platform, push)


def list_notices(call: Call) -> Json:
    """GET /wxaapi/newtmpl/gettemplate; type 2 is one-time, 3 long-term."""
    chosen = [each for each in call.state.templates.values() if each.kind in NOTICE_KINDS]
    return {**OK, "data": [describe_notice(each) for each in chosen]}


def describe_notice(template: Template) -> Json:
    """As the platform lists it."""
    content = "".join(f"{label}:{{{{{key}.DATA}}}}\n" for key, label in template.keys.items())
    return {
        "priTmplId": template.id,
        "title": template.title,
        "content": content,
        "example": "".join(f"{label}:示例\n" for label in template.keys.values()),
        "type": 2 if template.kind == "once" else 3,
    }


ENDPOINTS = {
    "/cgi-bin/message/subscribe/bizsend": Endpoint(send_notice, channel="notice"),
    "/wxaapi/newtmpl/gettemplate": Endpoint(list_notices, "GET", daily=1000, body="none"),
}
