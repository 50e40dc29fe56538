"""What is done with a reply rule: its review by a second person, pause, resume, retire."""

from collections.abc import Callable

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import reply_reviews, reply_rules, reviews
from content.reviews import Subject
from web.console.guards import operator_id, operator_required
from web.console.reviews import hand, written
from web.console.settling import settle
from web.wiring import now, wiring

bp = Blueprint("reply_acts", __name__, url_prefix="/replies")


@bp.post("/<row:rule_id>/review")
@operator_required("content.write")
def ask(rule_id: int) -> ResponseReturnValue:
    """Hand a draft to the approvers."""
    return _do(rule_id, "rule_asked", lambda db: reply_reviews.ask(
        db, rule_id, hand(), written("note")))  # fmt: skip


@bp.post("/<row:rule_id>/withdraw")
@operator_required("content.write")
def withdraw(rule_id: int) -> ResponseReturnValue:
    """Take it back before anybody has decided."""
    return _do(rule_id, "review_withdrawn", lambda db: reply_reviews.withdraw(db, rule_id, hand()))


@bp.post("/<row:rule_id>/approve")
@operator_required("content.approve")
def approve(rule_id: int) -> ResponseReturnValue:
    """Let it answer customers, in place of the revision that stood."""
    return _do(rule_id, "rule_approved", lambda db: reply_reviews.approve(
        db, rule_id, hand(), written()))  # fmt: skip


@bp.post("/<row:rule_id>/refuse")
@operator_required("content.approve")
def refuse(rule_id: int) -> ResponseReturnValue:
    """Send it back with a reason."""
    return _do(rule_id, "review_refused", lambda db: reply_reviews.refuse(
        db, rule_id, hand(), written(needed="请写明退回的原因")))  # fmt: skip


@bp.post("/<row:rule_id>/comments")
@operator_required("content.read")
def comment(rule_id: int) -> ResponseReturnValue:
    """Say something about it."""

    def work(db: Session) -> None:
        rule = reply_rules.get(db, rule_id)
        subject = Subject(reply_reviews.KIND, rule.id, rule.name)
        reviews.comment(db, subject, hand(), written("body", needed="请填写留言"))

    return _do(rule_id, "commented", work)


@bp.post("/<row:rule_id>/pause")
@operator_required("content.write")
def pause(rule_id: int) -> ResponseReturnValue:
    """Let it rest."""
    return _do(rule_id, "rule_paused", lambda db: reply_reviews.pause(
        db, rule_id, operator_id(), now()))  # fmt: skip


@bp.post("/<row:rule_id>/resume")
@operator_required("content.write")
def resume(rule_id: int) -> ResponseReturnValue:
    """Let it answer again as it was approved."""
    return _do(rule_id, "rule_resumed", lambda db: reply_reviews.resume(
        db, rule_id, operator_id(), now()))  # fmt: skip


@bp.post("/<row:rule_id>/retire")
@operator_required("content.write")
def retire(rule_id: int) -> ResponseReturnValue:
    """Take it out of use."""
    return _do(rule_id, "rule_retired", lambda db: reply_reviews.retire(
        db, rule_id, operator_id(), now()))  # fmt: skip


@bp.post("/<row:rule_id>/discard")
@operator_required("content.write")
def discard(rule_id: int) -> ResponseReturnValue:
    """Throw a draft away."""
    return _do(rule_id, "rule_discarded", lambda db: reply_rules.discard(
        db, rule_id, operator_id(), now()))  # fmt: skip


def _do(rule_id: int, done: str, work: Callable[[Session], object]) -> ResponseReturnValue:
    answer = settle(work, done, url_for("console.reply_rules.show", rule_id=rule_id))
    wiring().rule_book.forget()  # this process answers by what stands now
    return answer
