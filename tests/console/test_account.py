"""One's own account: name, password, browsers, second factor."""

import re

import pyotp
import pytest
from sqlalchemy import select

from kernel.operator_sessions import OperatorSession
from tests.console.acts import acts
from tests.console.house import PASSWORD, Browser, House
from tests.console.people import code_now, enrol, sign_in

NEW = "another few plain words"


def change(browser: Browser, old: str = PASSWORD, new: str = NEW, repeated: str = NEW) -> int:
    form = {"old": old, "password": new, "repeated": repeated}
    return browser.post("/console/account/password", **form).status_code


def test_the_name_in_the_header_leads_to_the_account(owner: Browser) -> None:
    assert 'class="wt-who text-reset" href="/console/account"' in owner.text("/console/")
    assert "登录名 owner" in owner.text("/console/account")


def test_people_of_a_branch_read_which(house: House) -> None:
    assert "营业员 · zhongshan" in house.enter("branch_staff").text("/console/account")


def test_a_name_is_changed_and_the_change_written_down(house: House, owner: Browser) -> None:
    owner.post("/console/account/name", name="陈<b>立")

    assert "陈&lt;b&gt;立" in owner.text("/console/account")
    assert acts(house)[-1].details == {"changes": {"姓名": ["owner person", "陈<b>立"]}}


@pytest.mark.parametrize("name", ["", "   ", "x" * 41])
def test_a_name_that_cannot_be_is_said_beside_the_field(owner: Browser, name: str) -> None:
    answer = owner.post("/console/account/name", name=name)

    assert answer.status_code == 422
    assert 'id="name-fault"' in answer.text


def test_a_new_password_ends_every_other_session(house: House, owner: Browser) -> None:
    elsewhere = house.enter("owner")

    assert change(owner) == 303

    assert owner.get("/console/account").status_code == 200
    assert elsewhere.get("/console/account").status_code == 302
    assert sign_in(house.browser(), "owner").status_code == 401
    assert sign_in(house.browser(), "owner", NEW).status_code == 303
    assert "operator.password_changed" in [act.action for act in acts(house)]


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (("wrong", NEW, NEW), "old"),
        ((PASSWORD, "short", "short"), "password"),
        ((PASSWORD, "owner.owner.owner", "owner.owner.owner"), "password"),
        ((PASSWORD, NEW, NEW + "!"), "repeated"),
    ],
)
def test_a_password_that_is_not_changed_says_why(
    house: House, owner: Browser, form: tuple[str, str, str], field: str
) -> None:
    typed = dict(zip(("old", "password", "repeated"), form, strict=True))
    answer = owner.post("/console/account/password", **typed)

    assert answer.status_code == 422
    assert f'id="{field}-fault"' in answer.text
    assert form[1] not in answer.text
    assert sign_in(house.browser(), "owner").status_code == 303


def test_guessing_the_old_password_locks_the_login(house: House, owner: Browser) -> None:
    assert [change(owner, old="wrong") for _ in range(6)] == [422] * 5 + [429]
    assert sign_in(house.browser(), "owner").status_code == 429


def test_browsers_are_listed_and_signed_out(house: House, owner: Browser) -> None:
    phone = Browser(house.app.test_client())
    phone.client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (iPhone) MicroMessenger/8.0 <x>"
    sign_in(phone, "owner")

    page = owner.text("/console/account")
    assert "微信 · iPhone" in page
    assert "&lt;x&gt;" in page
    marks = re.findall(r"/sessions/([0-9a-f]{64})/end", page)
    assert len(marks) == 1, "one's own browser has no button"

    answer = owner.post(f"/console/account/sessions/{marks[0]}/end")
    assert answer.location == "/console/account"
    assert phone.get("/console/").status_code == 302
    assert owner.get("/console/").status_code == 200


def test_all_other_browsers_are_signed_out_at_once(house: House, owner: Browser) -> None:
    others = [house.enter("owner") for _ in range(2)]

    owner.post("/console/account/sessions/others/end")

    assert [one.get("/console/").status_code for one in others] == [302, 302]
    assert owner.get("/console/").status_code == 200


def test_somebody_elses_session_is_not_there(house: House, owner: Browser) -> None:
    marketer = house.enter("marketer")
    rows = house.database.read(lambda db: db.scalars(select(OperatorSession)).all())
    theirs = [row.token_hash for row in rows if row.operator_id != rows[0].operator_id]

    for mark in (*theirs, "0" * 64, "x"):
        assert owner.post(f"/console/account/sessions/{mark}/end").status_code == 404
    assert marketer.get("/console/").status_code == 200


def begin(browser: Browser) -> pyotp.TOTP:
    browser.post("/console/account/second-factor")
    page = browser.text("/console/account/second-factor")
    assert 'src="data:image/svg+xml' in page
    found = re.search(r'class="wt-key">([A-Z2-7 ]+)<', page)
    assert found
    return pyotp.TOTP(found[1].replace(" ", ""))


def test_a_second_factor_is_set_up_used_and_taken_away(house: House, owner: Browser) -> None:
    elsewhere = house.enter("owner")
    phone = begin(owner)
    wrong = owner.post("/console/account/second-factor/first-code", code="000001")
    assert wrong.status_code == 401
    assert "wt-key" in wrong.text, "what was to be scanned is still there"

    done = owner.post("/console/account/second-factor/first-code", code=code_now(house, phone))

    papers = re.findall(r"<li><code>([a-z0-9-]+)</code>", done.text)
    assert len(papers) == 10
    assert elsewhere.get("/console/").status_code == 302, "signed in without a code"
    assert papers[0] not in owner.text("/console/account/second-factor")
    newcomer = house.browser()
    sign_in(newcomer, "owner")
    assert newcomer.post("/console/sign-in/code", code=papers[0]).status_code == 303
    assert "剩余恢复码 9 个" in newcomer.text("/console/account")

    owner.post("/console/account/second-factor/removal")

    assert sign_in(house.browser(), "owner").location == "/console/"
    kinds = [act.action for act in acts(house)]
    assert {"second_factor.added", "second_factor.removed", "recovery_code.used"} <= {*kinds}


