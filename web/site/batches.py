"""Coupon batches: what is given out on the site, to whom, and why not to this member."""

from dataclasses import dataclass

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.refusals import NotFound, Refused
from loyalty import claim_conditions, claim_facts, claims, coupon_batches, coupons
from loyalty.claim_conditions import Case, PhraseWrong
from loyalty.claim_facts import Facts
from loyalty.claims import Ask
from loyalty.coupons import CouponBatch
from loyalty.reasons import Condition
from web.guards import member_required
from web.site.messages import tell, tell_refused
from web.site.paths import ID
from web.wiring import now, read, wiring

bp = Blueprint("batches", __name__)

CHANNEL = "site"
_PHRASE_LENGTH = 100


@dataclass(frozen=True)
class Offer:
    """A batch as one member meets it; the pass-phrase is taken for known until it is asked."""

    batch: CouponBatch
    facts: Facts
    conditions: list[Condition]

    @property
    def left(self) -> int:
        """How many are left."""
        return max(0, self.batch.stock - self.batch.issued)

    @property
    def is_had(self) -> bool:
        """Whether the member has as many as one may have."""
        return self.facts.held >= self.facts.per_member

    @property
    def is_ready(self) -> bool:
        """Whether a claim would be granted."""
        return all(condition.met for condition in self.conditions)


def _offer(session: Session, batch: CouponBatch, member_id: int) -> Offer:
    at = now()
    facts = claim_facts.look(session, batch.id, member_id, at)
    case = Case(session, facts, member_id, at, Ask(CHANNEL, facts.phrase_digest))
    # The phrase is asked for in the form; until then nobody can say whether it is met.
    stated = [
        condition
        for condition in claim_conditions.explain(case)
        if not isinstance(condition.refusal, PhraseWrong)
    ]
    return Offer(batch, facts, stated)


@bp.get("/coupons")
@member_required
def show_all() -> ResponseReturnValue:
    """The batches that are given out now; what can still be had comes first."""
    member_id, at = g.member_id, now()

    def work(session: Session) -> list[Offer]:
        batches = coupons.open_batches(session, at, CHANNEL)
        return [_offer(session, batch, member_id) for batch in batches]

    offers = sorted(read(work), key=lambda offer: not offer.is_ready)
    return render_template("site/batches/list.html", offers=offers)


@bp.get(f"/coupon-batches/<{ID}:batch_id>")
@member_required
def show(batch_id: int) -> ResponseReturnValue:
    """One batch: its terms, and for each condition whether this member meets it."""
    member_id = g.member_id

    def work(session: Session) -> Offer:
        batch = coupons.get_batch(session, batch_id)
        # What is planned, or given elsewhere, is not told here.
        if batch.state == "draft" or not coupons.is_given_in(batch.channels, CHANNEL):
            raise NotFound
        return _offer(session, batch, member_id)

    return render_template("site/batches/batch.html", offer=read(work))


@bp.post(f"/coupon-batches/<{ID}:batch_id>/coupons")
@member_required
def create(batch_id: int) -> ResponseReturnValue:
    """Claim one coupon of the batch."""
    try:
        paid = _claim(batch_id)
    except NotFound as refused:
        tell_refused(refused)
        return redirect(url_for("site.batches.show_all"))
    except Refused as refused:
        tell_refused(refused)
        return redirect(url_for("site.batches.show", batch_id=batch_id))
    tell("site_claimed_for" if paid else "site_claimed", points=paid)
    return redirect(url_for("site.batches.show_all"))


def _claim(batch_id: int) -> int:
    """Claim; what it cost in points."""
    member_id, at = g.member_id, now()
    phrase = request.form.get("phrase", "")[:_PHRASE_LENGTH]
    ask = Ask(CHANNEL, coupon_batches.digest_phrase(wiring().vault, phrase))

    def work(session: Session) -> int:
        coupon = claims.claim(session, batch_id, member_id, at, ask=ask)
        return coupon.paid_points

    with wiring().sold_out.watch(batch_id):
        return wiring().database.alone(work)
