"""What is done with a push: its review, its time, its pauses and its end."""

from collections.abc import Callable

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import reviews as review_rows
from content.reviews import Subject
from pushes import life, pushes, retries
from web.console.fields import Fields
from web.console.guards import operator_required, recently_confirmed
from web.console.reviews import hand, written
from web.console.settling import settle
from web.wiring import now, read, wiring

bp = Blueprint("push_acts", __name__, url_prefix="/pushes/<row:push_id>")


@bp.post("/review")
@operator_required("pushes.write")
def submit(push_id: int) -> ResponseReturnValue:
    """Hand the draft to the approvers."""
    return _do(push_id, "push_asked", lambda db: life.submit(
        db, push_id, hand(), written("note")))  # fmt: skip


@bp.post("/withdrawals")
@operator_required("pushes.write")
def withdraw(push_id: int) -> ResponseReturnValue:
    """Back to writing, before anybody has decided."""
    return _do(push_id, "review_withdrawn", lambda db: life.withdraw(db, push_id, hand()))


@bp.post("/approvals")
@operator_required("pushes.approve")
@recently_confirmed
def approve(push_id: int) -> ResponseReturnValue:
    """Let it go: at its time, without one at once, or when somebody says so."""
    waits = request.form.get("when") == "waits"

    def work(db: Session) -> None:
        push = life.approve(db, push_id, hand(), written())
        if push.state == "approved" and not waits:
            life.schedule(db, push_id, None, hand())

    return _do(push_id, "push_approved", work)


@bp.post("/refusals")
@operator_required("pushes.approve")
def refuse(push_id: int) -> ResponseReturnValue:
    """Send it back with a comment."""
    return _do(push_id, "review_refused", lambda db: life.refuse(
        db, push_id, hand(), written(needed="请写明退回的原因")))  # fmt: skip


@bp.post("/comments")
@operator_required("pushes.read")
def comment(push_id: int) -> ResponseReturnValue:
    """Say something about it."""

    def work(db: Session) -> None:
        push = pushes.get(db, push_id)
        body = written("body", needed="请填写留言")
        review_rows.comment(db, Subject(life.REVIEW, push_id, push.title), hand(), body)

    return _do(push_id, "commented", work)


@bp.post("/times")
@operator_required("pushes.run")
def schedule(push_id: int) -> ResponseReturnValue:
    """Give an approved, scheduled or missed push a time, or send it now."""

    def work(db: Session) -> None:
        fields = Fields(request.form)
        at = None if fields.text("when") == "now" else fields.moment("send_at")
        life.schedule(db, push_id, at, hand())

    return _do(push_id, "push_scheduled", work)


@bp.post("/pauses")
@operator_required("pushes.run")
def pause(push_id: int) -> ResponseReturnValue:
    """Begin no further call until somebody lets it go on."""
    return _do(push_id, "push_paused", lambda db: life.pause(db, push_id, hand(), written()))


@bp.post("/resumptions")
@operator_required("pushes.run")
def resume(push_id: int) -> ResponseReturnValue:
    """Let it go on."""
    return _do(push_id, "push_resumed", lambda db: life.resume(db, push_id, hand()))


@bp.post("/cancellations")
@operator_required("pushes.run")
def cancel(push_id: int) -> ResponseReturnValue:
    """Stop it for good; who was not sent anything yet will not be."""
    return _do(push_id, "push_cancelled", lambda db: life.cancel(
        db, push_id, hand(), written(needed="请写明取消的原因")))  # fmt: skip


@bp.post("/retries")
@operator_required("pushes.run")
def retry(push_id: int) -> ResponseReturnValue:
    """Try those anew who failed for what another call may change."""
    return _do(push_id, "push_retried", lambda db: retries.retry_failed(db, push_id, hand()))


def _do(push_id: int, done: str, work: Callable[[Session], object]) -> ResponseReturnValue:
    """Do it, tell the workers what there is for them now, and go back to the push."""
    before = read(lambda db: pushes.get(db, push_id).state)
    answer = settle(work, done, url_for("console.pushes.show", push_id=push_id))
    _nudge(push_id, before)
    return answer


# Only after the commit do workers find it so; should the queue be away, a sweep begins it.
_FOR_WORKERS = {"scheduled": "start_push", "running": "send_push"}


def _nudge(push_id: int, before: str) -> None:
    push = read(lambda db: pushes.get(db, push_id))
    if push.state == before:
        return
    is_due = push.state != "scheduled" or (push.send_at and push.send_at <= now())
    if push.state in _FOR_WORKERS and is_due:
        wiring().nudge(_FOR_WORKERS[push.state], push_id)
    elif push.freeze_at == "approval" and push.state in {"approved", "scheduled"}:
        wiring().nudge("freeze_push", push_id)
