"""Brings a hall's files into the database: adds the new, updates the changed, removes nothing.

What left the files stays in the tables: applications and coupons of real people point at it.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import hall_import
from content.branches import Branch
from content.hall_files import BatchEntry, CampaignEntry, Entry, HallFiles
from kernel import activity
from kernel.db import Base
from loyalty import coupon_batches, coupon_stock
from loyalty.coupons import CouponBatch
from products.catalogue import Product
from promotions.campaigns import Campaign


@dataclass(frozen=True)
class Imported:
    """How many rows an import added and changed."""

    added: int
    changed: int


def import_hall(session: Session, files: HallFiles, at: datetime) -> Imported:
    """Write a hall's files into its tables, matched by code; a second import changes nothing."""
    done = [
        Imported(*hall_import.import_articles(session, files, at)),
        _upsert(session, Branch, _plain(files.branches)),
        _upsert(session, Product, _plain(files.products)),
        _batches(session, files.coupon_batches, at),
    ]
    session.flush()  # campaigns need the ids of new batches
    done.append(_upsert(session, Campaign, _campaigns(session, files.campaigns)))
    session.flush()
    imported = Imported(sum(part.added for part in done), sum(part.changed for part in done))
    if imported != Imported(0, 0):
        activity.record(
            session, "content.imported", at, added=imported.added, changed=imported.changed
        )
    return imported


def _plain(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    return [entry.model_dump() for entry in entries]


def windowed(entry: BatchEntry | CampaignEntry) -> dict[str, Any]:
    """The values of a row, its days as instants."""
    starts_at, ends_at = entry.window
    values = entry.model_dump(exclude={"starts_on", "ends_on", "batch"})
    return {**values, "starts_at": starts_at, "ends_at": ends_at}


def said(entry: BatchEntry) -> dict[str, Any]:
    """The values of a batch that its file says."""
    # What a file leaves out is the console's to decide, and no import takes it back.
    return {
        name: value
        for name, value in windowed(entry).items()
        if name in entry.model_fields_set or name in {"starts_at", "ends_at"}
    }


def _batches(session: Session, entries: Sequence[BatchEntry], at: datetime) -> Imported:
    """New batches are open; of one that stands, only what the files say is changed.

    What members were promised is kept: no stock below what is issued, no lower limit.
    """
    added = changed = 0
    for entry in entries:
        values = said(entry)
        standing = coupon_batches.find(session, entry.code)
        if standing is None:
            coupon_batches.create(session, coupon_batches.Form(**values), at, state="open")
            added += 1
            continue
        held = coupon_stock.hold(session, standing.id)
        if held.issued:
            values["stock"] = max(values["stock"], held.issued)
            values["per_member"] = max(values["per_member"], held.per_member)
        form = dataclasses.replace(coupon_batches.form_of(held), **values)
        changed += coupon_batches.change(session, held.id, form, at)
    return Imported(added, changed)


def _campaigns(session: Session, entries: Sequence[CampaignEntry]) -> list[dict[str, Any]]:
    ids = {row.code: row.id for row in session.execute(select(CouponBatch.code, CouponBatch.id))}
    return [
        {**windowed(entry), "batch_id": ids[entry.batch] if entry.batch else None}
        for entry in entries
    ]


def _upsert(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> Imported:
    rows_now: list[Any] = list(session.scalars(select(table)))
    standing = {row.code: row for row in rows_now}
    added = changed = 0
    for values in rows:
        row = standing.get(values["code"])
        if row is None:
            session.add(table(**values))
            added += 1
        elif _is_ours(row) and _differs(row, values):
            changed += 1
            for name, value in values.items():
                setattr(row, name, value)
    return Imported(added, changed)


def _is_ours(row: object) -> bool:
    # What two people changed in the console is the truth from then on.
    return getattr(row, "edited_at", None) is None


def _differs(row: object, values: Mapping[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in values.items())
