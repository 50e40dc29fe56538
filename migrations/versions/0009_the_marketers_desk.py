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
    _count_by_variant(sa.Column("variant", sa.Integer(), autoincrement=False, nullable=False))
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


def _count_by_variant(*more: sa.Column[int]) -> None:
    # A primary key cannot be widened alike everywhere; there are some rows a day.
    table = sa.table(
        "menu_click",
        sa.column("day", sa.Date),
        *(sa.column(name) for name in ("version_id", "target", "count")),
    )
    bind, names = op.get_bind(), [column.name for column in more]
    summed = sa.select(
        table.c.day, table.c.version_id, table.c.target, sa.func.sum(table.c.count).label("count")
    ).group_by(table.c.day, table.c.version_id, table.c.target)
    rows = [dict(row) for row in bind.execute(summed).mappings()]
    op.drop_table("menu_click")
    made = op.create_table(
        "menu_click",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("version_id", BigId, nullable=False, autoincrement=False),
        *more,
        sa.Column("target", sa.String(200), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["menu_version.id"], name="fk_menu_click_version_id"
        ),
        sa.PrimaryKeyConstraint("day", "version_id", *names, "target", name="pk_menu_click"),
    )
    op.create_index("ix_menu_click_version_id_day", "menu_click", ["version_id", "day"])
    if rows:
        op.bulk_insert(
            made, [{**row, "count": int(row["count"]), **dict.fromkeys(names, 0)} for row in rows]
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
    _count_by_variant()
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
