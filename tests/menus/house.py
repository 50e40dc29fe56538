"""Menus on a real database, with a WeChat of a few lines that can be told to fail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from content.reviews import Hand
from handlers import menu_jobs
from handlers.tools import Tools
from kernel.db import Database
from kernel.operators import Operator
from kernel.outcomes import CallFailed, Outcome
from kernel.vault import Vault
from loyalty import followers, members, tags
from loyalty.members import Registration
from menus import approvals, live, publications, versions
from menus.conditional import Face, Rule, Variant
from menus.platform import MenuRules
from menus.publications import MenuPublication, Plan
from menus.targets import click, view
from menus.tree import Entry, Hall, Menu
from menus.versions import MenuVersion
from pushes.clicks import Links
from tests.world import NOON, MovableClock

T = TypeVar("T")

BASE = "https://hall.test"
RULES = MenuRules(BASE, "trial")
MARKETER, APPROVER, OTHER = 1, 2, 3


class Killed(BaseException):
    """The process is gone at this very line."""


def menu(*names: str) -> Menu:
    """Entries of one hall, each answered by the prices."""
    entries = tuple(Entry(name, click("prices")) for name in names)
    return Menu((Hall("业务介绍", entries), Hall("会员中心", target=view("/site/"))))


@dataclass
class Wechat:
    """What WeChat has. `failing` is by method: raised instead of the call, or after it."""

    buttons: list[Any] | None = None
    conditional: list[dict[str, Any]] = field(default_factory=list)
    named: dict[str, int] = field(default_factory=dict)
    tagged: dict[int, set[str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    failing: dict[str, list[BaseException]] = field(default_factory=dict)
    after: dict[str, list[BaseException]] = field(default_factory=dict)
    ids: int = 400

    def fail(self, method: str, verdict: Any, reason: str = "") -> None:
        """The next call of a method goes wrong."""
        failed = CallFailed(Outcome(verdict, reason or None))
        self.failing.setdefault(method, []).append(failed)

    def kill(self, method: str, *, arrived: bool) -> None:
        """The worker dies at the next call of a method, before or after it arrived."""
        (self.after if arrived else self.failing).setdefault(method, []).append(Killed())

    def _called(self, method: str, act: Callable[[], T]) -> T:
        self.calls.append(method)
        if self.failing.get(method):
            raise self.failing[method].pop(0)
        result = act()
        if self.after.get(method):
            raise self.after[method].pop(0)
        return result

    def read(self) -> dict[str, Any] | None:
        """menu/get"""

        def answer() -> dict[str, Any] | None:
            if self.buttons is None:
                return None
            return {"menu": {"button": self.buttons}, "conditionalmenu": list(self.conditional)}

        return self._called("read", answer)

    def read_current(self) -> dict[str, Any]:
        """get_current_selfmenu_info"""
        return self._called("read_current", lambda: {"is_menu_open": 1, "selfmenu_info": {}})

    def create(self, body: dict[str, Any]) -> None:
        """menu/create"""
        self._called("create", partial(setattr, self, "buttons", body["button"]))

    def add_conditional(self, body: dict[str, Any]) -> str:
        """menu/addconditional"""

        def add() -> str:
            self.ids += 1
            self.conditional.insert(0, {**body, "menuid": self.ids})
            return str(self.ids)

        return self._called("add_conditional", add)

    def delete_conditional(self, menuid: str) -> None:
        """menu/delconditional"""
        kept = [one for one in self.conditional if str(one["menuid"]) != menuid]
        self._called("delete_conditional", partial(setattr, self, "conditional", kept))

    def match(self, openid: str) -> list[Any]:
        """menu/trymatch"""
        return self._called("match", lambda: self.buttons or [])

    def tags(self) -> dict[str, int]:
        """tags/get"""
        return self._called("tags", lambda: dict(self.named))

    def create_tag(self, name: str) -> int:
        """tags/create"""
        return self._called(
            "create_tag", lambda: self.named.setdefault(name, 100 + len(self.named))
        )

    def put_tag(self, wechat_id: int, openids: Sequence[str]) -> None:
        """tags/members/batchtagging"""
        assert 1 <= len(openids) <= 50
        self._called("put_tag", lambda: self.tagged.setdefault(wechat_id, set()).update(openids))

    def take_tag(self, wechat_id: int, openids: Sequence[str]) -> None:
        """tags/members/batchuntagging"""
        self._called(
            "take_tag", lambda: self.tagged.setdefault(wechat_id, set()).difference_update(openids)
        )

    @property
    def names(self) -> list[str]:
        """What the first hall holds."""
        return [sub["name"] for sub in (self.buttons or [{}])[0].get("sub_button", [])]


@dataclass
class House:
    """What a test of menus holds in its hands."""

    database: Database
    clock: MovableClock
    wechat: Wechat = field(default_factory=Wechat)
    waiting: list[str] = field(default_factory=list)

    @property
    def tools(self) -> Tools:
        """The tools of one process."""
        vault = Vault({"k1": b"k" * 32}, b"l" * 32)
        nobody: Any = None  # menus send nothing to anybody
        return Tools(
            *(self.database, self.clock, vault, nobody, nobody, self._put),
            Links("", vault.digest),
            nobody,
            menus=self.wechat,
            menu_rules=RULES,
        )

    def _put(self, name: str, item_id: int, /) -> bool:
        self.waiting.append(name)
        return True

    def hand(self, by: int) -> Hand:
        """An operator, now."""
        return Hand(by, self.clock.now())

    def do(self, act: Callable[[Session], T]) -> T:
        """One transaction."""
        return self.database.transaction(act)

    def approved(self, face: Face | Menu, note: str = "") -> int:
        """A version that the marketer wrote and the approver approved; its number."""
        shown = Face(face) if isinstance(face, Menu) else face

        def make(session: Session) -> int:
            version = versions.draft(session, shown, note, self.hand(MARKETER))
            approvals.ask(session, version.id, self.hand(MARKETER), BASE)
            approvals.approve(session, version.id, self.hand(APPROVER), "可以")
            return version.id

        return self.do(make)

    def order(self, version_id: int, plan: Plan | None = None) -> int:
        """Order a version to be published; the publication's number."""
        hand, wanted = self.hand(MARKETER), plan or Plan()
        return self.do(lambda db: publications.publish(db, version_id, hand, wanted)).id

    def publish(self, face: Face | Menu, note: str = "", plan: Plan | None = None) -> int:
        """A version that is live; its number."""
        version_id = self.approved(face, note)
        self.order(version_id, plan)
        self.send()
        return version_id

    def send(self) -> None:
        """A worker carries out what is due."""
        menu_jobs.send_menus(self.tools)

    def check(self) -> list[str] | None:
        """A look at WeChat's menu."""
        return menu_jobs.compare_menu(self.tools)

    def later(self, **by: float) -> None:
        """Time goes by, and the timed jobs do what they find."""
        self.clock.move(**by)
        for look in (menu_jobs.look_for_menus, menu_jobs.look_at_menu):
            look(self.tools)
        while self.waiting:
            {"send_menus": menu_jobs.send_menus, "check_menu": menu_jobs.check_menu}[
                self.waiting.pop(0)
            ](self.tools)

    def version(self, version_id: int) -> MenuVersion:
        """The version as it stands."""
        return self.database.read(lambda db: versions.get(db, version_id))

    def state(self, version_id: int) -> str:
        """The version's state."""
        return self.version(version_id).state

    def live(self) -> int | None:
        """The version that is live."""
        found = self.database.read(live.version)
        return None if found is None else found.id

    def publication(self, number: int) -> MenuPublication:
        """A publication as it stands."""
        return self.database.read(lambda db: db.get_one(MenuPublication, number))

    def log(self) -> list[tuple[int, str, str]]:
        """(version, why, state) of every publication, in their order."""
        query = select(MenuPublication).order_by(MenuPublication.id)
        rows = self.database.read(lambda db: list(db.scalars(query)))
        return [(row.version_id, row.why, row.state) for row in rows]

    def tag(self, code: str, name: str) -> None:
        """A tag that is put by hand."""
        self.do(lambda db: db.add(hand_tag(code, name)))

    def member(self, number: int, *codes: str) -> str:
        """A member who follows, with tags; his openid."""
        openid = f"oMember-{number:04d}"
        vault = self.tools.vault

        def join(session: Session) -> None:
            followers.follow(session, openid, self.clock.now())
            form = Registration(openid, f"会员{number}", f"138{number:08d}", "2026-11", "site")
            made = members.admit(session, vault, form, self.clock.now())
            for code in codes:
                tags.put(session, made.id, code, self.clock.now())

        self.do(join)
        return openid


def hand_tag(code: str, name: str) -> tags.Tag:
    """A tag's row."""
    return tags.Tag(code=code, name=name, kind="hand", rule=None, active=True, created_at=NOON)


def variant(name: str, tag: str, *names: str) -> Variant:
    """A menu for a tag."""
    return Variant(name, Rule(tag), menu(*names))


def operators(session: Session) -> None:
    """The marketer, the approver, another marketer."""
    logins = {MARKETER: "marketer", APPROVER: "approver", OTHER: "other"}
    session.execute(
        insert(Operator),
        [
            {
                "id": number,
                "login": login,
                "name": login,
                "role": "owner",
                "password_hash": "-",
                "active": True,
                "created_at": NOON,
            }
            for number, login in logins.items()
        ],
    )
