"""The other two halls, 产品申办 and 优惠活动, as far as they are answered in the chat."""

from bot.replies import Reply, Text
from handlers.context import Context
from promotions import campaigns


def show_promotions(ctx: Context) -> Reply:
    """活动: what is on now."""
    live = campaigns.live(ctx.session, ctx.now)
    if not live:
        return Text(ctx.say("promotions_none"))
    lines = [ctx.say("promotions_head")]
    lines += [
        ctx.say(
            "promotion_line",
            title=campaign.title,
            summary=campaign.summary,
            link=ctx.link(f"/site/campaigns/{campaign.code}"),
        )
        for campaign in live[:5]
    ]
    return Text("\n\n".join(lines))


def show_products(ctx: Context) -> Reply:
    """申办: the way to the catalogue and its forms."""
    return Text(ctx.say("products", link=ctx.link("/site/products")))


def show_applications(ctx: Context) -> Reply:
    """进度: the way to one's applications."""
    return Text(ctx.say("applications", link=ctx.link("/site/applications")))
