"""What WeChat refuses: names and texts too long, quotas, hours, what templates may not say."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from content import compliance_links
from content.compliance_cases import MOST_CHARS, Case, Check, Hit, Words, stated, words
from kernel.clock import SHANGHAI

HALL_NAME_BYTES, ENTRY_NAME_BYTES = 16, 60
MAX_HALLS, MAX_ENTRIES = 3, 5
TEXT_BYTES = 2048
TITLE_CHARS, DIGEST_CHARS, BODY_CHARS = 64, 120, 20_000

_SLOT = re.compile(r"\{{1,2}\s*([\w.\u3400-\u9fff]{0,30})\s*\}{1,2}")
_TEST_ONLY = re.compile(r"\s*(?:测试|test|demo|aaa+|111+|\.{3,}|待定|无)\s*\d*\s*")
_OPT_OUT = re.compile(r"(?:拒收|退订|回复|回)\s?[\"“]?(?:r|td|t|n)\b|退订请|拒收请")


def menu_names(case: Case, _listed: Words) -> Iterator[Hit]:
    """Names of buttons by their bytes. Fact: `tree`, as `menus.tree.to_json` writes it."""
    for hall in _halls(case):
        name = str(hall.get("name", ""))
        yield from _name(name, name, HALL_NAME_BYTES)
        for entry in _entries(hall):
            inner = str(entry.get("name", ""))
            yield from _name(f"{name} / {inner}", inner, ENTRY_NAME_BYTES)
    if not case.knows("tree"):
        for passage in case.work.passages:
            yield from _name(passage.place, passage.text, ENTRY_NAME_BYTES)


def menu_counts(case: Case, _listed: Words) -> Iterator[Hit]:
    """How many buttons there are. Fact: `tree`."""
    if not case.knows("tree"):
        return
    halls = _halls(case)
    if not 1 <= len(halls) <= MAX_HALLS:
        yield Hit("菜单", "", f"现有 {len(halls)} 个一级菜单")
    for hall in halls:
        if len(_entries(hall)) > MAX_ENTRIES:
            yield Hit(str(hall.get("name", "")), "", f"现有 {len(_entries(hall))} 项")


def reply_bytes(case: Case, _listed: Words) -> Iterator[Hit]:
    """A text message by its bytes."""
    for passage in case.work.passages:
        count = len(passage.text.strip().encode(errors="replace"))
        if count > TEXT_BYTES:
            yield Hit(passage.place, "", f"现有 {count:,} 字节")


def title_length(case: Case, _listed: Words) -> Iterator[Hit]:
    """The title of an article."""
    return _longer(case, "标题", TITLE_CHARS)


def digest_length(case: Case, _listed: Words) -> Iterator[Hit]:
    """The digest of an article."""
    return _longer(case, "摘要", DIGEST_CHARS)


def text_too_long(case: Case, _listed: Words) -> Iterator[Hit]:
    """An article in all; any other text where the rules stop reading."""
    count = sum(len(passage.text) for passage in case.work.passages)
    most = BODY_CHARS if case.work.kind == "article" else MOST_CHARS
    if count >= most:
        yield Hit("正文", "", f"现有 {count:,} 字")


def quiet_hours(case: Case, _listed: Words) -> Iterator[Hit]:
    """A push while people sleep. Fact: `at`."""
    at = case.fact("at")
    if isinstance(at, datetime):
        clock = at.astimezone(SHANGHAI).time()
        if clock >= case.setting.quiet_from or clock < case.setting.quiet_until:
            yield Hit("发送时间", f"{clock:%H:%M}")


def mass_quota(case: Case, _listed: Words) -> Iterator[Hit]:
    """One mass send too many. Facts: `channel`, `sent_this_month`."""
    sent = case.fact("sent_this_month")
    is_mass = case.fact("channel") in {None, "mass"}
    if is_mass and isinstance(sent, int) and sent >= case.setting.mass_sends_a_month:
        yield Hit("群发", "", f"本月已发 {sent} 次")


def placeholder(case: Case, _listed: Words) -> Iterator[Hit]:
    """Braces that nobody filled. Fact: `slots`, the names that the program fills."""
    slots: Iterable[object] = case.fact("slots") or ()
    known = {str(slot).casefold() for slot in slots}
    for line in case.lines:
        for match in _SLOT.finditer(line.plain.text):
            if match[1] not in known:
                yield Hit(line.place, line.plain.quote(*match.span()))


def test_words(case: Case, listed: Words) -> Iterator[Hit]:
    """What was written to try something out."""
    yield from words(case, listed)
    for line in case.lines:
        if case.work.kind != "menu" and _TEST_ONLY.fullmatch(line.dense.text):
            yield Hit(line.place, line.dense.original.strip()[:20])


def sms_opt_out(case: Case, _listed: Words) -> Iterator[Hit]:
    """A short message that does not say how to be left alone. Fact: `channel`."""
    if case.fact("channel") == "sms" and not _OPT_OUT.search(case.all_text):
        yield Hit("短信", "")


def _name(place: str, name: str, most: int) -> Iterator[Hit]:
    count = len(name.encode(errors="replace"))
    if count > most:
        yield Hit(place, name[:30], f"现有 {count} 字节，最多 {most}")


def _longer(case: Case, place: str, most: int) -> Iterator[Hit]:
    for passage in case.work.passages:
        count = len(passage.text.strip())
        if passage.place == place and count > most:
            yield Hit(place, "", f"现有 {count} 字")


def _halls(case: Case) -> list[dict[str, Any]]:
    tree = case.fact("tree")
    return [hall for hall in tree if isinstance(hall, dict)] if isinstance(tree, list) else []


def _entries(hall: dict[str, Any]) -> list[dict[str, Any]]:
    found = hall.get("entries") or hall.get("sub_button") or []
    return [entry for entry in found if isinstance(entry, dict)]


CHECKS: Mapping[str, Check] = {
    **compliance_links.CHECKS,
    "menu-names": menu_names,
    "menu-counts": menu_counts,
    "reply-bytes": reply_bytes,
    "title-length": title_length,
    "digest-length": digest_length,
    "text-too-long": text_too_long,
    "quiet-hours": quiet_hours,
    "mass-quota": mass_quota,
    "template-marketing": stated,
    "placeholder": placeholder,
    "test-words": test_words,
    "sms-opt-out": sms_opt_out,
}
