"""Tiers: what each asks and gives, made, changed, retired."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.refusals import Invalid, NotFound
from loyalty import tier_ladder, tiers
from loyalty.coupons import CouponBatch
from loyalty.gifts import Gift
from loyalty.members import Member
from loyalty.tags import Tag
from loyalty.tier_ladder import Tier
from loyalty.tiers import Draft
from web.console.deeds import carry_out
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_id, operator_required
from web.wiring import now, read, transaction, wiring

bp = Blueprint("tiers", __name__, url_prefix="/tiers")


@bp.get("")
@operator_required("programme.read")
def show_list() -> ResponseReturnValue:
    """The ladder from the ground up, with how many members stand on each rung."""

    def work(db: Session) -> dict[str, Any]:
        every = tier_ladder.every(db)
        counted = select(Member.tier_level, func.count()).where(Member.state == "active")
        counts = db.execute(counted.group_by(Member.tier_level)).all()
        return {
            "tiers": every,
            "gifts": {one.level: Gift.from_json(one.gift) for one in every},
            "titles": _titles(db, every),
            "counts": dict(counts),
        }

    return render_template(
        "console/tiers/list.html",
        **read(work),
        policy=wiring().policy,
        ground=tier_ladder.GROUND_NAME,
    )


@bp.get("/new")
@operator_required("programme.write")
def show_new() -> ResponseReturnValue:
    """An empty tier above the highest one."""
    highest = max((one.level for one in read(tier_ladder.every)), default=0)
    return _form(Shown({"level": highest + 1, "multiplier_percent": 100}))


@bp.get("/<row:level>")
@operator_required("programme.write")
def show(level: int) -> ResponseReturnValue:
    """A tier as a form filled in. Raises NotFound."""
    tier = read(lambda db: _get(db, level))
    gift = Gift.from_json(tier.gift)
    values = {
        name: getattr(tier, name)
        for name in ("level", "code", "name", "threshold", "multiplier_percent")
    }
    values |= {"points": gift.points, "coupons": " ".join(gift.coupons), "tag": gift.tag or ""}
    return _form(Shown(values), tier)


@bp.post("")
@operator_required("programme.write")
def define() -> ResponseReturnValue:
    """Make a tier or change the one of that level; faults come back beside their fields."""
    fields = Fields(request.form)

    def work(db: Session) -> None:
        tiers.define(db, _draft(db, fields), now(), by=operator_id())

    try:
        transaction(work)
    except Invalid as refused:
        return _form(again(request.form, refused), _standing()), 422
    flash("tier_saved", "success")
    return redirect(url_for(".show_list"), 303)


@bp.post("/<row:level>/retirements")
@operator_required("programme.write")
def retire(level: int) -> ResponseReturnValue:
    """Take a tier out of use. Raises NotFound."""
    return carry_out(
        lambda db: tiers.retire(db, level, now(), by=operator_id()),
        "tier_retired",
        url_for(".show_list"),
    )


def _titles(session: Session, every: list[Tier]) -> dict[str, str]:
    """The names of the coupons that the tiers give, by code."""
    codes = {code for one in every for code in Gift.from_json(one.gift).coupons}
    named = select(CouponBatch.code, CouponBatch.title).where(CouponBatch.code.in_(codes))
    return dict(session.execute(named).all())


def _standing() -> Tier | None:
    try:
        level = Fields(request.form).row_id("level")
    except Invalid:
        return None
    return read(lambda db: db.get(Tier, level))


def _get(session: Session, level: int) -> Tier:
    found = session.get(Tier, level)
    if found is None:
        raise NotFound
    return found


def _draft(session: Session, fields: Fields) -> Draft:
    codes = tuple(fields.text("coupons").split())
    known = set(session.scalars(select(CouponBatch.code).where(CouponBatch.code.in_(codes))))
    unknown = [code for code in codes if code not in known]
    if unknown:
        raise Invalid(field="coupons", reason=f"没有编码为 {unknown[0][:40]} 的券批次")
    points = fields.number("points", 0)
    if not 0 <= points <= 100_000:
        raise Invalid(field="points", reason="升级积分须为 0 至 100000")
    return Draft(
        level=fields.number("level"),
        code=fields.text("code"),
        name=fields.text("name"),
        threshold=fields.number("threshold"),
        multiplier_percent=fields.number("multiplier_percent"),
        gift=Gift(points, codes, fields.text("tag") or None),
    )


def _form(form: Shown, tier: Tier | None = None) -> str:
    by_hand = select(Tag).where(Tag.kind == "hand", Tag.active.is_(True)).order_by(Tag.name)
    tags, batches = read(
        lambda db: (
            db.scalars(by_hand).all(),
            db.scalars(select(CouponBatch).order_by(CouponBatch.id.desc()).limit(60)).all(),
        )
    )
    return render_template(
        "console/tiers/form.html", form=form, tier=tier, tags=tags, batches=batches
    )
