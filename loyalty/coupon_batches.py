"""Batches as operators make them: checked, changed within what is promised, cloned, opened."""

import dataclasses
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import activity, audit
from kernel.refusals import Invalid
from kernel.vault import Vault
from loyalty import coupon_batch_checks, coupon_stock, coupons
from loyalty.coupons import CouponBatch

# From which state an operator may bring a batch to which; what is closed stays closed.
MOVES = {
    "draft": {"open", "closed"},
    "open": {"paused", "closed"},
    "paused": {"open", "closed"},
    "closed": set(),
}


@dataclass(frozen=True)
class Form:
    """What an operator fills in; see `CouponBatch` for the meaning of each field."""

    code: str
    title: str
    kind: str
    worth: str
    terms: str
    stock: int
    starts_at: datetime
    ends_at: datetime
    amount_fen: int = 0
    percent_off: int = 0
    cap_fen: int = 0
    min_order_fen: int = 0
    shards: int = 1
    per_member: int = 1
    per_day: int = 0
    validity: str = "days"
    valid_days: int = 0
    fixed_from: datetime | None = None
    fixed_until: datetime | None = None
    unusable: dict[str, Any] = field(default_factory=dict)
    rule: dict[str, Any] | None = None
    min_tier: int = 0
    needs_tag: str = ""
    price_points: int = 0
    phrase_digest: str = ""
    channels: list[str] = field(default_factory=list)
    stacking: str = "exclusive"
    alert_percent: int = 20


_FIELDS = tuple(one.name for one in dataclasses.fields(Form))


def form_of(batch: CouponBatch) -> Form:
    """The batch as a form filled in."""
    return Form(**{name: getattr(batch, name) for name in _FIELDS})


def create(
    session: Session, form: Form, at: datetime, *, by: int | None = None, state: str = "draft"
) -> CouponBatch:
    """A new batch. Raises Invalid with the field that is wrong."""
    coupon_batch_checks.check(form)
    if find(session, form.code) is not None:
        raise Invalid(field="code", reason="这个编码已被使用")
    batch = CouponBatch(**_values(form), state=state)
    _add(session, batch)
    _tell(session, "coupon.batch_created", batch, at, by)
    return batch


def _values(form: Form) -> dict[str, Any]:
    # A pool's stock follows its codes, and it has none yet.
    stock = 0 if form.kind == "partner" else form.stock
    return {name: getattr(form, name) for name in _FIELDS} | {"stock": stock}


def _add(session: Session, batch: CouponBatch) -> None:
    session.add(batch)
    session.flush()
    coupon_stock.lay_out(session, batch)
    session.expire(batch, ["issued"])


def change(
    session: Session, batch_id: int, form: Form, at: datetime, *, by: int | None = None
) -> bool:
    """Change the batch to the form; False when that changes nothing.

    What was promised stands: once a coupon is out, no limit is lowered and the kind stays. Stock
    is never below what is issued. Raises NotFound, Invalid.
    """
    coupon_batch_checks.check(form)
    batch = coupon_stock.hold(session, batch_id)
    values = {name: getattr(form, name) for name in _FIELDS}
    if batch.kind == "partner":
        values["stock"] = batch.stock
    changed = sorted(name for name, value in values.items() if getattr(batch, name) != value)
    if not changed:
        return False
    coupon_batch_checks.keep_promises(session, batch, form)
    if {"stock", "shards"} & set(changed):
        coupon_stock.resize(session, batch, values["stock"], form.shards)
    before = audit.values(batch, changed)
    for name in changed:
        setattr(batch, name, values[name])
    batch.revision += 1
    changes = audit.changes(before, values, changed)
    if "phrase_digest" in changes:  # what it was made of is nobody's business
        changes["phrase_digest"] = [bool(one) for one in changes["phrase_digest"]]
    _tell(session, "coupon.batch_changed", batch, at, by, changes=changes)
    return True


def move(
    session: Session, batch_id: int, state: str, at: datetime, *, by: int | None = None
) -> bool:
    """Open, pause or close the batch; False when it is so already. Raises NotFound, Invalid."""
    batch = coupon_stock.hold(session, batch_id)
    if batch.state == state:
        return False
    if state not in MOVES[batch.state]:
        raise Invalid(field="state", reason="当前状态不能这样变更")
    was, batch.state = batch.state, state
    batch.revision += 1
    _tell(session, "coupon.batch_moved", batch, at, by, was=was, state=state)
    return True


def clone(  # noqa: PLR0913 - some are by keyword
    session: Session,
    batch_id: int,
    code: str,
    at: datetime,
    *,
    by: int | None = None,
    shift_days: int = 0,
) -> CouponBatch:
    """A draft with the batch's terms under a new code, every date later by so many days.

    Raises NotFound, Invalid.
    """
    origin = coupons.get_batch(session, batch_id)
    form = dataclasses.replace(_shifted(form_of(origin), shift_days), code=code)
    copy = create(session, form, at, by=by)
    copy.cloned_from_id = origin.id
    session.flush()
    return copy


def _shifted(form: Form, days: int) -> Form:
    later = timedelta(days=days)
    dates = [[_later(day, later) for day in pair] for pair in form.unusable.get("dates", ())]
    return dataclasses.replace(
        form,
        starts_at=form.starts_at + later,
        ends_at=form.ends_at + later,
        fixed_from=form.fixed_from and form.fixed_from + later,
        fixed_until=form.fixed_until and form.fixed_until + later,
        unusable={**form.unusable, "dates": dates} if dates else dict(form.unusable),
    )


def _later(day: str, later: timedelta) -> str:
    return (datetime.fromisoformat(day) + later).date().isoformat()


def find(session: Session, code: str) -> CouponBatch | None:
    """The batch with that code."""
    return session.scalar(select(CouponBatch).where(CouponBatch.code == code))


def find_by_phrase(session: Session, phrase_digest: str, at: datetime) -> CouponBatch | None:
    """The open batch with that pass-phrase that ends first, for what people type in the chat."""
    if not phrase_digest:
        return None
    return session.scalar(
        select(CouponBatch)
        .where(
            CouponBatch.phrase_digest == phrase_digest,
            CouponBatch.state == "open",
            CouponBatch.starts_at <= at,
            CouponBatch.ends_at > at,
        )
        .order_by(CouponBatch.ends_at, CouponBatch.id)
        .limit(1)
    )


def digest_phrase(vault: Vault, text: str) -> str:
    """A pass-phrase as it is kept and compared: width, case, blanks and marks folded away."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(char for char in folded if unicodedata.category(char)[0] not in "CZP")
    return vault.digest(f"coupon-phrase:{kept}") if kept else ""


def _tell(
    session: Session, kind: str, batch: CouponBatch, at: datetime, by: int | None, **facts: Any
) -> None:
    audit.write(session, kind, f"coupon_batch:{batch.code}", at, by=(by, None), **facts)
    activity.record(session, kind, at, batch_id=batch.id, by=by)
