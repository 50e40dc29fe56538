"""The pages of applications."""

from products import applications
from products.applications import Application
from tests.console.acts import acts
from tests.console.house import Browser, House

ADDRESS = "海港街 18 号 3 单元 502"


def state_of(house: House, application: Application) -> str:
    return house.database.read(lambda db: db.get_one(Application, application.id).state)


def test_the_list_is_narrowed_by_state_and_by_number(
    owner: Browser, application: Application
) -> None:
    assert application.number in owner.text("/console/applications")
    assert application.number in owner.text("/console/applications?state=submitted")
    assert application.number not in owner.text("/console/applications?state=completed")
    assert application.number in owner.text(f"/console/applications?q={application.number}")
    assert "没有这个单号" in owner.text("/console/applications?q=1")


def test_only_legal_moves_are_offered(owner: Browser, application: Application) -> None:
    page = owner.text(f"/console/applications/{application.number}")

    for wanted in ("accepted", "rejected", "cancelled"):
        assert f'value="{wanted}"' in page
    assert 'value="completed"' not in page


def test_a_move_is_an_event_that_the_customer_sees(
    house: House, owner: Browser, application: Application
) -> None:
    path = f"/console/applications/{application.number}"

    answer = owner.post(f"{path}/moves", to="accepted", note="<b>明天联系您")

    assert (answer.status_code, answer.location) == (303, path)
    assert state_of(house, application) == "accepted"
    assert "&lt;b&gt;明天联系您" in owner.text(path)
    (event, _) = house.database.read(lambda db: applications.events_of(db, application.id))
    assert (event.actor, event.note) == ("owner person", "<b>明天联系您")
    (act,) = acts(house)
    assert (act.action, act.details) == ("application.moved", {"to": "accepted"})
    assert act.subject == f"application:{application.number}"


def test_an_illegal_move_changes_nothing(
    house: House, owner: Browser, application: Application
) -> None:
    for wanted in ("completed", "", "nonsense"):
        answer = owner.post(f"/console/applications/{application.number}/moves", to=wanted)
        assert answer.status_code == 409

    assert state_of(house, application) == "submitted"
    assert acts(house) == []


def test_a_rejection_needs_a_reason(
    house: House, owner: Browser, application: Application
) -> None:
    path = f"/console/applications/{application.number}"

    answer = owner.post(f"{path}/moves", to="rejected", note="  ")

    assert answer.status_code == 303
    assert "请填写原因" in owner.text(path)
    assert state_of(house, application) == "submitted"


def test_the_address_is_shown_after_a_reason_and_written_down(
    house: House, owner: Browser, application: Application
) -> None:
    path = f"/console/applications/{application.number}"
    assert ADDRESS not in owner.text(path)

    page = owner.post(f"{path}/reveals", reason="上门联系")

    assert page.status_code == 200
    assert ADDRESS in page.text
    assert page.headers["Cache-Control"] == "no-store"
    (act,) = acts(house)
    assert (act.action, act.login) == ("application.revealed", "owner")
    assert act.details == {"reason": "上门联系"}
    assert ADDRESS not in owner.text(path)


def test_htmx_gets_the_address_alone(owner: Browser, application: Application) -> None:
    form = {"reason": "核对地址", "csrf_token": owner.token()}

    answer = owner.client.post(
        f"/console/applications/{application.number}/reveals",
        data=form,
        headers={"HX-Request": "true"},
    )

    assert ADDRESS in answer.text
    assert "<html" not in answer.text


def test_without_a_reason_nothing_is_revealed(
    house: House, owner: Browser, application: Application
) -> None:
    answer = owner.post(f"/console/applications/{application.number}/reveals", reason="")

    assert answer.status_code == 422
    assert ADDRESS not in answer.text
    assert acts(house) == []
