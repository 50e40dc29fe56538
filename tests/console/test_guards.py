"""Every route of the console against every role, and the token that every form carries."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from kernel.roles import ROLES
from tests.console import calendar_seeds, content_seeds, desk_seeds, loyalty_seeds, people, seeds
from tests.console.house import House

# What a path's code means depends on what it is the code of.
CODES = {
    "member_acts": "vip",
    "tags": "vip",
    "segments": "rich",
    "profile_fields": "estate",
    "earn_rules": "bill",
    "products": "b300",
    "branches": "zhongshan",
    "branding": content_seeds.CODE,
}
# Without what a form or a query says these find nothing.
NEEDS_MORE = {
    "console.member_merges.merge",
    "console.voids.show_new",
    "console.voids.start",
    "console.account.end_session",
}
# Whoever has no account, or not yet, or must show a code first.
PUBLIC = ("console.sign_in.", "console.invited.")


def rules_of(app: Flask) -> Iterator[tuple[Rule, str, str]]:
    """(rule, method, guard) of each route of the console."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("console."):
            guard = getattr(app.view_functions[rule.endpoint], "guard", "none")
            for method in (rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"}:
                yield rule, method, guard


@pytest.fixture
def furnished(house: House) -> tuple[House, dict[str, str]]:
    """A house with one of each thing, and what to put into the paths."""

    def furnish(db: Session) -> dict[str, str]:
        seeds.add_branch(db)
        seeds.add_menu(db)
        member = seeds.add_member(db, house.vault, 1)
        application = seeds.add_application(db, house.vault, member)
        push = seeds.add_push(db, "owner")
        shop = loyalty_seeds.furnish(db, house.vault, member.id)
        accounts = people.furnish(db, house.vault, member.id)
        desk = desk_seeds.furnish(db, member.openid)
        return {
            **desk,
            **shop,
            **accounts,
            **content_seeds.furnish(db),
            **calendar_seeds.furnish(db),
            "member_id": str(member.id),
            "number": application.number,
            "push_id": str(push.id),
            "series_id": str(seeds.add_series(db, "owner").id),
            "audit_id": "1",
            "version_id": "1",
            "channel": "sms",
        }

    return house, house.database.transaction(furnish)


def path_of(rule: Rule, values: dict[str, str]) -> str:
    path = rule.rule.replace("<row:", "<")
    values = {**values, "code": CODES.get(rule.endpoint.split(".")[1], "")}
    for name in rule.arguments:
        path = path.replace(f"<{name}>", values[name])
    return path


def test_every_route_is_guarded(house: House) -> None:
    guards = {rule.endpoint: guard for rule, _, guard in rules_of(house.app)}

    permissions = frozenset().union(*ROLES.values())
    assert len(guards) > 80
    for endpoint, guard in guards.items():
        kind, _, permission = guard.partition(":")
        if kind == "public":
            assert endpoint.startswith(PUBLIC), endpoint
        else:
            assert kind == "operator", endpoint
            assert permission in {*permissions, "any"}, endpoint


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reaches_what_it_may_and_nothing_else(
    furnished: tuple[House, dict[str, str]], role: str
) -> None:
    house, values = furnished
    browser = house.enter(role)
    token = browser.token()
    for rule, method, guard in rules_of(house.app):
        if rule.endpoint == "console.sign_in.sign_out":
            continue
        path = path_of(rule, values)
        answer = browser.client.open(path, method=method, data={"csrf_token": token})
        permission = guard.partition(":")[2]
        may = guard in {"public", "operator:any"} or permission in ROLES[role]
        assert (answer.status_code == 403) == (not may), (path, method, guard)
        assert answer.status_code < 500, path
        assert answer.status_code != 404 or rule.endpoint in NEEDS_MORE, path


def test_a_stranger_reaches_only_the_sign_in(furnished: tuple[House, dict[str, str]]) -> None:
    house, values = furnished
    browser = house.browser()
    token = browser.token()
    for rule, method, guard in rules_of(house.app):
        if guard == "public":
            continue
        path = path_of(rule, values)
        answer = browser.client.open(path, method=method, data={"csrf_token": token})
        assert answer.status_code in {302, 303}, path
        assert answer.location.startswith("/console/sign-in"), path


def test_every_form_without_its_token_is_refused(
    furnished: tuple[House, dict[str, str]],
) -> None:
    house, values = furnished
    browser = house.enter("owner")
    for rule, method, _ in rules_of(house.app):
        if method != "GET":
            assert browser.client.post(path_of(rule, values)).status_code == 400, rule.rule


@pytest.mark.parametrize(
    "path",
    [
        "/console/members/99999999999999999999999999",
        "/console/members/424242",
        "/console/pushes/99999999999999999999999999",
        "/console/applications/nothing%00",
        "/console/no-such-page",
    ],
)
def test_what_does_not_exist_is_a_page_that_says_so(house: House, path: str) -> None:
    answer = house.enter("owner").get(path)

    assert answer.status_code == 404
    assert "回到首页" in answer.text


@pytest.mark.parametrize("before", ["-1", "x", "9" * 40, "٣", "1e3", ""])
def test_an_odd_place_to_page_from_is_the_first_page(house: House, before: str) -> None:
    browser = house.enter("owner")

    for path in ("members", "applications", "pushes", "audit"):
        assert browser.get(f"/console/{path}?before={before}").status_code == 200


def test_an_error_page_needs_nobody_signed_in(house: House) -> None:
    answer = house.browser().get("/console/no-such-page")

    assert answer.status_code == 404
    assert "页面不存在" in answer.text
