"""Amnesties: a day without service breaks nobody's streak; seen before, decided with a reason."""

from datetime import timedelta

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from kernel.clock import business_day
from kernel.operators import Operator
from kernel.refusals import Invalid
from loyalty import amnesties
from loyalty.amnesties import Amnesty, Preview
from web.console.deeds import go_on
from web.console.fields import Fields, Shown, again
from web.console.guards import (
    ask_to_confirm,
    operator_id,
    operator_required,
    recently_confirmed,
)
from web.wiring import now, read, transaction

bp = Blueprint("amnesties", __name__, url_prefix="/amnesties")

_LATEST = 50


@bp.get("")
@operator_required("programme.read")
def show_list() -> ResponseReturnValue:
    """The days that were protected, and what protecting the chosen one would do."""
    if not request.args.get("day"):
        return _page(Shown({"day": business_day(now()) - timedelta(days=1)}))
    # Who may declare has the form beside the preview: the password is asked before he types.
    elsewhere = ask_to_confirm() if g.operator.may("amnesties.declare") else None
    if elsewhere is not None:
        return elsewhere
    try:
        day = Fields(request.args).day("day")
        found = read(lambda db: amnesties.preview(db, day, now()))
    except Invalid as refused:
        return _page(again(request.args, refused)), 422
    return _page(Shown(request.args), found)


@bp.post("")
@operator_required("amnesties.declare")
@recently_confirmed
def declare() -> ResponseReturnValue:
    """Protect a day. The first pages go at once, the timed job does the rest."""
    fields = Fields(request.form)
    by = operator_id()
    try:
        amnesty_id = transaction(
            lambda db: (
                amnesties.declare(db, fields.day("day"), fields.text("reason"), by, now()).id
            )
        )
    except Invalid as refused:
        return _page(again(request.form, refused)), 422
    go_on(lambda db: amnesties.run_page(db, amnesty_id, now()))
    flash("amnesty_declared", "success")
    return redirect(url_for(".show_list"), 303)


def _page(form: Shown, found: Preview | None = None) -> str:
    return render_template(
        "console/programmes/amnesties.html",
        form=form,
        preview=found,
        declared=read(_declared),
        today=business_day(now()),
        days_back=amnesties.DAYS_BACK,
    )


def _declared(session: Session) -> list[Row[Amnesty, str]]:
    return list(
        session.execute(
            select(Amnesty, Operator.name.label("operator_name"))
            .outerjoin(Operator, Operator.id == Amnesty.operator_id)
            .order_by(Amnesty.id.desc())
            .limit(_LATEST)
        )
    )
