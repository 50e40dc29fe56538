"""Partner codes: a batch's pool of codes that another company made; each goes with one coupon."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, func, insert, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import activity, audit
from kernel.activity import BigId
from kernel.db import Base, TryAgain
from kernel.refusals import Invalid
from loyalty import coupon_stock

SHORTEST, LONGEST = 6, 64
MOST_CODES = 1_000_000
_PAGE = 500
_PLAIN = re.compile(r"[!-~]+", re.ASCII)
_HEADERS = {"code", "codes", "券码", "兑换码"}


class PartnerCode(Base):
    """One code of a pool; with a `coupon_id` it is a member's and never anybody else's."""

    __tablename__ = "partner_code"
    __table_args__ = (
        UniqueConstraint("batch_id", "folded"),
        Index("ix_partner_code_batch_id_coupon_id", "batch_id", "coupon_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("coupon_batch.id"))
    code: Mapped[str] = mapped_column(String(LONGEST))
    folded: Mapped[str] = mapped_column(String(LONGEST))
    coupon_id: Mapped[int | None] = mapped_column(ForeignKey("coupon.id"), unique=True)
    imported_at: Mapped[datetime]
    taken_at: Mapped[datetime | None]


class Verdict(NamedTuple):
    """What became of one line of an import.

    `said`: added; standing (imported before); repeated; case_twin (another code but for its case);
    too_short; too_long; blank (holds one); bad_character.
    """

    line: int
    code: str
    said: str


def lines_of(data: bytes) -> list[str]:
    """The first column of a CSV file in UTF-8, UTF-16 with its mark, or GBK, without its header.

    Raises Invalid for what is no such text.
    """
    text = _decoded(data)
    if "\0" in text:
        raise Invalid(field="file", reason="文件不是文本，请另存为 CSV")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error:
        raise Invalid(field="file", reason="文件中有未闭合的引号或过长的内容") from None
    lines = [row[0] for row in rows if row and any(cell.strip() for cell in row)]
    if lines and lines[0].strip().casefold() in _HEADERS:
        return lines[1:]
    return lines


def _decoded(data: bytes) -> str:
    encodings = ["utf-8-sig", "gb18030"]
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        encodings = ["utf-16"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid(field="file", reason="无法识别文件的编码，请用 UTF-8 保存")


def import_codes(
    session: Session, batch_id: int, codes: Sequence[str], at: datetime, *, by: int
) -> list[Verdict]:
    """Add codes to the batch's pool and its stock, with a verdict for every line.

    A second import of the same codes adds none. Raises NotFound, Invalid.
    """
    batch = coupon_stock.hold(session, batch_id)
    if batch.kind != "partner":
        raise Invalid(field="kind", reason="只有合作方券才有券码池")
    if len(codes) > MOST_CODES:
        raise Invalid(field="file", reason="一次最多导入 100 万个券码")
    verdicts = _judge(session, batch_id, codes)
    added = [verdict.code for verdict in verdicts if verdict.said == "added"]
    for start in range(0, len(added), _PAGE):
        page = added[start : start + _PAGE]
        row = {"batch_id": batch_id, "coupon_id": None, "imported_at": at, "taken_at": None}
        rows = [{"code": code, "folded": code.casefold(), **row} for code in page]
        session.execute(insert(PartnerCode), rows)
    if added:
        coupon_stock.resize(session, batch, pool_size(session, batch_id), batch.shards)
    audit.write(
        session,
        "coupon.codes_imported",
        f"coupon_batch:{batch_id}",
        at,
        by=(by, None),
        lines=len(codes),
        added=len(added),
    )
    activity.record(session, "coupon.codes_imported", at, batch_id=batch_id, added=len(added))
    return verdicts


def pool_size(session: Session, batch_id: int) -> int:
    """How many codes the pool has, free and taken."""
    count = select(func.count()).where(PartnerCode.batch_id == batch_id)
    return session.scalar(count) or 0


def _judge(session: Session, batch_id: int, codes: Sequence[str]) -> list[Verdict]:
    cleaned = [code.strip() for code in codes]
    standing = _standing(session, batch_id, cleaned)
    seen: dict[str, str] = {}
    verdicts = []
    for line, code in enumerate(cleaned, 1):
        said = _fault(code)
        if said is None:
            folded = code.casefold()
            said = _twin(code, standing.get(folded), "standing")
            said = said or _twin(code, seen.get(folded), "repeated") or "added"
            seen.setdefault(folded, code)
        verdicts.append(Verdict(line, code[:LONGEST], said))
    return verdicts


def _standing(session: Session, batch_id: int, codes: Sequence[str]) -> dict[str, str]:
    wanted = sorted({code.casefold() for code in codes if _fault(code) is None})
    found: dict[str, str] = {}
    for start in range(0, len(wanted), _PAGE):
        rows = session.execute(
            select(PartnerCode.folded, PartnerCode.code).where(
                PartnerCode.batch_id == batch_id,
                PartnerCode.folded.in_(wanted[start : start + _PAGE]),
            )
        )
        found.update((row.folded, row.code) for row in rows)
    return found


def _fault(code: str) -> str | None:
    if len(code) < SHORTEST:
        return "too_short"
    if len(code) > LONGEST:
        return "too_long"
    if any(char.isspace() for char in code):
        return "blank"
    return None if _PLAIN.fullmatch(code) else "bad_character"


def _twin(code: str, other: str | None, same: str) -> str | None:
    if other is None:
        return None
    return same if other == code else "case_twin"


def take(session: Session, batch_id: int, coupon_id: int, at: datetime) -> str:
    """Take a free code for the coupon; rivals take others. Raises TryAgain when none is free now.

    The stock decides whether the pool is empty: a code that a rival holds may come free again.
    """
    picked = session.execute(
        select(PartnerCode.id, PartnerCode.code)
        .where(PartnerCode.batch_id == batch_id, PartnerCode.coupon_id.is_(None))
        .order_by(PartnerCode.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if picked is None:
        raise TryAgain
    taken = session.execute(
        update(PartnerCode)
        .where(PartnerCode.id == picked.id, PartnerCode.coupon_id.is_(None))
        .values(coupon_id=coupon_id, taken_at=at)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise TryAgain
    return str(picked.code)


def free(session: Session, coupon_id: int) -> None:
    """Let go of a code that was taken in this very transaction, and seen by nobody."""
    session.execute(
        update(PartnerCode)
        .where(PartnerCode.coupon_id == coupon_id)
        .values(coupon_id=None, taken_at=None)
    )


def of_coupon(session: Session, coupon_id: int) -> str | None:
    """The partner's code that goes with the coupon, for its holder's eyes."""
    return session.scalar(select(PartnerCode.code).where(PartnerCode.coupon_id == coupon_id))
