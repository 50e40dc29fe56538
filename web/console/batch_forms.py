"""The form of a batch of coupons: new ones, and changes that take nothing back."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

import content.compliance
from content import coupon_works
from content.compliance import Finding
from content.reviews import NotCompliant
from kernel.clock import SHANGHAI
from kernel.refusals import Invalid
from loyalty import coupon_batches, coupon_validity, coupons, tier_ladder
from loyalty.coupon_batch_checks import CHANNELS
from loyalty.coupon_batches import Form
from loyalty.coupons import CouponBatch
from loyalty.tags import Tag
from web.console import compliance, rule_builder
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_id, operator_required
from web.wiring import now, read, transaction, wiring

bp = Blueprint("batch_forms", __name__, url_prefix="/coupons")

# The channels that people choose; gifts, rewards and grants take from any batch.
OFFERED = ("site", "chat", "staff", "qr")
# Where a finding stands, and the field that it is shown beside.
_FIELDS = {"券名": "title", "面值说明": "worth", "结束时间": "ends_at", "活动时间": "ends_at"}
_EMPTY: Mapping[str, Any] = {
    "kind": "bill_credit",
    "per_member": 1,
    "per_day": 0,
    "validity": "days",
    "valid_days": 30,
    "stacking": "exclusive",
    "alert_percent": 20,
    "shards": 1,
    "price_points": 0,
    "min_tier": 0,
    "weekdays": (),
    "channels": (),
}


@bp.get("/new")
@operator_required("coupons.write")
def show_new() -> ResponseReturnValue:
    """An empty batch."""
    return _page(Shown(_EMPTY))


@bp.post("")
@operator_required("coupons.write")
def create() -> ResponseReturnValue:
    """Make a draft of a batch; what the rules refuse comes back beside its field."""

    def work(db: Session) -> int:
        form = _form(db, None)
        return coupon_batches.create(db, form, now(), by=operator_id()).id

    return _save(work, "batch_created", None)


@bp.get("/<row:batch_id>/edit")
@operator_required("coupons.write")
def show_edit(batch_id: int) -> ResponseReturnValue:
    """The batch as a form filled in. Raises NotFound."""
    batch = read(lambda db: coupons.get_batch(db, batch_id))
    return _page(Shown(_values(batch)), batch)


@bp.post("/<row:batch_id>")
@operator_required("coupons.write")
def change(batch_id: int) -> ResponseReturnValue:
    """Change the batch. Raises NotFound."""
    batch = read(lambda db: coupons.get_batch(db, batch_id))

    def work(db: Session) -> int:
        held = coupons.get_batch(db, batch_id)
        was, form = coupon_batches.form_of(held), _form(db, held)
        coupon_batches.change(db, batch_id, form, now(), by=operator_id())
        if held.state == "open":
            _refuse_new_red(was, form)
        return batch_id

    return _save(work, "batch_changed", batch)


def findings(form: Form) -> list[compliance.Shown]:
    """What stands against giving out this batch."""
    work = coupon_works.work_of(form)
    return compliance.around(content.compliance.inspect(work), work)


def refuse_red(form: Form) -> None:
    """Raises NotCompliant when something red stands against the batch."""
    red = _red(form)
    if red:
        raise NotCompliant(findings="；".join(f"{one.place}：{one.why}" for one in red))


def _red(form: Form) -> list[Finding]:
    return compliance.red(content.compliance.inspect(coupon_works.work_of(form)))


def _refuse_new_red(was: Form, form: Form) -> None:
    # What an open batch says already may stay until it is mended; stock can still be added.
    before = {(one.rule, one.quote) for one in _red(was)}
    red = [one for one in _red(form) if (one.rule, one.quote) not in before]
    if red:
        reason = f"合规预检：{red[0].why}。{red[0].fix}"
        raise Invalid(field=_FIELDS.get(red[0].place, "terms"), reason=reason)


def _save(
    work: Callable[[Session], int], done: str, batch: CouponBatch | None
) -> ResponseReturnValue:
    try:
        batch_id = transaction(work)
    except Invalid as refused:
        sent = {**request.form, "weekdays": _weekdays(), "channels": _channels()}
        return _page(again(sent, refused), batch), 422
    flash(done, "success")
    return redirect(url_for("console.coupons.show", batch_id=batch_id), 303)


def _page(form: Shown, batch: CouponBatch | None = None) -> str:
    def work(db: Session) -> dict[str, Any]:
        tags = select(Tag).where(Tag.active.is_(True)).order_by(Tag.name)
        return {
            "tiers": tier_ladder.rungs(db),
            "tags": db.scalars(tags).all(),
            "rule_board": rule_builder.shown(db, request.form, batch.rule if batch else None),
        }

    return render_template("console/coupons/form.html", form=form, batch=batch, **read(work))


def _weekdays() -> list[int]:
    return [day for day in range(7) if f"weekdays-{day}" in request.form]


def _channels() -> list[str]:
    return [name for name in OFFERED if f"channels-{name}" in request.form]


def _form(session: Session, batch: CouponBatch | None) -> Form:
    fields = Fields(request.form)
    return Form(
        rule=rule_builder.rule_of(session, request.form),
        **_plain(fields),
        **_money(fields),
        **_life(fields),
        **_eligibility(fields, batch),
    )


def _plain(fields: Fields) -> dict[str, Any]:
    names = ("code", "title", "kind", "worth", "terms", "stacking")
    return {name: fields.text(name) for name in names} | {
        "stock": fields.number("stock", 0),
        "shards": fields.number("shards", 1),
        "alert_percent": fields.number("alert_percent", 0),
    }


def _money(fields: Fields) -> dict[str, Any]:
    return {
        "amount_fen": fields.fen("amount_fen"),
        "percent_off": fields.number("percent_off", 0),
        "cap_fen": fields.fen("cap_fen"),
        "min_order_fen": fields.fen("min_order_fen"),
        "price_points": fields.number("price_points", 0),
    }


def _life(fields: Fields) -> dict[str, Any]:
    validity = fields.text("validity")
    is_fixed, counts = validity == "fixed", validity in {"days", "next_days"}
    return {
        "starts_at": fields.moment("starts_at"),
        "ends_at": fields.moment("ends_at"),
        "validity": validity,
        "valid_days": fields.number("valid_days", 0) if counts else 0,
        "fixed_from": fields.moment_or_none("fixed_from") if is_fixed else None,
        "fixed_until": fields.moment_or_none("fixed_until") if is_fixed else None,
        "unusable": _unusable(fields),
    }


def _unusable(fields: Fields) -> dict[str, Any]:
    found = coupon_validity.parse_unusable(_weekdays(), fields.text("dates"))
    return found if any(found.values()) else {}


def _eligibility(fields: Fields, batch: CouponBatch | None) -> dict[str, Any]:
    kept = [] if batch is None else [one for one in batch.channels if one not in OFFERED]
    return {
        "per_member": fields.number("per_member"),
        "per_day": fields.number("per_day", 0),
        "min_tier": fields.number("min_tier", 0),
        "needs_tag": fields.text("needs_tag"),
        "phrase_digest": _phrase(fields, batch),
        "channels": sorted([*_channels(), *kept], key=CHANNELS.index),
    }


def _phrase(fields: Fields, batch: CouponBatch | None) -> str:
    """The digest of the pass-phrase; nothing typed keeps the one there is."""
    typed = fields.text("phrase")
    if typed:
        digest = coupon_batches.digest_phrase(wiring().vault, typed[:100])
        if not digest:
            raise Invalid(field="phrase", reason="口令须有文字或数字")
        return digest
    return "" if batch is None or fields.flag("no_phrase") else batch.phrase_digest


def _values(batch: CouponBatch) -> dict[str, Any]:
    form = coupon_batches.form_of(batch)
    values = {name: getattr(form, name) for name in form.__dataclass_fields__}
    for name in ("amount_fen", "cap_fen", "min_order_fen"):
        values[name] = f"{values[name] / 100:.2f}".removesuffix(".00") if values[name] else ""
    for name in ("starts_at", "ends_at", "fixed_from", "fixed_until"):
        moment = values[name]
        values[name] = moment.astimezone(SHANGHAI) if moment else None
    dates = form.unusable.get("dates", ())
    shown = ["~".join(pair) if pair[0] != pair[1] else pair[0] for pair in dates]
    return values | {
        "weekdays": form.unusable.get("weekdays", ()),
        "dates": "，".join(shown),
        "has_phrase": bool(form.phrase_digest),
    }