def test_recovery_codes_are_renewed(house: House) -> None:
    phone = enrol(house, "owner")
    browser = house.browser()
    sign_in(browser, "owner")
    browser.post("/console/sign-in/code", code=code_now(house, phone))

    renewed = browser.post("/console/account/second-factor/recovery-codes")

    assert renewed.text.count("<li><code>") == 10
    assert "剩余恢复码 10 个" in browser.text("/console/account")


def test_the_secret_is_shown_after_the_password_only(house: House, owner: Browser) -> None:
    begin(owner)
    house.clock.move(minutes=6)

    answer = owner.get("/console/account/second-factor")

    assert answer.location == "/console/confirm?next=/console/account/second-factor"


def confirm(browser: Browser, where: str, **form: str) -> tuple[int, str | None]:
    token = browser.token()
    answer = browser.client.post(where, data={**form, "csrf_token": token})
    return answer.status_code, answer.location


def test_a_grave_page_asks_for_the_password_again_and_leads_back(
    house: House, owner: Browser
) -> None:
    assert owner.get("/console/operators/new").status_code == 200
    house.clock.move(minutes=5)

    asked = owner.get("/console/operators/new?x=1")

    where = "/console/confirm?next=/console/operators/new?x%3D1"
    assert (asked.status_code, asked.location) == (303, where)
    assert confirm(owner, where, password="wrong")[0] == 422
    assert owner.get("/console/operators/new").status_code == 303
    assert confirm(owner, where, password=PASSWORD) == (303, "/console/operators/new?x=1")
    assert owner.get("/console/operators/new").status_code == 200
    house.clock.move(minutes=5)
    assert owner.get("/console/operators/new").status_code == 303


def test_a_grave_act_that_comes_late_changes_nothing_and_leads_to_its_form(
    house: House, owner: Browser
) -> None:
    token = owner.token()
    house.clock.move(minutes=5)
    form = {"login": "lin", "name": "林", "role": "marketer", "csrf_token": token}
    came = {"Referer": "http://localhost/console/operators/new"}

    answer = owner.client.post("/console/operators/invitations", data=form, headers=came)

    assert (answer.status_code, answer.location) == (
        303, "/console/confirm?next=/console/operators/new",
    )  # fmt: skip
    assert "等待接受的邀请" not in owner.text("/console/operators")
    for foreign in ("http://evil.test/console/operators/new", "http://localhost/site/", ""):
        sent = owner.client.post(
            "/console/operators/invitations", data=form, headers={"Referer": foreign}
        )
        assert sent.location == "/console/confirm?next=/console/", foreign


@pytest.mark.parametrize("next_page", ["https://evil.test/", "//evil.test", "/site/", ""])
def test_the_question_leads_nowhere_else(owner: Browser, next_page: str) -> None:
    where = f"/console/confirm?next={next_page}"
    assert confirm(owner, where, password=PASSWORD) == (303, "/console/")


def test_with_a_second_factor_a_code_is_asked_as_well(house: House) -> None:
    phone = enrol(house, "owner")
    browser = house.browser()
    sign_in(browser, "owner")
    browser.post("/console/sign-in/code", code=code_now(house, phone))
    house.clock.move(minutes=6)
    where = "/console/confirm?next=/console/operators/new"

    assert 'name="code"' in browser.text(where)
    assert confirm(browser, where, password=PASSWORD)[0] == 401
    assert confirm(browser, where, password=PASSWORD, code="000001")[0] == 401
    assert browser.get("/console/operators/new").status_code == 303
    good = code_now(house, phone)
    assert confirm(browser, where, password=PASSWORD, code=good)[0] == 303
    assert browser.get("/console/operators/new").status_code == 200


def test_a_fragment_sends_the_whole_page_to_the_question(house: House, owner: Browser) -> None:
    house.clock.move(minutes=6)

    answer = owner.get("/console/operators/new", **{"HX-Request": "true"})

    assert answer.headers["HX-Redirect"] == "/console/confirm?next=/console/operators/new"


def test_the_acts_that_take_most_away_ask_again(house: House, owner: Browser) -> None:
    token = owner.token()
    house.clock.move(minutes=6)
    for path in (
        "members/1/erasures", "members/1/merge", "coupons/voids", "amnesties",
        "operators/1/place", "operators/1/deactivation", "operators/1/activation",
        "operators/1/second-factor/removal", "operators/1/sessions/end", "operators/1/unlock",
        "operators/1/password-link", "operators/invitations", "operators/invitations/1/renewal",
        "operators/invitations/1/revocation", "account/second-factor/removal",
        "account/second-factor/recovery-codes", "account/second-factor",
    ):  # fmt: skip
        answer = owner.client.post(f"/console/{path}", data={"csrf_token": token})
        assert answer.status_code == 303, path
        assert answer.location.startswith("/console/confirm"), path
    for path in (
        "members/1/erasures/new", "members/1/merge?into=2", "operators/1", "operators/new",
        "coupons/voids/new?scope=batch&id=1", "amnesties?day=2026-11-20",
    ):  # fmt: skip
        assert owner.get(f"/console/{path}").location.startswith("/console/confirm"), path
    assert owner.get("/console/amnesties").status_code == 200
