"""Consents: what the member agreed to, purpose by purpose; given and taken back with one tap."""

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.refusals import NotFound, Refused
from loyalty import consents
from loyalty.consents import NEEDED, PURPOSES, Consent, ConsentText
from web.guards import member_required, visitor_required
from web.site.messages import tell, tell_refused
from web.wiring import now, read, transaction, wiring

bp = Blueprint("consents", __name__, url_prefix="/consents")

CHANNEL = "site"
Standing = tuple[str, Consent | None, ConsentText | None, str]


@bp.get("")
@member_required
def show_all() -> ResponseReturnValue:
    """Each purpose: whether it stands, since when, in which wording."""
    member_id, at = g.member_id, now()

    def work(session: Session) -> list[Standing]:
        return [
            (
                purpose,
                consents.find(session, member_id, purpose),
                consents.current(session, purpose, at),
                address_of_text(session, purpose),
            )
            for purpose in PURPOSES
        ]

    standing = read(work)
    return render_template(
        "site/consents/list.html",
        standing=standing,
        names=PURPOSES,
        needed=NEEDED,
        version=wiring().hall.consent_version,
    )


@bp.get("/<purpose>/text")
@visitor_required
def show_text(purpose: str) -> ResponseReturnValue:
    """The wording in force."""
    at = now()
    text = read(lambda db: consents.current(db, purpose, at))
    if text is None:
        raise NotFound
    return render_template("site/consents/text.html", text=text, name=PURPOSES[purpose])


@bp.post("/<purpose>")
@member_required
def give(purpose: str) -> ResponseReturnValue:
    """Agree to the wording that was shown."""
    member_id, at = g.member_id, now()
    agreed = (purpose, request.form.get("version", "")[:40])
    try:
        transaction(lambda db: consents.grant(db, member_id, agreed, at, channel=CHANNEL))
    except Refused as refused:
        tell_refused(refused)
    else:
        tell("site_consent_given")
    return redirect(url_for("site.consents.show_all"))


@bp.post("/<purpose>/withdrawals")
@member_required
def withdraw(purpose: str) -> ResponseReturnValue:
    """Take a consent back; at once, without a question why."""
    member_id, at = g.member_id, now()
    try:
        transaction(lambda db: consents.withdraw(db, member_id, purpose, at))
    except Refused as refused:
        tell_refused(refused)
    else:
        tell("site_consent_withdrawn")
    return redirect(url_for("site.consents.show_all"))


def version_of(session: Session, purpose: str) -> str:
    """The version of the wording in force; the configured one before any was published."""
    text = consents.current(session, purpose, now())
    return text.version if text is not None else wiring().hall.consent_version


def address_of_text(session: Session, purpose: str) -> str:
    """Where the wording in force is read; the hall's page on privacy before any was published."""
    if consents.current(session, purpose, now()) is None:
        return url_for("site.articles.show", code="privacy")
    return url_for("site.consents.show_text", purpose=purpose)
