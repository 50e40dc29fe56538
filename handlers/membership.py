"""Check-in, points and registration, by chat."""

from bot.replies import Reply, Text
from content import branches
from handlers.context import Context
from kernel.clock import business_day
from loyalty import (
    checkin_programmes,
    checkins,
    claims,
    coupon_batches,
    coupons,
    gifts,
    invitations,
    members,
    points,
    staff,
    tiers,
    why,
)
from loyalty.checkin_programmes import NoCheckInProgramme
from loyalty.checkin_rules import Milestone
from loyalty.checkins import AlreadyCheckedIn, CheckedIn
from loyalty.claims import Ask
from loyalty.tier_ladder import name_of

# Nobody's pass-phrase is longer; what is, is a question.
_PHRASE_LENGTH = 40


def check_in(ctx: Context) -> Reply:
    """签到: the word and the menu button."""
    member_id = members.get_id(ctx.session, ctx.openid)
    try:
        done = checkins.check_in(
            ctx.session, member_id, ctx.now, ctx.rules.policy, openid=ctx.openid
        )
    except (AlreadyCheckedIn, NoCheckInProgramme) as refused:
        # Refused before anything was written, so the inbox row may stay.
        return Text(ctx.texts.refuse(refused))
    return Text("\n".join(_lines(ctx, done)))


def _lines(ctx: Context, done: CheckedIn) -> list[str]:
    gained = done.points + done.extra
    lines = [ctx.say("checked_in", streak=done.streak, points=gained, balance=done.balance)]
    for reward in done.rewards:
        phrase = "checked_in_claimable" if reward.waits else "checked_in_reward"
        gift = gifts.describe(ctx.session, reward.gift)
        link = ctx.link("/site/check-ins")
        lines.append(ctx.say(phrase, name=reward.name, gift=gift, link=link))
    if done.climbed_to is not None:
        lines.append(ctx.say("climbed", tier=name_of(ctx.session, done.climbed_to)))
    ahead = _ahead(ctx, done.streak)
    if ahead:
        gift = gifts.describe(ctx.session, ahead[1].gift)
        lines.append(ctx.say("next_reward", days=ahead[0], gift=gift))
    return lines


def _ahead(ctx: Context, streak: int) -> tuple[int, Milestone] | None:
    today = business_day(ctx.now)
    return checkin_programmes.in_force(ctx.session, today).rules.next_milestone(today, streak)


def show_points(ctx: Context) -> Reply:
    """积分: the balance and the way to the statement."""
    member = ctx.member()
    balance = points.balance_of(ctx.session, member.id)
    return Text(ctx.say("points", balance=balance, link=ctx.link("/site/points")))


def show_make_ups(ctx: Context) -> Reply:
    """补签: the way to the calendar, where the missed days are."""
    ctx.member()
    return Text(ctx.say("make_up", link=ctx.link("/site/check-ins")))


def show_shop(ctx: Context) -> Reply:
    """商城: what one has to spend, and where."""
    balance = points.balance_of(ctx.session, ctx.member().id)
    return Text(ctx.say("shop", balance=balance, link=ctx.link("/site/rewards")))


def show_tier(ctx: Context) -> Reply:
    """等级: where one stands and how far it is to the next."""
    tier, link = tiers.standing_of(ctx.session, ctx.member().id), ctx.link("/site/tier")
    if tier.next_name is None:
        return Text(ctx.say("tier_top", tier=tier.name, link=link))
    facts = {"tier": tier.name, "missing": tier.missing, "next": tier.next_name}
    return Text(ctx.say("tier", link=link, **facts))


def show_invitation(ctx: Context) -> Reply:
    """邀请: one's own code, and the way to its rules."""
    code = invitations.code_of(ctx.session, ctx.member().id, ctx.now)
    return Text(ctx.say("invite", code=code, link=ctx.link("/site/invitation")))


def claim_by_phrase(ctx: Context) -> Reply | None:
    """What was typed is a batch's pass-phrase: claim its coupon; None when it is none.

    Costs one look at an index, for texts that nothing else answers.
    """
    typed = ctx.inbound.text("Content")
    if len(typed) > _PHRASE_LENGTH:
        return None
    digest = coupon_batches.digest_phrase(ctx.rules.vault, typed)
    batch = coupon_batches.find_by_phrase(ctx.session, digest, ctx.now)
    if batch is None:
        return None
    member_id = members.get_id(ctx.session, ctx.openid)
    ask = Ask("chat", digest)
    deed = why.Claim(batch.id, ask)
    stated = why.explain(ctx.session, deed, member_id, ctx.now, ctx.rules.policy)
    if unmet := [one for one in stated if not one.met]:
        further = [f"· {one.title}（{one.value}）" for one in unmet[1:]]
        return Text("\n".join([ctx.texts.refuse(unmet[0].refusal), *further]))
    with ctx.rules.sold_out.watch(batch.id):
        claims.claim(ctx.session, batch.id, member_id, ctx.now, ask=ask)
    link = ctx.link("/site/coupons/mine")
    return Text(ctx.say("phrase_claimed", title=batch.title, link=link))


def lead_to_register(ctx: Context) -> Reply:
    """注册: the way to the form; a member is shown home."""
    ctx.member()  # whoever is none is led to register, as everywhere
    return show_home(ctx)


def show_home(ctx: Context) -> Reply:
    """会员: the way to the member centre."""
    return Text(ctx.say("member_home", link=ctx.link("/site/")))


def open_redemptions(ctx: Context) -> Reply:
    """核销: for staff of a branch, the way to the page where codes are taken."""
    employee = staff.get(ctx.session, ctx.openid)
    place = branches.name_of(ctx.session, employee.branch)
    return Text(ctx.say("staff_hint", branch=place, link=ctx.link("/site/redemptions/new")))


def show_coupons(ctx: Context) -> Reply:
    """优惠券: how many can be used, and the way to more."""
    held = coupons.of_member(ctx.session, ctx.member().id)
    count = sum(coupons.state_at(coupon, ctx.now) == "available" for coupon, _ in held)
    link = ctx.link("/site/coupons")
    return Text(ctx.say("coupons" if count else "coupons_none", count=count, link=link))
