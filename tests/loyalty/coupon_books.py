"""The books of coupons, and short ways to coupons for tests that are about something else."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.db import Database
from loyalty import claims, points, proof_runs, proofs_coupons, redemptions, staff
from loyalty.coupons import Coupon
from loyalty.points import Credit
from loyalty.staff import Staff
from tests.loyalty.people import NEXT_YEAR, VAULT, join, offer
from tests.world import NOON


def breaches(session: Session, at: datetime = NOON) -> dict[str, Any]:
    """What is wrong with the coupons, by the code of the promise."""
    found = {proof.code: proof_runs.find(session, proof, at) for proof in proofs_coupons.PROOFS}
    return {code: rows for code, rows in found.items() if rows}


def sound(database: Database, at: datetime = NOON) -> bool:
    """Whether every promise of the coupons holds."""
    found = database.read(lambda session: breaches(session, at))
    assert found == {}
    return True


def hold(session: Session, member: int | None = None, **terms: Any) -> Coupon:
    """A coupon of a batch of its own, claimed at noon."""
    batch = offer(session, stock=5, **terms)
    return claims.claim(session, batch, member or join(session), NOON)


def clerk(session: Session, openid: str = "oWang", branch: str = "zhongshan") -> Staff:
    """A member of staff."""
    staff.appoint(session, openid, "小王", branch, NOON)
    return staff.get(session, openid)


def redeem(session: Session, coupon: Coupon, at: datetime = NOON, **said: Any) -> int:
    """The coupon, taken by a member of staff; the number of the redemption."""
    code, _ = redemptions.show_code(VAULT, coupon, at)
    redemptions.redeem(session, VAULT, code, clerk(session), at, **said)
    session.flush()
    return session.scalars(select(func.max(redemptions.Redemption.id))).one()


def enrich(session: Session, member: int, amount: int) -> None:
    """Points for a member."""
    credit = Credit(amount, f"test:{member}", "")
    points.earn(session, member, [credit], NOON, NEXT_YEAR)
