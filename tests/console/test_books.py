"""The proof of the books, and what the points outstanding are."""

from sqlalchemy import update

from loyalty.ledger import PointsAccount
from loyalty.members import Member
from loyalty.proof_runs import PROOFS
from tests.console import loyalty_seeds
from tests.console.acts import acts
from tests.console.house import Browser, House


def test_books_that_balance_are_green(house: House, owner: Browser, wang: Member) -> None:
    house.database.transaction(lambda db: loyalty_seeds.give_points(db, wang.id, 100))

    owner.post("/console/books/proofs")

    page = owner.text("/console/books")
    assert page.count("账目一致") == 2
    assert "wt-fails" not in page
    (act,) = acts(house)
    assert (act.action, act.login, act.details) == ("books.proved", "owner", {"broken": []})


def test_books_that_do_not_balance_say_where(house: House, owner: Browser, wang: Member) -> None:
    house.database.transaction(lambda db: db.execute(update(PointsAccount).values(balance=7)))

    owner.post("/console/books/proofs")

    page = owner.text("/console/books")
    assert "账目不一致：2 项" in page
    assert "不一致：L1、L2" in page
    assert page.count("wt-fails") == 2


def test_every_promise_has_chinese_words(owner: Browser) -> None:
    page = owner.text("/console/books")

    for proof in PROOFS:
        assert f"<code>{proof.code}</code>" in page, proof.code
        assert proof.promise not in page, proof.code


def test_the_liability_tells_until_when(house: House, owner: Browser, wang: Member) -> None:
    house.database.transaction(lambda db: loyalty_seeds.give_points(db, wang.id, 1200))

    for period in ("", "month", "year", "twelve", "nonsense"):
        page = owner.text(f"/console/books/liability?period={period}")
        assert "1,200" in page
        assert "2027年12月26日" in page
