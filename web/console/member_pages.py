"""The page of one member, which several routes answer with."""

from flask import render_template

from loyalty.reward_orders import STATE_NAMES as ORDER_NAMES
from products.applications import STATE_NAMES
from reports.members import CHANNELS
from web.console import member_sheets
from web.console.paging import asked_id
from web.wiring import now, read


def sheet_page(member_id: int, **shown: str) -> str:
    """Points, tier, tags, check-ins, coupons, orders; personal data masked but for `shown`."""
    before, at = asked_id(), now()
    sheet = read(lambda db: member_sheets.sheet(db, member_id, before, at))
    return render_template(
        "console/members/show.html",
        sheet=sheet,
        member=sheet.person.member,
        channels=CHANNELS,
        state_names=STATE_NAMES,
        order_names=ORDER_NAMES,
        **shown,
    )
