"""Uploaded files: temporary and permanent ones, and the pictures of articles."""

import base64
import json

from flask import Blueprint, Response, current_app, request

from emulator.api.calls import OK, Call, Endpoint, Result
from emulator.errcodes import Refused
from emulator.identifiers import make_media_id
from emulator.platform import Platform
from emulator.state import Json, Media

TEMPORARY_SECONDS = 3 * 86400
MEGABYTE = 1024 * 1024
LIMITS = {
    "image": 10 * MEGABYTE,
    "voice": 2 * MEGABYTE,
    "video": 10 * MEGABYTE,
    "thumb": 64 * 1024,
}

blueprint = Blueprint("media", __name__)


@blueprint.get("/media/<media_id>")
def show_media(media_id: str) -> Response:
    """A permanent picture by its address, as mmbiz.qpic.cn serves it."""
    platform: Platform = current_app.extensions["platform"]
    media = platform.state.media.get(media_id)
    if media is None or media.expires_at or not media.mime.startswith("image/"):
        return Response("404 Not Found", status=404, mimetype="text/plain")
    response = Response(base64.b64decode(media.content), mimetype=media.mime)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


def upload(call: Call) -> Json:
    """POST /cgi-bin/media/upload?type=, kept three days; 40004, 41005, 40006."""
    media = keep_upload(call, call.args.get("type", ""), TEMPORARY_SECONDS)
    name = "thumb_media_id" if media.kind == "thumb" else "media_id"
    return {"type": media.kind, name: media.media_id, "created_at": media.created_at}


def keep_upload(call: Call, kind: str, seconds: int) -> Media:
    """Store the multipart file `media`; `seconds` 0 keeps it for ever."""
    if kind not in LIMITS:
        raise Refused(40004)
    file = call.files.get("media")
    if file is None:
        raise Refused(41005)
    content = file.read()
    if not content or len(content) > LIMITS[kind]:
        raise Refused(40006)
    media = Media(
        media_id=make_media_id(),
        kind=kind,
        filename=file.filename or "media",
        mime=file.mimetype or "application/octet-stream",
        content=base64.b64encode(content).decode(),
        created_at=int(call.now),
        expires_at=call.now + seconds if seconds else 0.0,
    )
    call.state.media[media.media_id] = media
    call.platform.store.touch()
    return media


def get_media(call: Call) -> Result:
    """GET /cgi-bin/media/get?media_id=: the bytes, or a JSON refusal 41006, 40007."""
    media_id = call.args.get("media_id", "")
    if not media_id:
        raise Refused(41006)
    media = call.state.media.get(media_id)
    if media is None or (media.expires_at and media.expires_at <= call.now):
        raise Refused(40007)
    response = Response(base64.b64decode(media.content), mimetype=media.mime)
    response.headers.set("Content-Disposition", "attachment", filename=media.filename)
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def add_material(call: Call) -> Json:
    """POST /cgi-bin/material/add_material?type=, kept for ever; 47001 for a video without the
    form field `description`, a JSON object with a title."""
    if call.args.get("type") == "video" and not _title(request.form.get("description", "")):
        raise Refused(47001)
    media = keep_upload(call, call.args.get("type", ""), 0)
    return {"media_id": media.media_id, "url": f"{request.url_root}media/{media.media_id}"}


def _title(description: str) -> str:
    try:
        told = json.loads(description)
    except ValueError:
        return ""
    return str(told.get("title") or "") if isinstance(told, dict) else ""


def upload_image(call: Call) -> Json:
    """POST /cgi-bin/media/uploadimg → `{"url"}` for bodies of articles."""
    require_picture(call, MEGABYTE)
    media = keep_upload(call, "image", 0)
    return {"url": f"{request.url_root}media/{media.media_id}"}


def require_picture(call: Call, most: int) -> None:
    """Refuse what is no JPEG or PNG below `most` bytes: 40005, 40009."""
    file = call.files.get("media")
    if file is None:
        raise Refused(41005)
    head = file.stream.read(8)
    file.stream.seek(0, 2)
    size = file.stream.tell()
    file.stream.seek(0)
    if not head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        raise Refused(40005)
    if size >= most:
        raise Refused(40009)


def delete_material(call: Call) -> Json:
    """POST /cgi-bin/material/del_material; 40007, 48005 for the cover of a draft."""
    media_id = call.text("media_id")
    media = call.state.media.get(media_id)
    if media is None or media.expires_at:
        raise Refused(40007)
    drafts = (one["articles"] for one in call.state.drafts.values())
    if any(each.get("thumb_media_id") == media_id for articles in drafts for each in articles):
        raise Refused(48005)
    del call.state.media[media_id]
    call.platform.store.touch()
    return OK


def count_material(call: Call) -> Json:
    """GET /cgi-bin/material/get_materialcount."""
    kept = [each.kind for each in call.state.media.values() if not each.expires_at]
    counted = {f"{kind}_count": kept.count(kind) for kind in ("voice", "video", "image")}
    return {**counted, "news_count": 0}


ENDPOINTS = {
    "/cgi-bin/media/upload": Endpoint(upload, body="file"),
    "/cgi-bin/media/get": Endpoint(get_media, "GET", daily=200_000, body="none"),
    "/cgi-bin/media/uploadimg": Endpoint(upload_image, body="file"),
    "/cgi-bin/material/add_material": Endpoint(add_material, body="file"),
    "/cgi-bin/material/del_material": Endpoint(delete_material, daily=1000),
    "/cgi-bin/material/get_materialcount": Endpoint(count_material, "GET", body="none"),
}
