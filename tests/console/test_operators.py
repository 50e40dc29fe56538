"""The people of the console: invited, moved, dismissed, helped."""

import html
import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.operators import Operator
from tests.console import people, seeds
from tests.console.acts import acts
from tests.console.house import PASSWORD, Browser, House
from tests.console.people import enrol, sign_in

NEW = "another few plain words"


def number_of(house: House, login: str) -> int:
    query = select(Operator.id).where(Operator.login == login)
    return house.database.read(lambda db: db.scalars(query).one())


@pytest.fixture
def spare(house: House) -> int:
    """An operator to do things to."""

    def work(session: Session) -> int:
        seeds.add_branch(session)
        return people.add_operator(session, "spare", "marketer")

    return house.database.transaction(work)


def act(owner: Browser, number: int, what: str, **form: str) -> str:
    """Do it, and read the page that follows."""
    answer = owner.post(f"/console/operators/{number}/{what}", **form)
    assert answer.status_code == 303, answer.text[:500]
    return owner.text(answer.location)


def invite(owner: Browser, **form: str) -> str:
    """The path of the link that is shown."""
    plain = {"login": "lin.xiao", "name": "林<晓>", "role": "marketer", "branch": ""}
    answer = owner.post("/console/operators/invitations", **(plain | form))
    found = re.search(r'value="http://hall\.test(/console/invitations/[\w-]+)"', answer.text)
    assert found, answer.text[:2000]
    return found[1]


def join(house: House, link: str, **form: str) -> int:
    browser = house.browser()
    page = browser.text(link)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    plain = {"name": "林晓", "password": NEW, "repeated": NEW, "csrf_token": token[1]}
    return browser.client.post(link, data=plain | form).status_code


def test_somebody_invited_sets_his_password_and_signs_in(house: House, owner: Browser) -> None:
    link = invite(owner)
    page = owner.text("/console/operators")
    assert "等待接受的邀请" in page
    assert "林&lt;晓&gt;" in page

    assert join(house, link) == 303

    assert sign_in(house.browser(), "lin.xiao", NEW).status_code == 303
    assert "等待接受的邀请" not in owner.text("/console/operators")
    assert [one.action for one in acts(house)] == ["operator.invited", "operator.joined"]
    assert house.browser().get(link).status_code == 404
    assert link.rsplit("/", 1)[1] not in repr(acts(house))


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"password": "short", "repeated": "short"}, "password"),
        ({"password": NEW, "repeated": "x"}, "repeated"),
        ({"password": "lin.xiao 12", "repeated": "lin.xiao 12"}, "password"),
        ({"name": ""}, "name"),
    ],
)
def test_a_password_that_is_refused_leaves_the_link_alone(
    house: House, owner: Browser, form: dict[str, str], field: str
) -> None:
    link, browser = invite(owner), house.browser()
    plain = {"name": "林晓", "password": NEW, "repeated": NEW, "csrf_token": browser.token()}

    answer = browser.client.post(link, data=plain | form)

    assert answer.status_code == 422
    assert f'id="{field}-fault"' in answer.text
    assert join(house, link) == 303


def test_an_invitation_decides_the_role_not_the_form(house: House, owner: Browser) -> None:
    join(house, invite(owner), role="owner", branch="zhongshan", login="boss", active="")

    def role(db: Session) -> tuple[str, str | None]:
        found = db.scalars(select(Operator).where(Operator.login == "lin.xiao")).one()
        return found.role, found.branch

    assert house.database.read(role) == ("marketer", None)


@pytest.mark.parametrize("token", ["x", "x" * 43, "%00", "..%2f", "é"])
def test_a_link_that_is_none_reads_as_one_that_is_over(house: House, token: str) -> None:
    browser = house.browser()
    answer = browser.get(f"/console/invitations/{token}")
    assert answer.status_code == 404
    if "%2f" not in token:
        assert "refused: invitation_over" in answer.text
        assert browser.post(f"/console/invitations/{token}").status_code == 404


def test_a_link_is_renewed_and_revoked(house: House, owner: Browser, spare: int) -> None:
    first = invite(owner, role="branch_staff", branch="zhongshan")
    renewed = owner.post("/console/operators/invitations/1/renewal")
    second = re.search(r"http://hall\.test(/console/invitations/[\w-]+)", renewed.text)
    assert second
    assert house.browser().get(first).status_code == 404
    assert house.browser().get(second[1]).status_code == 200

    owner.post("/console/operators/invitations/1/revocation")

    assert house.browser().get(second[1]).status_code == 404
    assert owner.post("/console/operators/invitations/1/renewal").status_code == 404
    assert spare


@pytest.mark.parametrize(
    ("form", "status", "field"),
    [
        ({"login": "Lin Xiao"}, 422, "login"),
        ({"login": "spare"}, 409, "login"),
        ({"name": "x" * 41}, 422, "name"),
        ({"role": "king"}, 422, "role"),
        ({"role": "branch_staff"}, 422, "branch"),
        ({"role": "branch_staff", "branch": "nowhere"}, 422, "branch"),
        ({"branch": "zhongshan"}, 422, "branch"),
    ],
)
def test_who_cannot_be_invited_is_said_beside_the_field(
    owner: Browser, spare: int, form: dict[str, str], status: int, field: str
) -> None:
    plain = {"login": "lin.xiao", "name": "林晓", "role": "marketer", "branch": ""} | form

    answer = owner.post("/console/operators/invitations", **plain)

    assert spare
    assert answer.status_code == status
    assert f'id="{field}-fault"' in answer.text
    assert f'value="{html.escape(plain["name"])}"' in answer.text


