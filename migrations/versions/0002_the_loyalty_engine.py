"""The loyalty engine.

Takes a hall that ran the first version to the tables of the loyalty engine with its people, points
and coupons. Three steps: columns are added with a value for the rows that stand, the rows are
filled in, then what every new row must say itself loses its value by default.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

import kernel.db
from kernel.clock import SystemClock

revision = "0002"
down_revision = "0001"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = kernel.db.UtcDateTime()
# The window that tiers are reckoned in, as it is by default; the nightly run counts it exactly.
QUALIFYING_DAYS = 365

# New columns that no row may be without → their value in the rows that stand.
GIVEN: dict[str, dict[str, tuple[sa.types.TypeEngine[Any], Any]]] = {
    "check_in": {"kind": (sa.String(10), "daily"), "cost": (sa.Integer(), "0")},
    "coupon": {"paid_points": (sa.Integer(), "0")},
    "coupon_batch": {
        "state": (sa.String(10), "open"),
        "percent_off": (sa.Integer(), "0"),
        "cap_fen": (sa.BigInteger(), "0"),
        "min_order_fen": (sa.BigInteger(), "0"),
        "shards": (sa.Integer(), "1"),
        "per_day": (sa.Integer(), "0"),
        "validity": (sa.String(10), "days"),
        "min_tier": (sa.Integer(), "0"),
        "needs_tag": (sa.String(40), ""),
        "price_points": (sa.Integer(), "0"),
        "phrase_digest": (sa.String(64), ""),
        "stacking": (sa.String(10), "exclusive"),
        "alert_percent": (sa.Integer(), "20"),
        "revision": (sa.Integer(), "1"),
    },
    "member": {
        "state": (sa.String(10), "active"),
        "tier_level": (sa.Integer(), "0"),
        "wants_check_in_reminder": (sa.Boolean(), sa.false()),
    },
    "points_account": {
        "debt": (sa.BigInteger(), "0"),
        "qualified": (sa.BigInteger(), "0"),
        "streak_version": (sa.Integer(), "0"),
    },
}
# New columns that may be empty, at least until they are filled in.
OPEN: dict[str, dict[str, sa.types.TypeEngine[Any]]] = {
    "consent": {"standing_for": sa.String(42)},
    "coupon": {
        "source_reference": sa.String(180),
        "valid_from": Instant,
        "order_reference": sa.String(80),
        "locked_until": Instant,
        "void_id": BigId,
    },
    "coupon_batch": {
        "fixed_from": Instant,
        "fixed_until": Instant,
        "unusable": sa.JSON(),
        "rule": sa.JSON(none_as_null=True),
        "channels": sa.JSON(),
        "alerted_at": Instant,
        "cloned_from_id": BigId,
    },
    "member": {
        "inviter_id": BigId,
        "merged_into_id": BigId,
        "rebound_at": Instant,
        "ended_at": Instant,
        "tier_since": sa.Date(),
        "tier_until": sa.Date(),
    },
    "phone_code": {"address_digest": sa.String(64)},
    "points_entry": {"rule": sa.String(40), "operator_id": sa.BigInteger()},
}


def upgrade() -> None:
    _rebuild_redemption()
    _create_tables()
    _add_columns()
    _fill_members()
    _fill_points()
    _fill_coupons()
    _settle_members()
    _settle_points()
    _settle_coupons()


def downgrade() -> None:
    raise NotImplementedError("the new tables have no place in the old ones: restore the backup")


@contextmanager
def _settling(table: str) -> Iterator[BatchOperations]:
    """Changes to columns that stand; what was given for the old rows is given no more."""
    with op.batch_alter_table(table) as batch_op:
        yield batch_op
        for name in GIVEN[table]:
            batch_op.alter_column(name, server_default=None)


def _add_columns() -> None:
    for table in sorted({*GIVEN, *OPEN}):
        with op.batch_alter_table(table) as batch_op:
            for name, (kind, value) in GIVEN.get(table, {}).items():
                column = sa.Column(name, kind, server_default=value, nullable=False)
                batch_op.add_column(column)
            for name, kind in OPEN.get(table, {}).items():
                batch_op.add_column(sa.Column(name, kind, nullable=True))


def _table(name: str, *columns: str | sa.ColumnClause[Any]) -> sa.TableClause:
    return sa.table(name, *(sa.column(one) if isinstance(one, str) else one for one in columns))


member = _table("member", "id", "phone_digest", "registered_at")
phone_seen = _table("phone_seen", "phone_digest", "first_at", "gifted_at")
consent = _table(
    "consent", "id", "member_id", "purpose", "granted_at", "withdrawn_at", "standing_for"
)
points_account = _table("points_account", "member_id", "qualified")
points_entry = _table(
    "points_entry", "member_id", "kind", "delta", "reference", sa.column("created_at", Instant)
)
check_in = _table("check_in", "member_id", "day", "points")
coupon = _table("coupon", "claimed_at", "valid_from")
coupon_batch = _table(
    "coupon_batch", "id", "stock", "issued", sa.column("unusable", sa.JSON()),
    sa.column("channels", sa.JSON()),
)  # fmt: skip
coupon_stock = _table("coupon_stock", "batch_id", "shard", "stock", "issued")
redemption = _table(
    "redemption", "coupon_id", "standing_coupon_id", "channel", "staff_id", "branch", "saved_fen",
    "redeemed_at",
)  # fmt: skip
redemption_kept = _table("redemption_kept", "coupon_id", "staff_id", "branch", "redeemed_at")


def _text(*parts: Any) -> sa.ColumnElement[str]:
    """Columns and texts joined to one text, on each database."""
    joined: sa.ColumnElement[str] = sa.literal("", sa.String())
    for part in parts:
        joined = joined + (
            sa.literal(part, sa.String()) if isinstance(part, str) else sa.cast(part, sa.String())
        )
    return joined


def _rebuild_redemption() -> None:
    """A coupon can be redeemed again after an undo, so redemptions get numbers of their own."""
    op.create_table(
        "redemption_kept",
        sa.Column("coupon_id", BigId, nullable=False),
        sa.Column("staff_id", BigId, nullable=False),
        sa.Column("branch", sa.String(40), nullable=False),
        sa.Column("redeemed_at", Instant, nullable=False),
    )
    names = [column.name for column in redemption_kept.columns]
    old = sa.select(*(redemption.c[name] for name in names))
    op.execute(redemption_kept.insert().from_select(names, old))
    op.drop_table("redemption")
    op.create_table(
        "redemption",
        sa.Column("id", BigId, nullable=False),
        sa.Column("coupon_id", BigId, nullable=False),
        sa.Column("standing_coupon_id", BigId, nullable=True),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("staff_id", BigId, nullable=True),
        sa.Column("branch", sa.String(40), nullable=False),
        sa.Column("order_reference", sa.String(80), nullable=True),
        sa.Column("order_fen", sa.BigInteger(), nullable=True),
        sa.Column("saved_fen", sa.BigInteger(), nullable=False),
        sa.Column("redeemed_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["coupon_id"], ["coupon.id"], name=op.f("fk_redemption_coupon_id")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_redemption_staff_id")),
        sa.ForeignKeyConstraint(
            ["standing_coupon_id"], ["coupon.id"], name=op.f("fk_redemption_standing_coupon_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redemption")),
        sa.UniqueConstraint("standing_coupon_id", name=op.f("uq_redemption_standing_coupon_id")),
    )
    for name in ("coupon_id", "order_reference", "redeemed_at"):
        op.create_index(op.f(f"ix_redemption_{name}"), "redemption", [name])
    kept = redemption_kept.c
    filled = sa.select(
        kept.coupon_id, kept.coupon_id, sa.literal("counter"), kept.staff_id, kept.branch,
        sa.literal(0), kept.redeemed_at,
    ).order_by(kept.redeemed_at, kept.coupon_id)  # fmt: skip
    into = [column.name for column in redemption.columns]
    op.execute(redemption.insert().from_select(into, filled))
    op.drop_table("redemption_kept")


def _fill_members() -> None:
    """Phones are remembered for ever, with their welcome passed; one consent a purpose stands."""
    seen = sa.select(member.c.phone_digest, member.c.registered_at, member.c.registered_at)
    op.execute(phone_seen.insert().from_select(["phone_digest", "first_at", "gifted_at"], seen))
    # Named tables inside tables: MariaDB and MySQL do not read what they are changing otherwise.
    grouped = (consent.c.member_id, consent.c.purpose)
    newest = (
        sa.select(*grouped, sa.func.max(consent.c.id).label("id"))
        .where(consent.c.withdrawn_at.is_(None))
        .group_by(*grouped)
        .subquery("newest")
    )
    granted = (
        sa.select(*grouped, sa.func.max(consent.c.granted_at).label("at"))
        .where(consent.c.withdrawn_at.is_(None))
        .group_by(*grouped)
        .subquery("granted")
    )
    replaced_at = sa.select(granted.c.at).where(
        granted.c.member_id == consent.c.member_id, granted.c.purpose == consent.c.purpose
    )
    op.execute(
        consent.update()
        .where(consent.c.withdrawn_at.is_(None), consent.c.id.not_in(sa.select(newest.c.id)))
        .values(withdrawn_at=replaced_at.scalar_subquery())
    )
    op.execute(
        consent.update()
        .where(consent.c.withdrawn_at.is_(None))
        .values(standing_for=_text(consent.c.member_id, ":", consent.c.purpose))
    )


def _fill_points() -> None:
    """What counts for a tier is what the last year brought; a day's points are the day's own."""
    since = SystemClock().now() - timedelta(days=QUALIFYING_DAYS)
    earned = sa.select(sa.func.coalesce(sa.func.sum(points_entry.c.delta), 0)).where(
        points_entry.c.member_id == points_account.c.member_id,
        points_entry.c.kind == "earn",
        points_entry.c.created_at > since,
    )
    op.execute(points_account.update().values(qualified=earned.scalar_subquery()))
    # The extra of a streak has an entry of its own, and was counted with the day before.
    extra = _text("check-in-streak:", check_in.c.member_id, ":", check_in.c.day)
    paid = points_entry.c.reference == extra
    op.execute(
        check_in.update()
        .where(sa.exists().where(paid))
        .values(
            points=check_in.c.points
            - sa.select(points_entry.c.delta).where(paid).scalar_subquery()
        )
    )


def _fill_coupons() -> None:
    """The stock becomes one shard; a coupon is worth something from the moment it was claimed."""
    old = sa.select(coupon_batch.c.id, sa.literal(0), coupon_batch.c.stock, coupon_batch.c.issued)
    op.execute(coupon_stock.insert().from_select(["batch_id", "shard", "stock", "issued"], old))
    op.execute(coupon_batch.update().values(unusable={}, channels=[]))
    op.execute(coupon.update().values(valid_from=coupon.c.claimed_at))


def _settle_members() -> None:
    with op.batch_alter_table("activity") as batch_op:
        batch_op.create_index("ix_activity_member_id_id", ["member_id", "id"])
    with op.batch_alter_table("consent") as batch_op:
        batch_op.create_unique_constraint(op.f("uq_consent_standing_for"), ["standing_for"])
    # Messages are filed under the ids of codes: one must not be given out again after a deletion.
    sqlite = op.get_bind().dialect.name == "sqlite"
    with op.batch_alter_table(
        "phone_code",
        recreate="always" if sqlite else "never",
        table_kwargs={"sqlite_autoincrement": True},
    ) as batch_op:
        batch_op.create_index(
            "ix_phone_code_address_digest_created_at", ["address_digest", "created_at"]
        )
    with _settling("member") as batch_op:
        for name, length in (("phone_sealed", 255), ("phone_digest", 64), ("phone_hint", 11)):
            batch_op.alter_column(name, existing_type=sa.String(length), nullable=True)
        for name in ("inviter_id", "tier_until"):
            batch_op.create_index(op.f(f"ix_member_{name}"), [name])
        for name in ("inviter_id", "merged_into_id"):
            batch_op.create_foreign_key(op.f(f"fk_member_{name}"), "member", [name], ["id"])


def _settle_points() -> None:
    with _settling("check_in"):
        pass
    with _settling("points_account") as batch_op:
        batch_op.create_check_constraint(op.f("ck_points_account_debt_not_negative"), "debt >= 0")
    with op.batch_alter_table("points_entry") as batch_op:
        batch_op.create_index("ix_points_entry_member_id_created_at", ["member_id", "created_at"])
    with op.batch_alter_table("lot_use") as batch_op:
        batch_op.create_index("ix_lot_use_lot_id", ["lot_id"])


def _settle_coupons() -> None:
    with _settling("coupon") as batch_op:
        batch_op.alter_column("seq", existing_type=sa.Integer(), nullable=True)
        batch_op.alter_column("valid_from", existing_type=Instant, nullable=False)
        batch_op.create_check_constraint(op.f("ck_coupon_lives"), "valid_from < valid_until")
        batch_op.create_index("ix_coupon_batch_id_id", ["batch_id", "id"])
        batch_op.create_index("ix_coupon_state_valid_until", ["state", "valid_until"])
        for name in ("order_reference", "void_id"):
            batch_op.create_index(op.f(f"ix_coupon_{name}"), [name])
        batch_op.create_unique_constraint(op.f("uq_coupon_source_reference"), ["source_reference"])
        batch_op.create_foreign_key(op.f("fk_coupon_void_id"), "coupon_void", ["void_id"], ["id"])
    fixed = "validity <> 'fixed' OR (fixed_from IS NOT NULL AND fixed_until > fixed_from)"
    with _settling("coupon_batch") as batch_op:
        batch_op.drop_constraint(op.f("ck_coupon_batch_issued_within_stock"), type_="check")
        batch_op.drop_column("issued")
        for name in ("unusable", "channels"):
            batch_op.alter_column(name, existing_type=sa.JSON(), nullable=False)
        batch_op.create_check_constraint(op.f("ck_coupon_batch_fixed_has_dates"), fixed)
        batch_op.create_check_constraint(
            op.f("ck_coupon_batch_starts_first"), "starts_at < ends_at"
        )
        batch_op.create_index(op.f("ix_coupon_batch_phrase_digest"), ["phrase_digest"])
        batch_op.create_foreign_key(
            op.f("fk_coupon_batch_cloned_from_id"), "coupon_batch", ["cloned_from_id"], ["id"]
        )


def _create_tables() -> None:
    op.create_table(
        "check_in_amnesty",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("done_after", sa.BigInteger(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("finished_at", kernel.db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_in_amnesty")),
        sa.UniqueConstraint("day", name=op.f("uq_check_in_amnesty_day")),
    )
    op.create_table(
        "check_in_programme",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", kernel.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_in_programme")),
        sa.UniqueConstraint("code", name=op.f("uq_check_in_programme_code")),
    )
    with op.batch_alter_table("check_in_programme", schema=None) as batch_op:
        batch_op.create_index(
            "ix_check_in_programme_starts_on_ends_on", ["starts_on", "ends_on"], unique=False
        )

    op.create_table(
        "code_quota",
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("touched_at", kernel.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_code_quota")),
    )
    with op.batch_alter_table("code_quota", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_code_quota_touched_at"), ["touched_at"], unique=False)

    op.create_table(
        "consent_text",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=20), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("published_at", kernel.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_text")),
        sa.UniqueConstraint("purpose", "version", name=op.f("uq_consent_text_purpose_version")),
    )
    op.create_table(
        "coupon_void",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("scope_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("returns_stock", sa.Boolean(), nullable=False),
        sa.Column("by_operator", sa.BigInteger(), nullable=False),
        sa.Column("after_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("finished_at", kernel.db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_void")),
    )
    op.create_table(
        "earn_rule",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=40), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("per_units", sa.BigInteger(), nullable=False),
        sa.Column("day_cap", sa.Integer(), nullable=False),
        sa.Column("week_cap", sa.Integer(), nullable=False),
        sa.Column("month_cap", sa.Integer(), nullable=False),
        sa.Column("multiplied", sa.Boolean(), nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("starts_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("ends_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_earn_rule")),
        sa.UniqueConstraint("code", name=op.f("uq_earn_rule_code")),
    )
    op.create_table(
        "job_mark",
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("after_id", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("finished_at", kernel.db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_mark")),
    )
    op.create_table(
        "phone_seen",
        sa.Column("phone_digest", sa.String(length=64), nullable=False),
        sa.Column("first_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("gifted_at", kernel.db.UtcDateTime(), nullable=True),
        sa.Column("invited_by", sa.String(length=64), nullable=True),
        sa.Column("erased_at", kernel.db.UtcDateTime(), nullable=True),
        sa.Column("barred_at", kernel.db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("phone_digest", name=op.f("pk_phone_seen")),
    )
    op.create_table(
        "profile_field",
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("title", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_profile_field")),
    )
    op.create_table(
        "proof_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("breaches", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proof_run")),
    )
    op.create_table(
        "tag",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("rule", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", kernel.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag")),
        sa.UniqueConstraint("code", name=op.f("uq_tag_code")),
    )
    op.create_table(
        "tier",
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("threshold", sa.BigInteger(), nullable=False),
        sa.Column("multiplier_percent", sa.Integer(), nullable=False),
        sa.Column("gift", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("changed_at", kernel.db.UtcDateTime(), nullable=False),
        sa.CheckConstraint("level >= 1", name=op.f("ck_tier_level_above_ground")),
        sa.CheckConstraint(
            "multiplier_percent >= 100", name=op.f("ck_tier_multiplier_at_least_one")
        ),
        sa.CheckConstraint("threshold > 0", name=op.f("ck_tier_threshold_positive")),
        sa.PrimaryKeyConstraint("level", name=op.f("pk_tier")),
        sa.UniqueConstraint("code", name=op.f("uq_tier_code")),
    )
    op.create_table(
        "check_in_reward",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("gift", sa.JSON(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("given_at", kernel.db.UtcDateTime(), nullable=True),
        sa.Column("claim_until", kernel.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_check_in_reward_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_in_reward")),
        sa.UniqueConstraint("reference", name=op.f("uq_check_in_reward_reference")),
    )
    with op.batch_alter_table("check_in_reward", schema=None) as batch_op:
        batch_op.create_index(
            "ix_check_in_reward_member_id_state", ["member_id", "state"], unique=False
        )

    op.create_table(
        "coupon_grant",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("rule", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("by_operator", sa.BigInteger(), nullable=False),
        sa.Column("after_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("finished_at", kernel.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["coupon_batch.id"], name=op.f("fk_coupon_grant_batch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupon_grant")),
    )
    with op.batch_alter_table("coupon_grant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_coupon_grant_batch_id"), ["batch_id"], unique=False)

    op.create_table(
        "coupon_stock",
        sa.Column(
            "batch_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stock", sa.Integer(), nullable=False),
        sa.Column("issued", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "issued >= 0 AND issued <= stock", name=op.f("ck_coupon_stock_issued_within_stock")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["coupon_batch.id"], name=op.f("fk_coupon_stock_batch_id")
        ),
        sa.PrimaryKeyConstraint("batch_id", "shard", name=op.f("pk_coupon_stock")),
    )
    op.create_table(
        "invite_code",
        sa.Column(
            "member_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("code", sa.String(length=9), nullable=False),
        sa.Column("created_at", kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_invite_code_member_id")
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_invite_code")),
        sa.UniqueConstraint("code", name=op.f("uq_invite_code_code")),
    )
    op.create_table(
        "invite_month",
        sa.Column(
            "member_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("rewarded", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_invite_month_member_id")
        ),
        sa.PrimaryKeyConstraint("member_id", "month", name=op.f("pk_invite_month")),
    )
    op.create_table(
        "member_block",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column(
            "blocked_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("blocked_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("lift_reason", sa.String(length=100), nullable=True),
        sa.Column(
            "lifted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("lifted_at", kernel.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["blocked_by"], ["operator.id"], name=op.f("fk_member_block_blocked_by")
        ),
        sa.ForeignKeyConstraint(
            ["lifted_by"], ["operator.id"], name=op.f("fk_member_block_lifted_by")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_member_block_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_block")),
    )
    with op.batch_alter_table("member_block", schema=None) as batch_op:
        batch_op.create_index("ix_member_block_member_id_id", ["member_id", "id"], unique=False)

    op.create_table(
        "member_import",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("file_digest", sa.String(length=64), nullable=False),
        sa.Column("file_name", sa.String(length=100), nullable=False),
        sa.Column(
            "started_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("started_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("lease_until", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("finished_at", kernel.db.UtcDateTime(), nullable=True),
        sa.Column("last_line", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("existing", sa.Integer(), nullable=False),
        sa.Column("bad", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["started_by"], ["operator.id"], name=op.f("fk_member_import_started_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_import")),
        sa.UniqueConstraint("file_digest", name=op.f("uq_member_import_file_digest")),
    )
    op.create_table(
        "member_merge",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "target_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column(
            "merged_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("merged_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("coupons", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["merged_by"], ["operator.id"], name=op.f("fk_member_merge_merged_by")
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["member.id"], name=op.f("fk_member_merge_source_id")
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["member.id"], name=op.f("fk_member_merge_target_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_merge")),
        sa.UniqueConstraint("source_id", name=op.f("uq_member_merge_source_id")),
    )
    with op.batch_alter_table("member_merge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_member_merge_target_id"), ["target_id"], unique=False)

    op.create_table(
        "member_tag",
        sa.Column(
            "member_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "tag_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("by_operator", sa.BigInteger(), nullable=True),
        sa.Column("put_at", kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_member_tag_member_id")
        ),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name=op.f("fk_member_tag_tag_id")),
        sa.PrimaryKeyConstraint("member_id", "tag_id", name=op.f("pk_member_tag")),
    )
    with op.batch_alter_table("member_tag", schema=None) as batch_op:
        batch_op.create_index(
            "ix_member_tag_tag_id_member_id", ["tag_id", "member_id"], unique=False
        )

    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("reference", sa.String(length=120), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("created_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("read_at", kernel.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_notice_member_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("reference", name=op.f("uq_notice_reference")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index("ix_notice_member_id_id", ["member_id", "id"], unique=False)

    op.create_table(
        "points_adjustment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("delta", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("request_key", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("needs_second", sa.Boolean(), nullable=False),
        sa.Column("proposed_by", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("decided_at", kernel.db.UtcDateTime(), nullable=True),
        sa.CheckConstraint("delta <> 0", name=op.f("ck_points_adjustment_delta_moves")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_points_adjustment_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_adjustment")),
        sa.UniqueConstraint("request_key", name=op.f("uq_points_adjustment_request_key")),
    )
    with op.batch_alter_table("points_adjustment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_points_adjustment_member_id"), ["member_id"], unique=False
        )
        batch_op.create_index("ix_points_adjustment_state_id", ["state", "id"], unique=False)

    op.create_table(
        "points_debt_move",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("created_at", kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_points_debt_move_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_debt_move")),
    )
    with op.batch_alter_table("points_debt_move", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_points_debt_move_member_id"), ["member_id"], unique=False
        )

    op.create_table(
        "points_pending",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("note", sa.String(length=60), nullable=False),
        sa.Column("event", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("settled_at", kernel.db.UtcDateTime(), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_points_pending_amount_positive")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_points_pending_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_pending")),
        sa.UniqueConstraint("reference", name=op.f("uq_points_pending_reference")),
    )
    with op.batch_alter_table("points_pending", schema=None) as batch_op:
        batch_op.create_index("ix_points_pending_event_state", ["event", "state"], unique=False)
        batch_op.create_index(
            "ix_points_pending_member_id_state", ["member_id", "state"], unique=False
        )

    op.create_table(
        "profile_value",
        sa.Column(
            "member_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("field_code", sa.String(length=30), nullable=False),
        sa.Column("text_value", sa.String(length=100), nullable=True),
        sa.Column("number_value", sa.BigInteger(), nullable=True),
        sa.Column("day_value", sa.Date(), nullable=True),
        sa.Column("saved_at", kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["field_code"], ["profile_field.code"], name=op.f("fk_profile_value_field_code")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_profile_value_member_id")
        ),
        sa.PrimaryKeyConstraint("member_id", "field_code", name=op.f("pk_profile_value")),
    )
    with op.batch_alter_table("profile_value", schema=None) as batch_op:
        batch_op.create_index("ix_profile_value_day", ["field_code", "day_value"], unique=False)
        batch_op.create_index(
            "ix_profile_value_number", ["field_code", "number_value"], unique=False
        )
        batch_op.create_index("ix_profile_value_text", ["field_code", "text_value"], unique=False)

    op.create_table(
        "reward",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("points_price", sa.Integer(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("per_member", sa.Integer(), nullable=False),
        sa.Column("min_tier", sa.Integer(), nullable=False),
        sa.Column("rule", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("picture", sa.String(length=120), nullable=False),
        sa.Column("starts_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("ends_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("per_member > 0", name=op.f("ck_reward_limit_positive")),
        sa.CheckConstraint("points_price > 0", name=op.f("ck_reward_price_positive")),
        sa.CheckConstraint(
            "taken >= 0 AND taken <= stock", name=op.f("ck_reward_taken_within_stock")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["coupon_batch.id"], name=op.f("fk_reward_batch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward")),
        sa.UniqueConstraint("code", name=op.f("uq_reward_code")),
    )
    with op.batch_alter_table("reward", schema=None) as batch_op:
        batch_op.create_index("ix_reward_active_ends_at", ["active", "ends_at"], unique=False)

    op.create_table(
        "rule_earning",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("cut", sa.BigInteger(), nullable=False),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_rule_earning_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_earning")),
        sa.UniqueConstraint("reference", name=op.f("uq_rule_earning_reference")),
    )
    with op.batch_alter_table("rule_earning", schema=None) as batch_op:
        batch_op.create_index(
            "ix_rule_earning_member_id_rule_day", ["member_id", "rule", "day"], unique=False
        )

    op.create_table(
        "segment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column(
            "created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("created_at", kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"], ["operator.id"], name=op.f("fk_segment_created_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment")),
        sa.UniqueConstraint("code", name=op.f("uq_segment_code")),
    )
    op.create_table(
        "tier_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("from_level", sa.Integer(), nullable=False),
        sa.Column("to_level", sa.Integer(), nullable=False),
        sa.Column("qualified", sa.BigInteger(), nullable=False),
        sa.Column("on_day", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("created_at", kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_tier_change_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tier_change")),
        sa.UniqueConstraint("member_id", "seq", name=op.f("uq_tier_change_member_id_seq")),
    )
    op.create_table(
        "tier_gift",
        sa.Column(
            "member_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("given_at", kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["member_id"], ["member.id"], name=op.f("fk_tier_gift_member_id")),
        sa.PrimaryKeyConstraint("member_id", "level", name=op.f("pk_tier_gift")),
    )
    op.create_table(
        "coupon_grant_row",
        sa.Column(
            "grant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(length=20), nullable=False),
        sa.Column("settled_at", kernel.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["coupon_grant.id"], name=op.f("fk_coupon_grant_row_grant_id")
        ),
        sa.PrimaryKeyConstraint("grant_id", "member_id", name=op.f("pk_coupon_grant_row")),
    )
    with op.batch_alter_table("coupon_grant_row", schema=None) as batch_op:
        batch_op.create_index(
            "ix_coupon_grant_row_grant_id_verdict", ["grant_id", "verdict"], unique=False
        )

    op.create_table(
        "member_import_row",
        sa.Column(
            "import_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"], ["member_import.id"], name=op.f("fk_member_import_row_import_id")
        ),
        sa.PrimaryKeyConstraint("import_id", "line", name=op.f("pk_member_import_row")),
    )
    with op.batch_alter_table("member_import_row", schema=None) as batch_op:
        batch_op.create_index("ix_member_import_row_member_id", ["member_id"], unique=False)

    op.create_table(
        "partner_code",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("folded", sa.String(length=64), nullable=False),
        sa.Column(
            "coupon_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("imported_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("taken_at", kernel.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["coupon_batch.id"], name=op.f("fk_partner_code_batch_id")
        ),
        sa.ForeignKeyConstraint(
            ["coupon_id"], ["coupon.id"], name=op.f("fk_partner_code_coupon_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partner_code")),
        sa.UniqueConstraint("batch_id", "folded", name=op.f("uq_partner_code_batch_id_folded")),
        sa.UniqueConstraint("coupon_id", name=op.f("uq_partner_code_coupon_id")),
    )
    with op.batch_alter_table("partner_code", schema=None) as batch_op:
        batch_op.create_index(
            "ix_partner_code_batch_id_coupon_id", ["batch_id", "coupon_id", "id"], unique=False
        )

    op.create_table(
        "points_reversal",
        sa.Column(
            "origin_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("moved", sa.BigInteger(), nullable=False),
        sa.Column("expired", sa.BigInteger(), nullable=False),
        sa.Column("owed", sa.BigInteger(), nullable=False),
        sa.Column("forgiven", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["points_entry.id"], name=op.f("fk_points_reversal_entry_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_points_reversal_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["origin_id"], ["points_entry.id"], name=op.f("fk_points_reversal_origin_id")
        ),
        sa.PrimaryKeyConstraint("origin_id", name=op.f("pk_points_reversal")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_points_reversal_entry_id")),
    )
    with op.batch_alter_table("points_reversal", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_points_reversal_member_id"), ["member_id"], unique=False
        )

    op.create_table(
        "reward_order",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("no", sa.String(length=20), nullable=False),
        sa.Column(
            "reward_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("request_key", sa.String(length=64), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("receiver_sealed", sa.Text(), nullable=True),
        sa.Column("carrier", sa.String(length=20), nullable=True),
        sa.Column("tracking_no", sa.String(length=40), nullable=True),
        sa.Column(
            "coupon_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("created_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("changed_at", kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["coupon_id"], ["coupon.id"], name=op.f("fk_reward_order_coupon_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_reward_order_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["reward_id"], ["reward.id"], name=op.f("fk_reward_order_reward_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reward_order")),
        sa.UniqueConstraint("coupon_id", name=op.f("uq_reward_order_coupon_id")),
        sa.UniqueConstraint(
            "member_id", "request_key", name=op.f("uq_reward_order_member_id_request_key")
        ),
        sa.UniqueConstraint("no", name=op.f("uq_reward_order_no")),
        sa.UniqueConstraint(
            "reward_id", "member_id", "seq", name=op.f("uq_reward_order_reward_id_member_id_seq")
        ),
    )
    with op.batch_alter_table("reward_order", schema=None) as batch_op:
        batch_op.create_index(
            "ix_reward_order_state_changed_at", ["state", "changed_at"], unique=False
        )

    op.create_table(
        "segment_version",
        sa.Column(
            "segment_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("saved_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("saved_at", kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["saved_by"], ["operator.id"], name=op.f("fk_segment_version_saved_by")
        ),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segment.id"], name=op.f("fk_segment_version_segment_id")
        ),
        sa.PrimaryKeyConstraint("segment_id", "version", name=op.f("pk_segment_version")),
    )
    op.create_table(
        "redemption_undo",
        sa.Column(
            "redemption_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("staff_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("operator_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=60), nullable=False),
        sa.Column("undone_at", kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["redemption_id"], ["redemption.id"], name=op.f("fk_redemption_undo_redemption_id")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_redemption_undo_staff_id")
        ),
        sa.PrimaryKeyConstraint("redemption_id", name=op.f("pk_redemption_undo")),
    )
    op.create_table(
        "reward_order_event",
        sa.Column(
            "order_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("from_state", sa.String(length=10), nullable=True),
        sa.Column("to_state", sa.String(length=10), nullable=False),
        sa.Column("at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("by_kind", sa.String(length=10), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("why", sa.String(length=100), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["reward_order.id"], name=op.f("fk_reward_order_event_order_id")
        ),
        sa.PrimaryKeyConstraint("order_id", "seq", name=op.f("pk_reward_order_event")),
    )
