"""Events about pushes: how sends ended, and which notices somebody allows."""

from collections.abc import Iterator
from functools import partial

from bot.replies import Nothing, Reply
from bot.xml import text
from handlers.context import Context
from handlers.tools import Tools
from kernel import activity
from pushes import credits, push_events
from pushes.push_events import PAGE, Failure

_LARGEST_ID = 2**63 - 1
_PAGES_A_TICK = 20
_NO_CREDIT = "43101"
# WeChat's names of the counts → ours.
_COUNTS = {
    "TotalCount": "total", "FilterCount": "filter", "SentCount": "sent", "ErrorCount": "error",
}  # fmt: skip


def note_mass_result(ctx: Context) -> Reply:
    """What became of a mass send (MASSSENDJOBFINISH); its sender is no recipient."""
    status = ctx.inbound.text("Status").strip()[:40]
    result: dict[str, str | int] = {"status": status}
    for theirs, ours in _COUNTS.items():
        count = ctx.inbound.text(theirs).strip()
        result[ours] = int(count) if count.isdecimal() and len(count) < 12 else 0
    message_id = _message_id(ctx.inbound.text("MsgID"))
    activity.record(ctx.session, "push.result", ctx.now, result={"MsgID": message_id, **result})
    if message_id is not None:
        push_events.note_mass(ctx.session, message_id, result, ctx.now)
    return Nothing()


def note_template_result(ctx: Context) -> Reply:
    """How a template message ended (TEMPLATESENDJOBFINISH): `success`, `failed:user block`,
    `failed: system failed`; only a failure is news."""
    status = ctx.inbound.text("Status").strip()
    message_id = _message_id(ctx.inbound.text("MsgID"))
    if message_id is not None and status and status != "success":
        reason = status.removeprefix("failed:").strip()[:80] or "failed"
        failure = Failure("template", ctx.openid, message_id, reason)
        push_events.note_failure(ctx.session, failure, ctx.now)
    return Nothing()


def note_notice_choice(ctx: Context) -> Reply:
    """Somebody allowed or refused notices in the pop-up (subscribe_msg_popup_event)."""
    return _choose(ctx, "SubscribeMsgPopupEvent")


def note_notice_change(ctx: Context) -> Reply:
    """Somebody switched notices off in WeChat's settings (subscribe_msg_change_event)."""
    return _choose(ctx, "SubscribeMsgChangeEvent")


def _choose(ctx: Context, name: str) -> Reply:
    for line in _lines(ctx, name):
        template_id, said = line.get("TemplateId", "")[:64], line.get("SubscribeStatusString")
        if template_id and said == "accept":
            credits.allow(ctx.session, ctx.openid, template_id, ctx.now)
        elif template_id and said == "reject":
            credits.revoke(ctx.session, ctx.openid, template_id, ctx.now)
    return Nothing()


def note_notice_result(ctx: Context) -> Reply:
    """How subscription notices ended (subscribe_msg_sent_event); only a failure is news."""
    for line in _lines(ctx, "SubscribeMsgSentEvent"):
        message_id, code = _message_id(line.get("MsgID", "")), line.get("ErrorCode", "").strip()
        if message_id is None or code in {"", "0"}:
            continue
        reason = code[:10] if code.isdecimal() else line.get("ErrorStatus", "").strip()[:80]
        template_id = line.get("TemplateId", "")[:64]
        failure = Failure("notice", ctx.openid, message_id, reason or "failed", template_id)
        push_events.note_failure(ctx.session, failure, ctx.now)
        if reason == _NO_CREDIT:
            credits.exhaust(ctx.session, [ctx.openid], template_id, ctx.now)
    return Nothing()


def _lines(ctx: Context, name: str) -> Iterator[dict[str, str]]:
    """The entries of an event's `<List>`: one reads as a dict, several as a list of them."""
    body = ctx.inbound.fields.get(name)
    found = body.get("List") if isinstance(body, dict) else None
    for line in found if isinstance(found, list) else [found]:
        if isinstance(line, dict):
            yield {key: text(line, key).strip() for key in line}


def _message_id(value: str) -> int | None:
    value = value.strip()
    if not value.isdecimal() or not value.isascii() or len(value) > 19:
        return None
    number = int(value)
    return number if number <= _LARGEST_ID else None


def match_push_events(tools: Tools) -> None:
    """Bring what WeChat told of sends to the deliveries that it is about."""
    for _ in range(_PAGES_A_TICK):
        work = partial(push_events.match, at=tools.clock.now())
        if tools.database.transaction(work) < PAGE:
            return
