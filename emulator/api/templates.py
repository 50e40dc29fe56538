"""Template messages: send, list, add, delete."""

from emulator.api.calls import OK, Call, Endpoint
from emulator.api.template_values import check_values
from emulator.chats import add_item
from emulator.deliveries import build_push, deliver
from emulator.errcodes import Refused
from emulator.identifiers import LETTERS, draw_letters
from emulator.platform import Platform
from emulator.sendings import note_event
from emulator.state import Json, SentOnce, Template, User

DEDUPE_SECONDS = 600
MOST_TEMPLATES = 25


def send_template(call: Call) -> Json:
    """POST /cgi-bin/message/template/send → `{"errcode": 0, "errmsg": "ok", "msgid"}`.

    Refuses with 40003, 43004, 43019, 40037, 47003. The same openid and client_msg_id within
    ten minutes get the first answer and no second message.
    """
    user = call.user(call.text("touser"))
    template = find_template(call, {"template"})
    if not user.subscribed:
        raise Refused(43004)
    if user.blacklisted:
        raise Refused(43019)
    values = check_values(template.keys, call.table("data"))
    key = f"{user.openid}|{call.text('client_msg_id')}"
    once = call.state.sent_once.get(key)
    if call.text("client_msg_id") and once and call.now - once.at < DEDUPE_SECONDS:
        return {**OK, "msgid": once.msgid}
    msgid = call.platform.take_id()
    if call.text("client_msg_id"):
        remember(call, key, msgid)
    status = deliver_card(call, user, template, values)
    call.platform.background.hand_over(lambda: report(call.platform, user.openid, msgid, status))
    return {**OK, "msgid": msgid}


def remember(call: Call, key: str, msgid: int) -> None:
    """Keep the answer for a repetition, and forget what is a day old."""
    sent_once = call.state.sent_once
    sent_once[key] = SentOnce(msgid, call.now)
    if len(sent_once) % 1000 == 0:
        for old in [each for each, once in sent_once.items() if call.now - once.at > 86400]:
            del sent_once[old]


def find_template(call: Call, kinds: set[str]) -> Template:
    """The template of the body; refuses with 40037."""
    template = call.state.templates.get(call.text("template_id"))
    if template is None or template.kind not in kinds:
        raise Refused(40037)
    return template


def deliver_card(call: Call, user: User, template: Template, values: dict[str, str]) -> str:
    """Show the card unless the user shut messages off; returns the event's status."""
    if user.refuses_messages:
        return "failed:user block"
    card = build_card(call, template, values)
    add_item(call.platform, user.openid, "account", "template", text=template.title, **card)
    return "success"


def build_card(call: Call, template: Template, values: dict[str, str]) -> Json:
    """Lines of label and value, and where a tap leads; a mini program wins over the url."""
    lines = [{"label": template.keys[key], "value": value} for key, value in values.items()]
    program = call.table("miniprogram")
    url = "" if program else call.text("url") or call.text("page")
    return {"lines": lines, "url": url, "miniprogram": program, "template_id": template.id}


def report(platform: Platform, openid: str, msgid: int, status: str) -> None:
    """Push TEMPLATESENDJOBFINISH (MsgID with a capital D)."""
    event = {"Event": "TEMPLATESENDJOBFINISH", "MsgID": msgid, "Status": status}
    with platform.store.lock:
        push = build_push(platform, openid, "event", **event)
    note_event(platform, str(msgid), status)
    deliver(platform, push)


def list_templates(call: Call) -> Json:
    """GET /cgi-bin/template/get_all_private_template."""
    chosen = [each for each in call.state.templates.values() if each.kind == "template"]
    return {"template_list": [describe_template(each) for each in chosen]}


def describe_template(template: Template) -> Json:
    """As the platform lists it, `{{thing1.DATA}}` lines in content."""
    lines = [f"{label}:{{{{{key}.DATA}}}}" for key, label in template.keys.items()]
    return {
        "template_id": template.id,
        "title": template.title,
        "primary_industry": "",
        "deputy_industry": "",
        "content": "\n".join(lines),
        "example": "\n".join(f"{label}:示例" for label in template.keys.values()),
    }


def add_template(call: Call) -> Json:
    """POST /cgi-bin/template/api_add_template; keywords become thing1, thing2 … (45026 > 25)."""
    if not call.text("template_id_short"):
        raise Refused(40037)
    mine = [each for each in call.state.templates.values() if each.kind == "template"]
    if len(mine) >= MOST_TEMPLATES:
        raise Refused(45026)
    names = call.strings("keyword_name_list") or ["内容"]
    keys = {f"thing{place}": name for place, name in enumerate(names, 1)}
    template_id = draw_letters(43, LETTERS + "-_")
    title = call.text("template_id_short")
    call.state.templates[template_id] = Template(template_id, title, "template", keys)
    call.platform.store.touch()
    return {**OK, "template_id": template_id}


def delete_template(call: Call) -> Json:
    """POST /cgi-bin/template/del_private_template; refuses with 40037."""
    del call.state.templates[find_template(call, {"template"}).id]
    call.platform.store.touch()
    return OK


ENDPOINTS = {
    "/cgi-bin/message/template/send": Endpoint(send_template, channel="template"),
    "/cgi-bin/template/get_all_private_template": Endpoint(
        list_templates, "GET", daily=1000, body="none"
    ),
    "/cgi-bin/template/api_add_template": Endpoint(add_template, daily=1000),
    "/cgi-bin/template/del_private_template": Endpoint(delete_template, daily=1000),
}
