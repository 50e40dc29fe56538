"""What surrounds the sender of pushes."""

import sqlalchemy as sa
from alembic import op

import kernel.db

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "notice_cursor",
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("after_id", sa.BigInteger(), nullable=False),
        sa.Column("next_id", sa.BigInteger(), nullable=False),
        sa.Column("next_at", kernel.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_notice_cursor")),
    )
    op.create_table(
        "push_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("openid", sa.String(length=64), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("received_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("look_at", kernel.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_event")),
        sa.UniqueConstraint("key", name=op.f("uq_push_event_key")),
    )
    with op.batch_alter_table("push_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_push_event_look_at"), ["look_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_push_event_openid"), ["openid"], unique=False)

    op.create_table(
        "duty_operator",
        sa.Column(
            "operator_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("openid", sa.String(length=64), nullable=True),
        sa.Column("code_digest", sa.String(length=64), nullable=True),
        sa.Column("code_until_at", kernel.db.UtcDateTime(), nullable=True),
        sa.Column("bound_at", kernel.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operator.id"], name=op.f("fk_duty_operator_operator_id")
        ),
        sa.PrimaryKeyConstraint("operator_id", name=op.f("pk_duty_operator")),
        sa.UniqueConstraint("code_digest", name=op.f("uq_duty_operator_code_digest")),
        sa.UniqueConstraint("openid", name=op.f("uq_duty_operator_openid")),
    )
    op.create_table(
        "push_series",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title", sa.String(length=40), nullable=False),
        sa.Column("form", sa.JSON(), nullable=False),
        sa.Column("schedule", sa.JSON(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=True),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("editors", sa.JSON(), nullable=False),
        sa.Column(
            "created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "approved_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("created_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("effective_at", kernel.db.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["operator.id"], name=op.f("fk_push_series_approved_by")
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["operator.id"], name=op.f("fk_push_series_created_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_series")),
    )
    op.create_table(
        "sent_notice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "member_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("at", kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_sent_notice_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sent_notice")),
        sa.UniqueConstraint("source", "source_id", name=op.f("uq_sent_notice_source_source_id")),
    )
    with op.batch_alter_table("sent_notice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sent_notice_at"), ["at"], unique=False)
        batch_op.create_index(
            "ix_sent_notice_member_id_message_id", ["member_id", "message_id"], unique=False
        )

    op.create_table(
        "push_run",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column(
            "series_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("due_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("push_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("created_at", kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["push_id"], ["push.id"], name=op.f("fk_push_run_push_id")),
        sa.ForeignKeyConstraint(
            ["series_id"], ["push_series.id"], name=op.f("fk_push_run_series_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_run")),
        sa.UniqueConstraint("key", name=op.f("uq_push_run_key")),
    )
    with op.batch_alter_table("push_run", schema=None) as batch_op:
        batch_op.create_index("ix_push_run_series_id_id", ["series_id", "id"], unique=False)


def downgrade() -> None:
    for table in (
        "push_run", "sent_notice", "push_series", "duty_operator", "push_event", "notice_cursor",
    ):  # fmt: skip
        op.drop_table(table)
