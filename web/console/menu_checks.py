"""What stands against a sheet of the editor, beside its fields and as a whole."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from content import compliance
from menus import answers, approvals, limits
from menus.conditional import Face
from menus.limits import Finding, Meter
from menus.tree import Menu, Place
from menus.works import work_of
from web.console.compliance import Shown, around, red
from web.console.menu_forms import Sheet, name_of

# What the counters and limits beside the fields say already.
_COUNTED = frozenset({"menu-names", "menu-counts"})
_NO_METERS: dict[str, Meter] = {}


@dataclass(frozen=True)
class Verdict:
    """`faults` and `meters` by the form's name of a button; the others are of all tabs."""

    faults: dict[str, list[str]]
    meters: dict[str, dict[str, Meter]]
    limits: list[Finding]
    findings: list[Shown]

    @property
    def clear(self) -> bool:
        """Whether it may be sent to review."""
        return not self.limits and not red([one.finding for one in self.findings])

    def meter(self, name: str, field: str) -> Meter | None:
        """The counter beside a field."""
        return self.meters.get(name, _NO_METERS).get(field)


def check(session: Session, sheet: Sheet, base_url: str) -> Verdict:
    """Everything that is wrong with it as it is typed."""
    own = limits.check(sheet.menu, base_url) + answers.check(session, Face(sheet.menu))
    work = work_of(sheet.face, base_url)
    findings = around(compliance.inspect(work), work)
    faults: dict[str, list[str]] = {}
    for one in own:
        if one.at is not None:
            faults.setdefault(name_of(one.at), []).append(one.reason)
    where = f"个性化菜单「{sheet.variant.name}」" if sheet.variant else ""
    for name, said in _beside(sheet.menu, where, findings):
        faults.setdefault(name, []).append(said)
    meters = limits.meters(sheet.menu, base_url)
    return Verdict(
        faults,
        {name_of(place): found for place, found in meters.items()},
        approvals.check(session, sheet.face, base_url),
        findings,
    )


def _beside(menu: Menu, where: str, findings: list[Shown]) -> Iterable[tuple[str, str]]:
    places = {where + menu.say(place): name_of(place) for place in _places(menu)}
    for one in findings:
        found = one.finding
        if found.place in places and found.rule not in _COUNTED:
            yield places[found.place], f"{found.why}。{found.fix}".replace("。。", "。")


def _places(menu: Menu) -> Iterable[Place]:
    for number, hall in enumerate(menu.halls):
        yield number, None
        for index in range(len(hall.entries)):
            yield number, index
