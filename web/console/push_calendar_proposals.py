"""What occasions propose to send: taken up as drafts, or left; and which occasions propose."""

from dataclasses import replace

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content.hall_files import CHAT_BYTES
from content.reviews import Hand
from kernel.clock import business_day
from kernel.operators import NotAllowed
from kernel.refusals import Invalid, NotFound, Refused
from pushes import calendar_switches, company_days, drafts, proposal_decisions, proposals
from pushes.drafts import Origin
from pushes.holidays_occasions import KINDS
from pushes.proposal_decisions import Choice, Draft
from pushes.proposals import STATE_NAMES
from web.console import push_calendar_sheets
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_required
from web.console.push_calendar_sheets import ProposalSheet
from web.console.reviews import hand
from web.console.settling import settle, words_of
from web.wiring import now, read, transaction

bp = Blueprint("push_proposals", __name__, url_prefix="/push-proposals")


@bp.get("")
@operator_required("pushes.read")
def show_list() -> ResponseReturnValue:
    """What waits, and what was decided."""
    today = business_day(now())

    def work(db: Session) -> dict[str, object]:
        over = proposals.settled(db, today)
        names = push_calendar_sheets.names_of(db, over)
        return {"waiting": proposals.waiting(db, today), "over": over, "names": names}

    found = read(work)
    return render_template(
        "console/push-calendar/proposals.html", **found, today=today, state_names=STATE_NAMES
    )


@bp.get("/<row:proposal_id>")
@operator_required("pushes.read")
def show(proposal_id: int) -> ResponseReturnValue:
    """One proposal, and the form that takes it up. Raises NotFound."""
    return _page(proposal_id)


@bp.post("/<row:proposal_id>/acceptances")
@operator_required("pushes.write")
def accept(proposal_id: int) -> ResponseReturnValue:
    """Make a draft of it, and of what was ticked. Raises NotFound, NotAllowed."""
    try:
        made = transaction(
            lambda db: proposal_decisions.accept(db, proposal_id, _choice(), hand(), _draft)
        )
    except Invalid as refused:
        return _page(proposal_id, again(request.form, refused)), 422
    except (NotFound, NotAllowed):
        raise
    except Refused as refused:
        flash(words_of(refused), "danger")
        return redirect(url_for(".show", proposal_id=proposal_id), 303)
    flash("proposal_accepted", "success")
    return redirect(url_for("console.pushes.show", push_id=made.push_id), 303)


@bp.post("/<row:proposal_id>/dismissals")
@operator_required("pushes.write")
def ignore(proposal_id: int) -> ResponseReturnValue:
    """Leave it. Raises NotFound."""
    return settle(
        lambda db: proposal_decisions.ignore(db, proposal_id, hand()),
        "proposal_ignored",
        url_for(".show_list"),
    )


@bp.get("/occasions")
@operator_required("pushes.read")
def show_occasions() -> ResponseReturnValue:
    """Every occasion with its next day, and whether it proposes."""
    today = business_day(now())
    return render_template(
        "console/push-calendar/occasions.html",
        lines=read(lambda db: push_calendar_sheets.next_days(db, today)),
        kinds=KINDS,
        today=today,
    )


@bp.post("/occasions/<occasion>")
@operator_required("pushes.write")
def switch(occasion: str) -> ResponseReturnValue:
    """Let an occasion propose, or not. Raises NotFound."""
    proposes = request.form.get("to") == "on"

    def work(db: Session) -> None:
        more = company_days.occasions(db)
        calendar_switches.switch(db, occasion, proposes, hand(), more)

    done = "occasion_on" if proposes else "occasion_off"
    return settle(work, done, url_for(".show_occasions") + f"#{occasion}")


def _choice() -> Choice:
    """What the form says; what a role may not do elsewhere it cannot do from here either."""
    fields = Fields(request.form)
    copies, gives = fields.flag("copies"), fields.flag("gives")
    for wanted, permission in ((copies, "coupons.write"), (gives, "programme.write")):
        if wanted and not g.operator.may(permission):
            raise NotAllowed(permission=permission)
    code, points = fields.text("copy_code"), fields.number("bonus_points", 0)
    if copies and not code:
        raise Invalid(field="copy_code", reason="请填写新批次的编码")
    if gives and not 1 <= points <= 10_000:
        raise Invalid(field="bonus_points", reason="请填写 1 至 10,000 的积分")
    return Choice(
        fields.text("title"),
        fields.text("body"),
        fields.moment("send_at"),
        code if copies else "",
        points if gives else 0,
    )


def _draft(session: Session, draft: Draft) -> int:
    """The draft as the page of pushes would have written it."""
    plain = drafts.text_form(draft.title, draft.body)
    form = replace(
        plain, occasion=draft.occasion, occurs_on=draft.occurs_on, send_at=draft.send_at
    )
    origin = Origin(f"occasion:{draft.occasion}:{draft.occurs_on}")
    try:
        return drafts.write(session, form, Hand(draft.author_id, now()), origin).id
    except Invalid as refused:
        # The page of a proposal has one text, whatever channel it will leave by.
        field = str(refused.facts["field"]).replace("mass.text", "body")
        raise Invalid(field=field, reason=refused.facts["reason"]) from None


def _page(proposal_id: int, form: Shown | None = None) -> str:
    sheet = read(lambda db: push_calendar_sheets.proposal(db, proposal_id))
    return render_template(
        "console/push-calendar/proposal.html",
        sheet=sheet,
        one=sheet.proposal,
        form=form or _filled(sheet),
        limit=CHAT_BYTES,
        today=business_day(now()),
        state_names=STATE_NAMES,
    )


def _filled(sheet: ProposalSheet) -> Shown:
    one = sheet.proposal
    values: dict[str, object] = {"title": one.title, "body": one.body, "send_at": one.send_at}
    if sheet.batch is not None:
        values["copy_code"] = proposal_decisions.copy_code_of(sheet.batch.code, one.occurs_on)
    return Shown(values | {"bonus_points": one.bonus_points or ""})
