"""How a draft of the menu comes to be approved: by somebody who did not write it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import compliance, reviews
from content.reviews import Hand, Review, Subject
from kernel import audit
from kernel.refusals import NotFound
from loyalty.tags import Tag
from menus import answers, conditional, limits, versions
from menus.conditional import Face
from menus.limits import Finding
from menus.versions import MenuRefused, MenuVersion
from menus.works import work_of

KIND = "menu"


def check(session: Session, face: Face, base_url: str) -> list[Finding]:
    """What keeps a version from being sent to review: WeChat's limits, and keys nobody answers."""
    tags = set(session.scalars(select(Tag.code).where(Tag.active.is_(True))))
    return [*conditional.check(face, base_url, tags), *answers.check(session, face)]


def ask(session: Session, version_id: int, hand: Hand, base_url: str, note: str = "") -> Review:
    """Send a draft to review. Raises MenuRefused, MenuState, and what `reviews.ask` raises."""
    version = versions.hold(session, version_id)
    versions.require(version, "draft")
    face = versions.face_of(version)
    findings = check(session, face, base_url)
    if findings:
        raise MenuRefused(findings=limits.sentences(findings))
    found = compliance.inspect(work_of(face, base_url))
    title = f"菜单第 {version.id} 版 {version.note}".strip()
    review = reviews.ask(session, Subject(KIND, version.id, title), found, hand, note)
    _move(session, version, "in_review", hand)
    return review


def approve(session: Session, version_id: int, hand: Hand, reason: str = "") -> MenuVersion:
    """Approve what is in review. Raises OwnWork to whoever wrote in it, ReviewClosed, Invalid."""
    version, review = _in_review(session, version_id)
    reviews.approve(session, review.id, set(version.editors), hand, reason)
    _move(session, version, "approved", hand, reason)
    return version


def refuse(session: Session, version_id: int, hand: Hand, reason: str) -> MenuVersion:
    """Send it back to its author as a draft. Raises Invalid without a reason, ReviewClosed."""
    version, review = _in_review(session, version_id)
    reviews.refuse(session, review.id, hand, reason)
    _move(session, version, "draft", hand, reason)
    return version


def withdraw(session: Session, version_id: int, hand: Hand) -> MenuVersion:
    """Take it back from review, to go on writing. Raises ReviewClosed, MenuState."""
    version, review = _in_review(session, version_id)
    reviews.withdraw(session, review.id, hand)
    _move(session, version, "draft", hand)
    return version


def _in_review(session: Session, version_id: int) -> tuple[MenuVersion, Review]:
    version = versions.hold(session, version_id)
    versions.require(version, "in_review")
    review = reviews.open_of(session, KIND, version_id)
    if review is None:
        raise NotFound(menu=version_id)
    return version, review


def _move(
    session: Session, version: MenuVersion, state: str, hand: Hand, reason: str = ""
) -> None:
    changes = {"状态": [versions.STATE_NAMES[version.state], versions.STATE_NAMES[state]]}
    if reason:
        changes["理由"] = ["", reason.strip()]
    version.state = state
    session.flush()
    action = {"in_review": "menu.asked", "approved": "menu.approved"}.get(state, "menu.sent_back")
    by = (hand.by, None)
    audit.write(session, action, f"menu:{version.id}", hand.at, by=by, changes=changes)
