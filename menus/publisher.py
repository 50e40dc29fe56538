"""The calls that bring WeChat's menu to a face: no transaction is open meanwhile.

New conditional menus are added before everybody's menu is replaced, and old ones go last: a
follower always has one of the two, and a refusal on the way leaves everything as it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kernel.outcomes import CallFailed, Outcome
from menus.conditional import Face, Rule
from menus.platform import MenuPlatform
from menus.sendings import Order
from menus.wechat_shape import same_buttons, to_wechat
from menus.wechat_tags import MOST_TAGS


@dataclass(frozen=True)
class Conditional:
    """A conditional menu as WeChat has it."""

    menuid: str
    rule: dict[str, str]
    buttons: list[Any]


@dataclass(frozen=True)
class Reading:
    """The answer of menu/get, read with care; the conditional menus newest first."""

    buttons: list[Any] | None
    conditional: list[Conditional] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    """What came of it, and the ids of tags that had to be found or made, by code."""

    outcome: Outcome
    tags: dict[str, int] = field(default_factory=dict)


def reading_of(answer: dict[str, Any] | None) -> Reading:
    """menu/get's answer in our terms."""
    if answer is None:
        return Reading(None)
    menu, conditional = answer.get("menu"), answer.get("conditionalmenu")
    buttons = menu.get("button") if isinstance(menu, dict) else None
    return Reading(
        buttons if isinstance(buttons, list) else None,
        [_conditional(one) for one in _dicts(conditional)],
    )


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _conditional(one: dict[str, Any]) -> Conditional:
    rule = one.get("matchrule")
    plain = rule_of(rule if isinstance(rule, dict) else {})
    buttons = one.get("button")
    return Conditional(
        str(one.get("menuid", "")), plain, buttons if isinstance(buttons, list) else []
    )


def rule_of(rule: dict[str, Any]) -> dict[str, str]:
    """A match rule without what is empty; WeChat calls a tag `group_id` in old answers."""
    plain = {name: str(value) for name, value in rule.items() if value not in ("", None, 0)}
    if "group_id" in plain:
        plain["tag_id"] = plain.pop("group_id")
    return plain


def match_rule(rule: Rule, tags: dict[str, int]) -> dict[str, str]:
    """The match rule of menu/addconditional."""
    sent = {"tag_id": str(tags.get(rule.tag, ""))} if rule.tag else {}
    return sent | ({"client_platform_type": rule.platform} if rule.platform else {})


def bodies(face: Face, tags: dict[str, int], base_url: str) -> list[dict[str, Any]]:
    """The conditional menus to be added, the one that matches first first."""
    return [
        {**to_wechat(one.menu, base_url), "matchrule": match_rule(one.rule, tags)}
        for one in face.variants
    ]


def carry_out(platform: MenuPlatform, order: Order, base_url: str) -> Result:
    """Bring WeChat's menu to the order's face. Never raises CallFailed: the outcome tells."""
    tags: dict[str, int] = {}
    try:
        tags = find_tags(platform, order.tags, order.tag_names)
        _bring(platform, order.face, {**order.tags, **tags}, base_url)
    except CallFailed as failed:
        return Result(failed.outcome, tags)
    return Result(Outcome("sent"), tags)


def find_tags(
    platform: MenuPlatform, known_ids: Mapping[str, int], names: Mapping[str, str]
) -> dict[str, int]:
    """The ids of tags (code → name) that are not known yet: found by name, else made.

    Raises CallFailed, 45056 when the account has 100 tags already.
    """
    missing = {code: name for code, name in names.items() if code not in known_ids}
    if not missing:
        return {}
    known = platform.tags()
    found: dict[str, int] = {}
    for code, name in missing.items():
        if name not in known and len(known) >= MOST_TAGS:
            raise CallFailed(Outcome("refused", "45056"))
        if name not in known:
            known[name] = platform.create_tag(name)
        found[code] = known[name]
    return found


def _bring(platform: MenuPlatform, face: Face, tags: dict[str, int], base_url: str) -> None:
    before = reading_of(platform.read())
    everybody = to_wechat(face.menu, base_url)
    wanted = bodies(face, tags, base_url)
    if before.buttons is None:
        platform.create(everybody)  # a conditional menu needs one for everybody
    added: list[str] = []
    is_new = not _same(before.conditional, wanted)
    try:
        if is_new:
            for body in reversed(wanted):
                added.append(platform.add_conditional(body))
        if before.buttons is not None and not same_buttons(everybody["button"], before.buttons):
            platform.create(everybody)
    except CallFailed as failed:
        if failed.outcome.verdict != "unknown":
            _take_back(platform, added)
        raise
    for old in before.conditional if is_new else []:
        platform.delete_conditional(old.menuid)


def _take_back(platform: MenuPlatform, added: Sequence[str]) -> None:
    for menuid in added:
        try:
            platform.delete_conditional(menuid)
        except CallFailed as failed:
            # The first failure is not the whole truth any more: only a look can tell.
            raise CallFailed(Outcome("unknown", failed.outcome.reason)) from failed


def _same(theirs: Sequence[Conditional], ours: Sequence[dict[str, Any]]) -> bool:
    return len(theirs) == len(ours) and all(
        old.rule == new["matchrule"] and same_buttons(new["button"], old.buttons)
        for old, new in zip(theirs, ours, strict=True)
    )


def differences(face: Face, tags: dict[str, int], reading: Reading, base_url: str) -> list[str]:
    """How WeChat's menu differs from a face, in sentences; empty when it does not."""
    if reading.buttons is None:
        return ["微信上没有菜单"]
    found = []
    if not same_buttons(to_wechat(face.menu, base_url)["button"], reading.buttons):
        found.append("默认菜单与这里的不同")
    wanted = bodies(face, tags, base_url)
    if _same(reading.conditional, wanted):
        return found
    if len(reading.conditional) != len(wanted):
        return [
            *found,
            f"微信上有 {len(reading.conditional)} 套个性化菜单，这里应有 {len(wanted)} 套",
        ]
    return [*found, "个性化菜单的内容、条件或顺序与这里的不同"]
