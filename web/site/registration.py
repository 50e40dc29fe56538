"""Registration: a name, a phone proven by an SMS code, and the consent to keep them."""

from dataclasses import dataclass
from typing import Self

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from kernel.refusals import Invalid, Refused
from loyalty import members, phone_codes, phones
from loyalty.members import AlreadyRegistered, ConsentMissing, PhoneTaken
from loyalty.phone_codes import Claim
from web.errors import STATUSES
from web.guards import visitor_required
from web.site.messages import tell
from web.site.paths import clean_next
from web.wiring import now, read, transaction, wiring

bp = Blueprint("registration", __name__)


@dataclass(frozen=True)
class Filled:
    """The form as it was filled in, shown again with what is wrong."""

    name: str = ""
    phone: str = ""
    code: str = ""
    consent: bool = False
    next: str = ""

    @classmethod
    def read(cls, form: MultiDict[str, str]) -> Self:
        """The fields of a posted form; unknown ones are not looked at."""
        return cls(
            name=form.get("name", "")[:100],
            phone=form.get("phone", "")[:40],
            code=form.get("code", "")[:20],
            consent=form.get("consent") == "yes",
            next=clean_next(form.get("next")),
        )


@bp.get("/registration")
@visitor_required
def show_form() -> ResponseReturnValue:
    """The empty form; a member has no business here."""
    wanted = clean_next(request.args.get("next"))
    if _is_member():
        return redirect(wanted)
    return _form(Filled(next=wanted), {})


@bp.post("/registration/codes")
@visitor_required
def send_code() -> ResponseReturnValue:
    """Send a code to the phone; answers a line of the form, or the form where htmx is not."""
    filled, text = Filled.read(request.form), wiring().texts.phrases["sms_code"]
    claim, at = Claim(g.openid, filled.phone), now()
    try:
        if _is_member():
            raise AlreadyRegistered
        transaction(lambda db: phone_codes.send(db, wiring().vault, claim, at, text))
    except Refused as refused:
        return _code_line(filled, refused)
    wiring().nudge("sweep_outbox", 0)
    return _code_line(filled, None)


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
    vault, at, claim = wiring().vault, now(), Claim(g.openid, filled.phone)
    # Two transactions: a wrong try must stay counted.
    refused = transaction(lambda db: phone_codes.prove(db, vault, claim, filled.code, at))
    if refused is not None:
        raise refused
    registration = members.Registration(
        openid=g.openid,
        name=filled.name,
        phone=filled.phone,
        consent_version=wiring().hall.consent_version if filled.consent else None,
    )
    transaction(lambda db: members.register(db, vault, registration, at))


def _field_of(refused: Refused) -> str:
    if isinstance(refused, Invalid):
        return str(refused.facts.get("field", "form"))
    if isinstance(refused, PhoneTaken):
        return "phone"
    return "consent" if isinstance(refused, ConsentMissing) else "code"


def _form(filled: Filled, errors: dict[str, str]) -> str:
    return render_template("site/registration/form.html", filled=filled, errors=errors)


def _code_line(filled: Filled, refused: Refused | None) -> ResponseReturnValue:
    if isinstance(refused, AlreadyRegistered):
        return redirect(url_for("site.home.show"))
    texts = wiring().texts
    wait: object = 60
    if refused is None:
        hint = phones.mask(phones.normalise(filled.phone))
        message, status = texts.say("site_code_sent", phone=hint), 200
    else:
        message, status = texts.refuse(refused), STATUSES.get(refused.code, 409)
        wait = refused.facts.get("wait_seconds", 0)
    line = {"message": message, "wait": wait, "refused": refused is not None}
    template = "_code_line.html" if "HX-Request" in request.headers else "form.html"
    return (
        render_template(f"site/registration/{template}", filled=filled, errors={}, line=line),
        status,
    )
