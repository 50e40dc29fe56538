"""The pages of the audit log: every act has a name, can be looked for, shown and exported."""

import csv
import fnmatch
import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from kernel import audit, audit_chain, audit_checks
from kernel.audit import AuditEntry
from kernel.operators import Operator
from tests.console import audit_actions
from tests.console.house import NOON, Browser, House

HOSTILE = "<script>alert(1)</script>"


def names(house: House) -> dict[str, str]:
    template = house.app.jinja_env.get_template("console/audit/names.html")
    return dict(template.module.action_names)  # type: ignore[attr-defined]


def test_every_act_that_the_code_writes_has_a_name(house: House) -> None:
    found, known = audit_actions.written(), names(house)

    assert found.unread == set()
    assert len(found.whole) > 60
    assert found.whole - set(known) == set()
    for pattern in found.patterns:
        assert fnmatch.filter(known, pattern), pattern


def test_the_reader_of_the_code_finds_what_helpers_are_given() -> None:
    found = audit_actions.written()

    assert {"sign_in", "points.proposed", "member.blocked", "faq.shown"} <= found.whole


@pytest.fixture
def entries(house: House) -> list[int]:
    """A tier that a marketer changed, a sign-in, and many of a hostile subject."""

    def work(session: Session) -> list[int]:
        marketer = session.scalars(select(Operator.id).where(Operator.login == "marketer")).one()
        by = (marketer, "10.0.0.8")
        changes = {
            "name": ["银卡", "金卡"],
            "rule": [None, {"all": []}],
            "branding": ["", HOSTILE],
        }
        audit.write(session, "tier.defined", "tier:2", NOON, by=by, changes=changes)
        long_ago = NOON - timedelta(days=200)
        audit.write(session, "sign_in", "operator:1", long_ago, by=(None, "10.0.0.9"))
        for number in range(120):
            at = NOON - timedelta(hours=1, seconds=number)
            audit.write(session, "tag.put", f"member:9{number:03d}", at, note=HOSTILE)
        session.flush()
        return list(session.scalars(select(AuditEntry.id).order_by(AuditEntry.id)))

    return house.database.transaction(work)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("action=tier.defined", 1),
        ("address=10.0.0.8", 1),
        ("operator=none&action=tag.put", 50),
        ("kind=tier&key=2", 1),
        ("kind=member&key=9007", 1),
        ("key=9007", 1),
        ("key=900", 10),
        ("kind=operator&key=1&action=sign_in&last=2026-06-01", 1),
        ("first=2026-11-22", 0),
        ("last=2026-11-20&address=10.0.0.8", 0),
        ("key=%25", 0),
        ("operator=x&first=soon&from=nonsense", 50),
        ("first=0001-01-01&last=9999-12-31", 50),
        ("kind=%00member&key=9007", 1),
    ],
)
def test_acts_are_looked_for(entries: list[int], owner: Browser, query: str, rows: int) -> None:
    page = owner.text(f"/console/audit?{query}")

    assert page.count('class="wt-row-link') == rows
    assert ("没有找到这样的记录" in page) == (rows == 0)


def test_a_part_of_a_subject_is_looked_for_in_the_last_days_only(
    entries: list[int], owner: Browser
) -> None:
    page = owner.text("/console/audit?kind=operator&action=sign_in&address=10.0.0.9")

    assert page.count('class="wt-row-link') == 0
    assert "没有选日期，只在 2026年8月23日 以后的记录里找" in page


def test_pages_lead_on_and_back(entries: list[int], owner: Browser) -> None:
    def follow(page: str, rel: str) -> str:
        for part in page.split("<a ")[1:]:
            tag = part.split(">")[0]
            if f'rel="{rel}"' in tag:
                return owner.text(tag.split('href="')[1].split('"')[0].replace("&amp;", "&"))
        raise AssertionError(rel)

    first = owner.text("/console/audit?action=tag.put")
    second = follow(first, "next")
    third = follow(second, "next")

    assert [page.count('class="wt-row-link') for page in (first, second, third)] == [50, 50, 20]
    assert 'rel="next"' not in third
    assert follow(third, "prev") == second
    assert links(follow(second, "prev")) == links(first)


def links(page: str) -> list[str]:
    """The addresses of the acts on a page."""
    return re.findall(r'class="wt-row-link" href="([^"]+)"', page)


def test_an_act_shows_each_field_before_and_after(
    house: House, entries: list[int], owner: Browser
) -> None:
    house.database.transaction(lambda db: audit_chain.seal(db, NOON))

    page = owner.text(f"/console/audit/{entries[0]}")

    assert "名称" in page
    assert page.index("银卡") < page.index("金卡")
    assert "marketer person" in page
    assert "10.0.0.8" in page
    assert "与摘要一致" in page
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page


def test_an_act_that_was_changed_says_so(house: House, entries: list[int], owner: Browser) -> None:
    house.database.transaction(lambda db: audit_chain.seal(db, NOON))
    changed = update(AuditEntry).where(AuditEntry.id == entries[0]).values(subject="tier:3")
    house.database.transaction(lambda db: db.execute(changed))

    assert "与摘要不符" in owner.text(f"/console/audit/{entries[0]}")
    found = house.database.read(audit_checks.verify)
    house.database.transaction(lambda db: audit_checks.keep(db, found, NOON, 0))
    assert "操作记录被动过：第 1 环" in owner.text("/console/audit")


def test_nobody_learns_of_an_act_that_is_not_there(owner: Browser) -> None:
    assert owner.get("/console/audit/999999").status_code == 404


def test_the_export_holds_what_was_asked_for_and_is_an_act_itself(
    house: House, entries: list[int], owner: Browser
) -> None:
    def write(session: Session) -> None:
        audit.write(session, "tag.put", "=1+1", NOON, by=(None, "10.0.0.8"))

    house.database.transaction(write)
    answer = owner.post("/console/audit/exports", address="10.0.0.8")
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))

    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert [row[3] for row in rows] == ["操作", "打标签", "保存等级"]
    assert rows[1][5] == "'=1+1"
    page = owner.text("/console/audit?action=audit.exported")
    assert "来自 10.0.0.8" in page


def test_a_long_export_has_every_row(house: House, entries: list[int], owner: Browser) -> None:
    def more(session: Session) -> None:
        for number in range(2_300):
            audit.write(
                session, "tag.put", f"member:{number}", NOON - timedelta(seconds=number % 5)
            )

    house.database.transaction(more)
    answer = owner.post("/console/audit/exports", action="tag.put", kind="", key="")
    subjects = [line.split(",")[5] for line in answer.text.splitlines()[1:]]

    assert len(subjects) == 2_420
    assert len(set(subjects)) == 2_420
