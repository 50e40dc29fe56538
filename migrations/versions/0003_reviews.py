"""Reviews: approval by a second person, and remarks on what is being written."""

import sqlalchemy as sa
from alembic import op

import kernel.db

revision = "0003"
down_revision = "0002"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = kernel.db.UtcDateTime()


def upgrade() -> None:
    op.create_table(
        "review",
        sa.Column("id", BigId, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("subject_id", BigId, nullable=False),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("open_for", sa.String(60), nullable=True),
        sa.Column("author_id", BigId, nullable=False),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.Column("decided_by", BigId, nullable=True),
        sa.Column("decided_at", Instant, nullable=True),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["operator.id"], name="fk_review_author_id"),
        sa.ForeignKeyConstraint(["decided_by"], ["operator.id"], name="fk_review_decided_by"),
        sa.PrimaryKeyConstraint("id", name="pk_review"),
        sa.UniqueConstraint("open_for", name="uq_review_open_for"),
    )
    op.create_index("ix_review_state_asked_at", "review", ["state", "asked_at"])
    op.create_index("ix_review_kind_subject_id", "review", ["kind", "subject_id"])
    op.create_table(
        "review_comment",
        sa.Column("id", BigId, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("subject_id", BigId, nullable=False),
        sa.Column("operator_id", BigId, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operator.id"], name="fk_review_comment_operator_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_review_comment"),
    )
    op.create_index("ix_review_comment_kind_subject_id", "review_comment", ["kind", "subject_id"])


def downgrade() -> None:
    op.drop_table("review_comment")
    op.drop_table("review")
