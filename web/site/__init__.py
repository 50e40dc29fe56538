"""The mini-site (H5): what opens from the menus of the account, on a member's phone."""

from flask import Blueprint, Flask, Response, request

from web.site import (
    applications,
    check_ins,
    coupons,
    filters,
    home,
    pages,
    points,
    products,
    redemptions,
    registration,
    sign_in,
)
from web.wiring import wiring

_NOUNS = (
    sign_in,
    registration,
    home,
    check_ins,
    points,
    coupons,
    redemptions,
    products,
    applications,
    pages,
)


def register_site(app: Flask) -> None:
    """Hang the mini-site under /site, with its filters."""
    site = Blueprint("site", __name__, url_prefix="/site")
    for noun in _NOUNS:
        site.register_blueprint(noun.bp)
    site.after_request(send_on)
    app.register_blueprint(site)
    filters.register(app)
    # A global, not a context processor: error pages of unknown addresses belong to no blueprint.
    app.jinja_env.globals["hall_name"] = lambda: wiring().hall.name


def send_on(response: Response) -> Response:
    """A redirect for htmx: left to itself the browser would follow it out of the page's sight."""
    if response.location and request.headers.get("HX-Request"):
        response.headers["HX-Redirect"] = response.headers.pop("Location")
        response.status_code = 204
        response.data = b""
    return response
