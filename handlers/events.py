"""Events that need no answer, only a note."""

from bot.replies import Nothing, Reply
from handlers.context import Context
from kernel import activity


def note_view(ctx: Context) -> Reply:
    """A menu entry that opens a page was tapped: counted by address, without its query."""
    page = ctx.inbound.text("EventKey").split("?")[0][:200]
    activity.record(ctx.session, "menu.view", ctx.now, who=(ctx.openid, None), page=page)
    return Nothing()


def note_mass_result(ctx: Context) -> Reply:
    """What became of a mass send, in the platform's own count."""
    names = ("MsgID", "Status", "TotalCount", "FilterCount", "SentCount", "ErrorCount")
    result = {name: ctx.inbound.text(name)[:40] for name in names}
    activity.record(ctx.session, "push.result", ctx.now, result=result)
    return Nothing()


def ignore(ctx: Context) -> Reply:
    """Known or unknown, nothing to do: the inbox row is the note."""
    del ctx
    return Nothing()
