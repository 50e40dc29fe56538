"""The mini-site (H5): what opens from the menus of the account, on a member's phone."""

from flask import Blueprint, Flask, Response, request

from web.site import (
    announcements,
    applications,
    articles,
    batches,
    branches,
    check_ins,
    consents,
    coupons,
    filters,
    home,
    invitations,
    leaving,
    make_ups,
    media,
    my_data,
    notices,
    pages,
    phone,
    points,
    products,
    profile,
    redemption_undos,
    redemptions,
    registration,
    reward_orders,
    rewards,
    sign_in,
    tiers,
)
from web.wiring import wiring

_NOUNS = (
    sign_in,
    registration,
    home,
    notices,
    check_ins,
    make_ups,
    points,
    tiers,
    batches,
    coupons,
    rewards,
    reward_orders,
    redemptions,
    redemption_undos,
    invitations,
    profile,
    phone,
    consents,
    my_data,
    leaving,
    products,
    applications,
    pages,
    articles,
    announcements,
    branches,
    media,
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
