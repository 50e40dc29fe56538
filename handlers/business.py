"""The first hall, 业务介绍: articles, prices, branches."""

import math

from bot.replies import Reply, Text
from content import announcements, article_trials, branches, slots
from content.article_trials import Reader
from content.branches import Branch
from handlers.context import Context
from products import catalogue, facts

ARTICLE_PREFIX = "article."


def show_article(ctx: Context) -> Reply:
    """The article that the menu key names."""
    return tell_article(ctx, ctx.inbound.text("EventKey").removeprefix(ARTICLE_PREFIX))


def tell_article(ctx: Context, code: str) -> Reply:
    """An article's short form with the way to its page, as this person may see it."""
    reader = Reader(ctx.openid, ctx.rules.trial_tag)
    shown = article_trials.shown(ctx.session, code, reader)
    known = facts.of_content(ctx.session, shown.content, ctx.now)
    text = slots.fill(shown.content.chat, known).strip()
    link = ctx.link(f"/site/articles/{code}")
    return Text(f"{text}\n\n{ctx.say('article_tail', link=link)}")


def show_announcements(ctx: Context) -> Reply:
    """公告: what is announced now."""
    live = announcements.live(ctx.session, ctx.now, "chat")
    if not live:
        return Text(ctx.say("announcements_none"))
    lines = [
        ctx.say("announcement_line", title=one.title, text=one.text)
        + (f"\n{_address(ctx, one.link)}" if one.link else "")
        for one in live[:3]
    ]
    return Text("\n\n".join(lines))


def _address(ctx: Context, link: str) -> str:
    return ctx.link(link) if link.startswith("/") else link


def show_prices(ctx: Context) -> Reply:
    """宽带: speeds and prices."""
    lines = [
        ctx.say("price_line", name=product.name, speed=product.speed, price=product.price)
        for product in catalogue.every(ctx.session, "broadband")
    ]
    tail = ctx.say("prices_tail", link=ctx.link("/site/products/broadband"))
    return Text("\n\n".join([ctx.say("prices_head"), "\n".join(lines), tail]))


def show_branches(ctx: Context) -> Reply:
    """营业厅: all of them, and how to find the nearest."""
    lines = [ctx.say("branches_head")]
    lines += [
        ctx.say(
            "branch_line",
            name=branch.name,
            address=branch.address,
            hours=branch.hours,
            phone=branch.phone,
        )
        for branch in branches.every(ctx.session)
    ]
    return Text("\n\n".join(lines))


def show_nearest(ctx: Context) -> Reply:
    """A location: the branches nearest to it."""
    latitude = _degrees(ctx.inbound.text("Location_X"), 90)
    longitude = _degrees(ctx.inbound.text("Location_Y"), 180)
    if latitude is None or longitude is None:
        return show_branches(ctx)
    lines = [ctx.say("nearest_head")]
    lines += [
        ctx.say(
            "nearest_line",
            name=branch.name,
            distance=f"{distance:.1f} 公里{_open_words(ctx, branch)}",
            address=branch.address,
            phone=branch.phone,
        )
        for branch, distance in branches.nearest(ctx.session, latitude, longitude)
    ]
    return Text("\n\n".join(lines))


def _open_words(ctx: Context, branch: Branch) -> str:
    words = branch.open_words(ctx.now)
    return f"，{words}" if words else ""


def _degrees(text: str, limit: float) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) <= limit else None
