"""THE decision: what a message is answered with, in which order things are asked.

The test box of the console runs this very function on a transaction that is undone, and shows the
trail that it leaves behind.
"""

from collections.abc import Callable

from bot.replies import Nothing, Reply
from content.functions import FUNCTIONS, WORDS
from content.reply_book import Rule
from content.reply_decisions import Asked, choose
from content.wording import fold
from handlers import business, desk, duty, follows, membership, questions, routes, rule_replies
from handlers.context import Context
from handlers.rule_replies import Answer

# A menu key that names a rule: its replies, whatever its patterns are.
RULE_PREFIX = "reply."
# What people sent, as rules call it.
_RULE_KINDS = {
    "text": "text",
    "image": "image",
    "voice": "voice",
    "video": "video",
    "shortvideo": "video",
    "location": "location",
    "link": "link",
    "event.subscribe": "follow",
    "event.scan": "scan",
}
Stage = Callable[[Context], Answer | Reply | None]


def decide(ctx: Context) -> Answer:
    """The answer to a message; the context's trail tells how it came about."""
    if ctx.inbound.kind in {"event.click", "event.scancode_waitmsg"}:
        return _click(ctx)
    for stage in _STAGES.get(ctx.inbound.kind, (_by_kind,)):
        answer = stage(ctx)
        if answer is not None:
            return answer if isinstance(answer, Answer) else Answer(answer)
    return Answer(Nothing())


def _click(ctx: Context) -> Answer:
    key = ctx.inbound.text("EventKey")
    if key.startswith(RULE_PREFIX):
        rule = _named(ctx, key.removeprefix(RULE_PREFIX))
        if rule is not None:
            ctx.trail.won("rule", "菜单指定", rule.name)
            return rule_replies.answer(ctx, rule)
        ctx.trail.passed("rule", "菜单指定的规则没有使用")
    handler = routes.find_key(key)
    if handler is None:
        return Answer(_say_default(ctx))
    ctx.trail.won("function", "菜单指定", FUNCTIONS.get(key, key))
    return Answer(handler(ctx))


def _named(ctx: Context, code: str) -> Rule | None:
    rules = ctx.rules.book.rules(ctx.session)
    return next((rule for rule in rules if rule.code == code and not rule.paused), None)


def _by_rule(ctx: Context) -> Answer | None:
    asked = _asked(ctx, _RULE_KINDS[ctx.inbound.kind])
    rule = choose(ctx.rules.book.rules(ctx.session), asked, ctx.trail)
    return rule_replies.answer(ctx, rule) if rule is not None else None


def _by_default_rule(ctx: Context) -> Answer | None:
    rules = [rule for rule in ctx.rules.book.rules(ctx.session) if "default" in rule.kinds]
    rule = choose(rules, _asked(ctx, "default"), ctx.trail)
    return rule_replies.answer(ctx, rule) if rule is not None else None


def _asked(ctx: Context, kind: str) -> Asked:
    return Asked(
        session=ctx.session,
        kind=kind,
        openid=ctx.openid,
        at=ctx.now,
        text=ctx.inbound.text("Content") if kind == "text" else "",
        scene=follows.scene_of(ctx),
        is_talking=lambda: desk.is_talking(ctx),
    )


def _by_word(ctx: Context) -> Reply | None:
    key = WORDS.get(fold(ctx.inbound.text("Content")))
    if key is None:
        ctx.trail.passed("function", "不是内置功能的词")
        return None
    ctx.trail.won("function", "", FUNCTIONS[key])
    return routes.FUNCTIONS[key](ctx)


def _by_phrase(ctx: Context) -> Reply | None:
    # Written down first: a claim may be refused, which is an answer too.
    ctx.trail.won("phrase", "是领券口令")
    claimed = membership.claim_by_phrase(ctx)
    if claimed is None:
        ctx.trail.steps.pop()
        ctx.trail.passed("phrase", "不是领券口令")
    return claimed


def _to_staff(ctx: Context) -> Reply | None:
    reply = desk.listen(ctx)
    if reply is None:
        ctx.trail.passed("conversation", "没有进行中的人工对话")
    else:
        ctx.trail.won("conversation", "转给人工")
    return reply


def _also_to_staff(ctx: Context) -> None:
    # A place is shown to whoever he talks to, and is answered all the same.
    desk.listen(ctx)


def _say_default(ctx: Context) -> Reply:
    ctx.trail.won("default")
    return desk.say_default(ctx)


def _ask_for_words(ctx: Context) -> Reply:
    ctx.trail.won("default", "看不懂的消息类型")
    return desk.ask_for_words(ctx)


def _show_nearest(ctx: Context) -> Reply:
    ctx.trail.won("function", "", "最近的营业厅")
    return business.show_nearest(ctx)


def _note_follow(ctx: Context) -> None:
    follows.note_follow(ctx)


def _greet(ctx: Context) -> Reply:
    ctx.trail.won("default", "", "关注欢迎语")
    return follows.greet(ctx)


def _note_scan(ctx: Context) -> None:
    follows.note_scan(ctx)


def _greet_back(ctx: Context) -> Reply:
    ctx.trail.won("default", "", "扫码欢迎语")
    return follows.greet_back(ctx)


def _by_kind(ctx: Context) -> Reply:
    return routes.find_kind(ctx.inbound.kind)(ctx)


_UNREADABLE: tuple[Stage, ...] = (_to_staff, _by_rule, _by_default_rule, _ask_for_words)
_STAGES: dict[str, tuple[Stage, ...]] = {
    "text": (
        duty.answer,
        questions.go_on,
        _by_rule,
        _by_word,
        _by_phrase,
        _to_staff,
        questions.answer,
        _by_default_rule,
        _say_default,
    ),
    "location": (_also_to_staff, _by_rule, _show_nearest),
    "event.subscribe": (_note_follow, _by_rule, _greet),
    "event.scan": (_note_scan, _by_rule, _greet_back),
    **dict.fromkeys(("image", "voice", "video", "shortvideo", "link"), _UNREADABLE),
}
