"""Branches are made, changed and retired by two people: one asks, another approves."""

import math
import re
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from content import branches, changes, opening_hours
from content.branches import Branch
from content.changes import Kind
from content.inline import clean
from content.opening_hours import Days, Week
from content.reviews import Hand, Review
from kernel.refusals import Invalid, Refused

_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_PHONE = re.compile(r"[0-9-]{5,20}", re.ASCII)
_TITLES = {
    "name": "名称",
    "district": "区域",
    "address": "地址",
    "phone": "电话",
    "hours": "营业时间（文字）",
    "latitude": "纬度",
    "longitude": "经度",
    "week": "每周营业时间",
    "days": "特殊日期",
    "services": "办理业务",
}
KIND = Kind("branch", Branch, "营业厅", _TITLES, retiring="撤销营业厅")
_LENGTHS = {"name": 40, "district": 20, "address": 100}
_HOURS, _SERVICES, _SERVICE = 60, 20, 20


class BranchCodeTaken(Refused):
    """Another branch, open or retired, has that code."""

    code = "branch_code_taken"


@dataclass(frozen=True)
class Form:
    """A branch as it should be; `hours` of "" is written from `week`. See `opening_hours`."""

    name: str
    district: str
    address: str
    phone: str
    latitude: float
    longitude: float
    hours: str = ""
    week: Week = field(default_factory=list)
    days: Days = field(default_factory=dict)
    services: tuple[str, ...] = ()


def form_of(branch: Branch) -> Form:
    """The branch as it is."""
    return Form(**{**branch.values, "services": tuple(branch.services)})


def ask_new(session: Session, code: str, form: Form, hand: Hand, note: str = "") -> Review:
    """Ask for a new branch. Raises BranchCodeTaken, ChangeOpen, NotCompliant, Invalid."""
    if not _CODE.fullmatch(code) or len(code) > 40:
        raise Invalid(field="code", reason="编码只能用小写字母、数字和连字符，最多 40 个字符")
    if branches.find(session, code) is not None:
        raise BranchCodeTaken
    return changes.ask(session, KIND.new(code, _checked(form)), hand, note)


def ask_change(session: Session, code: str, form: Form, hand: Hand, note: str = "") -> Review:
    """Ask for a change. Raises NotFound, ChangeOpen, NotCompliant, Invalid."""
    draft = KIND.change(branches.get(session, code), _checked(form))
    return changes.ask(session, draft, hand, note)


def ask_retirement(session: Session, code: str, hand: Hand, note: str = "") -> Review:
    """Ask for a branch to be closed for good. Raises NotFound, ChangeOpen."""
    return changes.ask(session, KIND.retirement(branches.get(session, code)), hand, note)


def _checked(form: Form) -> dict[str, Any]:
    values = {name: _line(getattr(form, name), name, most) for name, most in _LENGTHS.items()}
    if not _PHONE.fullmatch(form.phone.strip()):
        raise Invalid(field="phone", reason="电话只能有数字和连字符，5 至 20 位")
    for name, most, title in (("latitude", 90, "纬度"), ("longitude", 180, "经度")):
        degrees = getattr(form, name)
        if not (math.isfinite(degrees) and abs(degrees) <= most):
            raise Invalid(field=name, reason=f"{title}要在 -{most} 至 {most} 之间")
    week, days = opening_hours.check(list(form.week), form.days)
    hours = " ".join(clean(form.hours).split()) or opening_hours.words(week)[:_HOURS]
    if not 1 <= len(hours) <= _HOURS:
        raise Invalid(field="hours", reason=f"请填写营业时间，最多 {_HOURS} 字")
    return {
        **values,
        "phone": form.phone.strip(),
        "hours": hours,
        "latitude": form.latitude,
        "longitude": form.longitude,
        "week": week,
        "days": days,
        "services": _services(form.services),
    }


def _line(text: str, name: str, most: int) -> str:
    text = " ".join(clean(text).split())
    if not 1 <= len(text) <= most:
        reason = f"请填写{_TITLES[name]}" if not text else f"{_TITLES[name]}最多 {most} 字"
        raise Invalid(field=name, reason=reason)
    return text


def _services(services: tuple[str, ...]) -> list[str]:
    found = [" ".join(clean(one).split()) for one in services]
    found = list(dict.fromkeys(one for one in found if one))
    if len(found) > _SERVICES or any(len(one) > _SERVICE for one in found):
        raise Invalid(field="services", reason=f"最多 {_SERVICES} 项服务，每项最多 {_SERVICE} 字")
    return found
