"""The member's phone: changed to another that is proven by a code."""

from dataclasses import dataclass
from typing import Self

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from kernel.refusals import Invalid, Refused
from loyalty import phones, rebinding
from loyalty.members import PhoneTaken
from loyalty.phone_codes import Claim
from loyalty.rebinding import RebindTooSoon
from web.guards import member_required
from web.site import sms_codes
from web.site.messages import tell
from web.site.sms_codes import Line
from web.wiring import now, transaction, wiring

bp = Blueprint("phone", __name__, url_prefix="/phone")


@dataclass(frozen=True)
class Filled:
    """The form as it was filled in."""

    phone: str = ""
    code: str = ""

    @classmethod
    def read(cls, form: MultiDict[str, str]) -> Self:
        """The fields of a posted form; unknown ones are not looked at."""
        return cls(form.get("phone", "")[:40], form.get("code", "")[:20])


@bp.get("")
@member_required
def show_form() -> ResponseReturnValue:
    """The present number, masked, and the form for a new one; or when that will be possible."""
    return _form(Filled(), {})


@bp.post("/codes")
@member_required
def send_code() -> ResponseReturnValue:
    """Send a code to the new phone."""
    filled = Filled.read(request.form)
    claim = Claim(g.openid, filled.phone, request.remote_addr)
    line = sms_codes.send(claim, "sms_code_phone")
    return sms_codes.answer(line, lambda line: _form(filled, {}, line))


@bp.post("")
@member_required
def change() -> ResponseReturnValue:
    """Move to the new phone, or show the form again with the error at its field."""
    filled, at, policy = Filled.read(request.form), now(), wiring().policy
    claim = Claim(g.openid, filled.phone)
    try:
        _refuse_empty(filled)
        sms_codes.prove(claim, filled.code)
        transaction(lambda db: rebinding.rebind(db, wiring().vault, claim, at, policy))
    except Refused as refused:
        return _form(filled, {_field_of(refused): wiring().texts.refuse(refused)}), 422
    tell("site_phone_changed")
    return redirect(url_for("site.home.show_me"))


def _refuse_empty(filled: Filled) -> None:
    phones.normalise(filled.phone)
    if not filled.code.strip():
        raise Invalid(field="code", reason=wiring().texts.say("site_code_missing"))


def _field_of(refused: Refused) -> str:
    if isinstance(refused, Invalid):
        return str(refused.facts.get("field", "form"))
    if isinstance(refused, PhoneTaken):
        return "phone"
    return "form" if isinstance(refused, RebindTooSoon) else "code"


def _form(filled: Filled, errors: dict[str, str], line: Line | None = None) -> str:
    return render_template(
        "site/phone/form.html",
        member=g.member,
        days=rebinding.days_left(g.member, now(), wiring().policy),
        wait_days=wiring().policy.rebind_wait_days,
        filled=filled,
        errors=errors,
        line=line,
    )
