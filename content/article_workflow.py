"""The way of an article to its readers: review by another, trial, publication at a time."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import article_checks, article_revisions, article_sync, articles, media_uses, reviews
from content.article_revisions import (
    ArticleRevision,
    ArticleState,
    content_of,
    supersede,
    values_of,
)
from content.article_writing import note
from content.articles import Article
from content.compliance import DEFAULT, Setting
from content.facts import Facts
from content.reviews import Hand, NotCompliant, Review, Subject
from kernel import activity, audit
from kernel.refusals import Invalid

KIND = "article"
PUBLISHABLE = ("approved", "trial", "scheduled")


def submit(
    session: Session,
    revision_id: int,
    facts: Facts,
    hand: Hand,
    asked: tuple[str, Setting] = ("", DEFAULT),
) -> Review:
    """Ask for approval with (note, setting). Raises NotCompliant on red findings, ArticleState,
    NotFound."""
    revision = article_revisions.hold(session, revision_id, "topic", "writing")
    findings = article_checks.inspect(session, content_of(revision), facts, asked[1])
    review = reviews.ask(session, subject_of(revision), findings, hand, asked[0])
    revision.state = "review"
    note(session, "article.submitted", revision, hand)
    return review


def approve(session: Session, review_id: int, hand: Hand, reason: str = "") -> ArticleRevision:
    """Approve; none of its editors may. Raises OwnWork, ReviewClosed, Invalid, NotFound."""
    revision = _reviewed(session, review_id)
    reviews.approve(session, review_id, set(revision.editors), hand, reason)
    revision.state = "approved"
    note(session, "article.approved", revision, hand, reason=reason)
    return revision


def refuse(session: Session, review_id: int, hand: Hand, reason: str) -> ArticleRevision:
    """Send it back to be written. Raises ReviewClosed, Invalid without a comment, NotFound."""
    revision = _reviewed(session, review_id)
    reviews.refuse(session, review_id, hand, reason)
    revision.state = "writing"
    note(session, "article.refused", revision, hand, reason=reason)
    return revision


def take_back(session: Session, revision_id: int, hand: Hand) -> ArticleRevision:
    """Back to writing, from review or before publication. Raises ArticleState, NotFound.

    What was approved and is taken back needs a new approval.
    """
    revision = article_revisions.hold(session, revision_id, "review", *PUBLISHABLE)
    review = reviews.open_of(session, KIND, revision.id)
    if review is not None:
        reviews.withdraw(session, review.id, hand)
    if revision.state == "trial":
        _end_trial(session, revision)
    revision.state, revision.publish_at, revision.problem = "writing", None, ""
    note(session, "article.taken_back", revision, hand)
    return revision


def schedule(
    session: Session, revision_id: int, publish_at: datetime, hand: Hand
) -> ArticleRevision:
    """Publish an approved revision at a time. Raises Invalid for the past, ArticleState."""
    if publish_at <= hand.at:
        raise Invalid(field="publish_at", reason="发布时间须晚于现在")
    revision = article_revisions.hold(session, revision_id, *PUBLISHABLE)
    if revision.state == "trial":
        _end_trial(session, revision)
    revision.state, revision.publish_at, revision.problem = "scheduled", publish_at, ""
    note(session, "article.scheduled", revision, hand, publish_at=publish_at.isoformat())
    return revision


def unschedule(session: Session, revision_id: int, hand: Hand) -> ArticleRevision:
    """It waits to be published by hand again. Raises ArticleState, NotFound."""
    revision = article_revisions.hold(session, revision_id, "scheduled")
    revision.state, revision.publish_at = "approved", None
    note(session, "article.unscheduled", revision, hand)
    return revision


def start_trial(session: Session, revision_id: int, hand: Hand) -> ArticleRevision:
    """Show an approved revision to the trial tag alone. Raises ArticleState, NotFound."""
    revision = article_revisions.hold(session, revision_id, "approved", "scheduled")
    article = articles.hold(session, revision.article_id)
    article.trial_id = revision.id
    revision.state, revision.publish_at = "trial", None
    note(session, "article.trial_started", revision, hand)
    return revision


def end_trial(session: Session, revision_id: int, hand: Hand) -> ArticleRevision:
    """The trial tag sees what everybody sees again. Raises ArticleState, NotFound."""
    revision = article_revisions.hold(session, revision_id, "trial")
    _end_trial(session, revision)
    revision.state = "approved"
    note(session, "article.trial_ended", revision, hand)
    return revision


def publish(session: Session, revision_id: int, facts: Facts, hand: Hand) -> ArticleRevision:
    """Make an approved revision what everybody sees, at once; a trial is thereby released.

    What it refers to is looked at again: a product may have gone since the approval. Raises
    NotCompliant, ArticleState, NotFound.
    """
    revision = article_revisions.hold(session, revision_id, *PUBLISHABLE)
    _publish(session, revision, facts, hand.at)
    note(session, "article.published", revision, hand)
    if revision.to_wechat:
        article_sync.ask(session, revision, hand)
    return revision


def publish_due(session: Session, revision_id: int, facts: Facts, at: datetime) -> bool:
    """The same for one whose time has come; what stands against it is noted, and it waits."""
    revision = article_revisions.hold(session, revision_id)
    if revision.state != "scheduled" or revision.publish_at is None or revision.publish_at > at:
        return False
    try:
        _publish(session, revision, facts, at)
    except NotCompliant as refused:
        revision.state, revision.publish_at = "approved", None
        revision.problem = str(refused.facts["findings"])[:200]
    subject = f"article:{revision.article_id}"
    audit.write(
        session,
        "article.not_published" if revision.problem else "article.published",
        subject,
        at,
        revision=revision.id,
        problem=revision.problem,
    )
    if revision.state == "published" and revision.to_wechat:
        article_sync.ask(session, revision, Hand(revision.author_id or 0, at))
    return revision.state == "published"


def withdraw(session: Session, article_id: int, hand: Hand, reason: str) -> Article:
    """Take a published article off the mini-site and out of the chat. Raises ArticleState,
    Invalid without a reason, NotFound. A revision of it can be published later.

    What WeChat has published stays there: its deletion is for the account's own console.
    """
    if not reason.strip() or len(reason) > 200:
        raise Invalid(field="reason", reason="请写明下线的原因，最多 200 字")
    article = articles.hold(session, article_id)
    if article.state != "published":
        raise ArticleState(id=article.id, state=articles.STATE_NAMES[article.state])
    supersede(session, article, "withdrawn")
    article.state = "withdrawn"
    by = (hand.by, None)
    audit.write(
        session,
        "article.withdrawn",
        f"article:{article.id}",
        hand.at,
        by=by,
        reason=reason.strip(),
    )
    return article


def due(session: Session, at: datetime, limit: int = 20) -> list[int]:
    """The revisions whose time has come."""
    query = select(ArticleRevision.id).where(
        ArticleRevision.state == "scheduled", ArticleRevision.publish_at <= at
    )
    return list(session.scalars(query.order_by(ArticleRevision.publish_at).limit(limit)))


def subject_of(revision: ArticleRevision) -> Subject:
    """What reviews and comments of the revision are about."""
    return Subject(KIND, revision.id, revision.title)


def _reviewed(session: Session, review_id: int) -> ArticleRevision:
    review = reviews.get(session, review_id)
    if review.kind != KIND:
        raise Invalid(field="review", reason="这不是文章的审核")
    return article_revisions.hold(session, review.subject_id)


def _publish(session: Session, revision: ArticleRevision, facts: Facts, at: datetime) -> None:
    content = content_of(revision)
    red = [
        finding
        for finding in article_checks.inspect(session, content, facts)
        if finding.rule == "unknown-reference"
    ]
    if red:
        raise NotCompliant(findings="；".join(f"{one.place}：{one.why}" for one in red))
    article = articles.hold(session, revision.article_id)
    supersede(session, article)
    for name, value in values_of(content).items():
        setattr(article, name, value)
    article.state, article.live_id, article.published_at = "published", revision.id, at
    if article.trial_id == revision.id:
        article.trial_id = None
    revision.state, revision.published_at, revision.publish_at = "published", at, None
    revision.open_for, revision.problem = None, ""
    media_uses.copy(session, ("article_revision", revision.id), ("article", article.id))
    activity.record(session, "article.published", at, article_id=article.id)


def _end_trial(session: Session, revision: ArticleRevision) -> None:
    article = articles.hold(session, revision.article_id)
    if article.trial_id == revision.id:
        article.trial_id = None
