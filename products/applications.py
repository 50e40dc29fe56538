"""Applications for products: every move is an event, and illegal moves cannot be made."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKey,
    Integer,
    String,
    UniqueConstraint,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import activity
from kernel.activity import BigId
from kernel.clock import business_day
from kernel.db import Base
from kernel.refusals import Invalid, NotFound, Refused
from kernel.vault import Vault
from products import scopes

ADDRESS_PLACE = "application.address"
OPEN_LIMIT = 5

# state → states it may move to.
MOVES: dict[str, frozenset[str]] = {
    "submitted": frozenset({"accepted", "rejected", "cancelled"}),
    "accepted": frozenset({"scheduled", "cancelled"}),
    "scheduled": frozenset({"visiting", "cancelled"}),
    "visiting": frozenset({"completed", "scheduled"}),
    "completed": frozenset(),
    "rejected": frozenset(),
    "cancelled": frozenset(),
}
STATE_NAMES = {
    "submitted": "已提交",
    "accepted": "已受理",
    "scheduled": "已预约",
    "visiting": "上门中",
    "completed": "已完成",
    "rejected": "未通过",
    "cancelled": "已取消",
}
OPEN_STATES = ("submitted", "accepted", "scheduled", "visiting")


class Application(Base):
    """One application; the address is personal data and sealed."""

    __tablename__ = "application"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), index=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"))
    product_name: Mapped[str] = mapped_column(String(40))
    district: Mapped[str] = mapped_column(String(20))
    address_sealed: Mapped[str] = mapped_column(String(500))
    visit_on: Mapped[date] = mapped_column(Date)
    visit_slot: Mapped[str] = mapped_column(String(10))
    state: Mapped[str] = mapped_column(String(10), index=True)
    created_at: Mapped[datetime] = mapped_column(index=True)


class ApplicationEvent(Base):
    """One move: who, when, from where to where, why."""

    __tablename__ = "application_event"
    __table_args__ = (UniqueConstraint("application_id", "seq"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    application_id: Mapped[int] = mapped_column(ForeignKey("application.id"))
    seq: Mapped[int] = mapped_column(Integer)
    from_state: Mapped[str | None] = mapped_column(String(10))
    to_state: Mapped[str] = mapped_column(String(10))
    actor: Mapped[str] = mapped_column(String(60))
    note: Mapped[str | None] = mapped_column(String(200))
    at: Mapped[datetime]
    operator_id: Mapped[int | None] = mapped_column(BigInteger)


class IllegalMove(Refused):
    """The application cannot move so; facts: `state`, `wanted`."""

    code = "illegal_move"


class TooManyOpen(Refused):
    """The member has too many open applications; fact: `limit`."""

    code = "too_many_open_applications"


@dataclass(frozen=True)
class Form:
    """A filled-in application form."""

    product_id: int
    product_name: str
    district: str
    address: str
    visit_on: date
    visit_slot: str


@dataclass(frozen=True)
class Actor:
    """Who moves an application, and why; `name` is what the customer reads.

    With a `scope` only what belongs to that branch is there at all, see `products.scopes`.
    """

    name: str
    operator_id: int | None = None
    note: str | None = None
    scope: str | None = None


SLOTS = ("上午", "下午", "晚上")


def submit(
    session: Session, vault: Vault, member_id: int, form: Form, at: datetime
) -> Application:
    """File an application. Raises Invalid, TooManyOpen."""
    _check(form, at)
    still_open = session.scalars(
        select(Application.id).where(
            Application.member_id == member_id, Application.state.in_(OPEN_STATES)
        )
    ).all()
    if len(still_open) >= OPEN_LIMIT:
        raise TooManyOpen(limit=OPEN_LIMIT)
    application = Application(
        number=_number(at),
        member_id=member_id,
        product_id=form.product_id,
        product_name=form.product_name,
        district=form.district,
        address_sealed=vault.seal(form.address.strip(), ADDRESS_PLACE),
        visit_on=form.visit_on,
        visit_slot=form.visit_slot,
        state="submitted",
        created_at=at,
    )
    session.add(application)
    session.flush()  # the event needs the id
    _log(session, application, None, at, {"actor": "客户"})
    activity.record(
        session, "application.submitted", at, who=(None, member_id), number=application.number
    )
    return application


def _check(form: Form, at: datetime) -> None:
    if not 4 <= len(form.address.strip()) <= 100 or "\x00" in form.address:
        raise Invalid(field="address", reason="请填写详细地址（4 至 100 字）")
    if not 1 <= len(form.district) <= 20:
        raise Invalid(field="district", reason="请选择所在区域")
    if form.visit_slot not in SLOTS:
        raise Invalid(field="visit_slot", reason="请选择上门时段")
    if not 1 <= (form.visit_on - business_day(at)).days <= 30:
        raise Invalid(field="visit_on", reason="请选择明天起 30 天内的日期")


def _number(at: datetime) -> str:
    # The day helps people on the phone; the rest cannot be guessed or counted.
    return f"{business_day(at):%y%m%d}{secrets.randbelow(10**8):08d}"


def move(
    session: Session,
    application_id: int,
    wanted: str,
    at: datetime,
    by: Actor,
) -> Application:
    """Move an application. Raises NotFound, IllegalMove."""
    application = session.get(Application, application_id)
    if application is None or not scopes.includes(session, by.scope, application.district):
        raise NotFound
    before = application.state
    if wanted not in MOVES[before]:
        raise IllegalMove(state=STATE_NAMES[before], wanted=STATE_NAMES.get(wanted, wanted))
    moved = session.execute(
        update(Application)
        .where(Application.id == application_id, Application.state == before)
        .values(state=wanted)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise IllegalMove(state=STATE_NAMES[before], wanted=STATE_NAMES[wanted])
    session.refresh(application)
    details = {"actor": by.name, "operator_id": by.operator_id, "note": by.note}
    _log(session, application, before, at, details)
    activity.record(
        session, f"application.{wanted}", at, who=(None, application.member_id),
        number=application.number,
    )  # fmt: skip
    return application


def forget(session: Session, member_id: int, at: datetime) -> None:
    """The customer is erased: what is open is cancelled, addresses and remarks go."""
    mine = Application.member_id == member_id
    system = Actor("系统", note="客户注销")
    still_open = select(Application).where(mine, Application.state.in_(OPEN_STATES))
    for application in session.scalars(still_open).all():
        if application.state == "visiting":  # whoever is on the way is called back
            move(session, application.id, "scheduled", at, system)
        move(session, application.id, "cancelled", at, system)
    unsynchronised = {"synchronize_session": False}
    blank = update(Application).where(mine).values(address_sealed="")
    session.execute(blank.execution_options(**unsynchronised))
    theirs = ApplicationEvent.application_id.in_(select(Application.id).where(mine))
    session.execute(
        update(ApplicationEvent)
        .where(theirs, ApplicationEvent.actor != system.name)
        .values(note=None)
        .execution_options(**unsynchronised)
    )


def hand_over(session: Session, from_id: int, to_id: int) -> None:
    """One member is another: the applications go with him."""
    moved = update(Application).where(Application.member_id == from_id).values(member_id=to_id)
    session.execute(moved.execution_options(synchronize_session=False))


def address_of(vault: Vault, application: Application) -> str:
    """The address in clear; empty once the customer was erased."""
    sealed = application.address_sealed
    return vault.open(sealed, ADDRESS_PLACE) if sealed else ""


def _log(
    session: Session,
    application: Application,
    before: str | None,
    at: datetime,
    details: dict[str, Any],
) -> None:
    last = session.scalar(
        select(ApplicationEvent.seq)
        .where(ApplicationEvent.application_id == application.id)
        .order_by(ApplicationEvent.seq.desc())
        .limit(1)
    )
    session.execute(
        insert(ApplicationEvent),
        {
            "application_id": application.id,
            "seq": (last or 0) + 1,
            "from_state": before,
            "to_state": application.state,
            "at": at,
            **details,
        },
    )


def of_member(session: Session, member_id: int, limit: int = 50) -> list[Application]:
    """The member's applications, newest first."""
    return list(
        session.scalars(
            select(Application)
            .where(Application.member_id == member_id)
            .order_by(Application.id.desc())
            .limit(limit)
        )
    )


def get_of_member(session: Session, number: str, member_id: int) -> Application:
    """The member's own application with that number. Raises NotFound, for a stranger's too."""
    found = session.scalar(
        select(Application).where(Application.number == number, Application.member_id == member_id)
    )
    if found is None:
        raise NotFound
    return found


def events_of(session: Session, application_id: int) -> list[ApplicationEvent]:
    """The moves of an application, newest first, as a parcel's timeline shows them."""
    return list(
        session.scalars(
            select(ApplicationEvent)
            .where(ApplicationEvent.application_id == application_id)
            .order_by(ApplicationEvent.seq.desc())
        )
    )
