"""Signing in and out, and how long that lasts."""

import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.audit import AuditEntry
from kernel.operator_sessions import OperatorSession
from kernel.operators import Operator
from tests.console.house import PASSWORD, Browser, House


def acts(house: House) -> list[tuple[str, str]]:
    query = select(AuditEntry.action, AuditEntry.subject).order_by(AuditEntry.id)
    return [(row[0], row[1]) for row in house.database.read(lambda db: db.execute(query).all())]


def without_token(page: str, login: str) -> str:
    """The page without what differs anyway."""
    return re.sub(r'name="csrf_token" value="[^"]+"', "", page).replace(login, "")


def test_an_operator_signs_in_and_sees_his_home(house: House) -> None:
    browser = house.browser()

    answer = browser.post("/console/sign-in", login="owner", password=PASSWORD)

    assert (answer.status_code, answer.location) == (303, "/console/")
    assert "owner person" in browser.text("/console/")
    assert [action for action, _ in acts(house)] == ["sign_in"]


def test_an_unknown_name_and_a_wrong_password_read_the_same(house: House) -> None:
    browser = house.browser()

    wrong = browser.post("/console/sign-in", login="owner", password="not this one!")
    unknown = browser.post("/console/sign-in", login="nobody", password="not this one!")

    assert wrong.status_code == unknown.status_code == 401
    assert without_token(wrong.text, "owner") == without_token(unknown.text, "nobody")


def test_a_failed_sign_in_is_written_down_without_the_password(house: House) -> None:
    house.browser().post("/console/sign-in", login="a" * 200, password="top secret words")

    assert acts(house) == [("sign_in.refused", "login:" + "a" * 12)]
    rows = house.database.read(lambda db: db.scalars(select(AuditEntry)).all())
    assert "top secret" not in repr([vars(row) for row in rows])


def test_a_name_with_a_null_byte_is_only_wrong(house: House) -> None:
    answer = house.browser().post("/console/sign-in", login="ow\x00ner", password="x")

    assert answer.status_code == 401


def test_a_former_operator_is_refused_and_thrown_out(house: House, owner: Browser) -> None:
    def dismiss(db: Session) -> None:
        db.scalars(select(Operator).where(Operator.login == "owner")).one().active = False

    house.database.transaction(dismiss)

    assert owner.get("/console/").status_code == 302
    answer = house.browser().post("/console/sign-in", login="owner", password=PASSWORD)
    assert answer.status_code == 401


def test_an_idle_session_ends(house: House, owner: Browser) -> None:
    house.clock.move(minutes=29)
    assert owner.get("/console/").status_code == 200
    house.clock.move(minutes=29)
    assert owner.get("/console/").status_code == 200, "a session in use stays"
    house.clock.move(minutes=31)

    assert owner.get("/console/").location.startswith("/console/sign-in")


def test_a_session_ends_after_its_life_however_busy(house: House, owner: Browser) -> None:
    for _ in range(24):
        house.clock.move(minutes=20)
        answer = owner.get("/console/")

    assert answer.status_code == 302


def test_a_page_that_refreshes_itself_keeps_nobody_signed_in(house: House, owner: Browser) -> None:
    for _ in range(2):
        house.clock.move(minutes=20)
        answer = owner.get("/console/", **{"HX-Request": "true"})

    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/console/sign-in"


def test_a_session_is_touched_once_a_minute(house: House, owner: Browser) -> None:
    def seen() -> object:
        return house.database.read(lambda db: db.scalars(select(OperatorSession.seen_at)).one())

    house.clock.move(seconds=90)
    owner.get("/console/")
    first = seen()
    house.clock.move(seconds=30)
    owner.get("/console/")

    assert seen() == first


def test_signing_out_kills_the_session_everywhere(house: House, owner: Browser) -> None:
    cookie = owner.client.get_cookie("weiting_console", path="/console")
    assert cookie is not None

    answer = owner.post("/console/sign-out")

    assert answer.location == "/console/sign-in"
    thief = house.app.test_client()
    thief.set_cookie("weiting_console", cookie.value, path="/console")
    assert thief.get("/console/").status_code == 302
    assert acts(house)[-1][0] == "sign_out"


def test_nothing_of_the_former_session_survives_a_sign_in(house: House) -> None:
    browser = house.browser()
    with browser.client.session_transaction("/console/sign-in") as session:
        session["planted"] = "yes"

    browser.post("/console/sign-in", login="owner", password=PASSWORD)

    with browser.client.session_transaction("/console/") as session:
        assert "planted" not in session


@pytest.mark.parametrize(
    ("asked", "led_to"),
    [
        ("/console/members?q=1", "/console/members?q=1"),
        ("https://evil.test/console/", "/console/"),
        ("//evil.test/console/", "/console/"),
        ("/console/../site", "/console/"),
        ("/console/%2e%2e/site", "/console/"),
        ("/console/\\evil.test", "/console/"),
        ("/site/", "/console/"),
        ("", "/console/"),
    ],
)
def test_after_signing_in_only_pages_of_the_console_are_next(
    house: House, asked: str, led_to: str
) -> None:
    browser = house.browser()
    token = browser.token()

    answer = browser.client.post(
        "/console/sign-in",
        query_string={"next": asked},
        data={"login": "owner", "password": PASSWORD, "csrf_token": token},
    )

    assert answer.location == led_to


def test_a_visitor_is_led_back_to_the_page_he_wanted(house: House) -> None:
    answer = house.browser().get("/console/members?q=1")

    assert answer.location == "/console/sign-in?next=/console/members?q%3D1"
