"""Rewards of the shop: list them, make and change them, raise or lower their stock."""

from collections.abc import Callable
from dataclasses import fields as fields_of
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.refusals import Invalid, NotFound
from loyalty import rewards, tier_ladder
from loyalty.coupons import CouponBatch
from loyalty.rewards import Draft, Reward
from web.console import rule_builder
from web.console.deeds import carry_out
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_id, operator_required
from web.wiring import now, read, transaction

bp = Blueprint("rewards", __name__, url_prefix="/rewards")

_BATCHES = 60


@bp.get("")
@operator_required("rewards.read")
def show_list() -> ResponseReturnValue:
    """All rewards, the newest first."""
    found = read(rewards.every)
    return render_template("console/rewards/list.html", rewards=found, at=now())


@bp.get("/new")
@operator_required("rewards.write")
def show_new() -> ResponseReturnValue:
    """An empty reward."""
    empty = {"kind": "physical", "per_member": 1, "min_tier": 0, "picture": "🎁", "active": True}
    return _form(Shown(empty))


@bp.post("")
@operator_required("rewards.write")
def create() -> ResponseReturnValue:
    """Make a reward; what the rules refuse comes back beside its field."""

    def work(db: Session) -> None:
        draft = _draft(db)
        if db.scalar(select(Reward.id).where(Reward.code == draft.code)) is not None:
            raise Invalid(field="code", reason="这个编码已被使用")
        _save(db, draft)

    return _store(work, None)


@bp.get("/<row:reward_id>")
@operator_required("rewards.read")
def show(reward_id: int) -> ResponseReturnValue:
    """One reward: its form for those who may change it. Raises NotFound."""
    reward = read(lambda db: rewards.get(db, reward_id))
    return _form(Shown(_values(reward)), reward)


@bp.post("/<row:reward_id>")
@operator_required("rewards.write")
def change(reward_id: int) -> ResponseReturnValue:
    """Change a reward; orders keep their price. Raises NotFound."""
    reward = read(lambda db: rewards.get(db, reward_id))

    def work(db: Session) -> None:
        draft = _draft(db)
        if draft.code != reward.code:
            raise Invalid(field="code", reason="编码不能修改")
        _save(db, draft)

    return _store(work, reward)


@bp.post("/<row:reward_id>/stock")
@operator_required("rewards.write")
def restock(reward_id: int) -> ResponseReturnValue:
    """Set the stock. Raises NotFound."""
    fields = Fields(request.form)
    return carry_out(
        lambda db: rewards.restock(db, reward_id, fields.number("stock"), now(), by=operator_id()),
        "restocked",
        url_for(".show_list"),
    )


def _save(session: Session, draft: Draft) -> None:
    try:
        rewards.save(session, draft, now(), by=operator_id())
    except NotFound:
        raise Invalid(field="batch", reason="没有这个券批次") from None


def _store(work: Callable[[Session], None], reward: Reward | None) -> ResponseReturnValue:
    try:
        transaction(work)
    except Invalid as refused:
        return _form(again(request.form, refused), reward), 422
    flash("reward_saved", "success")
    return redirect(url_for(".show_list"), 303)


def _draft(session: Session) -> Draft:
    fields = Fields(request.form)
    return Draft(
        code=fields.text("code"),
        title=fields.text("title"),
        points_price=fields.number("points_price"),
        stock=fields.number("stock"),
        starts_at=fields.moment("starts_at"),
        ends_at=fields.moment("ends_at"),
        kind=fields.text("kind"),
        batch=fields.text("batch") or None,
        per_member=fields.number("per_member"),
        min_tier=fields.number("min_tier", 0),
        rule=rule_builder.rule_of(session, request.form),
        description=fields.text("description"),
        picture=fields.text("picture") or "🎁",
        active=fields.flag("active"),
    )


def _values(reward: Reward) -> dict[str, Any]:
    names = [one.name for one in fields_of(Draft) if one.name != "batch"]
    return {name: getattr(reward, name) for name in names}


def _form(form: Shown, reward: Reward | None = None) -> str:
    def work(db: Session) -> dict[str, Any]:
        newest = select(CouponBatch).order_by(CouponBatch.id.desc()).limit(_BATCHES)
        chosen = db.get(CouponBatch, reward.batch_id) if reward and reward.batch_id else None
        return {
            "tiers": tier_ladder.rungs(db),
            "batches": db.scalars(newest).all(),
            "chosen": chosen,
            "rule_board": rule_builder.shown(db, request.form, reward.rule if reward else None),
        }

    return render_template(
        "console/rewards/form.html", form=form, reward=reward, **read(work), kinds=rewards.KINDS
    )