def test_a_second_invitation_for_one_login_is_refused(owner: Browser) -> None:
    invite(owner)
    form = {"login": "lin.xiao", "name": "林晓", "role": "marketer", "branch": ""}
    answer = owner.post("/console/operators/invitations", **form)

    assert answer.status_code == 409
    assert "refused: already_invited" in answer.text


def test_a_role_changes_with_the_next_click(house: House, owner: Browser, spare: int) -> None:
    his = house.browser()
    sign_in(his, "spare")
    assert his.get("/console/coupons").status_code == 200

    page = act(owner, spare, "place", role="branch_staff", branch="zhongshan")

    assert "已保存" in page
    assert his.get("/console/coupons").status_code == 403
    assert "中山路营业厅" in his.text("/console/")
    assert acts(house)[-1].details == {
        "changes": {"角色": ["市场专员", "营业员"], "营业厅": ["", "zhongshan"]}
    }


def test_a_place_that_cannot_be_keeps_what_was_chosen(owner: Browser, spare: int) -> None:
    answer = owner.post(f"/console/operators/{spare}/place", role="auditor", branch="zhongshan")

    assert answer.status_code == 422
    assert '<option value="auditor" selected>' in answer.text
    assert 'id="branch-fault"' in answer.text


def test_a_dismissed_operator_is_out_at_once_and_can_come_back(
    house: House, owner: Browser, spare: int
) -> None:
    his = house.browser()
    sign_in(his, "spare")

    act(owner, spare, "deactivation")

    assert his.get("/console/").status_code == 302
    assert sign_in(house.browser(), "spare").status_code == 401
    assert owner.post(f"/console/operators/{spare}/password-link").status_code == 404
    assert "没有变化" in act(owner, spare, "deactivation")
    act(owner, spare, "activation")
    assert his.get("/console/").status_code == 302, "the old session stays dead"
    assert sign_in(house.browser(), "spare").status_code == 303


def test_the_last_owner_and_oneself_are_safe(house: House, owner: Browser, spare: int) -> None:
    me = number_of(house, "owner")
    for what, form in [("place", {"role": "auditor", "branch": ""}), ("deactivation", {})]:
        assert "refused: own_account" in act(owner, me, what, **form)
    act(owner, spare, "place", role="owner", branch="")
    other = house.browser()
    sign_in(other, "spare")
    act(other, me, "deactivation")

    for what, form in [("place", {"role": "auditor", "branch": ""}), ("deactivation", {})]:
        assert "refused: own_account" in act(other, spare, what, **form)
    assert other.get("/console/operators").status_code == 200


def test_a_lost_phone(house: House, owner: Browser, spare: int) -> None:
    assert "没有绑定" in act(owner, spare, "second-factor/removal")
    his = house.browser()
    sign_in(his, "spare")
    enrol(house, "spare")

    act(owner, spare, "second-factor/removal")

    assert his.get("/console/").status_code == 302
    assert sign_in(house.browser(), "spare").location == "/console/"


def test_a_forgotten_password(house: House, owner: Browser, spare: int) -> None:
    his = house.browser()
    sign_in(his, "spare")
    answer = owner.post(f"/console/operators/{spare}/password-link")
    link = re.search(r"http://hall\.test(/console/invitations/[\w-]+)", answer.text)
    assert link
    page = house.browser().text(link[1])
    assert "请设置新密码" in page

    assert join(house, link[1], name="somebody else") == 303

    assert his.get("/console/").status_code == 302
    assert sign_in(house.browser(), "spare").status_code == 401
    assert sign_in(house.browser(), "spare", NEW).status_code == 303
    assert "spare person" in owner.text(f"/console/operators/{spare}")
    assert "等待接受的邀请" not in owner.text("/console/operators")


def test_a_locked_login_is_opened(house: House, owner: Browser, spare: int) -> None:
    for _ in range(5):
        sign_in(house.browser(), "spare", "wrong")
    assert "解除锁定" in owner.text(f"/console/operators/{spare}")

    act(owner, spare, "unlock")

    assert "解除锁定" not in owner.text(f"/console/operators/{spare}").split("已解除锁定")[-1]
    assert sign_in(house.browser(), "spare", PASSWORD).status_code == 303


def test_sessions_are_ended_by_an_owner(house: House, owner: Browser, spare: int) -> None:
    his = house.browser()
    sign_in(his, "spare")

    assert "已全部退出" in act(owner, spare, "sessions/end")
    assert his.get("/console/").status_code == 302
    assert "没有已登录" in act(owner, spare, "sessions/end")


def test_only_owners_manage_operators(house: House, spare: int) -> None:
    operations = house.enter("operations")
    for path in ("operators", f"operators/{spare}", "operators/new"):
        assert operations.get(f"/console/{path}").status_code == 403
    answer = operations.post(f"/console/operators/{spare}/place", role="owner", branch="")
    assert answer.status_code == 403


def test_the_list_goes_on_page_by_page(house: House, owner: Browser) -> None:
    def many(session: Session) -> None:
        for number in range(60):
            people.add_operator(session, f"person{number}", "auditor")

    house.database.transaction(many)
    first = owner.text("/console/operators")
    further = re.search(r'href="(/console/operators\?before=\d+)"', first)

    assert further
    assert "person59" in first
    assert "person0<" not in first
    second = owner.text(further[1])
    assert "person0 person" in second
    assert "person59" not in second
