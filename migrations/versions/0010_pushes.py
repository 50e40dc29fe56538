"""Pushes by five channels: chunks under a lease, texts by channel, audiences, credits, clicks."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

import kernel.db

revision = "0010"
down_revision = "0009"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = kernel.db.UtcDateTime()
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
# What pushes that stand already are given; the text of each is read from `body`.
GIVEN: dict[str, tuple[sa.types.TypeEngine[Any], Any]] = {
    "channels": (sa.JSON(), ["mass"]),
    "variants": (sa.JSON(), []),
    "audience": (sa.JSON(), {"kind": "members"}),
    "freeze_at": (sa.String(10), "start"),
    "holdout_percent": (sa.Integer(), 0),
    "service": (sa.Boolean(), False),
    "link": (sa.String(500), ""),
    "rate": (sa.Integer(), 0),
    "grace_minutes": (sa.Integer(), 60),
    "seed": (sa.String(40), "1:0"),
    "outside": (sa.JSON(), []),
    "changed_at": (Instant, sa.column("created_at", Instant)),
}


def upgrade() -> None:
    make_tables()
    widen_push()
    widen_delivery()
    cut_chunks()


def make_tables() -> None:
    op.create_table(
        "notice_credit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=130), nullable=False),
        sa.Column("openid", sa.String(length=64), nullable=False),
        sa.Column("template_id", sa.String(length=64), nullable=False),
        sa.Column("credits", sa.Integer(), nullable=False),
        sa.Column("changed_at", kernel.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_credit")),
        sa.UniqueConstraint("key", name=op.f("uq_notice_credit_key")),
    )
    with op.batch_alter_table("notice_credit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notice_credit_openid"), ["openid"], unique=False)
        batch_op.create_index(
            "ix_notice_credit_template_id_openid", ["template_id", "openid"], unique=False
        )

    op.create_table(
        "send_minute",
        sa.Column("minute", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("begun", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("minute", name=op.f("pk_send_minute")),
    )
    op.create_table(
        "send_pace",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("next_at", kernel.db.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_send_pace")),
    )
    op.create_table(
        "channel_stop",
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column(
            "stopped_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("stopped_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(
            ["stopped_by"], ["operator.id"], name=op.f("fk_channel_stop_stopped_by")
        ),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_stop")),
    )
    op.create_table(
        "push_list",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.Column(
            "created_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("created_at", kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"], ["operator.id"], name=op.f("fk_push_list_created_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_list")),
    )
    op.create_table(
        "push_chunk",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("push_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("variant", sa.SmallInteger(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("claim_no", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(length=80), nullable=True),
        sa.Column("lease_until_at", kernel.db.UtcDateTime(), nullable=True),
        sa.Column("due_at", kernel.db.UtcDateTime(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("tally", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["push_id"], ["push.id"], name=op.f("fk_push_chunk_push_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_chunk")),
        sa.UniqueConstraint("push_id", "no", name=op.f("uq_push_chunk_push_id_no")),
    )
    with op.batch_alter_table("push_chunk", schema=None) as batch_op:
        batch_op.create_index("ix_push_chunk_message_id", ["message_id"], unique=False)
        batch_op.create_index(
            "ix_push_chunk_push_id_state_due_at", ["push_id", "state", "due_at"], unique=False
        )
        batch_op.create_index(
            "ix_push_chunk_state_lease_until_at", ["state", "lease_until_at"], unique=False
        )

    op.create_table(
        "push_click",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("push_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("variant", sa.SmallInteger(), nullable=False),
        sa.Column(
            "delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("at", kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["push_id"], ["push.id"], name=op.f("fk_push_click_push_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_click")),
    )
    with op.batch_alter_table("push_click", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_push_click_delivery_id"), ["delivery_id"], unique=False
        )
        batch_op.create_index("ix_push_click_push_id_id", ["push_id", "id"], unique=False)

    op.create_table(
        "push_list_member",
        sa.Column(
            "list_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column(
            "member_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["list_id"], ["push_list.id"], name=op.f("fk_push_list_member_list_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["member.id"], name=op.f("fk_push_list_member_member_id")
        ),
        sa.PrimaryKeyConstraint("list_id", "member_id", name=op.f("pk_push_list_member")),
    )
    with op.batch_alter_table("push_list_member", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_push_list_member_member_id"), ["member_id"], unique=False
        )


def widen_push() -> None:
    with op.batch_alter_table("push") as batch_op:
        for name, column in (
            ("key", sa.String(80)), ("occasion", sa.String(40)), ("occurs_on", sa.Date()),
            ("series_id", BigId), ("send_at", Instant), ("frozen_at", Instant),
        ):  # fmt: skip
            batch_op.add_column(sa.Column(name, column, nullable=True))
        for name, (kind, _) in GIVEN.items():
            batch_op.add_column(sa.Column(name, kind, nullable=True))
    push = sa.table(
        "push", sa.column("id", BigId), sa.column("body", sa.Text), sa.column("state", sa.String),
        sa.column("started_at", Instant), sa.column("frozen_at", Instant),
        sa.column("created_at", Instant), sa.column("send_at", Instant),
        sa.column("approved_at", Instant),
        *(sa.column(name, kind) for name, (kind, _) in GIVEN.items()),
    )  # fmt: skip
    op.execute(push.update().values({name: value for name, (_, value) in GIVEN.items()}))
    op.execute(push.update().values(frozen_at=push.c.started_at))
    connection = op.get_bind()
    for row in connection.execute(sa.select(push.c.id, push.c.body)).all():
        text = {"mass": {"kind": "text", "text": row.body}}
        variants = [{"share": 100, "contents": text}]
        op.execute(push.update().where(push.c.id == row.id).values(variants=variants))
    # Approved used to mean: at once.
    op.execute(
        push.update()
        .where(push.c.state == "approved")
        .values(state="scheduled", send_at=push.c.approved_at)
    )
    with op.batch_alter_table("push") as batch_op:
        for name, (kind, _) in GIVEN.items():
            batch_op.alter_column(name, existing_type=kind, nullable=False)
        batch_op.drop_column("body")
        batch_op.create_index("ix_push_series_id", ["series_id"])
        batch_op.create_index("ix_push_state_send_at", ["state", "send_at"])
        batch_op.create_unique_constraint("uq_push_key", ["key"])


def widen_delivery() -> None:
    with op.batch_alter_table("delivery") as batch_op:
        batch_op.add_column(
            sa.Column("channel", sa.String(10), nullable=False, server_default="mass")
        )
        batch_op.add_column(
            sa.Column("variant", sa.SmallInteger(), nullable=False, server_default="0")
        )
        batch_op.add_column(
            sa.Column("claim_no", sa.Integer(), nullable=False, server_default="0")
        )
        # The new keys first: a foreign key always wants an index that begins with it.
        batch_op.create_index("ix_delivery_member_id", ["member_id"])
        batch_op.create_index("ix_delivery_openid", ["openid"])
        batch_op.create_index("ix_delivery_push_id_chunk_no", ["push_id", "chunk_no"])
        batch_op.create_unique_constraint("uq_delivery_push_id_openid", ["push_id", "openid"])
    op.execute("UPDATE delivery SET state = 'pending' WHERE state = 'leased'")
    with op.batch_alter_table("delivery") as batch_op:
        batch_op.drop_index("ix_delivery_push_id_chunk_no_state")
        batch_op.drop_index("ix_delivery_state_lease_until_at")
        batch_op.drop_constraint("uq_delivery_push_id_member_id", type_="unique")
        batch_op.alter_column("member_id", existing_type=BigId, nullable=True)
        batch_op.alter_column("chunk_no", existing_type=sa.Integer(), nullable=True)
        batch_op.alter_column(
            "channel", existing_type=sa.String(10), existing_nullable=False, server_default=None
        )
        for name in ("variant", "claim_no"):
            batch_op.alter_column(
                name, existing_type=sa.Integer(), existing_nullable=False, server_default=None
            )
        batch_op.drop_column("lease_until_at")
        batch_op.drop_column("lease_owner")


def cut_chunks() -> None:
    """A chunk for each that was sent or waits; one with a call under way is taken for lost."""
    columns = ("push_id", "chunk_no", "state", "channel", "variant", "reason")
    delivery = sa.table("delivery", *(sa.column(name) for name in columns))
    by = [delivery.c[name] for name in columns]
    counted: sa.Select[Any] = sa.select(*by).add_columns(sa.func.count()).group_by(*by)
    rows = op.get_bind().execute(counted)
    chunks: dict[tuple[int, int], list[list[Any]]] = {}
    for push_id, no, state, channel, variant, reason, count in rows.all():
        chunks.setdefault((push_id, no), []).append([state, channel, variant, reason, count])
    chunk = sa.table(
        "push_chunk", sa.column("push_id", BigId), sa.column("no", sa.Integer),
        sa.column("channel", sa.String), sa.column("variant", sa.SmallInteger),
        sa.column("size", sa.Integer), sa.column("state", sa.String),
        sa.column("claim_no", sa.Integer), sa.column("lease_until_at", Instant),
        sa.column("due_at", Instant), sa.column("tally", sa.JSON), sa.column("result", sa.JSON),
    )  # fmt: skip
    for (push_id, no), tally in chunks.items():
        states = {line[0] for line in tally}
        is_open = bool(states & {"pending", "sending"})
        state = "leased" if "sending" in states else "waiting" if is_open else "closed"
        op.execute(
            chunk.insert().values(
                push_id=push_id, no=no, channel="mass", variant=0, claim_no=1 if is_open else 0,
                size=sum(line[-1] for line in tally), state=state,
                lease_until_at=EPOCH if state == "leased" else None, due_at=EPOCH,
                tally=[] if is_open else tally, result={},
            )
        )  # fmt: skip


def downgrade() -> None:
    raise NotImplementedError("the texts by channel have no place in the old table")
