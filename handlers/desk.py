"""Human staff, and what is said when nothing else fits."""

from bot.replies import Reply, Text, ToStaff
from handlers.context import Context
from kernel import activity
from kernel.clock import SHANGHAI


def call_staff(ctx: Context) -> Reply:
    """人工: told when somebody answers; the next messages go to the desk while it is open."""
    activity.record(ctx.session, "staff_called", ctx.now, who=(ctx.openid, None))
    opens, closes = ctx.rules.staff_hours
    is_open = opens <= ctx.now.astimezone(SHANGHAI).time() < closes
    return Text(ctx.say("human_open" if is_open else "human_closed"))


def hand_over(ctx: Context) -> Reply:
    """转人工: the platform's own hand-over of this message."""
    activity.record(ctx.session, "staff_called", ctx.now, who=(ctx.openid, None))
    return ToStaff()


def say_default(ctx: Context) -> Reply:
    """Nothing fits: what one can type, and the way to human staff."""
    return Text(ctx.say("default", link=ctx.link("/site/")))


def say_help(ctx: Context) -> Reply:
    """帮助: everything one can type."""
    return Text(ctx.say("help"))


def ask_for_words(ctx: Context) -> Reply:
    """A picture, a voice, a video: nobody here can read those."""
    return Text(ctx.say("not_text"))
