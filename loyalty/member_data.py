"""A person's data: everything that is held of one member, in Chinese and as JSON.

One section a table; other packages pass in sections of their own.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from kernel.clock import SHANGHAI
from kernel.vault import Vault
from loyalty import members
from loyalty.member_sections import SECTIONS, Row, Section
from loyalty.members import PHONE_PLACE, STATE_NAMES, Member


def export(
    session: Session,
    vault: Vault,
    member_id: int,
    at: datetime,
    *,
    more: Mapping[str, Section] | None = None,
) -> dict[str, Any]:
    """Everything of one member: section titles with their rows, oldest first. Raises NotFound.

    `more` are sections of other packages. Values are text, numbers, booleans, lists or None;
    instants are Shanghai time.
    """
    member = members.get_by_id(session, member_id)
    found: dict[str, Any] = {"导出时间": _plain(at), "会员": _person(session, vault, member)}
    for title, read in {**SECTIONS, **(more or {})}.items():
        found[title] = [_plain_row(row) for row in read(session, vault, member)]
    return found


def _person(session: Session, vault: Vault, member: Member) -> Row:
    sealed = member.phone_sealed
    inviter = session.get(Member, member.inviter_id) if member.inviter_id else None
    return _plain_row(
        {
            "会员号": member.id,
            "微信标识": member.openid,
            "姓名": member.name,
            "手机": vault.open(sealed, PHONE_PLACE) if sealed else None,
            "注册渠道": member.channel,
            "注册时间": member.registered_at,
            "状态": STATE_NAMES[member.state],
            "换绑手机时间": member.rebound_at,
            "邀请人会员号": inviter.id if inviter else None,
            "等级": member.tier_level,
            "等级开始": member.tier_since,
            "等级截止": member.tier_until,
            "签到提醒": member.wants_check_in_reminder,
        }
    )


def _plain_row(row: Mapping[str, Any]) -> Row:
    return {label: _plain(value) for label, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(inner) for inner in value]
    return value
