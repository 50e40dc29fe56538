"""A higher package adds fields of its own: rules over applications."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.clock import business_day
from kernel.db import Database
from loyalty import rules
from loyalty.members import Member
from loyalty.rules import RuleInvalid
from loyalty.vocabulary import BASE
from products import applications
from products.applications import Form
from products.catalogue import Product
from products.rule_fields import VOCABULARY
from tests.loyalty.people import VAULT, join
from tests.world import NOON

COUNT: dict[str, Any] = {"field": "applications.count", "op": ">=", "value": 1}
STATE = {"field": "applications.state", "op": "has", "value": ["submitted", "accepted"]}
PRODUCT = {"field": "applications.product", "op": "has", "value": "fibre"}


def apply(session: Session) -> int:
    """A member who applied for fibre today."""
    product = Product(
        code="fibre", family="broadband", name="光纤宽带", speed="300M", price_fen=7900,
        period="月", summary="", terms="",
    )  # fmt: skip
    session.add(product)
    session.flush()
    visit = business_day(NOON) + timedelta(days=2)
    form = Form(product.id, product.name, "西湖区", "文三路 1 号", visit, "上午")
    member = join(session)
    applications.submit(session, VAULT, member, form, NOON)
    return member


@pytest.mark.parametrize(
    ("value", "days_later", "found"),
    [
        (COUNT, 0, True),
        ({**COUNT, "days": 1}, 0, True),
        ({**COUNT, "days": 1}, 1, False),
        ({**COUNT, "product": "fibre"}, 0, True),
        ({**COUNT, "product": "phone"}, 0, False),
        (STATE, 0, True),
        ({**STATE, "value": ["completed"]}, 0, False),
        ({**STATE, "op": "lacks"}, 0, False),
        (PRODUCT, 0, True),
        ({**PRODUCT, "value": "phone"}, 0, False),
    ],
)
def test_a_rule_asks_about_applications(
    database: Database, value: dict[str, Any], days_later: int, found: bool
) -> None:
    def work(session: Session) -> None:
        member = apply(session)
        join(session)
        rule = rules.parse(value, vocabulary=VOCABULARY)
        at = NOON + timedelta(days=days_later)
        meant = session.scalars(select(Member.id).where(rules.where(rule, at))).all()
        assert (member in meant) is found
        assert rules.check(session, rule, member, at)[0].met is found

    database.transaction(work)


def test_such_a_rule_is_said_in_names(sqlite: Database) -> None:
    def work(session: Session) -> None:
        apply(session)
        value = {"all": [{**COUNT, "product": "fibre", "days": 30}, STATE, PRODUCT]}
        rule = rules.parse(value, vocabulary=VOCABULARY)
        assert rules.explain(rule, rules.names_of(session, rule)) == (
            "近 30 天申办“光纤宽带”不少于 1 次，申办状态含已提交或已受理，且申办产品含“光纤宽带”"
        )
        assert rules.explain(rules.parse(COUNT, vocabulary=VOCABULARY)) == "申办不少于 1 次"

    sqlite.transaction(work)


def test_loyalty_alone_knows_no_applications() -> None:
    with pytest.raises(RuleInvalid):
        rules.parse(COUNT, vocabulary=BASE)
    with pytest.raises(RuleInvalid):
        rules.parse({**STATE, "value": ["flying"]}, vocabulary=VOCABULARY)
