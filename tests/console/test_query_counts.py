"""Every page of the console costs as many statements with thrice the rows: none asks per row."""

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.db import Base
from loyalty import points
from loyalty.members import Member
from tests.console.growth import LEFT_OUT, triple
from tests.console.house import House
from tests.console.test_guards import furnished, path_of, rules_of
from tests.console.test_pages import add_some, cost
from web.wiring import read

__all__ = ["furnished"]

MOST = 25
# Why a page may cost more.
DEARER: dict[str, int] = {}
# Needs what no row can give: a token, an open form.
ELSEWHERE = {"console.invited.show"}


def pages(house: House, values: dict[str, str]) -> Iterator[tuple[str, str]]:
    """(endpoint, path) of every page that opens by an address."""
    for rule, method, _ in rules_of(house.app):
        if method == "GET" and rule.endpoint not in ELSEWHERE:
            yield rule.endpoint, path_of(rule, values)


def test_no_page_costs_more_when_there_is_more(furnished: tuple[House, dict[str, str]]) -> None:
    house, values = furnished
    add_some(house, range(11, 13))
    house.database.transaction(triple)  # from one of a thing to several, a page may show more
    owner = house.enter("owner")
    found = {
        path: (endpoint, cost(house, lambda path=path: owner.get(path)))  # type: ignore[misc]
        for endpoint, path in pages(house, values)
        if owner.get(path).status_code == 200  # also warms what is kept in memory
    }
    assert len(found) > 50
    house.database.transaction(lambda db: triple(db, 3))

    grown, dear = {}, {}
    for path, (endpoint, few) in found.items():
        many = cost(house, lambda path=path: owner.get(path))  # type: ignore[misc]
        if many > few:
            grown[path] = (few, many)
        if many > DEARER.get(endpoint, MOST):
            dear[path] = many
    assert grown == {}
    assert dear == {}


def test_the_copies_come_to_stand(furnished: tuple[House, dict[str, str]]) -> None:
    house, _ = furnished

    def sizes() -> dict[str, int]:
        tables = [one for one in Base.metadata.sorted_tables if one.name not in LEFT_OUT]
        return house.database.read(
            lambda db: {
                one.name: db.scalar(select(func.count()).select_from(one)) or 0 for one in tables
            }
        )

    before = sizes()
    house.database.transaction(triple)
    after = sizes()
    filled = {name for name, size in before.items() if size}
    assert len(filled) > 20
    once = {name for name in filled if after[name] == before[name]}
    assert len(once) < len(filled) / 5, once


def test_a_page_that_asks_per_row_is_seen(furnished: tuple[House, dict[str, str]]) -> None:
    house, _ = furnished

    def ask_per_row() -> str:
        def work(db: Session) -> str:
            members = db.scalars(select(Member)).all()
            return " ".join(str(points.balance_of(db, one.id)) for one in members)

        return read(work)

    house.app.add_url_rule("/console/per-row", view_func=ask_per_row)
    browser = house.browser()
    few = cost(house, lambda: browser.text("/console/per-row"))
    house.database.transaction(triple)
    assert cost(house, lambda: browser.text("/console/per-row")) > few
