"""The media library: pictures, voices, videos are uploaded, described, found, taken out."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from content import media, media_images, media_recordings, media_uses, media_wechat
from content.media import Label
from kernel import audit
from kernel.refusals import Invalid
from web.console import media_lists, sessions
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_required
from web.console.paging import asked_id
from web.console.reviews import hand
from web.console.settling import settle, words_of
from web.wiring import now, read, transaction, wiring

bp = Blueprint("media", __name__, url_prefix="/media")

MOST_FILES = 10
# All files of one upload together, and what a form adds to them.
MOST_BYTES = 5 * media_images.MOST_BYTES + 100_000
_BIG = frozenset({"console.media.upload"})


@bp.url_value_preprocessor
def _let_files_in(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    # Before anything reads the form; everybody else's body stays as small as everywhere.
    signed_in = sessions.current() if endpoint in _BIG else None
    if signed_in is not None and signed_in.operator.may("content.write"):
        request.max_content_length = MOST_BYTES


@bp.get("")
@operator_required("content.read")
def show_list() -> ResponseReturnValue:
    """Pictures, voices or videos, the newest first."""
    return _page()


@bp.post("")
@operator_required("content.write")
def upload() -> ResponseReturnValue:
    """Take the files that can be taken; of each other one is said why not."""
    sent = [one for one in request.files.getlist("files") if one.filename]
    if not sent or len(sent) > MOST_FILES:
        reason = f"一次最多上传 {MOST_FILES} 个" if sent else "请选择文件"
        return _page([("", reason)]), 422
    faults, kinds = [], set()
    for one in sent:
        name = (one.filename or "").replace("\x00", "")[-100:]
        try:
            kinds.add(_take(one, name))
        except Invalid as refused:
            faults.append((name, words_of(refused)))
    if faults:
        return _page(faults, len(sent) - len(faults)), 422
    flash("media_added", "success")
    kind = kinds.pop() if len(kinds) == 1 else "image"
    return redirect(url_for(".show_list", kind=kind if kind != "image" else None), 303)


@bp.get("/<row:media_id>")
@operator_required("content.read")
def show(media_id: int) -> ResponseReturnValue:
    """One picture: what it shows, where it is used, what WeChat has of it. Raises NotFound."""
    return _one(media_id)


@bp.post("/<row:media_id>")
@operator_required("content.write")
def label(media_id: int) -> ResponseReturnValue:
    """Name it, say what it shows. Raises NotFound."""
    fields = Fields(request.form)
    wanted = Label(fields.text("name"), fields.text("alt"))
    try:
        transaction(lambda db: media.label(db, media_id, wanted, hand()))
    except Invalid as refused:
        return _one(media_id, again(request.form, refused)), 422
    flash("media_saved", "success")
    return redirect(url_for(".show", media_id=media_id), 303)


@bp.post("/<row:media_id>/removals")
@operator_required("content.write")
def remove(media_id: int) -> ResponseReturnValue:
    """Take it out of the library, unless something shows it. Raises NotFound."""
    used = read(lambda db: media_uses.count(db, media.get(db, media_id).id))
    back = url_for(".show", media_id=media_id) if used else url_for(".show_list")
    return settle(lambda db: media.remove(db, media_id, hand()), "media_removed", back)


@bp.post("/<row:media_id>/wechat")
@operator_required("content.write")
def send(media_id: int) -> ResponseReturnValue:
    """Ask for it to be at WeChat, or try anew what failed. Raises NotFound."""

    def work(db: Session) -> None:
        use = Fields(request.form).text("use") or "material"
        if use not in media_wechat.USES:
            raise Invalid(field="use", reason="请选择用途")
        found = media.get(db, media_id)
        if use == "body" and found.kind != "image":
            raise Invalid(field="use", reason="正文里只能放图片")
        media_wechat.revive(db, [found.id], now())
        media_wechat.want(db, [found.id], use, now())
        subject, by = f"media:{media_id}", (hand().by, None)
        audit.write(db, "media.wechat_asked", subject, now(), by=by, use=use)

    return settle(work, "media_asked", url_for(".show", media_id=media_id))


def _take(sent: FileStorage, name: str) -> str:
    # One byte more than is allowed, so that the refusal says so.
    raw = sent.stream.read(media_images.MOST_BYTES + 1)
    found = media_recordings.find(raw, name) or media_images.prepare(raw, name)
    found.keep(wiring().files)
    transaction(lambda db: media.add(db, found, Label(name), hand()))
    return media_recordings.kind_of(found.mime)


def _page(faults: list[tuple[str, str]] | None = None, taken: int = 0) -> str:
    words = request.args.get("q", "").replace("\x00", "").strip()[:60]
    kind = request.args.get("kind", "image")
    kind = kind if kind in media.KIND_NAMES else "image"
    found = read(lambda db: media_lists.page(db, words, asked_id(), kind))
    return render_template(
        "console/media/list.html",
        found=found,
        words=words,
        kind=kind,
        kinds=media.KIND_NAMES,
        faults=faults or [],
        taken=taken,
        most=MOST_FILES,
    )


def _one(media_id: int, form: Shown | None = None) -> str:
    sheet = read(lambda db: media_lists.sheet(db, media_id))
    return render_template(
        "console/media/show.html",
        sheet=sheet,
        one=sheet.media,
        kind=media.KIND_NAMES[sheet.media.kind],
        form=form or Shown({"name": sheet.media.name, "alt": sheet.media.alt}),
        uses=media_wechat.USES,
        states=media_wechat.STATE_NAMES,
    )
