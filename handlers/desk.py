"""Human staff: calling them, and what is written to them."""

from datetime import timedelta

from bot.inbound import Inbound
from bot.replies import Nothing, Reply, Text, ToStaff
from content import conversations
from content.conversation_messages import Incoming
from handlers.context import Context
from kernel import activity
from kernel.clock import SHANGHAI

# With WeChat's own desk: so long after somebody called, what he writes goes there.
TALK = timedelta(minutes=30)


def call_staff(ctx: Context) -> Reply:
    """人工: told when somebody answers; from now on, what fits nothing goes to the staff."""
    activity.record(ctx.session, "staff_called", ctx.now, who=(ctx.openid, None))
    if _in_console(ctx):
        conversations.open_for(ctx.session, ctx.openid, ctx.now)
    opens, closes = (f"{hour:%H:%M}" for hour in ctx.rules.staff_hours)
    phrase = "human_open" if _is_open(ctx) else "human_closed"
    return Text(ctx.say(phrase, opens=opens, closes=closes))


def hand_over(ctx: Context) -> Reply:
    """转人工: with WeChat's own desk, the platform's hand-over of this message."""
    if _in_console(ctx):
        return call_staff(ctx)
    activity.record(ctx.session, "staff_called", ctx.now, who=(ctx.openid, None))
    return ToStaff()


def is_talking(ctx: Context) -> bool:
    """Whether what somebody writes goes to staff, unless it is a word that the bot knows."""
    if _in_console(ctx):
        return conversations.find_open(ctx.session, ctx.openid) is not None
    return _is_open(ctx) and _was_called(ctx)


def listen(ctx: Context) -> Reply | None:
    """What somebody writes to the staff he called; None when he called nobody."""
    if not _in_console(ctx):
        return ToStaff() if is_talking(ctx) else None
    unread = conversations.receive(ctx.session, ctx.openid, _incoming(ctx.inbound), ctx.now)
    if unread is None:
        return None
    if unread > 1 or _is_open(ctx):
        return Nothing()
    opens = f"{ctx.rules.staff_hours[0]:%H:%M}"
    return Text(ctx.say("staff_noted", opens=opens))


def _in_console(ctx: Context) -> bool:
    return ctx.rules.staff == "console"


def _is_open(ctx: Context) -> bool:
    opens, closes = ctx.rules.staff_hours
    return opens <= ctx.now.astimezone(SHANGHAI).time() < closes


def _was_called(ctx: Context) -> bool:
    since = ctx.now - TALK
    return activity.happened(ctx.session, "staff_called", ctx.openid, since)


def _incoming(inbound: Inbound) -> Incoming:
    words = {
        "text": "Content",
        "voice": "Recognition",
        "location": "Label",
        "link": "Title",
    }
    text = inbound.text(words.get(inbound.kind, ""))
    if inbound.kind == "location":
        text = f"{text} ({inbound.text('Location_X')}, {inbound.text('Location_Y')})".strip()
    if inbound.kind == "link":
        text = f"{text} {inbound.text('Url')}".strip()
    return Incoming(inbound.kind, inbound.key, text, inbound.text("MediaId"))


def say_default(ctx: Context) -> Reply:
    """Nothing fits: what one can type."""
    return Text(ctx.say("default", link=ctx.link("/site/")))


def say_help(ctx: Context) -> Reply:
    """帮助: everything one can type."""
    return Text(ctx.say("help"))


def ask_for_words(ctx: Context) -> Reply:
    """A picture, a voice, a video: nobody here can read those."""
    return Text(ctx.say("not_text"))
