"""The order of products: by arrows, by dragging, and as customers see it."""

import pytest
from sqlalchemy.orm import Session

from products import catalogue
from products.catalogue import Product
from tests.console.acts import acts
from tests.console.house import Browser, House

CODES = ["a", "b", "c"]


@pytest.fixture
def sold(house: House) -> House:
    """Three products of two families, in the order in which they came."""

    def work(db: Session) -> None:
        for code, family in zip(CODES, ("broadband", "line", "broadband"), strict=True):
            texts = {"name": f"产品{code}", "speed": "-", "period": "月", "summary": "-"}
            db.add(Product(code=code, family=family, price_fen=1, terms="-", **texts))

    house.database.transaction(work)
    return house


def order(house: House) -> list[str]:
    return [one.code for one in house.database.read(catalogue.every)]


def place(browser: Browser, codes: list[str], act: str = "") -> int:
    form = {"csrf_token": browser.token(), "order": codes, "act": act}
    return browser.client.post("/console/products/order", data=form).status_code


def test_arrows_and_dragging_set_the_order(sold: House) -> None:
    marketer = sold.enter("marketer")

    place(marketer, CODES, "up:c")
    assert order(sold) == ["a", "c", "b"]
    place(marketer, ["a", "c", "b"], "down:a")
    place(marketer, ["c", "a", "b"], "up:c")  # it cannot go further
    assert order(sold) == ["c", "a", "b"]
    place(marketer, ["b", "c", "a"])
    assert order(sold) == ["b", "c", "a"]
    assert (acts(sold)[-1].details or {})["changes"] == {"顺序": ["c、a、b", "b、c、a"]}
    page = marketer.text("/console/products")
    assert page.index("产品b") < page.index("产品c") < page.index("产品a")


def test_a_product_that_came_meanwhile_stays_last(sold: House) -> None:
    marketer = sold.enter("marketer")

    place(marketer, ["b", "a"])
    assert order(sold) == ["b", "a", "c"]
    for odd in (["a", "a"], ["a", "gone"]):
        place(marketer, odd)
        assert "产品刚有变动" in marketer.text("/console/products")
    assert order(sold) == ["b", "a", "c"]
    assert place(sold.enter("approver"), CODES) == 403


def test_the_same_order_is_no_act(sold: House) -> None:
    sold.database.transaction(lambda db: catalogue.place(db, CODES, 1, sold.clock.now()))

    assert acts(sold) == []
