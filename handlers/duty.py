"""What the duty manager types: 绑定值班 123456, 停发 短信, 恢复 全部, 推送状态."""

import re
from collections.abc import Callable

from bot.replies import Reply, Text
from content.reviews import Hand
from content.wording import fold
from handlers.context import Context
from kernel.operators import Operator
from pushes import duty, pushes, switches
from pushes.channels import NAMES

_BIND = re.compile(r"绑定值班(\d{6})", re.ASCII)
_ACT = re.compile(r"(停发|恢复)(.{1,10})")
_STATUS = "推送状态"
_ALL = "全部"
_CHANNELS = {name: channel for channel, name in NAMES.items()}


def answer(ctx: Context) -> Reply | None:
    """What a bound operator asked for; None for everybody and everything else."""
    text = fold(ctx.inbound.text("Content"))
    if found := _BIND.fullmatch(text):
        return _bind(ctx, found[1])
    act = _ACT.fullmatch(text)
    channels = _named(act[2]) if act else []
    if text != _STATUS and not channels:
        return None
    operator = duty.find(ctx.session, ctx.openid)
    if operator is None:
        return None  # he is answered like anybody who types that
    ctx.trail.won("function", "", "值班指令")
    if act is None:
        return Text(_status(ctx))
    return _switch(ctx, operator, act[1], channels)


def _bind(ctx: Context, code: str) -> Reply:
    ctx.trail.won("function", "", "绑定值班")
    operator = duty.bind(ctx.session, ctx.rules.vault.digest, ctx.openid, code, ctx.now)
    if operator is None:
        return Text(ctx.say("duty_code_wrong"))
    return Text(ctx.say("duty_bound", name=operator.name))


def _named(said: str) -> list[str]:
    if said == _ALL:
        return list(NAMES)
    return [_CHANNELS[said]] if said in _CHANNELS else []


def _switch(ctx: Context, operator: Operator, verb: str, channels: list[str]) -> Reply:
    hand = Hand(operator.id, ctx.now)

    def stop(channel: str) -> bool:
        return switches.stop(ctx.session, channel, "值班聊天指令", hand)

    def let_on(channel: str) -> bool:
        return switches.let_on(ctx.session, channel, hand)

    act: Callable[[str], bool] = stop if verb == "停发" else let_on
    changed = [NAMES[channel] for channel in channels if act(channel)]
    said = f"已{verb}：{'、'.join(changed)}" if changed else "没有变化"
    return Text(f"{said}\n{_status(ctx)}")


def _status(ctx: Context) -> str:
    stopped = switches.stopped(ctx.session)
    names = "、".join(NAMES[channel] for channel in NAMES if channel in stopped)
    return ctx.say(
        "duty_status",
        stopped=names or "无",
        running=pushes.count_in(ctx.session, "running"),
        paused=pushes.count_in(ctx.session, "paused"),
        waiting=pushes.count_in(ctx.session, "scheduled"),
    )
