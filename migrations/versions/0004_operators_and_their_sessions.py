"""Operators: second factors, invitations, branches, sessions that can be looked at."""

import sqlalchemy as sa
from alembic import op

import kernel.db

revision = "0004"
down_revision = "0003"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = kernel.db.UtcDateTime()


def upgrade() -> None:
    with op.batch_alter_table("operator") as table:
        table.add_column(sa.Column("branch", sa.String(40), nullable=True))
    _widen_sessions()
    _make_locks_and_factors()
    _make_invitations()
    op.create_index("ix_redemption_branch_id", "redemption", ["branch", "id"])
    op.create_index("ix_redemption_staff_id_id", "redemption", ["staff_id", "id"])


def _widen_sessions() -> None:
    with op.batch_alter_table("operator_session") as table:
        table.add_column(sa.Column("confirmed_at", Instant, nullable=True))
        # Sessions that stand have no second step before them.
        table.add_column(
            sa.Column("awaits_code", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        table.add_column(
            sa.Column("user_agent", sa.String(200), nullable=False, server_default="")
        )
        table.add_column(sa.Column("address", sa.String(45), nullable=True))
    with op.batch_alter_table("operator_session") as table:
        table.alter_column("awaits_code", existing_type=sa.Boolean(), server_default=None)
        table.alter_column("user_agent", existing_type=sa.String(200), server_default=None)
    op.create_index("ix_operator_session_created_at", "operator_session", ["created_at"])


def _make_locks_and_factors() -> None:
    op.create_table(
        "sign_in_lock",
        sa.Column("login_digest", sa.String(64), nullable=False),
        sa.Column("tries", sa.JSON(), nullable=False),
        sa.Column("locked_until", Instant, nullable=True),
        sa.Column("touched_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("login_digest", name="pk_sign_in_lock"),
    )
    op.create_index("ix_sign_in_lock_touched_at", "sign_in_lock", ["touched_at"])
    op.create_table(
        "second_factor",
        sa.Column("operator_id", BigId, autoincrement=False, nullable=False),
        sa.Column("secret_sealed", sa.String(200), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("confirmed_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operator.id"], name="fk_second_factor_operator_id"
        ),
        sa.PrimaryKeyConstraint("operator_id", name="pk_second_factor"),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", BigId, nullable=False),
        sa.Column("operator_id", BigId, nullable=False),
        sa.Column("code_digest", sa.String(64), nullable=False),
        sa.Column("used_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operator.id"], name="fk_recovery_code_operator_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_code"),
    )
    op.create_index("ix_recovery_code_operator_id", "recovery_code", ["operator_id"])


def _make_invitations() -> None:
    op.create_table(
        "operator_invitation",
        sa.Column("id", BigId, nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("standing_for", sa.String(40), nullable=True),
        sa.Column("operator_id", BigId, nullable=True),
        sa.Column("login", sa.String(40), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("branch", sa.String(40), nullable=True),
        sa.Column("created_by", BigId, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("used_at", Instant, nullable=True),
        sa.Column("revoked_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operator.id"], name="fk_operator_invitation_operator_id"
        ),
        sa.ForeignKeyConstraint(
            ["created_by"], ["operator.id"], name="fk_operator_invitation_created_by"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_operator_invitation"),
        sa.UniqueConstraint("standing_for", name="uq_operator_invitation_standing_for"),
        sa.UniqueConstraint("token_hash", name="uq_operator_invitation_token_hash"),
    )


def downgrade() -> None:
    op.drop_table("operator_invitation")
    op.drop_table("recovery_code")
    op.drop_table("second_factor")
    op.drop_table("sign_in_lock")
    if op.get_bind().dialect.name in {"mysql", "mariadb"}:
        # A foreign key needs an index there; its own went when the wider one came.
        op.create_index("fk_redemption_staff_id", "redemption", ["staff_id"])
    op.drop_index("ix_redemption_staff_id_id", "redemption")
    op.drop_index("ix_redemption_branch_id", "redemption")
    op.drop_index("ix_operator_session_created_at", "operator_session")
    with op.batch_alter_table("operator_session") as table:
        for name in ("address", "user_agent", "awaits_code", "confirmed_at"):
            table.drop_column(name)
    with op.batch_alter_table("operator") as table:
        table.drop_column("branch")
