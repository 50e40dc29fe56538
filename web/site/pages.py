"""Campaigns: what anybody may read."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from loyalty import coupons
from promotions import campaigns
from web.guards import public
from web.wiring import now, read

bp = Blueprint("pages", __name__)


@bp.get("/campaigns")
@public
def show_campaigns() -> ResponseReturnValue:
    """What is on now."""
    at = now()
    live = read(lambda db: campaigns.live(db, at))
    return render_template("site/pages/campaigns.html", campaigns=live)


@bp.get("/campaigns/<code>")
@public
def show_campaign(code: str) -> ResponseReturnValue:
    """A campaign; what it gives is claimed among the coupons."""
    campaign = read(lambda db: campaigns.get(db, code))
    batch_id = campaign.batch_id
    batch = read(lambda db: coupons.get_batch(db, batch_id)) if batch_id is not None else None
    return render_template("site/pages/campaign.html", campaign=campaign, batch=batch, at=now())
