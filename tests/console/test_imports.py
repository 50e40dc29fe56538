"""Imports of members: rehearsed, then done, with a report."""

import io
import re
from typing import Any

from loyalty import members
from loyalty.file_refusals import FILE_BYTES
from loyalty.members import Member
from tests.console.acts import acts
from tests.console.house import Browser, House
from web.console import imports

FILE = "姓名,手机号\n李雷,13911110001\n王芳,13800000001\n坏行,12\n".encode()


def send(browser: Browser, path: str, data: bytes, name: str = "members.csv", **form: str) -> Any:
    sent = {**form, "csrf_token": browser.token(), "file": (io.BytesIO(data), name)}
    return browser.client.post(f"/console/imports{path}", data=sent)


def digest_in(page: str) -> str:
    found = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    assert found
    return found[1]


def test_a_file_is_seen_then_imported_then_reported(
    house: House, owner: Browser, wang: Member
) -> None:
    seen = send(owner, "/previews", FILE).text
    assert "手机号有误" in seen
    assert acts(house) == []

    for _ in range(2):  # the same file twice
        answer = send(owner, "", FILE, digest=digest_in(seen))

    assert answer.location == "/console/imports/1"
    page = owner.text(answer.location)
    assert "已新增" in page
    assert "13911110001" not in page
    (act,) = acts(house)
    assert (act.action, act.address) == ("members.imported", "127.0.0.1")
    report = owner.get("/console/imports/1/report")
    assert report.text.startswith("\ufeff行号,结果,说明,会员号")
    assert len(report.text.splitlines()) == 4
    assert house.database.read(lambda db: members.get_by_id(db, 2).name) == "李雷"


def test_htmx_gets_the_verdicts_alone(owner: Browser) -> None:
    form = {"csrf_token": owner.token(), "file": (io.BytesIO(FILE), "m.csv")}

    answer = owner.client.post(
        "/console/imports/previews", data=form, headers={"HX-Request": "true"}
    )

    assert "<html" not in answer.text
    assert digest_in(answer.text)


def test_another_file_than_the_one_that_was_seen_is_refused(house: House, owner: Browser) -> None:
    digest = digest_in(send(owner, "/previews", FILE).text)

    answer = send(owner, "", FILE + "韩梅,13911110009\n".encode(), digest=digest)

    assert answer.status_code == 422
    assert acts(house) == []


def test_files_that_are_none(owner: Browser) -> None:
    assert owner.post("/console/imports/previews").status_code == 422
    for data, name in (
        (b"", "m.csv"), (b"PK\x03\x04nonsense", "m.xlsx"), (FILE, "m.exe"), (FILE, "../../m"),
        (b"a,b\n1,2\n", "m.csv"), ("姓名,手机号\n".encode(), "m.csv"), (b"\xff\xfe\x00", "m.csv"),
    ):  # fmt: skip
        answer = send(owner, "/previews", data, name)
        assert answer.status_code == 422, name
        assert "alert-danger" in answer.text


def test_a_file_larger_than_other_forms_is_taken(house: House, owner: Browser) -> None:
    house.app.config["MAX_CONTENT_LENGTH"] = 100_000
    body = FILE + b"x,1\n" * 10_000 + b"," * 100_000

    assert send(owner, "/previews", body).status_code in {200, 422}
    large = send(house.browser(), "/previews", body)
    assert large.status_code == 413, "a stranger's body stays small"
    assert FILE_BYTES > 100_000


def test_a_file_of_too_many_lines_goes_through_the_command_line(
    house: House, owner: Browser
) -> None:
    lines = "".join(f"会员,139{number:08d}\n" for number in range(imports.MOST_LINES + 1))

    answer = send(owner, "/previews", f"姓名,手机号\n{lines}".encode())

    assert "超过 2 万行" in answer.text
