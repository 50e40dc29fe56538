"""Which tags there are: made, changed and retired by operators; a rule tag holds its rule."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kernel import audit
from kernel.db import TryAgain
from kernel.refusals import Invalid
from loyalty import rules, tags
from loyalty.tags import Tag

_CODE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
NAME_LENGTH = 20
_CHANGEABLE = ("name", "rule", "active")


@dataclass(frozen=True)
class Draft:
    """A tag as an operator fills it in; with a rule it is kept by that rule, without by hand."""

    code: str
    name: str
    rule: dict[str, Any] | None = None


def define(
    session: Session,
    draft: Draft,
    at: datetime,
    *,
    by: int | None,
) -> Tag:
    """Add a tag, or change the one with that code and take it into use again.

    A tag kept by hand stays so, and one kept by a rule likewise: who has it would else be
    nobody's decision. Raises Invalid with the field, RuleInvalid.
    """
    if not _CODE.fullmatch(draft.code):
        raise Invalid(field="code", reason="代码须为小写字母、数字")
    name = draft.name.strip()
    if not 1 <= len(name) <= NAME_LENGTH or not name.isprintable():
        raise Invalid(field="name", reason=f"请填写名称（{NAME_LENGTH} 字以内）")
    if draft.rule is not None:
        rules.parse(draft.rule)
    kind = "hand" if draft.rule is None else "rule"
    tag = session.scalar(select(Tag).where(Tag.code == draft.code).with_for_update())
    if tag is not None and tag.kind != kind:
        raise Invalid(field="rule", reason="手动标签与规则标签不能互换")
    before = None if tag is None else audit.values(tag, _CHANGEABLE)
    tag = tag or Tag(code=draft.code, kind=kind, created_at=at)
    tag.name, tag.rule, tag.active = name, draft.rule, True
    session.add(tag)
    try:
        session.flush()
    except IntegrityError as error:  # a colleague has just added it
        raise TryAgain from error
    changes = audit.changes(before, audit.values(tag, _CHANGEABLE), _CHANGEABLE)
    audit.write(session, "tag.defined", f"tag:{draft.code}", at, by=(by, None), changes=changes)
    return tag


def retire(session: Session, tag_code: str, at: datetime, *, by: int | None) -> None:
    """Take a tag out of use: nobody gets it any more, pages and rules no longer see it.

    Raises NotFound.
    """
    tags.get(session, tag_code).active = False
    session.flush()
    audit.write(session, "tag.retired", f"tag:{tag_code}", at, by=(by, None))
