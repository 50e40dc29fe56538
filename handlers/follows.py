"""Following, leaving, scanning."""

from bot.replies import Nothing, Reply, Text
from handlers.context import Context
from kernel import activity
from loyalty import followers, members

_SCENE_PREFIX = "qrscene_"


def scene_of(ctx: Context) -> str:
    """The scene of the code through which somebody follows or came back."""
    return ctx.inbound.text("EventKey").removeprefix(_SCENE_PREFIX)[:64]


def note_follow(ctx: Context) -> None:
    """Somebody follows."""
    followers.follow(ctx.session, ctx.openid, ctx.inbound.sent_at, scene_of(ctx) or None)


def greet(ctx: Context) -> Reply:
    """Welcome a new follower, by name when he is a member already."""
    member = members.find(ctx.session, ctx.openid)
    if member is not None:
        return Text(ctx.say("greeting_again", name=member.name, link=ctx.link("/site/")))
    return Text(ctx.say("greeting", link=ctx.link("/site/registration")))


def see_off(ctx: Context) -> Reply:
    """Somebody leaves: his membership, points and coupons stay. Cannot be answered."""
    followers.unfollow(ctx.session, ctx.openid, ctx.inbound.sent_at)
    return Nothing()


def note_scan(ctx: Context) -> None:
    """A follower scanned one of our codes: the scene is counted."""
    scene = scene_of(ctx)
    activity.record(ctx.session, "scan", ctx.now, who=(ctx.openid, None), scene=scene)


def greet_back(ctx: Context) -> Reply:
    """What a follower sees who comes back by a code."""
    member = members.find(ctx.session, ctx.openid)
    name = member.name if member else "您"
    return Text(ctx.say("greeting_again", name=name, link=ctx.link("/site/")))
