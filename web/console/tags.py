"""Tags: words for members, put by hand or kept by a rule."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.refusals import Invalid
from loyalty import tag_definitions, tags
from loyalty.tag_definitions import Draft
from loyalty.tags import Tag
from web.console import rule_builder, rule_desk
from web.console.deeds import carry_out
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_id, operator_required
from web.console.rule_builder import Board
from web.wiring import now, read, transaction

bp = Blueprint("tags", __name__, url_prefix="/tags")


@bp.get("")
@operator_required("programme.read")
def show_list() -> ResponseReturnValue:
    """All tags with how many members wear each, those in use first."""

    def work(db: Session) -> dict[str, Any]:
        every = tags.every(db)
        written = {tag.id: tag.rule for tag, _ in every}
        return {"tags": every, "rules": rule_desk.sentences(db, written)}

    return render_template("console/tags/list.html", **read(work))


@bp.get("/new")
@operator_required("programme.write")
def show_new() -> ResponseReturnValue:
    """An empty tag."""
    return _form(Shown({}), read(lambda db: rule_builder.stored(db, None)))


@bp.get("/<code>")
@operator_required("programme.write")
def show(code: str) -> ResponseReturnValue:
    """A tag as a form filled in. Raises NotFound."""

    def work(db: Session) -> tuple[Tag, Board]:
        found = tags.get(db, code.replace("\x00", ""))
        return found, rule_builder.stored(db, found.rule)

    tag, board = read(work)
    return _form(Shown({"code": tag.code, "name": tag.name}), board, tag)


@bp.post("")
@operator_required("programme.write")
def define() -> ResponseReturnValue:
    """Make a tag or change the one with that code; faults come back beside their fields."""
    fields = Fields(request.form)

    def work(db: Session) -> None:
        rule = rule_builder.rule_of(db, request.form)
        draft = Draft(fields.text("code"), fields.text("name"), rule)
        tag_definitions.define(db, draft, now(), by=operator_id())

    try:
        transaction(work)
    except Invalid as refused:
        board = read(lambda db: rule_builder.typed(db, request.form))
        return _form(again(request.form, refused), board), 422
    flash("tag_saved", "success")
    return redirect(url_for(".show_list"), 303)


@bp.post("/<code>/retirements")
@operator_required("programme.write")
def retire(code: str) -> ResponseReturnValue:
    """Take a tag out of use. Raises NotFound."""
    return carry_out(
        lambda db: tag_definitions.retire(db, code.replace("\x00", ""), now(), by=operator_id()),
        "tag_retired",
        url_for(".show_list"),
    )


def _form(form: Shown, board: Board, tag: Tag | None = None) -> str:
    return render_template("console/tags/form.html", form=form, tag=tag, rule_board=board)
