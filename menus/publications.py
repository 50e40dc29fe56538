"""Publications: each order to change what WeChat shows, and what became of it.

A publication is a row that a worker carries out (`menus.sendings`), never a call inside a request:
`waiting` → `sending` → `done` | `failed` | `unknown`; `overtaken` when a newer one went first,
`cancelled` by hand. Their numbers are their order: the newest that is due wins.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from content.reviews import Hand
from kernel import audit
from kernel.activity import BigId
from kernel.db import Base
from kernel.refusals import Invalid, Refused
from menus import live, versions
from menus.live import MenuLive
from menus.versions import PUBLISHABLE, MenuVersion

WHY_NAMES = {
    "published": "发布",
    "scheduled": "定时发布",
    "returned": "到期换回",
    "rolled_back": "回退",
    "repaired": "修复差异",
    "trial": "试用发布",
    "trial_ended": "结束试用",
}
STATE_NAMES = {
    "waiting": "等待发送",
    "sending": "正在发送",
    "done": "已生效",
    "failed": "失败",
    "unknown": "结果不明",
    "overtaken": "被后来的发布取代",
    "cancelled": "已取消",
}
# These change what everybody sees, the others only what the trial tag sees.
FOR_ALL = ("published", "scheduled", "returned", "rolled_back", "repaired")
OPEN = ("waiting", "sending")


class MenuPublication(Base):
    """One order. `from_id` is the version that it takes the place of: a return is dropped when
    another has taken that place meanwhile. `held_until` is when a worker that is sending counts as
    lost, or before when it is not tried again. `by_operator` is None for the system."""

    __tablename__ = "menu_publication"
    __table_args__ = (
        Index("ix_menu_publication_state_due_at", "state", "due_at"),
        Index("ix_menu_publication_version_id_id", "version_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("menu_version.id"))
    from_id: Mapped[int | None] = mapped_column(ForeignKey("menu_version.id"))
    why: Mapped[str] = mapped_column(String(12))
    by_operator: Mapped[int | None] = mapped_column(ForeignKey("operator.id"))
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10))
    tries: Mapped[int] = mapped_column(Integer)
    held_until: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    errcode: Mapped[int | None] = mapped_column(Integer)
    reason: Mapped[str] = mapped_column(String(200))


class NothingToReturnTo(Refused):
    """No version was published before, so there is none to go back to."""

    code = "nothing_to_return_to"


class TrialMissing(Refused):
    """No version is on trial."""

    code = "trial_missing"


@dataclass(frozen=True)
class Plan:
    """When a version goes live (None: now), and when it gives way again (None: it stays)."""

    publish_at: datetime | None = None
    return_at: datetime | None = None


NOW = Plan()


def publish(session: Session, version_id: int, hand: Hand, plan: Plan = NOW) -> MenuPublication:
    """Order an approved version to go live for everybody, now or at a time.

    Raises MenuState, NotFound, Invalid for times that are over or in the wrong order,
    NothingToReturnTo.
    """
    row = live.hold(session)
    version = versions.hold(session, version_id)
    versions.require(version, *PUBLISHABLE)
    _check_plan(plan, hand.at, row)
    due_at = plan.publish_at or hand.at
    version.publish_at, version.return_at = plan.publish_at, plan.return_at
    version.state = "scheduled"
    why = "scheduled" if plan.publish_at else "published"
    return _order(session, (version_id, row.version_id), why, hand, due_at)


def _check_plan(plan: Plan, now: datetime, row: MenuLive) -> None:
    if plan.publish_at is not None and plan.publish_at <= now:
        raise Invalid(field="publish_at", reason="发布时间应在现在之后")
    if plan.return_at is None:
        return
    if plan.return_at <= (plan.publish_at or now):
        raise Invalid(field="return_at", reason="换回时间应在发布时间之后")
    if row.version_id is None:
        raise NothingToReturnTo


def publish_first(session: Session, version_id: int, at: datetime) -> MenuPublication:
    """The system publishes what nobody wrote, while nothing was ever published: the menu of
    config.yaml. It is not reviewed, and its publication says so. Raises MenuState."""
    row = live.hold(session)
    version = versions.hold(session, version_id)
    versions.require(version, "approved")
    if row.version_id is not None or version.author_id is not None:
        raise versions.MenuState(id=version_id, state="需要审核")
    version.state = "scheduled"
    made = _insert(session, (version_id, None), "published", (None, at), at)
    made.reason = "首版菜单来自 config.yaml，由系统发布，未经审核"
    audit.write(session, "menu.publish_ordered", f"menu:{version_id}", at, why=made.reason)
    return made


def cancel(session: Session, version_id: int, hand: Hand) -> None:
    """Take back a publication that has not begun; the version waits approved again.

    Raises MenuState when nothing waits, or it is being sent already.
    """
    live.hold(session)
    version = versions.hold(session, version_id)
    taken = session.execute(
        update(MenuPublication)
        .where(MenuPublication.version_id == version_id, MenuPublication.state == "waiting")
        .values(state="cancelled", settled_at=hand.at)
    )
    if not taken.rowcount:  # type: ignore[attr-defined]
        raise versions.MenuState(id=version_id, state=versions.STATE_NAMES[version.state])
    before = version.publish_at
    if version.state == "scheduled":
        version.state = resting_state(version)
        version.publish_at = version.return_at = None
    changes = {"发布时间": [str(before or "立即"), "已取消"]}
    by = (hand.by, None)
    audit.write(session, "menu.cancelled", f"menu:{version_id}", hand.at, by=by, changes=changes)


def resting_state(version: MenuVersion) -> str:
    """The state of a version that was approved and is not live."""
    return "superseded" if version.published_at else "approved"


def previous(session: Session) -> MenuVersion | None:
    """What a rollback goes back to: the newest that was live before, festivals left out."""
    return session.scalar(
        select(MenuVersion)
        .where(
            MenuVersion.state == "superseded",
            MenuVersion.return_at.is_(None),
            MenuVersion.published_at.is_not(None),
        )
        .order_by(MenuVersion.published_at.desc(), MenuVersion.id.desc())
        .limit(1)
    )


def roll_back(session: Session, hand: Hand) -> MenuPublication:
    """Go back to the version before, which was approved then. Raises NothingToReturnTo."""
    row = live.hold(session)
    target = previous(session)
    if target is None or row.version_id is None:
        raise NothingToReturnTo
    return _order(session, (target.id, row.version_id), "rolled_back", hand, hand.at)


def repair(session: Session, hand: Hand | None, at: datetime) -> MenuPublication:
    """Send the live version again, over whatever WeChat has; `hand` None is the system.

    Raises NothingToReturnTo while nothing is live.
    """
    row = live.hold(session)
    if row.version_id is None:
        raise NothingToReturnTo
    ids = (row.version_id, row.version_id)
    return _order(session, ids, "repaired", hand or (None, at), at)


def try_out(session: Session, version_id: int, hand: Hand) -> MenuPublication:
    """Show an approved version to the trial tag alone; the other trial ends. Raises MenuState,
    NothingToReturnTo while everybody has no menu (a conditional one needs it)."""
    row = live.hold(session)
    version = versions.hold(session, version_id)
    versions.require(version, *PUBLISHABLE)
    if row.version_id is None:
        raise NothingToReturnTo
    return _order(session, (version_id, row.trial_id), "trial", hand, hand.at)


def end_trial(session: Session, hand: Hand) -> MenuPublication:
    """The trial tag sees what everybody sees again. Raises TrialMissing."""
    row = live.hold(session)
    if row.trial_id is None:
        raise TrialMissing
    return _order(session, (row.trial_id, row.trial_id), "trial_ended", hand, hand.at)


def _order(
    session: Session,
    ids: tuple[int, int | None],
    why: str,
    hand: Hand | tuple[None, datetime],
    due_at: datetime,
) -> MenuPublication:
    by, at = (hand.by, hand.at) if isinstance(hand, Hand) else hand
    made = _insert(session, ids, why, (by, at), due_at)
    subject = f"menu:{ids[0]}"
    details = {"why": WHY_NAMES[why], "due_at": due_at.isoformat()}
    audit.write(session, "menu.publish_ordered", subject, at, by=(by, None), **details)
    return made


def _insert(
    session: Session,
    ids: tuple[int, int | None],
    why: str,
    who: tuple[int | None, datetime],
    due_at: datetime,
) -> MenuPublication:
    made = MenuPublication(
        version_id=ids[0],
        from_id=ids[1],
        why=why,
        by_operator=who[0],
        created_at=who[1],
        due_at=due_at,
        state="waiting",
        tries=0,
        reason="",
    )
    session.add(made)
    session.flush()
    return made


def order_return(session: Session, row: MenuPublication, to: int, at: datetime) -> None:
    """When a version for a while goes live, its return is an order already."""
    _insert(session, (to, row.version_id), "returned", (None, at), at)


def latest(
    session: Session, limit: int = 50, before_id: int | None = None
) -> list[MenuPublication]:
    """The publications, newest first; those older than `before_id` for the next page."""
    query = select(MenuPublication).order_by(MenuPublication.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(MenuPublication.id < before_id)
    return list(session.scalars(query))


def of_version(session: Session, version_id: int, limit: int = 20) -> list[MenuPublication]:
    """The publications of one version, newest first."""
    query = select(MenuPublication).where(MenuPublication.version_id == version_id)
    return list(session.scalars(query.order_by(MenuPublication.id.desc()).limit(limit)))


def open_ones(session: Session) -> list[MenuPublication]:
    """What waits or is being sent, what is due first first."""
    query = select(MenuPublication).where(MenuPublication.state.in_(OPEN))
    return list(session.scalars(query.order_by(MenuPublication.due_at, MenuPublication.id)))
