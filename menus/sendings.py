"""Carrying publications out, one after another: claimed, committed as `sending`, sent, settled.

What is sent is the whole face that WeChat shall have, so sending it twice does no harm: a
publication whose outcome is unknown is held against WeChat's menu (`menus.drift`), and either
counts as done or waits again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from kernel import audit
from kernel.outcomes import Outcome
from menus import live, publications, reasons, versions, wechat_tags
from menus.conditional import Face, Rule, Variant
from menus.live import MenuLive
from menus.platform import MenuRules
from menus.publications import FOR_ALL, MenuPublication
from menus.versions import MenuVersion

# A publication is some twenty calls at most, of seven seconds each at the very worst.
SENDING_SECONDS = 180
MOST_TRIES = 6
TRIAL_NAME = "试用"
_FIRST_WAIT = timedelta(seconds=15)


@dataclass(frozen=True)
class Order:
    """What is to be sent: the face, our tags' ids at WeChat as far as known, and their names."""

    publication_id: int
    face: Face
    tags: dict[str, int]
    tag_names: dict[str, str]


def due(session: Session, now: datetime) -> bool:
    """Whether anything is to be sent, or was being sent by a worker that is lost."""
    waits = session.scalar(_waiting(now).limit(1)) is not None
    return waits or session.scalar(_lost(now).limit(1)) is not None


def claim(session: Session, now: datetime, rules: MenuRules) -> Order | None:
    """Mark the next publication as `sending` and return what to send; None when nothing is due.

    The newest that is due goes, those before it are overtaken. Only one is sent at a time.
    """
    row = live.hold(session)
    for lost in session.scalars(_lost(now)):
        _end(session, lost, "unknown", now, "发送中断，不知道微信是否已收到，等待核对")
    session.flush()
    if busy(session):
        return None
    chosen = _choose(session, row, list(session.scalars(_waiting(now))), now)
    if chosen is None:
        return None
    chosen.state, chosen.tries = "sending", chosen.tries + 1
    chosen.held_until = now + timedelta(seconds=SENDING_SECONDS)
    session.flush()
    face = face_after(session, row, chosen, rules)
    codes = face.tags()
    ids = wechat_tags.ids(session, codes)
    return Order(chosen.id, face, ids, wechat_tags.names(session, codes))


def _in_state(*states: str) -> Select[MenuPublication]:
    return select(MenuPublication).where(MenuPublication.state.in_(states))


def _waiting(now: datetime) -> Select[MenuPublication]:
    held = MenuPublication.held_until
    return (
        _in_state("waiting")
        .where(MenuPublication.due_at <= now, or_(held.is_(None), held <= now))
        .order_by(MenuPublication.due_at, MenuPublication.id)
    )


def _lost(now: datetime) -> Select[MenuPublication]:
    return _in_state("sending").where(MenuPublication.held_until <= now)


def _choose(
    session: Session, row: MenuLive, waiting: list[MenuPublication], now: datetime
) -> MenuPublication | None:
    fit = [one for one in waiting if not _drop(session, row, one, now)]
    for_all = [one for one in fit if one.why in FOR_ALL]
    orders = [one for one in for_all if one.why != "repaired"] or for_all or fit
    if not orders:
        return None
    chosen = orders[-1]
    group = for_all if chosen.why in FOR_ALL else orders
    for one in group:
        if one is not chosen:
            _end(session, one, "overtaken", now, f"被第 {chosen.version_id} 版的发布取代")
    return chosen


def _drop(session: Session, row: MenuLive, one: MenuPublication, now: datetime) -> bool:
    """Whether an order has become void: a return from what is live no more, a festival missed."""
    if one.why == "returned" and row.version_id != one.from_id:
        _end(session, one, "overtaken", now, "期间已发布了别的版本，不再换回")
        return True
    until = versions.get(session, one.version_id).return_at
    if one.why == "scheduled" and until is not None and until <= now:
        _end(session, one, "failed", now, "已过换回时间，没有发布")
        return True
    return False


def face_after(
    session: Session, row: MenuLive, publication: MenuPublication | None, rules: MenuRules
) -> Face:
    """What WeChat shall have after a publication (None: as things are), the trial on top."""
    shown, trial = row.version_id, row.trial_id
    if publication is not None and publication.why in FOR_ALL:
        shown = publication.version_id
    elif publication is not None:
        trial = publication.version_id if publication.why == "trial" else None
    assert shown is not None
    face = versions.face_of(versions.get(session, shown))
    if trial is None or trial == shown or not rules.trial_tag:
        return face
    menu = versions.menu_of(versions.get(session, trial))
    return Face(face.menu, (Variant(TRIAL_NAME, Rule(rules.trial_tag), menu), *face.variants))


