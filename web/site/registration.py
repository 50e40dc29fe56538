"""Registration: a name, a phone proven by an SMS code, and the consent to keep them."""

from dataclasses import dataclass
from typing import Self

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from kernel.refusals import Invalid, Refused
from loyalty import gifts, invitations, members, phones, registrations
from loyalty.gifts import Gift
from loyalty.members import (
    AlreadyRegistered,
    ConsentMissing,
    MemberBlocked,
    PhoneTaken,
    Registration,
)
from loyalty.phone_codes import Claim
from web.guards import visitor_required
from web.site import sms_codes
from web.site.consents import address_of_text, version_of
from web.site.messages import tell
from web.site.paths import clean_next
from web.site.sms_codes import Line
from web.wiring import now, read, transaction, wiring

bp = Blueprint("registration", __name__)


@dataclass(frozen=True)
class Filled:
    """The form as it was filled in, shown again with what is wrong."""

    name: str = ""
    phone: str = ""
    code: str = ""
    consent: bool = False
    marketing: bool = False
    version: str = ""
    invite: str = ""
    next: str = ""

    @classmethod
    def read(cls, form: MultiDict[str, str]) -> Self:
        """The fields of a posted form; unknown ones are not looked at."""
        return cls(
            name=form.get("name", "")[:100],
            phone=form.get("phone", "")[:40],
            code=form.get("code", "")[:20],
            consent=form.get("consent") == "yes",
            marketing=form.get("marketing") == "yes",
            version=form.get("version", "")[:40],
            invite=form.get("invite", "")[:20],
            next=clean_next(form.get("next")),
        )


@bp.get("/registration")
@visitor_required
def show_form() -> ResponseReturnValue:
    """The empty form; a member has no business here."""
    wanted = clean_next(request.args.get("next"))
    if _is_member():
        return redirect(wanted)
    return _form(Filled(next=wanted, invite=request.args.get("invite", "")[:20]), {})


@bp.post("/registration/codes")
@visitor_required
def send_code() -> ResponseReturnValue:
    """Send a code to the phone; answers a line of the form, or the form where htmx is not."""
    if _is_member():
        return redirect(url_for("site.home.show"))
    filled = Filled.read(request.form)
    line = sms_codes.send(Claim(g.openid, filled.phone, request.remote_addr), "sms_code")
    return sms_codes.answer(line, lambda line: _form(filled, {}, line))


@bp.post("/registration")
@visitor_required
def create() -> ResponseReturnValue:
    """Make a member, or show the form again with the error at its field."""
    filled = Filled.read(request.form)
    errors = _missing(filled)
    try:
        if not errors:
            _prove_and_register(filled)
    except AlreadyRegistered:
        tell("site_already_registered")
        return redirect(filled.next)
    except Refused as refused:
        errors = {_field_of(refused): wiring().texts.refuse(refused)}
    if errors:
        return _form(filled, errors), 422
    tell("site_registered")
    return redirect(filled.next)


def _is_member() -> bool:
    return read(lambda db: members.find(db, g.openid)) is not None


def _missing(filled: Filled) -> dict[str, str]:
    # Everything that can be seen without spending a try of the code, all at once.
    errors: dict[str, str] = {}
    for check, value in ((members.clean_name, filled.name), (phones.normalise, filled.phone)):
        try:
            check(value)
        except Invalid as invalid:
            errors[str(invalid.facts["field"])] = wiring().texts.refuse(invalid)
    if not filled.code.strip():
        errors["code"] = wiring().texts.say("site_code_missing")
    if not filled.consent:
        errors["consent"] = wiring().texts.refuse(ConsentMissing())
    return errors


def _prove_and_register(filled: Filled) -> None:
    vault, at, policy = wiring().vault, now(), wiring().policy
    sms_codes.prove(Claim(g.openid, filled.phone), filled.code)

    def work(session: Session) -> None:
        version = version_of(session, "phone")
        if filled.version and filled.version != version:
            # Nobody agrees to a wording that he was not shown.
            reason = wiring().texts.say("site_consent_reworded")
            raise Invalid(field="consent", reason=reason)
        form = Registration(
            openid=g.openid,
            name=filled.name,
            phone=filled.phone,
            consent_version=version if filled.consent else None,
            marketing_version=version_of(session, "marketing") if filled.marketing else None,
            invite_code=filled.invite or None,
        )
        registrations.register(session, vault, form, at, policy=policy)

    transaction(work)


def _field_of(refused: Refused) -> str:
    if isinstance(refused, Invalid):
        return str(refused.facts.get("field", "form"))
    if isinstance(refused, PhoneTaken):
        return "phone"
    if isinstance(refused, MemberBlocked):
        return "form"
    return "consent" if isinstance(refused, ConsentMissing) else "code"


def _form(filled: Filled, errors: dict[str, str], line: Line | None = None) -> str:
    policy = wiring().policy

    def work(session: Session) -> dict[str, object]:
        invited = invitations.find_inviter(session, filled.invite) is not None
        return {
            "version": version_of(session, "phone"),
            "wording": address_of_text(session, "phone"),
            "welcome": gifts.describe(session, policy.welcome or Gift()),
            "invited": gifts.describe(session, policy.invited or Gift()) if invited else "",
            "is_invited": invited,
        }

    return render_template(
        "site/registration/form.html", filled=filled, errors=errors, line=line, **read(work)
    )
