"""The inbox: what customers write to staff, answered while WeChat still allows it."""

from datetime import UTC, datetime, timedelta

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import conversations, service_phrases
from content.conversation_messages import KIND_NAMES, TEXT_BYTES
from content.conversations import STATES
from content.customer_messages import STATES as SENT_NAMES
from kernel.refusals import Invalid, NotFound, Refused
from web.console import inbox_lists
from web.console.fields import Fields, Shown
from web.console.guards import operator_id, operator_required
from web.console.paging import asked_id
from web.console.reviews import hand
from web.console.settling import settle, words_of
from web.errors import STATUSES
from web.wiring import now, read, transaction, wiring

bp = Blueprint("inbox", __name__, url_prefix="/inbox")

_TABS = ("open", "mine", "answered", "closed")
_BADGE = "inbox_badge"
_BADGE_LIFE = timedelta(seconds=3)


@bp.get("")
@operator_required("inbox.read")
def show_list() -> ResponseReturnValue:
    """Conversations of a tab; those that wait come first."""
    return _list("console/inbox/list.html")


@bp.get("/talks")
@operator_required("inbox.read")
def show_talks() -> ResponseReturnValue:
    """The part of the list that is looked at again every few seconds."""
    return _list("console/inbox/talks.html")


@bp.get("/waiting")
@operator_required("inbox.read")
def show_waiting() -> ResponseReturnValue:
    """How many wait, for the navigation of every page; a few seconds old at most."""
    extensions, at = current_app.extensions, now()
    kept = extensions.get(_BADGE)
    if kept is None or not kept[0] <= at < kept[0] + _BADGE_LIFE:
        kept = extensions[_BADGE] = (at, read(conversations.counts).waiting)
    return render_template("console/inbox/waiting.html", waiting=kept[1])


@bp.get("/<row:conversation_id>")
@operator_required("inbox.read")
def show(conversation_id: int) -> ResponseReturnValue:
    """One conversation, with whoever writes beside it."""
    _mark_read(conversation_id)
    return _page(conversation_id, Shown({}))


@bp.get("/<row:conversation_id>/lines")
@operator_required("inbox.read")
def show_lines(conversation_id: int) -> ResponseReturnValue:
    """What was said and what is left; nothing when that is what the page shows already."""
    at = now()
    sheet = read(lambda db: inbox_lists.sheet(db, conversation_id, at))
    shown = _lines(sheet, at)
    if request.args.get("mark") == shown["stamp"]:
        return "", 204
    _mark_read(conversation_id)
    return render_template("console/inbox/lines.html", **shown)


@bp.post("/<row:conversation_id>/answers")
@operator_required("inbox.answer")
def answer(conversation_id: int) -> ResponseReturnValue:
    """Answer in the chat; what cannot be sent stays in the box, with the reason."""
    text = Fields(request.form).text("text").encode("utf-8", "ignore").decode()
    if "fill" in request.form:
        return _page(conversation_id, Shown({"text": _with_phrase(text)}))

    def work(db: Session) -> None:
        openid = conversations.get(db, conversation_id).openid
        actions = inbox_lists.actions_of(db, openid, hand().at)
        conversations.answer(db, conversation_id, text, hand(), actions)

    try:
        transaction(work)
    except NotFound:
        raise
    except Refused as refused:
        form = Shown({"text": text}, "text", words_of(refused))
        return _page(conversation_id, form), STATUSES.get(refused.code, 409)
    wiring().nudge("sweep_outbox", 0)
    return redirect(_back(conversation_id), 303)


@bp.post("/<row:conversation_id>/take")
@operator_required("inbox.answer")
def take(conversation_id: int) -> ResponseReturnValue:
    """Take care of it oneself."""
    return settle(
        lambda db: conversations.take(db, conversation_id, hand()), "talk_taken",
        _back(conversation_id),
    )  # fmt: skip


@bp.post("/<row:conversation_id>/hand-over")
@operator_required("inbox.answer")
def hand_over(conversation_id: int) -> ResponseReturnValue:
    """Give it to a colleague, or back to all."""

    def work(db: Session) -> None:
        conversations.hand_over(db, conversation_id, _colleague(db), hand())

    return settle(work, "talk_handed_over", _back(conversation_id))


@bp.post("/<row:conversation_id>/close")
@operator_required("inbox.answer")
def close(conversation_id: int) -> ResponseReturnValue:
    """End it: the bot answers the customer again."""
    return settle(
        lambda db: conversations.close(db, conversation_id, hand()), "talk_closed",
        _back(conversation_id),
    )  # fmt: skip


def _back(conversation_id: int) -> str:
    return url_for("console.inbox.show", conversation_id=conversation_id)


def _colleague(session: Session) -> int | None:
    fields = Fields(request.form)
    if not fields.text("to"):
        return None
    to = fields.row_id("to")
    if to not in {number for number, _ in inbox_lists.colleagues(session, operator_id())}:
        raise Invalid(field="to", reason="请选择一位能回复客户的同事")
    return to


def _with_phrase(text: str) -> str:
    """What was typed with the chosen phrase behind it."""
    phrase_id = Fields(request.form).text("phrase")
    if not phrase_id:
        return text
    number = Fields(request.form).row_id("phrase")
    phrase = read(lambda db: service_phrases.get(db, number))
    return f"{text}\n{phrase.text}".strip()


def _mark_read(conversation_id: int) -> None:
    """Whoever takes care of it, or may, has seen what came; somebody who only reads has not."""
    if not g.operator.may("inbox.answer"):
        return
    me = operator_id()

    def is_unread(db: Session) -> bool:
        found = conversations.get(db, conversation_id)
        return found.unread > 0 and found.operator_id in {None, me}

    if read(is_unread):
        transaction(lambda db: conversations.mark_read(db, conversation_id))


def _list(template: str) -> str:
    tab = request.args.get("tab", "")
    tab = tab if tab in _TABS else "open"
    before = _cursor(request.args.get("before", ""))
    talks = read(lambda db: inbox_lists.talks(db, tab, operator_id(), before))
    return render_template(
        template, talks=talks, tab=tab, before=before, state_names=STATES, me=operator_id()
    )


def _page(conversation_id: int, form: Shown) -> str:
    at, before, me = now(), asked_id(), operator_id()

    def work(db: Session) -> dict[str, object]:
        sheet = inbox_lists.sheet(db, conversation_id, at, before)
        return {
            **_lines(sheet, at),
            "card": inbox_lists.card(db, sheet.conversation.openid),
            "past": conversations.of_follower(db, sheet.conversation.openid),
            "phrases": service_phrases.every(db),
            "colleagues": inbox_lists.colleagues(db, me),
        }

    return render_template(
        "console/inbox/show.html", form=form, limit=TEXT_BYTES, before=before, **read(work)
    )


def _lines(sheet: inbox_lists.Sheet, at: datetime) -> dict[str, object]:
    left = inbox_lists.remaining(sheet.allowance, at)
    return {
        "sheet": sheet,
        "talk": sheet.conversation,
        "left": left,
        "stamp": f"{sheet.mark}.{left}",
        "state_names": STATES,
        "sent_names": SENT_NAMES,
        "kind_names": KIND_NAMES,
        "reason_words": inbox_lists.reason_words,
        "is_off_hours": wiring().hall.is_off_hours,
        "me": operator_id(),
    }


def _cursor(text: str) -> tuple[datetime, int] | None:
    micros, _, number = text.partition("-")
    if not ((micros + number).isascii() and micros.isdigit() and number.isdigit()):
        return None
    if len(micros) > 16 or len(number) > 18:
        return None
    return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(micros)), int(number)
