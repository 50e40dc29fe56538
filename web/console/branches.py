"""Branches: address, hours, exceptions, services, changed by two people."""

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import branch_changes, branches, changes
from content.branch_changes import KIND
from content.branches import Branch
from content.changes import ContentChange
from content.reviews import Review
from kernel.refusals import Invalid, NotFound, Refused
from web.console import article_mentions, branch_forms
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_required
from web.console.products import note_of, waiting
from web.console.reviews import hand
from web.console.settling import require_unchanged, status_of, words_of
from web.wiring import now, read, transaction

bp = Blueprint("branches", __name__, url_prefix="/branches")


@bp.get("")
@operator_required("content.read")
def show_list() -> ResponseReturnValue:
    """Branches by district, whether they are open now, and which changes wait."""

    def work(db: Session) -> tuple[list[Branch], list[Branch], dict[str, int]]:
        return branches.every(db), branches.retired(db), waiting(db, KIND.name)

    standing, retired, open_changes = read(work)
    return render_template(
        "console/branches/list.html",
        standing=standing,
        retired=retired,
        waiting=open_changes,
        at=now(),
    )


@bp.get("/new")
@operator_required("content.write")
def show_new() -> ResponseReturnValue:
    """An empty branch."""
    return _form(Shown({}))


@bp.post("")
@operator_required("content.write")
def create() -> ResponseReturnValue:
    """Ask for a new branch; faults come back beside their fields."""
    fields = Fields(request.form)
    return _asked(
        lambda db: branch_changes.ask_new(
            db, fields.text("code"), branch_forms.read(fields), hand(), note_of(fields)
        )
    )


@bp.get("/<code>")
@operator_required("content.read")
def show(code: str) -> ResponseReturnValue:
    """One branch as it is, as a form for those who may change it. Raises NotFound."""
    one = read(lambda db: _get(db, code))
    return _form(Shown(branch_forms.filled(one)), one)


@bp.post("/<code>")
@operator_required("content.write")
def change(code: str) -> ResponseReturnValue:
    """Ask for a change. Raises NotFound."""
    one = read(lambda db: _get(db, code))
    fields = Fields(request.form)

    def work(db: Session) -> Review:
        require_unchanged(fields.text("seen"), str(_get(db, code).version))
        form = branch_forms.read(fields)
        return branch_changes.ask_change(db, code, form, hand(), note_of(fields))

    return _asked(work, one)


@bp.post("/<code>/retirements")
@operator_required("content.write")
def retire(code: str) -> ResponseReturnValue:
    """Ask for it to be closed for good. Raises NotFound."""
    one = read(lambda db: _get(db, code))
    note = note_of(Fields(request.form))
    return _asked(lambda db: branch_changes.ask_retirement(db, code, hand(), note), one)


def _get(session: Session, code: str) -> Branch:
    found = branches.find(session, code)
    if found is None:
        raise NotFound(branch=code)
    return found


def _asked(work: Callable[[Session], Review], one: Branch | None = None) -> ResponseReturnValue:
    try:
        change_id = transaction(lambda db: work(db).subject_id)
    except NotFound:
        raise
    except Invalid as refused:
        return _form(again(request.form, refused), one), status_of(refused)
    except Refused as refused:
        field = "code" if refused.code == "branch_code_taken" else "form"
        return _form(Shown(dict(request.form), field, words_of(refused)), one), 409
    flash("change_asked", "success")
    return redirect(url_for("console.changes.show", change_id=change_id), 303)


def _form(form: Shown, one: Branch | None = None) -> str:
    def work(db: Session) -> tuple[list[article_mentions.Mention], list[ContentChange]]:
        if one is None:
            return [], []
        told = article_mentions.of_code(db, KIND.name, one.code)
        return told, changes.history(db, KIND.name, one.code, 10)

    mentions, history = read(work)
    return render_template(
        "console/branches/form.html",
        form=form,
        one=one,
        mentions=mentions,
        history=history,
        days=branch_forms.DAYS,
        states=changes.STATE_NAMES,
    )
