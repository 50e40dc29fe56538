"""The facts that articles refer to, read in one go: products stand above what articles know."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import article_checks, branches, house_facts
from content.article_revisions import Content
from content.facts import BranchFact, CouponFact, Facts, MediaFact, ProductFact, Wanted
from content.media import Media
from loyalty import coupons
from loyalty.coupons import CouponBatch
from products import catalogue


def of_content(session: Session, content: Content, at: datetime) -> Facts:
    """The facts for showing or checking an article."""
    return gather(session, article_checks.wanted(session, content), at)


def gather(session: Session, wanted: Wanted, at: datetime) -> Facts:
    """The facts that are wanted, in as few queries as there are kinds of them."""
    return Facts(
        products=_products(session) if wanted.codes else {},
        branches=_branches(session) if wanted.codes else {},
        house=house_facts.values(session) if wanted.codes else {},
        coupons=_coupons(session, wanted.coupons, at) if wanted.coupons else {},
        media=_media(session, wanted.media) if wanted.media else {},
    )


def _products(session: Session) -> dict[str, ProductFact]:
    return {
        row.code: ProductFact(row.code, row.name, row.speed, row.price, row.summary)
        for row in catalogue.every(session)
    }


def _branches(session: Session) -> dict[str, BranchFact]:
    return {
        row.code: BranchFact(row.code, row.name, row.address, row.phone, row.hours)
        for row in branches.every(session)
    }


def _coupons(session: Session, codes: frozenset[str], at: datetime) -> dict[str, CouponFact]:
    rows = session.scalars(
        select(CouponBatch).where(CouponBatch.code.in_(codes), CouponBatch.state == "open")
    )
    return {
        row.code: CouponFact(row.code, row.title, row.worth, f"/site/coupon-batches/{row.id}")
        for row in rows
        if row.ends_at > at and coupons.is_given_in(row.channels, "site")
    }


def _media(session: Session, ids: frozenset[int]) -> dict[int, MediaFact]:
    rows = session.scalars(select(Media).where(Media.id.in_(ids)))
    return {row.id: MediaFact(row.id, row.digest, row.width, row.height, row.alt) for row in rows}
