"""Events that need no answer, only a note."""

from bot.replies import Nothing, Reply
from bot.xml import text
from content import article_sync
from content.publishing import RUNNING
from handlers import publishing
from handlers.context import Context
from handlers.departures import ERASE_STEPS
from kernel import activity
from loyalty import erasure, members


def note_view(ctx: Context) -> Reply:
    """A menu entry that opens a page was tapped: counted by address, without its query."""
    page = ctx.inbound.text("EventKey").split("?")[0][:200]
    activity.record(ctx.session, "menu.view", ctx.now, who=(ctx.openid, None), page=page)
    return Nothing()


def note_publication(ctx: Context) -> Reply:
    """An article's publication is through (PUBLISHJOBFINISH): its sync learns how it ended."""
    info = ctx.inbound.fields.get("PublishEventInfo")
    told = info if isinstance(info, dict) else {}
    sync = article_sync.by_publish_id(ctx.session, text(told, "publish_id")[:64])
    status = text(told, "publish_status")
    if sync is None or not status.isdecimal() or int(status[:4]) == RUNNING:
        return Nothing()  # published in WeChat's own console, or the answer is still on its way
    detail = told.get("article_detail")
    items = detail.get("item") if isinstance(detail, dict) else None
    first = items[0] if isinstance(items, list) else items
    url = text(first, "article_url") if isinstance(first, dict) else ""
    result = (int(status[:4]), text(told, "article_id"), url)
    publishing.conclude(ctx.session, sync.id, ctx.now, result)
    return Nothing()


def ignore(ctx: Context) -> Reply:
    """Known or unknown, nothing to do: the inbox row is the note."""
    del ctx
    return Nothing()


def close_account(ctx: Context) -> Reply:
    """Somebody closed his WeChat account, which by WeChat's rule erases him here for ever.

    The sender is the platform; who it is about stands in `OpenID`
    (developers.weixin.qq.com/doc/service/guide/h5/authorization_change.md).
    """
    openid = ctx.inbound.text("OpenID").strip()[:64]
    if not openid:
        return Nothing()
    member = members.find(ctx.session, openid)
    if member is not None:
        erasure.erase(ctx.session, member.id, ctx.now, steps=ERASE_STEPS)
    else:
        erasure.forget_visitor(ctx.session, openid, ctx.now, steps=ERASE_STEPS)
    activity.record(ctx.session, "account.closed", ctx.now, erased=member is not None)
    return Nothing()


def note_revocation(ctx: Context) -> Reply:
    """Somebody took a WeChat permission back or changed his profile there.

    Of what such permissions give (avatar, nickname, address, location) nothing is kept here, so
    there is nothing to delete; that it was asked for is noted, without the person.
    """
    what = ctx.inbound.text("RevokeInfo")[:20]
    activity.record(ctx.session, "account.revoked", ctx.now, event=ctx.inbound.kind, what=what)
    return Nothing()
