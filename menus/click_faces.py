"""Which menu a follower tapped: everybody's, a variant of it, or the one on trial.

WeChat tells who tapped what and when, not on which menu. The tags that WeChat has on him tell; on
which kind of phone he is nobody says, so between variants for one it is the entry that decides.
Tags are those of the counting, some minutes after the tap.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.inbox import EVENT_KEY_LETTERS
from loyalty.tags import Tag
from menus import versions
from menus.conditional import Rule
from menus.platform import MenuRules
from menus.publications import FOR_ALL, MenuPublication
from menus.tree import Menu
from menus.wechat_tags import WechatTagging

EVERYBODYS = 0
_OPENIDS = 500


class Tapped(NamedTuple):
    """A menu: the version, and which of its variants, from 1; 0 is everybody's."""

    version_id: int
    variant: int


@dataclass(frozen=True)
class _Shown:
    """A menu that somebody may see, by which rule, and what taps on it are counted under."""

    menu: Tapped
    rule: Rule
    keys: frozenset[str]


class Faces:
    """The menus that were live when, newest first."""

    def __init__(self, session: Session, rules: MenuRules) -> None:
        self._session, self._rules = session, rules
        rows = session.execute(
            select(MenuPublication.settled_at, MenuPublication.version_id, MenuPublication.why)
            .where(MenuPublication.state == "done", MenuPublication.settled_at.is_not(None))
            .order_by(MenuPublication.settled_at.desc(), MenuPublication.id.desc())
            .limit(1_000)
        ).all()
        self._history: list[tuple[datetime, int, str]] = [
            (at, number, why) for at, number, why in rows if at is not None
        ]
        self._read: dict[tuple[int, int], list[_Shown]] = {}

    def tapped(self, at: datetime, key: str, tags: Collection[str]) -> Tapped | None:
        """The menu on which `key` was tapped by who has these tags; None while none was live."""
        shown = next((one for when, one, why in self._history if when <= at and why in FOR_ALL), 0)
        if not shown:
            return None
        sure = self._fitting(self.shown(shown, self._trial_at(at)), tags)
        return next((one.menu for one in sure if key in one.keys), sure[-1].menu)

    @staticmethod
    def _fitting(every: Sequence[_Shown], tags: Collection[str]) -> list[_Shown]:
        """What he may have seen, the last one at the latest."""
        fitting = []
        for one in every:
            if one.rule.tag and one.rule.tag not in tags:
                continue
            fitting.append(one)
            if not one.rule.platform:
                break
        return fitting

    def _trial_at(self, at: datetime) -> int:
        released: set[int] = set()
        for number, why in ((one, why) for when, one, why in self._history if when <= at):
            if why in FOR_ALL:
                released.add(number)
            else:
                return number if why == "trial" and number not in released else 0
        return 0

    def shown(self, version_id: int, trial_id: int) -> list[_Shown]:
        """The menus of a version and of one on trial, in WeChat's order."""
        found = self._read.get((version_id, trial_id))
        if found is None:
            found = self._read[version_id, trial_id] = list(self._menus(version_id, trial_id))
        return found

    def _menus(self, version_id: int, trial_id: int) -> Iterable[_Shown]:
        if trial_id and trial_id != version_id:
            menu = versions.menu_of(versions.get(self._session, trial_id))
            yield self._one(Tapped(trial_id, EVERYBODYS), Rule(self._rules.trial_tag), menu)
        face = versions.face_of(versions.get(self._session, version_id))
        for number, variant in enumerate(face.variants, 1):
            yield self._one(Tapped(version_id, number), variant.rule, variant.menu)
        yield self._one(Tapped(version_id, EVERYBODYS), Rule(), face.menu)

    def _one(self, tapped: Tapped, rule: Rule, menu: Menu) -> _Shown:
        base_url = self._rules.base_url
        keys = (entry.target.event_key(base_url) for _, entry in menu.leaves())
        return _Shown(tapped, rule, frozenset(countable(key) for key in keys if key is not None))


def tags_of(session: Session, openids: Collection[str]) -> dict[str, set[str]]:
    """The tags, by code, that WeChat has on these followers."""
    found: dict[str, set[str]] = {}
    every = sorted(openids)
    for start in range(0, len(every), _OPENIDS):
        some = every[start : start + _OPENIDS]
        rows = session.execute(
            select(WechatTagging.openid, Tag.code)
            .join(Tag, Tag.id == WechatTagging.tag_id)
            .where(
                WechatTagging.openid.in_(some),
                WechatTagging.wanted.is_(True),
                WechatTagging.state == "done",
            )
        )
        for openid, code in rows:
            found.setdefault(openid, set()).add(code)
    return found


def countable(event_key: str) -> str:
    """What a tap is counted under: the key, or the address without query and fragment."""
    return event_key.partition("?")[0].partition("#")[0][:EVENT_KEY_LETTERS]
