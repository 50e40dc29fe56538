"""What editors of articles offer to pick from: pictures, products, branches, coupons, slots."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import branding, house_facts, media, slots
from content.branding import Branding
from content.facts import Facts, Wanted
from content.media import Media
from kernel.operators import Operator
from loyalty import coupons
from loyalty.coupons import CouponBatch
from products import facts

_PICTURES, _BATCHES = 100, 100
_KINDS = {
    kind: name.removeprefix("产品").removeprefix("营业厅") for kind, name in slots.KINDS.items()
}


@dataclass(frozen=True)
class Choices:
    """The pickers of an editor; `slots` are groups of (what it says, how it is typed, value)."""

    pictures: list[Media]
    products: list[tuple[str, str]]
    branches: list[tuple[str, str]]
    coupons: list[tuple[str, str]]
    brandings: list[Branding]
    slots: list[tuple[str, list[tuple[str, str, str]]]]


def choices(session: Session, used: Collection[int], at: datetime) -> Choices:
    """Everything an editor offers; the pictures that are `used` already are always among it."""
    known = facts.gather(session, Wanted(frozenset(), frozenset(), codes=True), at)
    return Choices(
        pictures(session, used),
        [(one.code, f"{one.name}（{one.price}）") for one in known.products.values()],
        [(one.code, one.name) for one in known.branches.values()],
        _coupons(session, at),
        branding.every(session),
        _slots(session, known),
    )


def pictures(session: Session, used: Collection[int]) -> list[Media]:
    """The newest pictures, and those that are used already."""
    newest = media.search(session, limit=_PICTURES)
    missing = set(used) - {one.id for one in newest}
    if missing:
        newest += session.scalars(select(Media).where(Media.id.in_(missing))).all()
    return newest


def writers(session: Session) -> list[tuple[int, str]]:
    """Who may be asked to write."""
    query = select(Operator).where(Operator.active.is_(True)).order_by(Operator.name)
    people = session.scalars(query)
    return [(one.id, one.name) for one in people if one.may("content.write")]


def _coupons(session: Session, at: datetime) -> list[tuple[str, str]]:
    query = (
        select(CouponBatch)
        .where(CouponBatch.state == "open", CouponBatch.ends_at > at)
        .order_by(CouponBatch.id.desc())
        .limit(_BATCHES)
    )
    return [
        (one.code, f"{one.title}（{one.worth}）")
        for one in session.scalars(query)
        if coupons.is_given_in(one.channels, "site")
    ]


def _slots(session: Session, known: Facts) -> list[tuple[str, list[tuple[str, str, str]]]]:
    named: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {
        "产品": [(one.name, code, ("price", "speed")) for code, one in known.products.items()],
        "营业厅": [
            (one.name, code, ("hours", "address", "tel")) for code, one in known.branches.items()
        ],
        "公司资料": [(one.name, one.code, ("fact",)) for one in house_facts.every(session)],
    }
    return [
        (group, [_slot(name, kind, code, known) for name, code, kinds in lines for kind in kinds])
        for group, lines in named.items()
        if lines
    ]


def _slot(name: str, kind: str, code: str, known: Facts) -> tuple[str, str, str]:
    said = name if kind == "fact" else f"{name} · {_KINDS[kind]}"
    return said, "{{" + f"{kind}:{code}" + "}}", slots.value(kind, code, known) or "—"
