"""Uploaded files and drafts of articles."""

import base64

from flask import Blueprint, Response, current_app, request

from emulator.api.calls import OK, Call, Endpoint, Result, read_list
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
    """POST /cgi-bin/material/add_material?type=, kept for ever."""
    media = keep_upload(call, call.args.get("type", ""), 0)
    return {"media_id": media.media_id, "url": f"{request.url_root}media/{media.media_id}"}


def upload_image(call: Call) -> Json:
    """POST /cgi-bin/media/uploadimg → `{"url"}` for bodies of articles."""
    media = keep_upload(call, "image", 0)
    return {"url": f"{request.url_root}media/{media.media_id}"}


def add_draft(call: Call) -> Json:
    """POST /cgi-bin/draft/add `{"articles": […]}` → `{"media_id"}`; 44003."""
    articles = [each for each in read_list(call.body.get("articles")) if isinstance(each, dict)]
    if not articles:
        raise Refused(44003)
    media_id = make_media_id()
    call.state.drafts[media_id] = {"articles": articles, "at": int(call.now)}
    call.platform.store.touch()
    return {"media_id": media_id}


def get_draft(call: Call) -> Json:
    """POST /cgi-bin/draft/get → `{"news_item": […]}`; 40007."""
    draft = call.state.drafts.get(call.text("media_id"))
    if draft is None:
        raise Refused(40007)
    return {"news_item": draft["articles"], "create_time": draft["at"], "update_time": draft["at"]}


def delete_draft(call: Call) -> Json:
    """POST /cgi-bin/draft/delete; 40007."""
    if call.state.drafts.pop(call.text("media_id"), None) is None:
        raise Refused(40007)
    call.platform.store.touch()
    return OK


def count_drafts(call: Call) -> Json:
    """GET /cgi-bin/draft/count."""
    return {"total_count": len(call.state.drafts)}


ENDPOINTS = {
    "/cgi-bin/media/upload": Endpoint(upload, body="file"),
    "/cgi-bin/media/get": Endpoint(get_media, "GET", daily=200_000, body="none"),
    "/cgi-bin/media/uploadimg": Endpoint(upload_image, body="file"),
    "/cgi-bin/material/add_material": Endpoint(add_material, body="file"),
    "/cgi-bin/draft/add": Endpoint(add_draft, daily=1000),
    "/cgi-bin/draft/get": Endpoint(get_draft, daily=1000),
    "/cgi-bin/draft/delete": Endpoint(delete_draft, daily=1000),
    "/cgi-bin/draft/count": Endpoint(count_drafts, "GET", daily=1000, body="none"),
}
