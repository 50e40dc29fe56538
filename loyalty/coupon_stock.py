"""The stock of a batch in its shards: laid out, raised, lowered, taken back, and watched."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.orm import Session

from kernel import activity
from kernel.hot import Hot, table_of
from kernel.refusals import Invalid, NotFound
from loyalty.claim_conditions import OutOfStock
from loyalty.coupons import CouponBatch, CouponStock

MOST_SHARDS = 16
MOST_STOCK = 10_000_000
_STOCK = table_of(CouponStock)


def lay_out(session: Session, batch: CouponBatch) -> None:
    """The shards of a new batch."""
    _check(batch.stock, batch.shards)
    _write(session, batch.id, _parts(batch.stock, batch.shards), [0] * batch.shards)


def hold(session: Session, batch_id: int) -> CouponBatch:
    """The batch as it stands, locked against other changes of it. Raises NotFound.

    Not against claims, whose coupons refer to it: on PostgreSQL they look it up after the stock
    row is theirs, and whoever held the batch and wanted the stock would wait in a ring.
    """
    batch = session.scalar(
        select(CouponBatch)
        .where(CouponBatch.id == batch_id)
        .with_for_update(of=CouponBatch, key_share=True)
        .execution_options(populate_existing=True)
    )
    if batch is None:
        raise NotFound
    return batch


def resize(session: Session, batch: CouponBatch, stock: int, shards: int) -> None:
    """Give the held batch that stock in so many shards; claims that run beside it stay exact.

    Raises Invalid for a stock below what is issued.
    """
    _check(stock, shards)
    issued = [done for _, _, done in _locked(session, batch.id)]
    if stock < sum(issued):
        raise Invalid(field="stock", reason=f"库存不能少于已发出的 {sum(issued)} 张")
    kept = (issued + [0] * shards)[:shards]
    kept[0] += sum(issued[shards:])
    session.execute(delete(_STOCK).where(_STOCK.c.batch_id == batch.id))
    _write(session, batch.id, _parts(stock - sum(kept), shards), kept)
    batch.stock, batch.shards = stock, shards
    session.flush()
    session.expire(batch, ["issued"])


def take(session: Session, batch_id: int, shard: int | None = None) -> None:
    """Take one from any shard, `shard` first. Raises OutOfStock when none has one left.

    A shard found dry is one that somebody else emptied, so the search ends.
    """
    while True:
        if shard is None:
            shard = _PICK.run(session, {"batch": batch_id}).scalar()
        if shard is None:
            raise OutOfStock
        wanted = {"batch": batch_id, "wanted": shard}
        taken = session.connection().execute(_TAKE, wanted)
        if taken.rowcount == 1:
            return
        shard = None


def give_back(session: Session, batch_id: int, count: int) -> None:
    """Take so many issued coupons back into the stock, from whichever shards issued them."""
    for shard, _, issued in _locked(session, batch_id):
        part = min(count, issued)
        _add(session, batch_id, shard, -part)
        count -= part
    assert count == 0, "more coupons taken back than were issued"


def take_many(session: Session, batch_id: int, count: int) -> bool:
    """Take so many at once over the shards; False, and nothing taken, when there are fewer."""
    rows = _locked(session, batch_id)
    if sum(stock - issued for _, stock, issued in rows) < count:
        return False
    for shard, stock, issued in rows:
        part = min(count, stock - issued)
        _add(session, batch_id, shard, part)
        count -= part
    return True


def low(session: Session) -> list[tuple[CouponBatch, int]]:
    """The open batches with less left than their alert level, with how many are left."""
    rows = session.execute(select(CouponBatch, _left()).where(_is_low()).order_by(CouponBatch.id))
    return [(row[0], int(row[1])) for row in rows]


def count_low() -> Select[*tuple[Any, ...]]:
    """How many batches `low` would name."""
    return select(func.count(CouponBatch.id)).where(_is_low())


def _left() -> ScalarSelect[Any]:
    return (
        select(func.sum(CouponStock.stock - CouponStock.issued))
        .where(CouponStock.batch_id == CouponBatch.id)
        .correlate(CouponBatch)
        .scalar_subquery()
    )


def _is_low() -> ColumnElement[bool]:
    return and_(
        CouponBatch.state == "open",
        CouponBatch.alert_percent > 0,
        _left() * 100 <= CouponBatch.stock * CouponBatch.alert_percent,
    )


def alert(session: Session, at: datetime) -> list[int]:
    """Note each batch that has crossed its alert level, once a crossing; the ids of the new ones.

    Kept out of the claims: there the batch's own row is shared by everybody.
    """
    found = {batch.id: left for batch, left in low(session)}
    risen = CouponBatch.alerted_at.is_not(None), CouponBatch.id.not_in(found)
    session.execute(update(CouponBatch).where(*risen).values(alerted_at=None))
    new = []
    for batch_id, left in found.items():
        crossed = session.execute(
            update(CouponBatch)
            .where(CouponBatch.id == batch_id, CouponBatch.alerted_at.is_(None))
            .values(alerted_at=at)
        )
        if crossed.rowcount == 1:  # type: ignore[attr-defined]
            activity.record(session, "coupon.stock_low", at, batch_id=batch_id, left=left)
            new.append(batch_id)
    return new


def _locked(session: Session, batch_id: int) -> list[tuple[int, int, int]]:
    """(shard, stock, issued) of each shard, locked in one order by all who lock several."""
    rows = session.execute(
        select(_STOCK.c.shard, _STOCK.c.stock, _STOCK.c.issued)
        .where(_STOCK.c.batch_id == batch_id)
        .order_by(_STOCK.c.shard)
        .with_for_update()
    )
    return [(row.shard, row.stock, row.issued) for row in rows]


def _add(session: Session, batch_id: int, shard: int, count: int) -> None:
    if count:
        session.execute(
            update(_STOCK)
            .where(_STOCK.c.batch_id == batch_id, _STOCK.c.shard == shard)
            .values(issued=_STOCK.c.issued + count)
        )


def _write(session: Session, batch_id: int, free: list[int], issued: list[int]) -> None:
    rows = [
        {"batch_id": batch_id, "shard": shard, "stock": done + part, "issued": done}
        for shard, (part, done) in enumerate(zip(free, issued, strict=True))
    ]
    session.execute(insert(_STOCK), rows)


def _parts(total: int, count: int) -> list[int]:
    return [total // count + (number < total % count) for number in range(count)]


def _check(stock: int, shards: int) -> None:
    if not 0 <= stock <= MOST_STOCK:
        raise Invalid(field="stock", reason="库存应在 0 到 1000 万之间")
    if not 1 <= shards <= MOST_SHARDS:
        raise Invalid(field="shards", reason=f"分片数应在 1 到 {MOST_SHARDS} 之间")


_PICK = Hot(
    select(CouponStock.shard)
    .where(CouponStock.batch_id == bindparam("batch"), CouponStock.issued < CouponStock.stock)
    .order_by(func.random())
    .limit(literal_column("1"))
)
_TAKE = (
    update(table_of(CouponStock))
    .where(
        CouponStock.batch_id == bindparam("batch"),
        CouponStock.shard == bindparam("wanted"),
        CouponStock.issued < CouponStock.stock,
    )
    .values(issued=CouponStock.issued + 1)
)
