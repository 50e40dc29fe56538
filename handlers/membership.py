"""Check-in, points and registration, by chat."""

from bot.replies import Reply, Text
from content import branches
from handlers.context import Context
from loyalty import checkins, coupons, members, points, staff
from loyalty.checkins import AlreadyCheckedIn, CheckedIn


def check_in(ctx: Context) -> Reply:
    """签到: the word and the menu button."""
    member_id = members.get_id(ctx.session, ctx.openid)
    try:
        done = checkins.check_in(
            ctx.session, member_id, ctx.now, ctx.rules.check_in, openid=ctx.openid
        )
    except AlreadyCheckedIn as refused:
        # Refused before anything was written, so the inbox row may stay.
        return Text(ctx.texts.refuse(refused))
    return Text("\n".join(_lines(ctx, done)))


def _lines(ctx: Context, done: CheckedIn) -> list[str]:
    lines = [ctx.say("checked_in", streak=done.streak, points=done.points, balance=done.balance)]
    if done.extra:
        lines.append(ctx.say("checked_in_extra", streak=done.streak, extra=done.extra))
    ahead = ctx.rules.check_in.next_extra(done.streak)
    if ahead:
        lines.append(ctx.say("next_extra", days=ahead[0], points=ahead[1]))
    return lines


def show_points(ctx: Context) -> Reply:
    """积分: the balance and the way to the statement."""
    member = ctx.member()
    balance = points.balance_of(ctx.session, member.id)
    return Text(ctx.say("points", balance=balance, link=ctx.link("/site/points")))


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
