"""Check-in programmes: which version counts when, and publishing the next one."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import audit
from kernel.clock import business_day
from kernel.refusals import Invalid
from loyalty import checkin_programmes, checkin_rules
from loyalty.checkin_programmes import FOR_EVER, NewProgramme
from loyalty.coupons import CouponBatch
from loyalty.rules import MOST_LEAVES
from web.console.fields import Fields, Shown, again
from web.console.guards import actor, operator_id, operator_required
from web.wiring import now, read, transaction

bp = Blueprint("programmes", __name__, url_prefix="/check-ins")

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_MOST_LINES = MOST_LEAVES
CYCLES = {"month": "每月", "week": "每周", "none": "不分周期", "days": "每 N 天"}


@bp.get("")
@operator_required("programme.read")
def show_list() -> ResponseReturnValue:
    """All versions, the latest first, and which one counts today."""
    versions, titles = read(lambda db: (checkin_programmes.every(db), _titles(db)))
    today = business_day(now())
    found = [(one, checkin_rules.parse(one.rules)) for one in versions]
    in_force = next((one for one, _ in found if one.starts_on <= today < one.ends_on), None)
    return render_template(
        "console/programmes/list.html",
        versions=found,
        in_force=in_force,
        today=today,
        for_ever=FOR_EVER,
        titles=titles,
    )


@bp.get("/new")
@operator_required("programme.write")
def show_new() -> ResponseReturnValue:
    """A new version, filled in with the latest one's rules, from tomorrow."""
    latest = next(iter(read(checkin_programmes.every)), None)
    tomorrow = business_day(now()) + timedelta(days=1)
    values = {"name": latest.name if latest else "每日签到", "starts_on": tomorrow}
    values |= {"code": f"checkin-{tomorrow:%Y%m%d}"}
    return _form(Shown(values | _typed(latest.rules if latest else {"base": 5})))


@bp.post("")
@operator_required("programme.write")
def publish() -> ResponseReturnValue:
    """Publish a version; what the rules refuse comes back beside its field."""
    fields = Fields(request.form)

    def work(db: Session) -> None:
        new = _read(fields)
        _refuse_unknown_batches(db, new.rules)
        latest = next(iter(checkin_programmes.every(db)), None)
        before = None if latest is None else {"name": latest.name, "rules": latest.rules}
        row = checkin_programmes.publish(db, new, now(), operator_id())
        changes = audit.changes(before, {"name": new.name, "rules": new.rules}, ("name", "rules"))
        facts = {"starts_on": new.starts_on.isoformat(), "changes": changes}
        subject = f"check_in_programme:{row.code}"
        audit.write(db, "programme.published", subject, now(), by=actor(), **facts)

    try:
        transaction(work)
    except Invalid as refused:
        return _form(again(request.form, refused)), 422
    flash("programme_published", "success")
    return redirect(url_for(".show_list"), 303)


def _form(form: Shown) -> str:
    return render_template(
        "console/programmes/form.html", form=form, cycles=CYCLES, titles=read(_titles)
    )


def _titles(session: Session) -> dict[str, str]:
    rows = session.execute(
        select(CouponBatch.code, CouponBatch.title).order_by(CouponBatch.id.desc()).limit(200)
    )
    return dict(rows.all())


def _read(fields: Fields) -> NewProgramme:
    code, name = fields.text("code"), fields.text("name")
    if not _CODE.fullmatch(code) or len(code) > 40:
        raise Invalid(field="code", reason="编码用小写字母、数字和短横线")
    if not 1 <= len(name) <= 40:
        raise Invalid(field="name", reason="请填写名称（40 字以内）")
    return NewProgramme(code, name, fields.day("starts_on"), _rules(fields), FOR_EVER)


def _rules(fields: Fields) -> dict[str, Any]:
    cycle = fields.text("cycle")
    return {
        "base": fields.number("base"),
        "step": fields.number("step", 0),
        "step_cap": fields.number("step_cap", 0),
        "cycle": fields.number("cycle_days") if cycle == "days" else cycle,
        "streaks": [_milestone("streaks", line) for line in _lines(fields, "streaks")],
        "totals": [_milestone("totals", line) for line in _lines(fields, "totals")],
        "specials": [_special(line) for line in _lines(fields, "specials")],
        "multiplied": fields.flag("multiplied"),
        "claimable": fields.flag("claimable"),
        "claim_days": fields.number("claim_days", 30),
        "make_up": {
            "days_back": fields.number("days_back", 0),
            "a_month": fields.number("a_month", 0),
            "cost": fields.number("cost", 0),
        },
    }


def _lines(fields: Fields, name: str) -> list[list[str]]:
    lines = [line.split() for line in fields.text(name).split("\n") if line.strip()]
    if len(lines) > _MOST_LINES:
        raise Invalid(field=name, reason=f"最多 {_MOST_LINES} 行")
    return lines


def _milestone(field: str, words: list[str]) -> dict[str, Any]:
    """`7 20 coupon-code`: the days, the points, and codes of batches."""
    days, points, *coupons = [*words, "0"] if len(words) == 1 else words
    if not (_is_number(days) and _is_number(points)):
        raise Invalid(field=field, reason=f"写法不对：{' '.join(words)[:30]}")
    return {"days": int(days), "points": int(points), "coupons": coupons}


def _special(words: list[str]) -> dict[str, Any]:
    """`01-01 元旦 50 coupon-code`: the date, its name, the points, and codes of batches."""
    if len(words) < 3 or not _is_number(words[2]):
        raise Invalid(field="specials", reason=f"写法不对：{' '.join(words)[:30]}")
    on, name, points, *coupons = words
    return {"on": on, "name": name, "points": int(points), "coupons": coupons}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 6


def _refuse_unknown_batches(session: Session, rules: Mapping[str, Any]) -> None:
    for field in ("streaks", "totals", "specials"):
        codes = {code for line in rules[field] for code in line["coupons"]}
        known = session.scalars(select(CouponBatch.code).where(CouponBatch.code.in_(codes)))
        unknown = codes - set(known)
        if unknown:
            raise Invalid(field=field, reason=f"没有编码为 {min(unknown)[:40]} 的券批次")


def _typed(rules: Mapping[str, Any]) -> dict[str, Any]:
    """The rules as the form has them: a line a milestone."""
    cycle, make_up = rules.get("cycle", "none"), rules.get("make_up") or {}
    own = isinstance(cycle, int)
    return {
        "base": rules.get("base", 0),
        "step": rules.get("step", 0),
        "step_cap": rules.get("step_cap", 0),
        "cycle": "days" if own else cycle,
        "cycle_days": cycle if own else "",
        "streaks": "\n".join(_written(one, "days") for one in rules.get("streaks", ())),
        "totals": "\n".join(_written(one, "days") for one in rules.get("totals", ())),
        "specials": "\n".join(_written(one, "on", "name") for one in rules.get("specials", ())),
        "multiplied": rules.get("multiplied", True),
        "claimable": rules.get("claimable", False),
        "claim_days": rules.get("claim_days", 30),
        "days_back": make_up.get("days_back", 7),
        "a_month": make_up.get("a_month", 3),
        "cost": make_up.get("cost", 20),
    }


def _written(one: Mapping[str, Any], *names: str) -> str:
    words = [str(one[name]) for name in names]
    return " ".join([*words, str(one.get("points", 0)), *one.get("coupons", ())])
