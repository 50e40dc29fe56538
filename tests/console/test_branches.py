"""A branch sees its own applications and redemptions; another's are not there at all."""

import re

import pytest
from sqlalchemy.orm import Session

from kernel.operators import Operator
from tests.console import people, seeds
from tests.console.acts import acts
from tests.console.house import Browser, House
from tests.console.people import BranchRows
from tests.console.test_guards import rules_of
from web.console import redemptions

ROLES = ("branch_manager", "branch_staff")


@pytest.fixture
def theirs(house: House) -> BranchRows:
    """What belongs to the branch in which the branch roles of the house work not."""

    def work(db: Session) -> BranchRows:
        seeds.add_branch(db)
        people.add_branch_rows(db, house.vault, "zhongshan", 1)
        return people.add_branch_rows(db, house.vault, "binhai", 2)

    return house.database.transaction(work)


@pytest.fixture
def ours(house: House, theirs: BranchRows) -> BranchRows:
    """The same of their own branch, which the fixture before has made."""
    del theirs
    return BranchRows("zhongshan", first_application(house), 1)


def first_application(house: House) -> str:
    page = house.enter("branch_staff").text("/console/applications")
    found = re.search(r"/console/applications/(\d{14})", page)
    assert found
    return found[1]


@pytest.mark.parametrize("role", ROLES)
def test_no_route_opens_another_branchs_row(house: House, theirs: BranchRows, role: str) -> None:
    """Each route that takes a row a branch may own, with a row of another branch."""
    values = {"number": theirs.application, "redemption_id": str(theirs.redemption_id)}
    browser = house.enter(role)
    token = browser.token()
    tried = 0
    for rule, method, guard in rules_of(house.app):
        if not rule.arguments or not rule.arguments <= values.keys():
            continue
        path = rule.rule.replace("<row:", "<")
        for name in rule.arguments:
            path = path.replace(f"<{name}>", values[name])
        form = {"csrf_token": token, "to": "accepted", "reason": "上门联系"}
        answer = browser.client.open(path, method=method, data=form)
        may = Operator(role=role).may(guard.partition(":")[2])
        assert answer.status_code == (404 if may else 403), (path, method)
        tried += 1
    assert tried >= 5
    assert {act.action for act in acts(house)} <= {"coupon.batch_created"}


@pytest.mark.parametrize("role", ROLES)
def test_their_own_rows_open(house: House, ours: BranchRows, role: str) -> None:
    browser = house.enter(role)

    assert "中山区" in browser.text(f"/console/applications/{ours.application}")
    assert "核销情况" in browser.text(f"/console/redemptions/{ours.redemption_id}")
    answer = browser.post(f"/console/applications/{ours.application}/moves", to="accepted")
    assert answer.status_code == 303
    assert acts(house)[-1].action == "application.moved"


def test_lists_and_counts_hold_ones_own_branch(
    house: House, theirs: BranchRows, ours: BranchRows
) -> None:
    staff, owner = house.enter("branch_staff"), house.enter("owner")

    for browser, sees in [(staff, False), (owner, True)]:
        page = browser.text("/console/applications")
        assert ours.application in page
        assert (theirs.application in page) == sees
        found = browser.text(f"/console/applications?q={theirs.application}")
        assert (f'href="/console/applications/{theirs.application}"' in found) == sees
        page = browser.text("/console/redemptions")
        assert f'href="/console/redemptions/{ours.redemption_id}"' in page
        assert (f'href="/console/redemptions/{theirs.redemption_id}"' in page) == sees
        assert ("binhai 店员" in page) == sees
    assert "全部 <span>1</span>" in staff.text("/console/applications")
    assert "全部 <span>2</span>" in owner.text("/console/applications")


def test_asking_for_another_branch_shows_nothing(house: House, theirs: BranchRows) -> None:
    staff = house.enter("branch_staff")

    assert "没有符合条件的核销" in staff.text("/console/redemptions?branch=binhai")
    assert theirs.application not in staff.text(
        f"/console/applications?state=submitted&q={theirs.application}"
    ).replace(f'value="{theirs.application}"', "")


