"""Operators: who may use the console, as what, and where; the password is asked again."""

from collections.abc import Callable

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel import (
    audit,
    operator_invitations,
    operator_sessions,
    operators,
    second_factors,
    sign_in_locks,
)
from kernel.operators import Operator, Place
from kernel.refusals import Invalid
from kernel.roles import ROLE_NAMES
from pushes import duty
from web.console import operator_lists
from web.console.deeds import carry_out
from web.console.fields import Fields, Shown, again
from web.console.guards import actor, operator_id, operator_required, recently_confirmed
from web.console.paging import asked_id
from web.console.reviews import hand
from web.wiring import now, read, real_now, wiring

bp = Blueprint("operators", __name__, url_prefix="/operators")


@bp.get("")
@operator_required("operators.manage")
def show_list() -> ResponseReturnValue:
    """Everybody who has or had an account, and who is invited."""
    page, names, invited = read(
        lambda db: (
            operator_lists.page(db, asked_id()),
            operator_lists.branch_names(db),
            operator_lists.standing(db),
        )
    )
    return render_template(
        "console/operators/list.html",
        page=page,
        branch_names=names,
        invited=invited,
        at=real_now(),
    )


@bp.get("/<row:person_id>")
@operator_required("operators.manage")
@recently_confirmed
def show(person_id: int) -> ResponseReturnValue:
    """One operator with what can be done. Raises NotFound."""
    return _page(person_id)


@bp.post("/<row:person_id>/place")
@operator_required("operators.manage")
@recently_confirmed
def move(person_id: int) -> ResponseReturnValue:
    """Another role or branch; what he may do changes with his next click."""
    try:
        place = read(lambda db: place_from(db, Fields(request.form)))
    except Invalid as refused:
        return _page(person_id, again(request.form, refused)), 422

    def work(db: Session) -> bool:
        before, changed = operators.move(db, person_id, place, operator_id())
        if changed:
            _note(db, "operator.changed", person_id, changes=_changes(before, place))
        return changed

    return carry_out(work, "operator_saved", _back(person_id), otherwise="operator_unchanged")


@bp.post("/<row:person_id>/deactivation")
@operator_required("operators.manage")
@recently_confirmed
def deactivate(person_id: int) -> ResponseReturnValue:
    """Close the account; every browser of his is signed out at once."""

    def work(db: Session) -> bool:
        changed = operators.set_active(db, person_id, False, operator_id())
        if changed:
            duty.unbind(db, person_id, hand())
            operator_sessions.end_all(db, person_id, real_now())
            operator_invitations.revoke_all(db, operators.get(db, person_id).login, real_now())
            _note(db, "operator.deactivated", person_id)
        return changed

    return carry_out(work, "deactivated", _back(person_id), otherwise="operator_unchanged")


@bp.post("/<row:person_id>/activation")
@operator_required("operators.manage")
@recently_confirmed
def activate(person_id: int) -> ResponseReturnValue:
    """Open a closed account again, with the password it had."""

    def work(db: Session) -> bool:
        changed = operators.set_active(db, person_id, True, operator_id())
        if changed:
            _note(db, "operator.activated", person_id)
        return changed

    return carry_out(work, "activated", _back(person_id), otherwise="operator_unchanged")


@bp.post("/<row:person_id>/second-factor/removal")
@operator_required("operators.manage")
@recently_confirmed
def reset_second_factor(person_id: int) -> ResponseReturnValue:
    """He lost his phone: the second factor goes, and with it every session."""

    def work(db: Session) -> bool:
        operators.get(db, person_id)
        gone = second_factors.remove(db, person_id)
        if gone:
            operator_sessions.end_all(db, person_id, real_now())
            _note(db, "second_factor.reset", person_id)
        return gone

    return carry_out(work, "second_factor_reset", _back(person_id), otherwise="no_second_factor")


@bp.post("/<row:person_id>/sessions/end")
@operator_required("operators.manage")
@recently_confirmed
def end_sessions(person_id: int) -> ResponseReturnValue:
    """Sign every browser of his out."""
    return carry_out(
        _ended(person_id), "sessions_ended", _back(person_id), otherwise="no_sessions"
    )


@bp.post("/<row:person_id>/unlock")
@operator_required("operators.manage")
@recently_confirmed
def unlock(person_id: int) -> ResponseReturnValue:
    """Forget the failures that locked his login."""

    def work(db: Session) -> None:
        sign_in_locks.clear(db, operators.get(db, person_id).login)
        _note(db, "operator.unlocked", person_id)

    return carry_out(work, "unlocked", _back(person_id))


def place_from(db: Session, fields: Fields) -> Place:
    """Role and branch as chosen in a form. Raises Invalid."""
    known = list(operator_lists.branch_names(db))
    return operators.check_place(fields.text("role"), fields.text("branch"), known)


def choices(names: dict[str, str]) -> dict[str, object]:
    """What the forms offer."""
    return {"roles": list(ROLE_NAMES.items()), "branches": list(names.items())}


def _ended(person_id: int) -> Callable[[Session], bool]:
    def work(db: Session) -> bool:
        operators.get(db, person_id)
        ended = operator_sessions.end_all(db, person_id, real_now())
        if ended:
            _note(db, "operator.sessions_ended", person_id, lines=ended)
        return bool(ended)

    return work


def _note(db: Session, action: str, person_id: int, **details: object) -> None:
    audit.write(db, action, f"operator:{person_id}", now(), by=actor(), **details)


def _changes(before: Place, after: Place) -> dict[str, list[str]]:
    pairs = {
        "角色": [ROLE_NAMES.get(before.role, before.role), ROLE_NAMES[after.role]],
        "营业厅": [before.branch or "", after.branch or ""],
    }
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _back(person_id: int) -> str:
    return url_for(".show", person_id=person_id)


def _page(person_id: int, form: Shown | None = None) -> str:
    sheet, names = read(
        lambda db: (
            operator_lists.sheet(db, person_id, real_now(), wiring().session_rules),
            operator_lists.branch_names(db),
        )
    )
    person: Operator = sheet.operator
    return render_template(
        "console/operators/show.html",
        sheet=sheet,
        person=person,
        form=form or Shown({"role": person.role, "branch": person.branch}),
        **choices(names),
    )
