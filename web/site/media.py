"""Pictures, voices and videos of the library: what a browser has once, it has for ever."""

from flask import Blueprint, Response, request

from content import media
from kernel.file_store import FileGone
from kernel.refusals import NotFound
from web.guards import public
from web.wiring import read, wiring

bp = Blueprint("media", __name__, url_prefix="/media")


@bp.get("/<digest>")
@public
def show(digest: str) -> Response:
    """A picture, voice or video."""
    found = read(lambda db: media.by_digest(db, digest))
    return _file(found.digest, found.mime)


@bp.get("/<digest>/small")
@public
def show_small(digest: str) -> Response:
    """The same, small, for lists."""
    found = read(lambda db: media.by_digest(db, digest))
    return _file(found.small_digest, "image/jpeg")


def _file(digest: str, mime: str) -> Response:
    try:
        content = wiring().files.get(digest)
    except FileGone:
        raise NotFound(media=digest) from None
    response = Response(content, mimetype=mime)
    # Players ask for parts, and iPhones play nothing that has none.
    response.make_conditional(request, accept_ranges=True, complete_length=len(content))
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.headers["X-Content-Type-Options"] = "nosniff"
    # Opened by itself it is a picture and nothing more.
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
