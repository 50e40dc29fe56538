"""Lists that people upload: phones or member numbers become members, or name nobody."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from content.reviews import Hand
from kernel import audit
from kernel.refusals import Invalid
from kernel.vault import Vault
from loyalty import phones, table_files
from loyalty.file_refusals import FileRefused
from loyalty.members import LIVE, Member
from pushes.audiences import PushList, PushListMember

T = TypeVar("T")

NAME_LENGTH = 40
MOST_LINES = 200_000
_PAGE = 500
_LONGEST_NUMBER = 18
_TITLES = {
    "手机号": "phone", "手机号码": "phone", "手机": "phone", "电话": "phone", "phone": "phone",
    "会员号": "number", "会员编号": "number", "会员": "number", "member": "number",
}  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One line: `kind` is `phone` (`key` its digest), `number` or `bad`; `shown` is what may be
    shown of it to people, a phone masked."""

    line: int
    kind: str
    key: str
    shown: str


@dataclass(frozen=True)
class Lost:
    """A line that names nobody, and why."""

    line: int
    shown: str
    why: str


@dataclass(frozen=True)
class Made:
    """The list that was made, and the lines that are not in it."""

    list_id: int
    size: int
    lost: Sequence[Lost]


def read(path: Path, vault: Vault) -> list[Entry]:
    """The lines of a table with a column of phones or of member numbers.

    A file without a head line is read by its first column. Raises FileRefused.
    """
    found: list[Entry] = []
    place, kind = 0, ""
    for line, cells in table_files.lines(path):
        if not kind:
            places = table_files.places(line, cells, _TITLES)
            named = {column: at for column, at in places.items() if column in {"phone", "number"}}
            if named:
                kind, place = next(iter(named.items()))
                continue
            kind = "any"
            if not _is_key(cells[0]):
                raise FileRefused(line=line, problem="请有一列名叫“手机号”或“会员号”")
        if len(found) >= MOST_LINES:
            raise FileRefused(line=line, problem=f"最多 {MOST_LINES} 行")
        found.append(_entry(vault, line, kind, cells[place] if place < len(cells) else ""))
    if not found:
        raise FileRefused(line=1, problem="文件里没有名单")
    return found


def _is_key(cell: str) -> bool:
    text = cell.strip().removeprefix("+")
    return text.replace(" ", "").replace("-", "").isdigit()


def _entry(vault: Vault, line: int, kind: str, cell: str) -> Entry:
    text = cell.strip()
    if kind != "number":
        try:
            phone = phones.normalise(text)
        except Invalid:
            if kind == "phone":
                return Entry(line, "bad", "", _blurred(text))
        else:
            return Entry(line, "phone", vault.digest(phone), phones.mask(phone))
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER:
        return Entry(line, "number", str(int(text)), text)
    return Entry(line, "bad", "", _blurred(text))


def _blurred(text: str) -> str:
    # It may be a phone with a slip of the finger: enough to find the line, no more.
    return f"{text[:3]}…" if len(text) > 3 else text


def make(session: Session, name: str, entries: Sequence[Entry], hand: Hand) -> Made:
    """Keep the members whom the entries name, each once. Raises Invalid with `name` or `file`."""
    title = name.strip()
    if not 1 <= len(title) <= NAME_LENGTH or not title.isprintable():
        raise Invalid(field="name", reason=f"请填写名单名称（{NAME_LENGTH} 字以内）")
    found, lost = _resolve(session, entries)
    if not found:
        raise Invalid(field="file", reason="名单里没有一行能对上会员")
    row = PushList(
        name=title, size=len(found), lost=len(lost), created_by=hand.by, created_at=hand.at
    )
    session.add(row)
    session.flush()
    for page in _pages(sorted(found)):
        session.execute(
            insert(PushListMember), [{"list_id": row.id, "member_id": one} for one in page]
        )
    facts = {"size": row.size, "lost": row.lost}
    audit.write(
        session, "push_list.made", f"push_list:{row.id}", hand.at, by=(hand.by, None), **facts
    )
    return Made(row.id, row.size, lost)


def every(session: Session, limit: int = 100) -> list[PushList]:
    """The lists, the newest first."""
    return list(session.scalars(select(PushList).order_by(PushList.id.desc()).limit(limit)))


def _resolve(session: Session, entries: Sequence[Entry]) -> tuple[set[int], list[Lost]]:
    found: set[int] = set()
    lost: list[Lost] = []
    for page in _pages(entries):
        known = _known(session, page)
        for entry in page:
            member = known.get((entry.kind, entry.key))
            if member is None:
                why = "看不懂这一行" if entry.kind == "bad" else "没有这位会员"
                lost.append(Lost(entry.line, entry.shown, why))
            elif member in found:
                lost.append(Lost(entry.line, entry.shown, "重复，只算一次"))
            else:
                found.add(member)
    return found, lost


def _known(session: Session, page: Sequence[Entry]) -> dict[tuple[str, str], int]:
    digests = [one.key for one in page if one.kind == "phone"]
    numbers = [int(one.key) for one in page if one.kind == "number"]
    known: dict[tuple[str, str], int] = {}
    live = select(Member.id, Member.phone_digest).where(Member.state.in_(LIVE))
    if digests:
        for row in session.execute(live.where(Member.phone_digest.in_(digests))):
            known["phone", row.phone_digest] = row.id
    if numbers:
        for row in session.execute(live.where(Member.id.in_(numbers))):
            known["number", str(row.id)] = row.id
    return known


def _pages(items: Sequence[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while page := list(islice(rest, _PAGE)):
        yield page
