"""Free text answered from 常见问题, and what follows: a number chosen, a word of feedback."""

from bot.replies import Reply, Text
from content import faq, faq_chats, faq_misses, faq_search
from content.faq import FaqEntry
from content.faq_chats import Turn
from content.faq_search import Found
from content.wording import fold
from handlers.context import Context

_VOTES = {"有用": True, "有帮助": True, "没用": False, "没有用": False, "没帮助": False}
_SHORTEST = 2
_NUMBERS = {str(number): number for number in range(1, faq_search.BEST + 1)}


def go_on(ctx: Context) -> Reply | None:
    """A number or a vote, if something was offered or told within ten minutes."""
    typed = fold(ctx.inbound.text("Content")[:20])
    if typed not in _VOTES and typed not in _NUMBERS:
        return None  # nothing to look up, and nothing to explain
    turn = faq_chats.last(ctx.session, ctx.openid, ctx.now)
    reply = (_vote if typed in _VOTES else _choose)(ctx, turn, typed) if turn else None
    if reply is None:
        ctx.trail.passed("context", "10 分钟内没有可选的问题或可评价的回答")
    else:
        ctx.trail.won("context", f"“{typed}”接着刚才的问题")
    return reply


def _choose(ctx: Context, turn: Turn, typed: str) -> Reply | None:
    number = _NUMBERS[typed]
    if number > len(turn.choices):
        return None
    entry = faq.live(ctx.session, [turn.choices[number - 1]])
    return _tell(ctx, next(iter(entry.values()))) if entry else None


def _vote(ctx: Context, turn: Turn, typed: str) -> Reply | None:
    if turn.entry_id is None:
        return None
    useful = _VOTES[typed]
    faq_chats.vote(ctx.session, turn.entry_id, ctx.openid, ctx.now, useful=useful)
    return Text(ctx.say("faq_useful" if useful else "faq_useless"))


def answer(ctx: Context) -> Reply | None:
    """The answer to a question, or the two or three that may be meant; else it is noted."""
    text = ctx.inbound.text("Content")
    typed = fold(text)
    if len(typed) < _SHORTEST or typed in _VOTES:
        ctx.trail.passed("faq", "太短，或只是评价")
        return None
    found = faq_search.search(ctx.session, text)
    best = found.answer
    entries = faq.live(ctx.session, [hit.entry_id for hit in found.hits]) if found.hits else {}
    if best is not None and best.entry_id in entries:
        ctx.trail.won("faq", f"接近度 {best.score:.2f}", best.question)
        return _tell(ctx, entries[best.entry_id])
    if entries:
        return _offer(ctx, found, entries)
    faq_misses.note(ctx.session, text, ctx.now)
    ctx.trail.passed("faq", "没有足够接近的问题，已记入未答问题")
    return None


def _tell(ctx: Context, entry: FaqEntry) -> Reply:
    faq.count_view(ctx.session, entry.id)
    faq_chats.remember(ctx.session, ctx.openid, entry.id, [], ctx.now)
    parts = [entry.answer]
    if entry.link:
        link = ctx.link(entry.link) if entry.link.startswith("/") else entry.link
        parts.append(ctx.say("faq_link", link=link))
    return Text("\n\n".join(["\n".join(parts), ctx.say("faq_hint")]))


def _offer(ctx: Context, found: Found, entries: dict[int, FaqEntry]) -> Reply:
    chosen = [entries[hit.entry_id] for hit in found.hits if hit.entry_id in entries]
    ctx.trail.won("faq", f"{len(chosen)} 个问题接近，请客户选", "常见问题（选择）")
    faq_chats.remember(ctx.session, ctx.openid, None, [one.id for one in chosen], ctx.now)
    lines = [f"{number}. {entry.question}" for number, entry in enumerate(chosen, 1)]
    return Text("\n".join([ctx.say("faq_choices_head"), *lines, ctx.say("faq_choices_tail")]))
