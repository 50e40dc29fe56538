"""What surrounds the sender of pushes."""

import sqlalchemy as sa
from alembic import op

import kernel.db

revision = "0012"
down_revision = "0010"


def upgrade() -> None:
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


def downgrade() -> None:
    with op.batch_alter_table("push_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_push_event_openid"))
        batch_op.drop_index(batch_op.f("ix_push_event_look_at"))

    op.drop_table("push_event")
