"""Every form of the console, filled by somebody who means harm; a new form is met by itself."""

import io
from collections.abc import Iterator

import pytest
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.test import TestResponse

from kernel.operators import Operator
from tests.console.house import Browser, House
from tests.console.people import add_operator
from tests.console.test_guards import furnished, path_of, rules_of
from tests.console.test_pages import add_some
from tests.databases import traces
from tests.hostile import ROUGH, SHORT_XSS, UPLOADS, XSS, Form, check, check_page, forms_of

__all__ = ["furnished"]

SIGNS_OUT = {"console.sign_in.sign_out", "console.account.end_session"}
FIRST_FIELD = {"name", "title", "text", "q", "reason", "body", "login", "words"}


def answer_of(browser: Browser, form: Form, typed: dict[str, str], **more: str) -> TestResponse:
    return browser.client.post(form.action, data={**form.filled(typed), **more})


def pages(house: House, values: dict[str, str]) -> Iterator[str]:
    for rule, method, _ in rules_of(house.app):
        if method == "GET" and rule.endpoint not in SIGNS_OUT:
            yield path_of(rule, values)


def gather(house: House, browser: Browser, values: dict[str, str]) -> dict[str, list[Form]]:
    """The forms of all pages by the route that takes them, each once a route and shape."""
    found: dict[str, list[Form]] = {}
    adapter = house.app.url_map.bind("localhost")
    for path in pages(house, values):
        answer = browser.get(path)
        if answer.status_code != 200 or "html" not in answer.content_type:
            continue
        for form in forms_of(path, answer.text):
            try:
                endpoint, _ = adapter.match(form.action.partition("?")[0], method="POST")
            except (HTTPException, RequestRedirect) as error:
                raise AssertionError((path, form.action)) from error
            known = found.setdefault(str(endpoint), [])
            if sorted(form.values) not in [sorted(one.values) for one in known]:
                known.append(form)
    return found


def bare_forms(house: House, values: dict[str, str], known: set[str]) -> Iterator[Form]:
    """Routes that no form of a page leads to: they are asked with fields of common names."""
    for rule, method, _ in rules_of(house.app):
        if method != "GET" and rule.endpoint not in known | SIGNS_OUT:
            yield Form(path_of(rule, values), {}, sorted(FIRST_FIELD))


@pytest.mark.timeout(300)
def test_what_is_typed_anywhere_is_text_everywhere(
    furnished: tuple[House, dict[str, str]],
) -> None:
    house, values = furnished
    add_some(house, range(11, 12))
    # Somebody whom no form of the walk leads to: what is done to others does not end his walk.
    house.database.transaction(lambda db: add_operator(db, "walker", "owner"))
    owner = house.enter("walker")
    before = house.database.read(lambda db: {one.id: one.role for one in db.query(Operator)})
    found = gather(house, owner, values)
    forms = [one for same in found.values() for one in same if not one.secret]
    forms += bare_forms(house, values, set(found))
    assert len(found) > 60
    token = owner.token()
    for form in sorted(forms, key=lambda one: -len(one.texts)):  # bare buttons end things
        if form.action.endswith(("sign-out", "/sessions/end")):
            continue
        tries = [{name: SHORT_XSS} for name in form.texts]
        tries += [dict.fromkeys(form.texts, text) for text in (XSS, *ROUGH)]
        for typed in tries if form.texts else [{}]:
            check(form.action, answer_of(owner, form, typed, csrf_token=token))

    opened = 0
    for path in pages(house, values):
        answer = owner.get(path)
        check_page(path, answer)
        opened += answer.status_code == 200
    assert opened > 60
    stored = house.database.read(lambda db: {*traces(db, "onclick=x"), *traces(db, "onerror=")})
    assert len(stored) > 20, f"the walk no longer reaches the tables: {sorted(stored)}"
    assert house.database.read(lambda db: traces(db, "smuggled") + traces(db, "424242424")) == []
    after = house.database.read(lambda db: {one.id: one.role for one in db.query(Operator)})
    assert {one: after[one] for one in before} == before


def test_what_is_uploaded_anywhere_is_judged(furnished: tuple[House, dict[str, str]]) -> None:
    house, values = furnished
    owner = house.enter("owner")
    found = gather(house, owner, values)
    takers = [one for same in found.values() for one in same if one.files]
    assert len(takers) >= 2
    token = owner.token()
    for form in takers:
        for name, content in [*UPLOADS.items(), ("large.png", b"\x89PNG" + b"\x00" * 12_000_000)]:
            files = {one: (io.BytesIO(content), name) for one in form.files}
            data = {**form.values, "csrf_token": token, **files}
            answer = owner.client.post(form.action, data=data)
            check(form.action, answer)
            assert (
                answer.status_code >= 400
                or "html" in answer.content_type
                or (answer.status_code == 303)
            ), (form.action, name)
