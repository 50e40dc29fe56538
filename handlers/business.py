"""The first hall, 业务介绍: articles, prices, branches."""

import math

from bot.replies import Reply, Text
from content import articles, branches
from handlers.context import Context
from products import catalogue

ARTICLE_PREFIX = "article."


def show_article(ctx: Context) -> Reply:
    """An article's short form with the way to its page; the menu key names the article."""
    article = articles.get(ctx.session, ctx.inbound.text("EventKey").removeprefix(ARTICLE_PREFIX))
    link = ctx.link(f"/site/articles/{article.code}")
    return Text(f"{article.chat.strip()}\n\n{ctx.say('article_tail', link=link)}")


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
            distance=f"{distance:.1f} 公里",
            address=branch.address,
            phone=branch.phone,
        )
        for branch, distance in branches.nearest(ctx.session, latitude, longitude)
    ]
    return Text("\n\n".join(lines))


def _degrees(text: str, limit: float) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) <= limit else None
