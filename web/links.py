"""Short addresses of pushes: a tap is counted, and leads to the page that the push is about."""

import re

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from kernel.refusals import NotFound
from pushes import clicks
from web.guards import public
from web.wiring import now, read, transaction, wiring

bp = Blueprint("links", __name__)

# What looks at an address without anybody having tapped it.
_MACHINES = re.compile(
    r"bot\b|bot/|spider|crawl|preview|curl/|wget/|python|go-http|java/|okhttp|headless|scan", re.I
)


@bp.get("/l/<token>")
@public
def open_link(token: str) -> ResponseReturnValue:
    """Lead on; only a person's tap is counted. Raises NotFound for what we did not make."""
    at, links, counts = now(), wiring().push_links, _is_tap()
    run = transaction if counts else read
    target = run(lambda db: clicks.open_link(db, links, token, at, counts=counts))
    if target is None:
        raise NotFound
    response = redirect(target, 302)
    response.headers["Cache-Control"] = "no-store"  # or the next tap would not be seen
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _is_tap() -> bool:
    purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    agent = request.headers.get("User-Agent", "")
    is_machine = not agent or bool(_MACHINES.search(agent)) or "prefetch" in purpose.lower()
    return request.method == "GET" and not is_machine
