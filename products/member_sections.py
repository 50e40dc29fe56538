"""What the tables of this package tell of one member, for the export of a person's data."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from kernel.vault import Vault
from loyalty.member_sections import Row, Section
from loyalty.members import Member
from products import applications
from products.applications import STATE_NAMES

_MOST = 1_000


def _applications(session: Session, vault: Vault, member: Member) -> list[Row]:
    return [
        {
            "单号": one.number,
            "产品": one.product_name,
            "状态": STATE_NAMES[one.state],
            "区域": one.district,
            "地址": applications.address_of(vault, one),
            "上门日期": one.visit_on,
            "上门时段": one.visit_slot,
            "提交时间": one.created_at,
        }
        for one in reversed(applications.of_member(session, member.id, limit=_MOST))
    ]


SECTIONS: Mapping[str, Section] = {"业务申办": _applications}
