"""The calendar of pushes: overrides, company days, switches of occasions, proposals."""

import sqlalchemy as sa
from alembic import op

import kernel.db

revision = "0011"
down_revision = "0010"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = kernel.db.UtcDateTime()


def upgrade() -> None:
    _make_days()
    op.create_table(
        "occasion_switch",
        sa.Column("occasion", sa.String(40), nullable=False),
        sa.Column("proposes", sa.Boolean(), nullable=False),
        *_hand("occasion_switch"),
        sa.PrimaryKeyConstraint("occasion", name="pk_occasion_switch"),
    )
    _make_proposals()


def _hand(table: str) -> tuple[sa.Column[object] | sa.ForeignKeyConstraint, ...]:
    """Who, and when."""
    return (
        sa.Column("operator_id", BigId, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["operator_id"], ["operator.id"], name=f"fk_{table}_operator_id"),
    )


def _make_days() -> None:
    op.create_table(
        "calendar_override",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        *_hand("calendar_override"),
        sa.PrimaryKeyConstraint("day", name="pk_calendar_override"),
    )
    op.create_table(
        "official_year",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        *_hand("official_year"),
        sa.PrimaryKeyConstraint("year", name="pk_official_year"),
    )
    op.create_table(
        "company_day",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("recurs", sa.String(8), nullable=False),
        sa.Column("month", sa.Integer(), nullable=True),
        sa.Column("day", sa.Integer(), nullable=True),
        sa.Column("happens_on", sa.Date(), nullable=True),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        *_hand("company_day"),
        sa.PrimaryKeyConstraint("id", name="pk_company_day"),
    )


def _make_proposals() -> None:
    op.create_table(
        "push_proposal",
        sa.Column("id", BigId, nullable=False),
        sa.Column("occasion", sa.String(40), nullable=False),
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("occurs_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("title", sa.String(40), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("page", sa.String(100), nullable=False),
        sa.Column("bonus_points", sa.Integer(), nullable=False),
        sa.Column("batch_id", BigId, nullable=True),
        sa.Column("shift_days", sa.Integer(), nullable=False),
        sa.Column("send_at", Instant, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("decided_by", BigId, nullable=True),
        sa.Column("decided_at", Instant, nullable=True),
        sa.Column("push_id", BigId, nullable=True),
        sa.Column("copy_id", BigId, nullable=True),
        sa.Column("programme_id", BigId, nullable=True),
        *(
            sa.ForeignKeyConstraint([column], [target], name=f"fk_push_proposal_{column}")
            for column, target in {
                "batch_id": "coupon_batch.id",
                "decided_by": "operator.id",
                "push_id": "push.id",
                "copy_id": "coupon_batch.id",
                "programme_id": "check_in_programme.id",
            }.items()
        ),
        sa.PrimaryKeyConstraint("id", name="pk_push_proposal"),
        sa.UniqueConstraint("occasion", "occurs_on", name="uq_push_proposal_occasion_occurs_on"),
    )
    op.create_index("ix_push_proposal_state_occurs_on", "push_proposal", ["state", "occurs_on"])


def downgrade() -> None:
    for table in (
        "push_proposal", "occasion_switch", "company_day", "official_year", "calendar_override",
    ):  # fmt: skip
        op.drop_table(table)
