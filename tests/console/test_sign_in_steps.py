"""Lock-out and the second step of signing in, as a browser sees them."""

import re
import time
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel import passwords
from kernel.operator_sessions import OperatorSession, SessionRules
from kernel.operators import Operator
from tests.console.acts import acts
from tests.console.house import PASSWORD, Browser, House
from tests.console.people import code_now, enrol, sign_in
from tests.console.test_sign_in import without_token


def actions(house: House) -> list[str]:
    return [act.action for act in acts(house)]


@pytest.mark.parametrize("login", ["owner", "nobody"])
def test_after_five_failures_even_the_right_password_must_wait(house: House, login: str) -> None:
    browser = house.browser()
    for _ in range(5):
        assert sign_in(browser, login, "wrong").status_code == 401

    locked = sign_in(browser, login)

    assert locked.status_code == 429
    assert "refused: login_locked" in locked.text
    assert actions(house) == ["sign_in.refused"] * 5 + ["sign_in.locked"]
    house.clock.move(minutes=15)
    assert sign_in(browser, login).status_code == (303 if login == "owner" else 401)


def test_the_lock_says_nothing_about_who_there_is(house: House) -> None:
    browser, answers = house.browser(), []
    for login in ("owner", "nobody"):
        for _ in range(6):
            answer = sign_in(browser, login, "wrong")
        answers.append((answer.status_code, without_token(answer.text, login)))

    assert answers[0] == answers[1]


def test_an_unknown_name_costs_what_a_wrong_password_costs(house: House) -> None:
    def dear(db: Session) -> None:
        owner = db.scalars(select(Operator).where(Operator.login == "owner")).one()
        owner.password_hash = passwords.hashed(PASSWORD)

    house.database.transaction(dear)
    browser = house.browser()
    token = browser.token()

    def cost(login: str) -> float:
        form = {"login": login, "password": "wrong", "csrf_token": token}
        begun = time.process_time()
        browser.client.post("/console/sign-in", data=form)
        return time.process_time() - begun

    known = min(cost("owner") for _ in range(4))
    unknown = min(cost("nobody") for _ in range(4))
    assert 0.4 < unknown / known < 2.5


def test_others_sign_in_while_one_login_is_locked(house: House) -> None:
    browser = house.browser()
    for _ in range(5):
        sign_in(browser, "owner", "wrong")

    assert sign_in(browser, "marketer").status_code == 303


def test_signing_in_forgets_earlier_failures(house: House) -> None:
    for _ in range(3):
        for _ in range(4):
            sign_in(house.browser(), "owner", "wrong")
        assert sign_in(house.browser(), "owner").status_code == 303


def test_with_a_second_factor_the_password_alone_opens_nothing(house: House) -> None:
    enrol(house, "owner")
    browser = house.browser()

    answer = sign_in(browser, "owner")

    assert answer.location == "/console/sign-in/code"
    assert "验证码" in browser.text("/console/sign-in/code")
    for page in ("", "members", "account", "confirm", "account/second-factor"):
        assert browser.get(f"/console/{page}").location.startswith("/console/sign-in?"), page
    assert browser.get("/console/sign-in").status_code == 200


def test_the_code_opens_the_console_in_a_session_of_its_own(house: House) -> None:
    phone = enrol(house, "owner")
    browser = house.browser()
    sign_in(browser, "owner")
    with browser.client.session_transaction("/console/") as session:
        waiting = session["_user_id"]

    code = {"code": code_now(house, phone), "csrf_token": browser.token()}
    answer = browser.client.post("/console/sign-in/code?next=/console/members", data=code)

    assert (answer.status_code, answer.location) == (303, "/console/members")
    assert browser.get("/console/").status_code == 200
    with browser.client.session_transaction("/console/") as session:
        assert session["_user_id"] != waiting
    rows = house.database.read(lambda db: db.scalars(select(OperatorSession)).all())
    assert sorted((row.awaits_code, row.ended_at is None) for row in rows) == [
        (False, True), (True, False),
    ]  # fmt: skip


def test_a_code_lets_only_one_in(house: House) -> None:
    phone = enrol(house, "owner")
    code = code_now(house, phone)
    first, second = house.browser(), house.browser()
    for browser in (first, second):
        sign_in(browser, "owner")

    assert first.post("/console/sign-in/code", code=code).status_code == 303
    answer = second.post("/console/sign-in/code", code=code)

    assert answer.status_code == 401
    assert "refused: second_factor_refused" in answer.text


def test_wrong_codes_lock_the_login_and_the_password_gives_no_new_tries(house: House) -> None:
    phone = enrol(house, "owner")
    browser = house.browser()
    for number in range(5):
        if number in {0, 2, 4}:
            sign_in(browser, "owner")  # right, but it must not give the tries back
        assert browser.post("/console/sign-in/code", code="000001").status_code == 401

    right = browser.post("/console/sign-in/code", code=code_now(house, phone))

    assert right.status_code == 429
    assert sign_in(house.browser(), "owner").status_code == 429
    assert actions(house)[-2:] == ["sign_in.code_refused", "sign_in.locked"]


def test_a_code_must_come_within_ten_minutes(house: House) -> None:
    phone = enrol(house, "owner")
    browser = house.browser()
    sign_in(browser, "owner")
    house.clock.move(minutes=10)

    answer = browser.post("/console/sign-in/code", code=code_now(house, phone))

    assert answer.location == "/console/sign-in"
    assert "10 分钟" in browser.text("/console/sign-in")


def test_whoever_has_shown_no_password_reaches_no_second_step(house: House) -> None:
    phone = enrol(house, "owner")
    browser = house.browser()

    assert browser.get("/console/sign-in/code").location == "/console/sign-in"
    answer = browser.post("/console/sign-in/code", code=code_now(house, phone))
    assert answer.location == "/console/sign-in"


def test_a_role_that_needs_a_second_factor_reaches_nothing_before_it(house: House) -> None:
    wiring = house.app.extensions["weiting"]
    rules = SessionRules(
        timedelta(minutes=30), timedelta(hours=8), frozenset({"owner", "approver"})
    )
    house.app.extensions["weiting"] = type(wiring)(**{**vars(wiring), "session_rules": rules})
    owner, marketer = house.enter("owner"), house.enter("marketer")

    for page in ("", "members", "account", "operators"):
        assert owner.get(f"/console/{page}").location == "/console/account/second-factor"
    fragment = owner.get("/console/members", **{"HX-Request": "true"})
    assert fragment.headers["HX-Redirect"] == "/console/account/second-factor"
    assert marketer.get("/console/members").status_code == 200
    page = owner.text("/console/account/second-factor")
    assert "必须先绑定" in page

    set_up(house, owner)

    assert owner.get("/console/members").status_code == 200
    answer = owner.post("/console/account/second-factor/removal")
    assert answer.location == "/console/account/second-factor"
    assert "不能关闭" in owner.text("/console/account/second-factor")


def set_up(house: House, browser: Browser) -> None:
    """Scan, type the code: as a person does."""
    form = {"csrf_token": token_of(browser)}
    browser.client.post("/console/account/second-factor", data=form)
    page = browser.text("/console/account/second-factor")
    found = re.search(r'class="wt-key">([A-Z2-7 ]+)<', page)
    assert found
    phone = pyotp.TOTP(found[1].replace(" ", ""))
    form = {"csrf_token": token_of(browser), "code": code_now(house, phone)}
    answer = browser.client.post("/console/account/second-factor/first-code", data=form)
    assert answer.text.count("<li><code>") == 10


def token_of(browser: Browser) -> str:
    page = browser.text("/console/account/second-factor")
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]
