"""One's own second factor: set up with a QR code, renew the recovery codes, take it away."""

from collections.abc import Sequence

import segno
from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel import audit, operator_sessions, second_factors, sign_in_locks
from kernel.operators import Operator
from kernel.refusals import NotFound, Refused
from kernel.second_factors import AlreadyEnrolled, CodeRefused, SecondFactor
from kernel.sign_in_locks import LoginLocked
from web.console import sessions
from web.console.deeds import carry_out, sentence
from web.console.guards import (
    actor,
    ask_to_confirm,
    operator_id,
    operator_required,
    recently_confirmed,
)
from web.errors import STATUSES
from web.wiring import now, read, real_now, transaction, wiring

bp = Blueprint("second_factor", __name__, url_prefix="/account/second-factor")


@bp.get("")
@operator_required(enrolling=True)
def show() -> ResponseReturnValue:
    """What there is: nothing yet, a secret that waits for its first code, or a second factor.

    The secret is shown to whoever has just given his password, not to any open screen.
    """
    factor = read(lambda db: second_factors.find(db, operator_id()))
    if factor is not None and factor.confirmed_at is None:
        elsewhere = ask_to_confirm()
        if elsewhere is not None:
            return elsewhere
    return _page()


@bp.post("")
@operator_required(enrolling=True)
@recently_confirmed
def begin() -> ResponseReturnValue:
    """Make a secret; it counts once a first code was shown."""
    try:
        transaction(lambda db: second_factors.begin(db, wiring().vault, operator_id(), real_now()))
    except AlreadyEnrolled as refused:
        flash(sentence(refused), "warning")
    return redirect(url_for(".show"), 303)


@bp.post("/first-code")
@operator_required(enrolling=True)
@recently_confirmed
def confirm() -> ResponseReturnValue:
    """Take the first code, sign other browsers out, and show the recovery codes, once.

    Answers with a page: codes in a redirect would have to be kept in the cookie.
    """
    operator: Operator = g.operator
    at = real_now()
    try:
        transaction(lambda db: sign_in_locks.take_try(db, operator.login, at))
        codes = transaction(lambda db: _confirm(db, operator, request.form.get("code", "")))
        transaction(lambda db: sign_in_locks.give_back(db, operator.login, at))
    except NotFound:
        return redirect(url_for(".show"), 303)
    except (CodeRefused, AlreadyEnrolled, LoginLocked) as refused:
        return _page(refused), STATUSES.get(refused.code, 409)
    return render_template("console/account/recovery-codes.html", codes=codes)


@bp.post("/recovery-codes")
@operator_required()
@recently_confirmed
def renew() -> ResponseReturnValue:
    """New recovery codes, shown once; the old ones work no more."""

    def work(db: Session) -> Sequence[str]:
        if not second_factors.is_enrolled(db, operator_id()):
            return ()
        subject = f"operator:{operator_id()}"
        audit.write(db, "recovery_code.renewed", subject, now(), by=actor())
        return second_factors.renew_recovery_codes(db, wiring().vault, operator_id())

    codes = transaction(work)
    if not codes:
        return redirect(url_for(".show"), 303)
    return render_template("console/account/recovery-codes.html", codes=codes)


@bp.post("/removal")
@operator_required()
@recently_confirmed
def remove() -> ResponseReturnValue:
    """Sign in with the password alone again, where the role allows it."""
    if g.operator.role in wiring().session_rules.second_factor_roles:
        flash("second_factor_needed", "danger")
        return redirect(url_for(".show"), 303)

    def work(db: Session) -> bool:
        gone = second_factors.remove(db, operator_id())
        if gone:
            subject = f"operator:{operator_id()}"
            audit.write(db, "second_factor.removed", subject, now(), by=actor())
        return gone

    return carry_out(work, "second_factor_removed", url_for(".show"), otherwise="no_second_factor")


def _confirm(db: Session, operator: Operator, code: str) -> Sequence[str]:
    codes = second_factors.confirm(db, wiring().vault, operator.id, code, real_now())
    signed_in = sessions.current()
    token = signed_in.token if signed_in else ""
    operator_sessions.end_all(db, operator.id, real_now(), but_token=token)
    audit.write(db, "second_factor.added", f"operator:{operator.id}", now(), by=actor())
    return codes


def _page(refused: Refused | None = None) -> str:
    operator: Operator = g.operator
    factor, left = read(
        lambda db: (
            second_factors.find(db, operator.id),
            second_factors.count_recovery_codes(db, operator.id),
        )
    )
    waits = factor is not None and factor.confirmed_at is None
    needed = operator.role in wiring().session_rules.second_factor_roles
    return render_template(
        "console/account/second-factor.html",
        factor=factor,
        enrolment=_enrolment(operator, factor) if factor and waits else None,
        recovery_codes=left,
        needed=needed,
        refused=sentence(refused) if refused else "",
    )


def _enrolment(operator: Operator, factor: SecondFactor) -> dict[str, str]:
    secret = second_factors.secret_of(wiring().vault, factor)
    address = second_factors.address_of(secret, operator.login, f"微厅 {wiring().hall.name}")
    picture = segno.make(address, error="m").svg_data_uri(scale=5, border=2)
    typed = " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
    return {"picture": picture, "key": typed, "address": address}
