"""The menu's pages with a WeChat of a few lines behind them, and a worker that sends."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, cast

from sqlalchemy import select
from werkzeug.test import TestResponse

from content.reviews import Hand
from handlers import menu_jobs
from kernel.operators import Operator
from loyalty import tags
from loyalty.tags import Tag
from menus import live, publications, versions
from menus.conditional import Face, Variant
from menus.platform import MenuRules
from menus.targets import click, view
from menus.tree import Entry, Hall, Menu
from menus.versions import MenuVersion
from tests.console import seeds
from tests.console.house import NOON, Browser, House
from tests.menus.house import House as Worker
from tests.menus.house import Wechat
from tests.world import MovableClock
from web.wiring import Wiring

BASE = "http://hall.test"
_FIELD = re.compile(r'<input[^>]*name="revision" value="(\d+)"')


@dataclass
class Desk:
    """A house whose menus reach a WeChat."""

    house: House
    wechat: Wechat = field(default_factory=Wechat)

    def __post_init__(self) -> None:
        wiring: Wiring = self.house.app.extensions["weiting"]
        rules = MenuRules(BASE, "trial")
        self.house.app.extensions["weiting"] = replace(wiring, menus=self.wechat, menu_rules=rules)

    def enter(self, role: str) -> Browser:
        return self.house.enter(role)

    def work(self) -> None:
        """A worker sends what is due."""
        clock = cast("MovableClock", self.house.clock)
        worker = Worker(self.house.database, clock, self.wechat)
        menu_jobs.send_menus(replace(worker.tools, menu_rules=MenuRules(BASE, "trial")))

    def check(self) -> None:
        """A worker looks at WeChat's menu."""
        clock = cast("MovableClock", self.house.clock)
        worker = Worker(self.house.database, clock, self.wechat)
        menu_jobs.compare_menu(replace(worker.tools, menu_rules=MenuRules(BASE, "trial")))

    def first(self) -> int:
        """The first version, live at WeChat."""
        version_id = self.house.database.transaction(seeds.add_first_menu).id
        self.house.database.transaction(
            lambda db: publications.publish_first(db, version_id, NOON)
        )
        self.work()
        return version_id

    def draft(self, *halls: Hall, variants: Iterable[Variant] = (), by: str = "marketer") -> int:
        """A draft by the operator of that role; its number."""
        face = Face(Menu(halls), tuple(variants))
        hand = Hand(self.operator(by), NOON)
        return self.house.database.transaction(
            lambda db: versions.draft(db, face, "草稿", hand)
        ).id

    def operator(self, login: str) -> int:
        """The number of an operator."""
        query = select(Operator.id).where(Operator.login == login)
        return self.house.database.read(lambda db: db.scalars(query).one())

    def version(self, version_id: int) -> MenuVersion:
        """A version as it is kept."""
        return self.house.database.read(lambda db: versions.get(db, version_id))

    def menu(self, version_id: int) -> Menu:
        """Its menu of everybody."""
        return versions.menu_of(self.version(version_id))

    def face(self, version_id: int) -> Face:
        """All that it shows."""
        return versions.face_of(self.version(version_id))

    def live(self) -> int | None:
        """What everybody sees."""
        found = self.house.database.read(live.version)
        return found.id if found else None

    def tag(self, code: str, name: str, *member_ids: int) -> None:
        """A tag, worn by these members."""

        def work(db: Any) -> None:
            db.add(Tag(code=code, name=name, kind="hand", rule=None, active=True, created_at=NOON))
            db.flush()
            for member_id in member_ids:
                tags.put(db, member_id, code, NOON)

        self.house.database.transaction(work)

    def approve(self, version_id: int) -> None:
        """The marketer asks, the approver approves."""
        asked = self.enter("marketer").post(f"/console/menu/{version_id}/asks")
        assert asked.status_code == 303
        self.enter("approver").post(f"/console/menu/{version_id}/approvals", reason="可以")
        assert self.version(version_id).state == "approved"


def entry(place: str, name: str, kind: str = "click", **more: str) -> dict[str, str]:
    """The fields of a button as the form sends them."""
    sent = {"kind": kind, "was": kind, "pick": "prices", **more}
    return {f"{place}.name": name, **{f"{place}.{key}": value for key, value in sent.items()}}


def hall(place: str, name: str) -> dict[str, str]:
    """The fields of a hall that opens its entries."""
    return {f"{place}.name": name, f"{place}.kind": "", f"{place}.was": ""}


def save(
    browser: Browser, version_id: int, order: str, act: str = "save", **fields: str
) -> TestResponse:
    """Send the editor's form; `order` is the buttons' names in their order, by blanks."""
    token = browser.token()
    form: dict[str, Any] = {
        "csrf_token": token,
        "act": act,
        "tab": "0",
        "note": "改了一点",
        "revision": "1",
        **fields,
        "order": order.split(),
    }
    return browser.client.post(f"/console/menu/{version_id}/edit", data=form)


def revision_in(page: str) -> int:
    """The revision that the editor was drawn from."""
    found = _FIELD.search(page)
    assert found
    return int(found[1])


ONE = Hall("一", (Entry("甲", click("prices")), Entry("乙", click("points"))))
TWO = Hall("二", (Entry("丙", view("/site/")),))
FIELDS = {
    **hall("0", "一"),
    **entry("0.0", "甲"),
    **entry("0.1", "乙", pick="points"),
    **hall("1", "二"),
    **entry("1.0", "丙", "view", pick="/site/"),
}
ORDER = "0 0.0 0.1 1 1.0"


def names(menu: Menu) -> list[tuple[str, list[str]]]:
    return [(one.name, [entry.name for entry in one.entries]) for one in menu.halls]


def preview(browser: Browser, version_id: int, order: str, **fields: str) -> TestResponse:
    """What typing asks for; with `whole` the fields as well."""
    whole = fields.pop("whole", "")
    token = fields.pop("csrf_token", "") or browser.token()
    form = {"tab": "0", "revision": "1", **fields, "csrf_token": token}
    return browser.client.post(
        f"/console/menu/{version_id}/preview{'?whole=1' if whole else ''}",
        data={**form, "order": order.split()},
        headers={"HX-Request": "true"},
    )