def settle(session: Session, publication_id: int, outcome: Outcome, now: datetime) -> bool:
    """Write down what came of a claimed publication; False when it is no longer being sent."""
    row = live.hold(session)
    publication = _locked(session, publication_id)
    if publication.state != "sending":
        return False
    publication.errcode = reasons.errcode(outcome.reason)
    if outcome.verdict == "sent":
        _succeed(session, row, publication, now)
    elif outcome.verdict == "again" and publication.tries < MOST_TRIES:
        publication.state, publication.reason = "waiting", reasons.explain(outcome.reason)[:200]
        publication.held_until = now + _FIRST_WAIT * 2 ** (publication.tries - 1)
    elif outcome.verdict == "unknown":
        told = f"没有明确的回答（{outcome.reason}），等待核对"
        _end(session, publication, "unknown", now, told)
    else:
        _end(session, publication, "failed", now, reasons.explain(outcome.reason))
    session.flush()
    return True


def confirm(session: Session, publication_id: int, now: datetime) -> bool:
    """The look at WeChat showed that an unknown one had arrived; False when it is not unknown."""
    row = live.hold(session)
    publication = _locked(session, publication_id)
    if publication.state != "unknown":
        return False
    _succeed(session, row, publication, now)
    publication.reason = "核对后确认微信已是这一版"
    session.flush()
    return True


def send_again(session: Session, publication_id: int, now: datetime) -> bool:
    """The look showed that an unknown one had not arrived, or not all of it; False as above."""
    live.hold(session)
    publication = _locked(session, publication_id)
    if publication.state != "unknown":
        return False
    if publication.tries >= MOST_TRIES:
        told = f"核对后发现没有生效，已试 {publication.tries} 次"
        _end(session, publication, "failed", now, told)
        return True
    publication.state, publication.settled_at, publication.held_until = "waiting", None, None
    publication.reason = "核对后发现没有（完全）生效，重新发送"
    session.flush()
    return True


def unknown(session: Session) -> MenuPublication | None:
    """The newest publication of which nobody knows whether it arrived."""
    return session.scalar(_in_state("unknown").order_by(MenuPublication.id.desc()).limit(1))


def busy(session: Session) -> bool:
    """Whether a publication is being sent at this moment."""
    return session.scalar(_in_state("sending").limit(1)) is not None


def _locked(session: Session, publication_id: int) -> MenuPublication:
    return session.scalars(
        select(MenuPublication)
        .where(MenuPublication.id == publication_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _succeed(session: Session, row: MenuLive, publication: MenuPublication, now: datetime) -> None:
    publication.state, publication.settled_at = "done", now
    if publication.tries > 1 or publication.errcode is not None:
        publication.errcode, publication.reason = None, ""
    if publication.why in FOR_ALL:
        _go_live(session, row, publication, now)
    else:
        row.trial_id = publication.version_id if publication.why == "trial" else None
    row.changed_at, row.turns = now, row.turns + 1
    row.drift, row.drift_since, row.checked_at, row.problem = [], None, now, None
    _overtake_older(session, publication, now)
    audit.write(
        session,
        "menu.published",
        f"menu:{publication.version_id}",
        now,
        by=(publication.by_operator, None),
        why=publications.WHY_NAMES[publication.why],
        publication=publication.id,
    )


def _go_live(session: Session, row: MenuLive, publication: MenuPublication, now: datetime) -> None:
    before, version = row.version_id, versions.get(session, publication.version_id)
    if before is not None and before != version.id:
        gone = versions.get(session, before)
        gone.state = "rolled_back" if publication.why == "rolled_back" else "superseded"
        if publication.why in {"published", "scheduled"} and version.return_at is not None:
            publications.order_return(session, publication, before, version.return_at)
    if publication.why not in {"published", "scheduled", "repaired"}:
        version.publish_at = version.return_at = None
    if publication.why != "repaired":
        version.published_at = now
    version.state = "published"
    row.version_id = version.id
    if row.trial_id == version.id:
        row.trial_id = None


def _overtake_older(session: Session, done: MenuPublication, now: datetime) -> None:
    """What was ordered before and would now undo this one."""
    is_for_all = done.why in FOR_ALL
    for one in session.scalars(_in_state("waiting", "unknown").order_by(MenuPublication.id)):
        older = (one.due_at, one.id) < (done.due_at, done.id)
        if one.id != done.id and older and (one.why in FOR_ALL) == is_for_all:
            _end(session, one, "overtaken", now, f"被第 {done.version_id} 版的发布取代")


def _end(
    session: Session, publication: MenuPublication, state: str, now: datetime, reason: str
) -> None:
    """End an order that did not succeed; its version waits approved again."""
    publication.state, publication.settled_at, publication.reason = state, now, reason[:200]
    session.flush()
    if state == "unknown" or publication.why not in {"published", "scheduled"}:
        return
    version: MenuVersion = versions.get(session, publication.version_id)
    others = _in_state("waiting", "sending", "unknown").where(
        MenuPublication.version_id == version.id,
        MenuPublication.why.in_(("published", "scheduled")),
    )
    if version.state == "scheduled" and session.scalar(others.limit(1)) is None:
        version.state = publications.resting_state(version)
        version.publish_at = version.return_at = None
