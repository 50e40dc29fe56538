"""The editor of an article: a form that is whole without scripts; each button keeps the draft."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import article_revisions, article_writing, blocks, media_uses
from content.article_revisions import ArticleChanged, ArticleRevision, ArticleState, Content
from content.hall_files import CHAT_BYTES
from kernel.refusals import Invalid, Refused
from web.console import article_choices, article_forms, article_previews, block_forms
from web.console.article_forms import Sheet
from web.console.article_previews import Preview
from web.console.articles import worked_on
from web.console.guards import operator_required
from web.console.reviews import hand
from web.console.settling import words_of
from web.wiring import now, read, transaction

bp = Blueprint("article_editor", __name__, url_prefix="/articles")

_CHAT_BYTES = CHAT_BYTES - 300  # as article_writing.check leaves room for the link


@bp.get("/<row:article_id>/edit")
@operator_required("content.write")
def show(article_id: int) -> ResponseReturnValue:
    """The draft as a form; what is not being written is shown instead. Raises NotFound."""
    try:
        revision = read(lambda db: _writable(db, article_id))
    except ArticleState as refused:
        flash(words_of(refused), "warning")
        return _lead(article_id)
    return _page(article_id, article_forms.sheet_of(revision))


@bp.post("/<row:article_id>/edit")
@operator_required("content.write")
def save(article_id: int) -> ResponseReturnValue:
    """Keep what was typed, after the act of the button that was pressed. Raises NotFound."""
    act = request.form.get("act", "save")[:40]
    try:
        sheet = article_forms.read(request.form)
    except Invalid as refused:
        flash(words_of(refused), "danger")
        return redirect(url_for(".show", article_id=article_id), 303)
    rows, focus = block_forms.moved(sheet.rows, act)
    sheet = Sheet(sheet.form, rows, sheet.version)
    try:
        kept = transaction(lambda db: _save(db, article_id, sheet))
    except (ArticleState, ArticleChanged, Invalid) as refused:
        return _refused(article_id, sheet, refused)
    if act.startswith(("add:", "below:")):  # the new row is blank, and so not kept yet
        return _page(article_id, Sheet(sheet.form, rows, kept.version), focus=focus)
    flash("article_saved", "success")
    if act == "leave":
        return _lead(article_id)
    anchor = block_forms.anchor(rows, focus)
    return redirect(url_for(".show", article_id=article_id, _anchor=anchor), 303)


@bp.post("/<row:article_id>/preview")
@operator_required("content.write")
def preview(article_id: int) -> ResponseReturnValue:
    """What was typed, drawn and checked, and not kept."""
    try:
        sheet = article_forms.read(request.form)
        shown = read(lambda db: _draw(db, article_id, article_forms.content_of(sheet)))
        fault = ""
    except Invalid as refused:
        shown, fault = None, words_of(refused)
    return render_template("console/articles/drawn.html", preview=shown, fault=fault)


@bp.get("/wechat.css")
@operator_required("content.read")
def style_sheet() -> Response:
    """The rules of what WeChat is sent with inline styles."""
    return Response(article_previews.style_sheet(), mimetype="text/css")


def _writable(session: Session, article_id: int) -> ArticleRevision:
    revision = worked_on(session, article_id)
    if revision.state not in article_writing.WRITABLE:
        state = article_revisions.STATE_NAMES[revision.state]
        raise ArticleState(id=revision.id, state=state)
    return revision


def _refused(article_id: int, sheet: Sheet, refused: Refused) -> ResponseReturnValue:
    """The form as it was typed, with what keeps it from being kept."""
    if isinstance(refused, ArticleChanged):
        return _page(article_id, sheet, newer=int(str(refused.facts["version"]))), 409
    if isinstance(refused, Invalid):
        return _page(article_id, sheet.with_fault(refused)), 422
    flash(words_of(refused), "danger")
    return _lead(article_id)


def _save(session: Session, article_id: int, sheet: Sheet) -> ArticleRevision:
    revision = worked_on(session, article_id)
    content = article_forms.content_of(sheet)
    return article_writing.save(session, revision.id, sheet.version, content, hand())


def _draw(session: Session, article_id: int, content: Content) -> Preview:
    worked_on(session, article_id)
    return article_previews.preview(session, article_writing.check(session, content), now())


def _page(article_id: int, sheet: Sheet, newer: int = 0, focus: str = "") -> str:
    def work(db: Session) -> tuple[ArticleRevision, article_choices.Choices, Preview]:
        revision = worked_on(db, article_id)
        used = media_uses.of(db, ("article_revision", revision.id)) | _typed_pictures(sheet)
        shown = article_previews.preview(db, article_revisions.content_of(revision), now())
        return revision, article_choices.choices(db, used, now()), shown

    revision, choices, shown = read(work)
    return render_template(
        "console/articles/edit.html",
        revision=revision,
        sheet=sheet,
        form=sheet.form,
        choices=choices,
        preview=shown,
        fault="",
        newer=newer,
        focus=focus,
        kinds=blocks.KIND_NAMES,
        chat_bytes=_CHAT_BYTES,
    )


def _typed_pictures(sheet: Sheet) -> set[int]:
    typed = [row["media"] for row in sheet.rows] + [str(sheet.form["cover_id"])]
    return {int(one) for one in typed if one.isascii() and one.isdigit() and len(one) < 16}


def _lead(article_id: int) -> ResponseReturnValue:
    return redirect(url_for("console.articles.show", article_id=article_id), 303)
