"""The part of a configuration that this engine reads, and the policy that it makes."""

from typing import Annotated

from pydantic import Field

from kernel.fields import Count, Number, Section
from loyalty.gifts import Gift
from loyalty.policy import ClawBack, Expiry, Policy, Rounding

Days = Annotated[Number, Field(ge=0, le=3_660)]
Distances = Annotated[tuple[Annotated[Number, Field(ge=1, le=366)], ...], Field(max_length=5)]


class GiftSection(Section):
    points: Annotated[Number, Field(ge=0, le=100_000)] = 0
    coupons: tuple[str, ...] = ()
    tag: str | None = None

    def gift(self) -> Gift | None:
        """The gift, or None when nothing is given."""
        made = Gift(self.points, self.coupons, self.tag)
        return None if made == Gift() else made


class PointsSection(Section):
    expire: Rounding = "next_year_end"
    expire_count: Days = 0
    claw_back: ClawBack = "debt"
    adjust_alone_limit: Number = 1_000
    notice_days: Distances = (30, 7, 1)


class CouponsSection(Section):
    notice_days: Distances = (7, 1)
    undo_hours: Count = 48


class TiersSection(Section):
    window_days: Count = 365
    period_days: Count = 365
    grace_days: Days = 30


class MembersSection(Section):
    welcome: GiftSection = GiftSection()
    invite: GiftSection = GiftSection()
    invited: GiftSection = GiftSection()
    invite_cap_month: Count = 10
    rebind_wait_days: Days = 30


class LoyaltySection(Section):
    consent_version: str = Field(min_length=1, max_length=20)
    points: PointsSection = PointsSection()
    coupons: CouponsSection = CouponsSection()
    tiers: TiersSection = TiersSection()
    members: MembersSection = MembersSection()
    receive_after_days: Count = 15

    def policy(self) -> Policy:
        """The numbers as the domain takes them."""
        points, members = self.points, self.members
        return Policy(
            expiry=Expiry(points.expire, points.expire_count),
            claw_back=points.claw_back,
            adjust_alone_limit=points.adjust_alone_limit,
            points_notice_days=points.notice_days,
            coupon_notice_days=self.coupons.notice_days,
            tier_window_days=self.tiers.window_days,
            tier_period_days=self.tiers.period_days,
            tier_grace_days=self.tiers.grace_days,
            rebind_wait_days=members.rebind_wait_days,
            undo_hours=self.coupons.undo_hours,
            receive_after_days=self.receive_after_days,
            welcome=members.welcome.gift(),
            invite=members.invite.gift(),
            invited=members.invited.gift(),
            invite_cap_month=members.invite_cap_month,
        )
