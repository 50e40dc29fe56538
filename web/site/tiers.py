"""Tiers: where the member stands on the ladder, and what each rung asks and gives."""

from dataclasses import dataclass

from flask import Blueprint, g, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from loyalty import gifts, tier_ladder, tiers
from loyalty.gifts import Gift
from loyalty.tier_ladder import Tier
from loyalty.tiers import Standing
from web.guards import member_required
from web.wiring import read, wiring

bp = Blueprint("tiers", __name__, url_prefix="/tier")


@dataclass(frozen=True)
class Rung:
    """A tier with its gift in words."""

    tier: Tier
    gift: str


@bp.get("")
@member_required
def show() -> ResponseReturnValue:
    """The ladder, and the member on it."""
    member_id = g.member_id

    def work(session: Session) -> tuple[Standing, list[Rung]]:
        ladder = [
            Rung(tier, gifts.describe(session, Gift.from_json(tier.gift)))
            for tier in tier_ladder.rungs(session)
        ]
        return tiers.standing_of(session, member_id), ladder

    standing, ladder = read(work)
    return render_template(
        "site/tiers/ladder.html",
        tier=standing,
        ladder=ladder,
        ground=tier_ladder.GROUND_NAME,
        policy=wiring().policy,
    )
