"""Phrases as rows that two people change; how often rules answered; an order."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

import kernel.db

revision = "0009"
down_revision = "0008"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Batches cannot read a type of ours where they only rename.
Instant = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    _version_phrases()
    with op.batch_alter_table("product") as table:
        table.add_column(
            sa.Column("position", sa.Integer(), nullable=False, server_default="1000000")
        )
    with op.batch_alter_table("product") as table:
        table.alter_column("position", existing_type=sa.Integer(), server_default=None)
    op.create_table(
        "reply_rule_day",
        sa.Column("rule_id", BigId, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_at", kernel.db.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["reply_rule.id"], name="fk_reply_rule_day_rule_id"),
        sa.PrimaryKeyConstraint("rule_id", "day", name="pk_reply_rule_day"),
    )
    op.create_table(
        "reply_tally",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("until", kernel.db.UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_reply_tally"),
    )


def _version_phrases() -> None:
    with op.batch_alter_table("service_phrase") as table:
        table.add_column(sa.Column("code", sa.String(40), nullable=True))
        table.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        table.alter_column(
            "changed_at",
            new_column_name="edited_at",
            existing_type=Instant,
            existing_nullable=False,
        )
    phrase = sa.table("service_phrase", sa.column("id"), sa.column("code"))
    bind = op.get_bind()
    for number in bind.execute(sa.select(phrase.c.id)).scalars().all():
        bind.execute(phrase.update().where(phrase.c.id == number).values(code=f"p-{number}"))
    with op.batch_alter_table("service_phrase") as table:
        table.alter_column("code", existing_type=sa.String(40), nullable=False)
        table.alter_column("version", existing_type=sa.Integer(), server_default=None)
        table.create_unique_constraint("uq_service_phrase_code", ["code"])


def downgrade() -> None:
    op.drop_table("reply_tally")
    op.drop_table("reply_rule_day")
    with op.batch_alter_table("product") as table:
        table.drop_column("position")
    with op.batch_alter_table("service_phrase") as table:
        table.drop_constraint("uq_service_phrase_code", type_="unique")
        table.drop_column("version")
        table.drop_column("code")
        table.alter_column(
            "edited_at",
            new_column_name="changed_at",
            existing_type=Instant,
            existing_nullable=False,
        )
