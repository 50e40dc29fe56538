"""Every form of the mini-site, filled by somebody who means harm; a new form is met by itself."""

import re
from collections import deque
from collections.abc import Iterator

from flask import Flask
from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from tests.databases import traces
from tests.hostile import ROUGH, SHORT_XSS, XSS, Form, check, check_page, forms_of
from tests.site.conftest import BASE_URL, Phone, World
from tests.site.test_members_pages import APPLY, FORM

LINK = re.compile(r'href="(/site[^"#]*)"')
# What ends the visit, and what a form of these pages is answered with by its own tests.
LAST = ("/site/leaving", "/site/sign-in", "/site/oauth")
FIELDS = ["code", "name", "phone", "address", "day", "reason", "digits", "key", "wants"]


def walk(phone: Phone) -> Iterator[tuple[str, TestResponse]]:
    """Each kind of page that links lead to from the home page, once."""
    adapter = phone.client.application.url_map.bind("localhost")
    waiting, seen = deque(["/site/", "/site/redemptions/new", "/site/redemptions/branch"]), set()
    while waiting:
        path = waiting.popleft()
        try:
            name, _ = adapter.match(path.partition("?")[0])
        except HTTPException:
            continue
        if name in seen or path.startswith(LAST):
            continue
        seen.add(name)
        answer = phone.get(path)
        yield path, answer
        if answer.status_code == 200 and "html" in answer.content_type:
            waiting.extend(LINK.findall(answer.text))


def gather(app: Flask, phone: Phone) -> dict[str, Form]:
    """The forms that the pages show, by the route that takes them."""
    adapter, found = app.url_map.bind("localhost"), dict[str, Form]()
    for path, answer in walk(phone):
        if "html" in answer.content_type:
            for form in forms_of(path, answer.text):
                try:
                    name = str(adapter.match(form.action.partition("?")[0], method="POST")[0])
                except HTTPException as error:
                    raise AssertionError((path, form.action)) from error
                found.setdefault(name, form)
    return found


def others(app: Flask, known: set[str]) -> Iterator[Form]:
    """Routes that no page of this walk leads to, with fields of common names."""
    for rule in app.url_map.iter_rules():
        is_new = rule.endpoint not in known and not rule.rule.startswith(LAST)
        if "POST" in (rule.methods or ()) and is_new:
            yield Form(re.sub(r"<[^>]*>", "1", rule.rule), {}, FIELDS)


def test_what_is_typed_anywhere_is_text_everywhere(app: Flask, world: World) -> None:
    world.join("oEve", SHORT_XSS)
    world.grant(1, 500)
    phone, eve = Phone(app.test_client()), Phone(app.test_client())
    eve.sign_in("oEve")
    phone.sign_in("oNewcomer")
    eve.post(APPLY, **FORM)
    found = {**gather(app, phone), **gather(app, eve)}
    assert len(found) >= 10
    for form in [*found.values(), *others(app, set(found))]:
        tries = [{name: SHORT_XSS} for name in form.texts]
        tries += [dict.fromkeys(form.texts, text) for text in (XSS, *ROUGH)]
        for typed in tries if form.texts else [{}]:
            data = {**form.filled(typed), "csrf_token": eve.token()}
            address = {"base_url": BASE_URL, "headers": {"Referer": f"{BASE_URL}/site/"}}
            check(form.action, eve.client.post(form.action, data=data, **address))

    for path, answer in walk(eve):
        check_page(path, answer)
    stored = world.database.read(lambda db: traces(db, "onclick=x") + traces(db, "onerror="))
    assert "member.name" in stored, "the walk no longer reaches the tables"
    assert world.database.read(lambda db: traces(db, "smuggled") + traces(db, "424242424")) == []
