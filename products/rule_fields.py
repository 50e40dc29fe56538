"""Applications as fields of rules: parse with `VOCABULARY` and a rule may ask about them too."""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from kernel.clock import day_start
from loyalty.members import Member
from loyalty.rule_fields import Argument, Asked, Field, total
from loyalty.rule_kinds import Codes, Number
from loyalty.vocabulary import BASE
from products.applications import STATE_NAMES, Application
from products.catalogue import Product


def _filed(asked: Asked) -> Select[int]:
    query = select(func.count(Application.id)).where(Application.member_id == Member.id)
    if asked.since is None:
        return query
    ends = day_start(asked.today + timedelta(days=1))
    return query.where(Application.created_at >= asked.since, Application.created_at < ends)


def _count(asked: Asked) -> ColumnElement[Any]:
    query = _filed(asked)
    product = asked.arguments.get("product")
    if product is not None:
        query = query.join(Product, Product.id == Application.product_id)
        query = query.where(Product.code == product)
    return total(query)


def _in_states(asked: Asked) -> ColumnElement[Any]:
    return total(_filed(asked).where(Application.state.in_(asked.value)))


def _of_products(asked: Asked) -> ColumnElement[Any]:
    query = _filed(asked).join(Product, Product.id == Application.product_id)
    return total(query.where(Product.code.in_(asked.value)))


def _name_of(code: Any) -> ColumnElement[Any]:
    return select(Product.name).where(Product.code == code).scalar_subquery()


_DAYS = Argument("days")
_PRODUCTS: Select[Any, Any] = select(Product.code, Product.name).order_by(Product.name, Product.id)

FIELDS: tuple[Field, ...] = (
    Field(
        "applications.count",
        "申办{product}",
        Number(unit="次", low=0),
        _count,
        (_DAYS, Argument("product")),
        names={"product": _name_of},
        argument_options={"product": _PRODUCTS},
    ),
    Field("applications.state", "申办状态", Codes(names=STATE_NAMES), _in_states, (_DAYS,)),
    Field(
        "applications.product",
        "申办产品",
        Codes(),
        _of_products,
        (_DAYS,),
        name_of=_name_of,
        options=_PRODUCTS,
    ),
)

VOCABULARY = BASE.with_fields(FIELDS)
