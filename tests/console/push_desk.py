"""Hands for the tests of pushes: the form as a browser sends it, and a push as it stands."""

from typing import Any

from sqlalchemy import select

from pushes.pushes import Push
from tests.console.house import House

# What a browser sends of an untouched form, with a text by mass send.
FORM: dict[str, Any] = {
    "title": "冬至祝福",
    "audience_kind": "members",
    "channel": ["mass"],
    "variant_count": "1",
    "a.mass.kind": "text",
    "a.mass.text": "冬至快乐\r\n记得吃饺子",
    "link": "",
    "when": "now",
    "freeze_at": "start",
    "holdout_percent": "5",
    "grace_minutes": "60",
    "rate": "0",
}
TEMPLATE = "TplNotice000000001"
NOTICE = {
    "template_id": TEMPLATE,
    "data": {"thing1": "礼券到账", "thing2": "{称呼}，请查收"},
}
SMS = {"text": "{称呼}您好，礼券已到账 {链接}", "template": "push"}
MASS = {"kind": "text", "text": "冬至快乐"}


def form(**changes: Any) -> dict[str, Any]:
    """The form with some fields typed otherwise; `__` stands for a dot."""
    return {**FORM, **{name.replace("__", "."): value for name, value in changes.items()}}


def every(house: House) -> list[Push]:
    """All pushes, the oldest first."""
    return house.database.read(lambda db: list(db.scalars(select(Push).order_by(Push.id))))


def get(house: House, push_id: int = 1) -> Push:
    """One push as it stands now."""
    return house.database.read(lambda db: db.get_one(Push, push_id))
