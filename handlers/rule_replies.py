"""What a reply rule answers, turned into replies: the first is passive, further ones are sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.replies import Card, Image, Reply, Text, Video, Voice, to_custom
from content import customer_messages, reply_matches
from content.reply_book import Rule
from handlers import business, desk, routes
from handlers.context import Context


@dataclass(frozen=True)
class Answer:
    """A passive reply and what follows it as customer messages."""

    reply: Reply
    further: tuple[Reply, ...] = ()


def answer(ctx: Context, rule: Rule) -> Answer:
    """The rule's reply: the first one, one by chance, or all of them."""
    reply_matches.note(ctx.session, rule.id, ctx.now)
    items = rule.replies
    if rule.mode == "random":
        items = (items[ctx.rules.pick(len(items))],)
    elif rule.mode == "first":
        items = items[:1]
    replies = [_READERS[item.kind](ctx, item.values) for item in items]
    further = tuple(reply for reply in replies[1:] if to_custom(reply) is not None)
    for number, reply in enumerate(further, 1):
        reference = f"reply:{ctx.inbound.key}:{number}"
        body = to_custom(reply) or {}
        customer_messages.post(ctx.session, ctx.openid, reference, body, ctx.now)
    return Answer(replies[0], further)


def _card(ctx: Context, values: Mapping[str, str]) -> Reply:
    url, picture = (_address(ctx, values[name]) for name in ("url", "picture"))
    return Card(values["title"], values["description"], url, picture)


def _address(ctx: Context, link: str) -> str:
    return ctx.link(link) if link.startswith("/") else link


def _video(_ctx: Context, values: Mapping[str, str]) -> Reply:
    return Video(values["media_id"], values["title"], values["description"])


_READERS: dict[str, Callable[[Context, Mapping[str, str]], Reply]] = {
    "text": lambda _ctx, values: Text(values["text"]),
    "news": _card,
    "image": lambda _ctx, values: Image(values["media_id"]),
    "voice": lambda _ctx, values: Voice(values["media_id"]),
    "video": _video,
    "article": lambda ctx, values: business.tell_article(ctx, values["code"]),
    "staff": lambda ctx, _values: desk.hand_over(ctx),
    "function": lambda ctx, values: routes.FUNCTIONS[values["key"]](ctx),
}
