"""Segments: saved rules with a name; a rule is explained and counted before it is saved."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.refusals import Invalid
from loyalty import segments
from loyalty.segments import Draft, Segment, SegmentVersion
from web.console import rule_builder, rule_desk
from web.console.deeds import carry_out
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_id, operator_required
from web.console.rule_builder import Board
from web.wiring import now, read, transaction

bp = Blueprint("segments", __name__, url_prefix="/segments")


@bp.get("")
@operator_required("programme.read")
def show_list() -> ResponseReturnValue:
    """The segments in use, each with its rule in words."""

    def work(db: Session) -> list[tuple[Segment, str]]:
        rows = db.execute(
            select(Segment, SegmentVersion.rule)
            .join(
                SegmentVersion,
                (SegmentVersion.segment_id == Segment.id)
                & (SegmentVersion.version == Segment.version),
            )
            .where(Segment.active.is_(True))
            .order_by(Segment.name, Segment.id)
        ).all()
        said = rule_desk.sentences(db, {row.Segment.id: row.rule for row in rows})
        return [(row.Segment, said[row.Segment.id] or "所有会员") for row in rows]

    return render_template("console/tags/segments.html", segments=read(work))


@bp.get("/new")
@operator_required("programme.write")
def show_new() -> ResponseReturnValue:
    """An empty segment."""
    return _form(Shown({}), read(lambda db: rule_builder.stored(db, None)))


@bp.get("/<code>")
@operator_required("programme.write")
def show(code: str) -> ResponseReturnValue:
    """A segment as a form filled in. Raises NotFound."""

    def work(db: Session) -> tuple[Segment, Board]:
        found = segments.get(db, code.replace("\x00", ""))
        return found, rule_builder.stored(db, segments.rule_of(db, found))

    segment, board = read(work)
    return _form(Shown({"code": segment.code, "name": segment.name}), board, segment)


@bp.post("")
@operator_required("programme.write")
def save() -> ResponseReturnValue:
    """Save a segment, or a new version of it; faults come back beside their fields."""
    fields = Fields(request.form)

    def work(db: Session) -> None:
        rule = rule_builder.rule_of(db, request.form)
        if rule is None:
            raise Invalid(field="rule", reason="请填写规则")
        draft = Draft(fields.text("code"), fields.text("name"), rule)
        segments.save(db, draft, now(), by=operator_id())

    try:
        transaction(work)
    except Invalid as refused:
        board = read(lambda db: rule_builder.typed(db, request.form))
        return _form(again(request.form, refused), board), 422
    flash("segment_saved", "success")
    return redirect(url_for(".show_list"), 303)


@bp.post("/<code>/retirements")
@operator_required("programme.write")
def retire(code: str) -> ResponseReturnValue:
    """Take a segment out of the lists. Raises NotFound."""
    return carry_out(
        lambda db: segments.retire(db, code.replace("\x00", ""), now(), by=operator_id()),
        "segment_retired",
        url_for(".show_list"),
    )


def _form(form: Shown, board: Board, segment: Segment | None = None) -> str:
    return render_template(
        "console/tags/segment.html", form=form, segment=segment, rule_board=board
    )