def test_home_tells_people_of_a_branch_of_their_branch(house: House, theirs: BranchRows) -> None:
    page = house.enter("branch_manager").text("/console/")

    assert theirs.code not in page
    assert "1 单申办等待受理" in page
    assert "今天核销 1 张" in page
    main = page.split("<main")[1]
    for of_the_hall in ("关注", "积分", "待发货", "系统状态"):
        assert of_the_hall not in main


def test_somebody_of_no_branch_sees_nothing(house: House, theirs: BranchRows) -> None:
    house.database.transaction(lambda db: people.add_operator(db, "lost", "branch_staff"))
    browser = house.browser()
    people.sign_in(browser, "lost")

    assert "还没有设营业厅" in browser.text("/console/")
    assert "还没有申办" in browser.text("/console/applications")
    assert "还没有核销记录" in browser.text("/console/redemptions")
    assert browser.get(f"/console/applications/{theirs.application}").status_code == 404
    assert browser.get(f"/console/redemptions/{theirs.redemption_id}").status_code == 404


@pytest.fixture
def manager(house: House) -> Browser:
    return house.enter("branch_manager")


def test_a_redemption_is_undone_within_its_hours(
    house: House, ours: BranchRows, manager: Browser
) -> None:
    path = f"/console/redemptions/{ours.redemption_id}"
    house.clock.move(hours=7)  # the session lives eight
    manager = house.enter("branch_manager")

    empty = manager.post(f"{path}/undo", reason=" ")
    assert empty.status_code == 422
    assert 'id="reason-fault"' in empty.text
    assert manager.post(f"{path}/undo", reason="扫错<券>").status_code == 303

    page = manager.text(path)
    assert "扫错&lt;券&gt;" in page
    assert "已撤销" in manager.text("/console/redemptions")
    assert acts(house)[-1].action == "coupon.redemption_undone"


def test_after_two_days_it_stays(house: House, ours: BranchRows, manager: Browser) -> None:
    del manager
    house.clock.move(hours=48)
    manager = house.enter("branch_manager")
    path = f"/console/redemptions/{ours.redemption_id}"
    assert "已超过 48 小时" in manager.text(path)

    manager.post(f"{path}/undo", reason="扫错")

    assert "refused: undo_too_late" in manager.text(path)


def test_staff_read_and_a_manager_undoes(house: House, ours: BranchRows) -> None:
    staff = house.enter("branch_staff")
    path = f"/console/redemptions/{ours.redemption_id}"

    assert "撤销由营业厅经理" in staff.text(path)
    assert staff.post(f"{path}/undo", reason="扫错").status_code == 403


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("branch=binhai", ["2"]),
        ("day=2026-11-21", ["2", "1"]),
        ("day=2026-11-20", []),
        ("day=nonsense", ["2", "1"]),
        ("staff=1", ["1"]),
        ("batch=2", ["2"]),
        ("branch=binhai&staff=1", []),
        ("staff=%00&batch=-1&before=x", ["2", "1"]),
        ("before=2", ["1"]),
    ],
)
def test_redemptions_are_narrowed(
    house: House, theirs: BranchRows, query: str, shown: list[str]
) -> None:
    assert theirs
    page = house.enter("operations").text(f"/console/redemptions?{query}")

    assert re.findall(r'wt-row-link" href="/console/redemptions/(\d+)"', page) == shown


def test_redemptions_go_on_page_by_page(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redemptions, "SIZE", 1)
    house.database.transaction(lambda db: people.add_branch_rows(db, house.vault, "binhai", 2))
    house.database.transaction(lambda db: people.add_branch_rows(db, house.vault, "xihu", 3))
    page = house.enter("auditor").text("/console/redemptions?day=2026-11-21")

    further = re.search(r'href="(/console/redemptions\?[^"]*before=2[^"]*)"', page)
    assert further
    rest = house.enter("auditor").text(further[1].replace("&amp;", "&"))
    assert 'href="/console/redemptions/1"' in rest
    assert "已经是最后一页" in rest
