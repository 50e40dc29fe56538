"""The audit log as a chain of hashes; figures by day; indexes for the lists of the console."""

import sqlalchemy as sa
from alembic import op

import kernel.db

revision = "0008"
down_revision = "0007"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = kernel.db.UtcDateTime()

AUDIT_INDEXES = {
    "ix_audit_entry_at_id": ["at", "id"],
    "ix_audit_entry_operator_id_at_id": ["operator_id", "at", "id"],
    "ix_audit_entry_action_at_id": ["action", "at", "id"],
    "ix_audit_entry_subject_at_id": ["subject", "at", "id"],
    "ix_audit_entry_address_at_id": ["address", "at", "id"],
}
LIST_INDEXES = {
    "ix_member_registered_at_id": ("member", ["registered_at", "id"]),
    "ix_member_state_id": ("member", ["state", "id"]),
    "ix_member_tier_level_id": ("member", ["tier_level", "id"]),
    "ix_member_channel_id": ("member", ["channel", "id"]),
    "ix_member_name_id": ("member", ["name", "id"]),
    "ix_points_account_balance_member_id": ("points_account", ["balance", "member_id"]),
    "ix_points_entry_created_at": ("points_entry", ["created_at"]),
    "ix_follower_followed_at": ("follower", ["followed_at"]),
    "ix_follower_unfollowed_at": ("follower", ["unfollowed_at"]),
}


def upgrade() -> None:
    # The entries that stand are sealed by the sealer, in the order of their ids.
    with op.batch_alter_table("audit_entry") as table:
        table.add_column(sa.Column("position", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("hash", sa.String(64), nullable=True))
        table.create_unique_constraint("uq_audit_entry_position", ["position"])
    for name, columns in AUDIT_INDEXES.items():
        op.create_index(name, "audit_entry", columns)
    op.drop_index("ix_audit_entry_at", "audit_entry")
    _order_names("C")
    op.drop_index("ix_member_registered_at", "member")
    for name, (list_table, columns) in LIST_INDEXES.items():
        op.create_index(name, list_table, columns)
    _make_tables()


def _order_names(collation: str) -> None:
    # The other databases compare names by code point already.
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f'ALTER TABLE member ALTER COLUMN name TYPE VARCHAR(40) COLLATE "{collation}"')


def _make_tables() -> None:
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("sealed_at", Instant, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.create_table(
        "audit_check",
        sa.Column("id", BigId, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("broken", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_check"),
    )
    op.create_table(
        "figure_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("counted_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("day", "name", name="pk_figure_day"),
    )
    op.create_table(
        "operator_preference",
        sa.Column("operator_id", BigId, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operator.id"], name="fk_operator_preference_operator_id"
        ),
        sa.PrimaryKeyConstraint("operator_id", "name", name="pk_operator_preference"),
    )


def downgrade() -> None:
    for table in ("operator_preference", "figure_day", "audit_check", "audit_head"):
        op.drop_table(table)
    for name, (list_table, _) in LIST_INDEXES.items():
        op.drop_index(name, list_table)
    op.create_index("ix_member_registered_at", "member", ["registered_at"])
    _order_names("default")
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"])
    if op.get_bind().dialect.name in {"mysql", "mariadb"}:
        # A foreign key needs an index there; its own went when the wider one came.
        op.create_index("fk_audit_entry_operator_id", "audit_entry", ["operator_id"])
    for name in AUDIT_INDEXES:
        op.drop_index(name, "audit_entry")
    with op.batch_alter_table("audit_entry") as audit_table:
        audit_table.drop_constraint("uq_audit_entry_position", type_="unique")
        audit_table.drop_column("hash")
        audit_table.drop_column("position")
