"""Human staff, and what is said when nothing else fits."""

from datetime import timedelta

from bot.replies import Reply, Text, ToStaff
from handlers import membership
from handlers.context import Context
from kernel import activity
from kernel.clock import SHANGHAI

# So long after somebody called, what he writes goes to the staff.
TALK = timedelta(minutes=30)


def call_staff(ctx: Context) -> Reply:
    """人工: told when somebody answers; while the desk is open, the next messages go there."""
    activity.record(ctx.session, "staff_called", ctx.now, who=(ctx.openid, None))
    opens, closes = (f"{hour:%H:%M}" for hour in ctx.rules.staff_hours)
    phrase = "human_open" if _is_open(ctx) else "human_closed"
    return Text(ctx.say(phrase, opens=opens, closes=closes))


def _is_open(ctx: Context) -> bool:
    opens, closes = ctx.rules.staff_hours
    return opens <= ctx.now.astimezone(SHANGHAI).time() < closes


def _was_called(ctx: Context) -> bool:
    since = ctx.now - TALK
    return activity.happened(ctx.session, "staff_called", ctx.openid, since)


def hand_over(ctx: Context) -> Reply:
    """转人工: the platform's own hand-over of this message."""
    activity.record(ctx.session, "staff_called", ctx.now, who=(ctx.openid, None))
    return ToStaff()


def say_default(ctx: Context) -> Reply:
    """Nothing fits: a pass-phrase, perhaps; staff who were just called; else what one can type."""
    if ctx.inbound.kind == "text" and (claimed := membership.claim_by_phrase(ctx)) is not None:
        return claimed
    if _is_open(ctx) and _was_called(ctx):
        return ToStaff()
    return Text(ctx.say("default", link=ctx.link("/site/")))


def say_help(ctx: Context) -> Reply:
    """帮助: everything one can type."""
    return Text(ctx.say("help"))


def ask_for_words(ctx: Context) -> Reply:
    """A picture, a voice, a video: nobody here can read those."""
    return Text(ctx.say("not_text"))
