"""Phrases as rows that two people change."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0009"
down_revision = "0008"

# Batches cannot read a type of ours where they only rename.
Instant = sa.DateTime(timezone=True).with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    _version_phrases()


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
