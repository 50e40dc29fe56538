"""Import: the menu that an account has in WeChat becomes a draft, before we take it over.

Nothing at WeChat changes by it. What cannot be taken over as it is stands in the draft's remarks.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.reviews import Hand
from kernel.refusals import Refused
from loyalty.tags import Tag
from menus import versions
from menus.conditional import MAX_VARIANTS, PLATFORMS, Face, Rule, Variant
from menus.publisher import Conditional, reading_of
from menus.versions import MenuVersion
from menus.wechat_shape import from_wechat
from menus.wechat_tags import WechatTag

_RULE_NAMES = {"tag_id", "client_platform_type"}


class NothingToImport(Refused):
    """The account has no menu."""

    code = "nothing_to_import"


def take_over(
    session: Session,
    answers: tuple[dict[str, Any] | None, dict[str, Any], dict[str, int]],
    hand: Hand,
    base_url: str,
) -> MenuVersion:
    """A draft of what WeChat has; see its `remarks`. Raises NothingToImport.

    `answers` are those of the platform's `read`, `read_current` and `tags`.
    """
    read, current, tags = answers
    reading = reading_of(read)
    info = current.get("selfmenu_info")
    shown = info.get("button") if isinstance(info, dict) else None
    # What WeChat's console made is only in the second answer; what an API made is in both.
    buttons = shown if isinstance(shown, list) and shown else reading.buttons
    if not buttons:
        raise NothingToImport
    everybody = from_wechat(buttons, base_url)
    remarks = list(everybody.problems)
    if current.get("is_menu_open") == 0:
        remarks.append("微信后台的菜单是关闭的，发布后会开启")
    if len(reading.conditional) > MAX_VARIANTS:
        left = len(reading.conditional) - MAX_VARIANTS
        remarks.append(f"个性化菜单超过 {MAX_VARIANTS} 套，最早的 {left} 套没有导入")
    variants = tuple(
        _variant(session, one, tags, (base_url, remarks), number)
        for number, one in enumerate(reading.conditional[:MAX_VARIANTS], start=1)
    )
    face = Face(everybody.menu, variants)
    made = versions.draft(session, face, "从微信导入", hand)
    made.remarks = [remark[:300] for remark in remarks]
    return made


def _variant(
    session: Session,
    one: Conditional,
    tags: dict[str, int],
    out: tuple[str, list[str]],
    number: int,
) -> Variant:
    base_url, remarks = out
    menu = from_wechat(one.buttons, base_url)
    name = f"导入 {number}"
    remarks.extend(f"个性化菜单「{name}」{problem}" for problem in menu.problems)
    for gone in sorted(one.rule.keys() - _RULE_NAMES):
        remarks.append(f"个性化菜单「{name}」：微信已不支持按 {gone} 区分，条件没有导入")
    wanted = one.rule.get("tag_id", "")
    code = _tag_code(session, wanted, tags) if wanted else ""
    if wanted and not code:
        called = next((name for name, number in tags.items() if str(number) == wanted), wanted)
        remarks.append(f"个性化菜单「{name}」：这里没有标签“{called}”，请先建立并重新选择")
    platform = one.rule.get("client_platform_type", "")
    return Variant(name, Rule(code, platform if platform in PLATFORMS else ""), menu.menu)


def _tag_code(session: Session, wechat_id: str, tags: dict[str, int]) -> str:
    """The code of our tag that stands for it: as noted, else the one of the same name."""
    name = next((name for name, number in tags.items() if str(number) == wechat_id), None)
    noted = select(Tag.code).join(WechatTag, WechatTag.tag_id == Tag.id)
    found = None
    if wechat_id.isdecimal():
        found = session.scalar(noted.where(WechatTag.wechat_id == int(wechat_id)).limit(1))
    if found is None and name is not None:
        found = session.scalar(
            select(Tag.code).where(Tag.name == name, Tag.active.is_(True)).limit(1)
        )
    return found or ""
