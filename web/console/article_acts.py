"""What is done with an article: its review, trial, publication, way to WeChat, taking off."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import article_revisions, article_sync, article_workflow, article_writing, reviews
from content.article_revisions import ArticleRevision, ArticleState, content_of
from content.article_sync import ArticleSync
from content.reviews import Review
from kernel.refusals import NotFound, Refused
from products import facts
from web.console import article_sheets
from web.console.articles import worked_on
from web.console.fields import Fields
from web.console.guards import operator_required
from web.console.publishing import setting
from web.console.reviews import hand, written
from web.console.settling import settle, words_of
from web.wiring import now, transaction, wiring

bp = Blueprint("article_acts", __name__, url_prefix="/articles")


@bp.post("/<row:article_id>/revisions")
@operator_required("content.write")
def revise(article_id: int) -> ResponseReturnValue:
    """Begin a revision with what is live, and edit it. Raises NotFound."""
    try:
        transaction(lambda db: article_writing.revise(db, article_id, hand()))
    except NotFound:
        raise
    except Refused as refused:
        flash(words_of(refused), "danger")
        return redirect(url_for("console.articles.show", article_id=article_id), 303)
    return redirect(url_for("console.article_editor.show", article_id=article_id), 303)


@bp.post("/<row:article_id>/review")
@operator_required("content.write")
def ask(article_id: int) -> ResponseReturnValue:
    """Hand the draft to the approvers."""

    def work(db: Session, revision: ArticleRevision) -> None:
        known = facts.of_content(db, content_of(revision), now())
        asked = (written("note"), setting())
        article_workflow.submit(db, revision.id, known, hand(), asked)

    return _do(article_id, "article_asked", work)


@bp.post("/<row:article_id>/approve")
@operator_required("content.approve")
def approve(article_id: int) -> ResponseReturnValue:
    """Approve it: it can be published then."""
    return _do(article_id, "article_approved", lambda db, revision: article_workflow.approve(
        db, _review(db, revision).id, hand(), written()))  # fmt: skip


@bp.post("/<row:article_id>/refuse")
@operator_required("content.approve")
def refuse(article_id: int) -> ResponseReturnValue:
    """Send it back with a reason."""
    return _do(article_id, "review_refused", lambda db, revision: article_workflow.refuse(
        db, _review(db, revision).id, hand(), written(needed="请写明退回的原因")))  # fmt: skip


@bp.post("/<row:article_id>/take-back")
@operator_required("content.write")
def take_back(article_id: int) -> ResponseReturnValue:
    """Back to writing."""
    return _do(article_id, "article_taken_back", lambda db, revision: article_workflow.take_back(
        db, revision.id, hand()))  # fmt: skip


@bp.post("/<row:article_id>/comments")
@operator_required("content.read")
def comment(article_id: int) -> ResponseReturnValue:
    """Say something about the revision in work."""

    def work(db: Session, revision: ArticleRevision) -> None:
        subject = article_workflow.subject_of(revision)
        reviews.comment(db, subject, hand(), written("body", needed="请填写留言"))

    return _do(article_id, "commented", work)


@bp.post("/<row:article_id>/publish")
@operator_required("content.write")
def publish(article_id: int) -> ResponseReturnValue:
    """Make the approved revision what everybody sees, now."""

    def work(db: Session, revision: ArticleRevision) -> None:
        known = facts.of_content(db, content_of(revision), now())
        article_workflow.publish(db, revision.id, known, hand())

    return _do(article_id, "article_published", work)


@bp.post("/<row:article_id>/schedule")
@operator_required("content.write")
def schedule(article_id: int) -> ResponseReturnValue:
    """Publish it at a time."""
    return _do(article_id, "article_scheduled", lambda db, revision: article_workflow.schedule(
        db, revision.id, Fields(request.form).moment("publish_at"), hand()))  # fmt: skip


@bp.post("/<row:article_id>/unschedule")
@operator_required("content.write")
def unschedule(article_id: int) -> ResponseReturnValue:
    """Wait for a hand again."""
    return _do(article_id, "article_unscheduled", lambda db, revision: article_workflow.unschedule(
        db, revision.id, hand()))  # fmt: skip


@bp.post("/<row:article_id>/trial")
@operator_required("content.write")
def start_trial(article_id: int) -> ResponseReturnValue:
    """Show it to the trial tag alone."""
    return _do(article_id, "article_on_trial", lambda db, revision: article_workflow.start_trial(
        db, revision.id, hand()))  # fmt: skip


@bp.post("/<row:article_id>/trial-end")
@operator_required("content.write")
def end_trial(article_id: int) -> ResponseReturnValue:
    """The trial tag sees what everybody sees again."""
    return _do(article_id, "article_off_trial", lambda db, revision: article_workflow.end_trial(
        db, revision.id, hand()))  # fmt: skip


@bp.post("/<row:article_id>/drop")
@operator_required("content.write")
def drop(article_id: int) -> ResponseReturnValue:
    """Give up the revision in work."""
    return _do(article_id, "article_dropped", lambda db, revision: article_writing.drop(
        db, revision.id, hand()))  # fmt: skip


@bp.post("/<row:article_id>/withdrawals")
@operator_required("content.write")
def withdraw(article_id: int) -> ResponseReturnValue:
    """Take the published article off the mini-site and out of the chat."""
    return settle(
        lambda db: article_workflow.withdraw(
            db, article_id, hand(), written(needed="请写明下线的原因")
        ),
        "article_withdrawn",
        url_for("console.articles.show", article_id=article_id),
    )


@bp.post("/<row:article_id>/syncs")
@operator_required("content.write")
def sync(article_id: int) -> ResponseReturnValue:
    """Bring what is live to WeChat: into the drafts, or on to publication."""
    made: list[int] = []

    def work(db: Session) -> None:
        article = article_sheets.find(db, article_id)
        live = article.live_id if article.state == "published" else None
        if live is None:
            raise ArticleState(id=article_id, state="未发布")
        publishes = request.form.get("to") != "draft"
        revision = article_revisions.get(db, live)
        made.append(article_sync.ask(db, revision, hand(), publishes=publishes).id)

    answer = settle(work, "sync_asked", url_for("console.articles.show", article_id=article_id))
    _nudge(made)
    return answer


@bp.post("/syncs/<row:sync_id>/retries")
@operator_required("content.write")
def retry(sync_id: int) -> ResponseReturnValue:
    """Try a sync that failed anew. Raises NotFound."""
    return _do_sync(sync_id, "sync_asked", article_sync.retry)


@bp.post("/syncs/<row:sync_id>/ends")
@operator_required("content.write")
def give_up(sync_id: int) -> ResponseReturnValue:
    """Somebody looked and decided: it goes no further. Raises NotFound."""
    return _do_sync(sync_id, "sync_ended", article_sync.give_up)


def _do_sync(sync_id: int, done: str, deed: Callable[..., ArticleSync]) -> ResponseReturnValue:
    def work(db: Session) -> int:
        found = db.get(ArticleSync, sync_id)
        if found is None:
            raise NotFound(sync=sync_id)
        return found.article_id

    article_id = transaction(work)
    back = url_for("console.articles.show", article_id=article_id)
    answer = settle(lambda db: deed(db, sync_id, hand()), done, back)
    _nudge([sync_id])
    return answer


def _nudge(sync_ids: list[int]) -> None:
    for sync_id in sync_ids:
        wiring().nudge("sync_article", sync_id)


def _review(session: Session, revision: ArticleRevision) -> Review:
    found = reviews.open_of(session, article_workflow.KIND, revision.id)
    if found is None:
        state = article_revisions.STATE_NAMES[revision.state]
        raise ArticleState(id=revision.id, state=state)
    return found


def _do(
    article_id: int, done: str, work: Callable[[Session, ArticleRevision], object]
) -> ResponseReturnValue:
    """Do it with the revision in work, and go back to the article."""
    back = url_for("console.articles.show", article_id=article_id)
    return settle(lambda db: work(db, worked_on(db, article_id)), done, back)
