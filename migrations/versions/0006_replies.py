"""Reply rules, questions, conversations with staff."""

import sqlalchemy as sa
from alembic import op

import kernel.db

revision = "0006"
down_revision = "0005"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = kernel.db.UtcDateTime()


def upgrade() -> None:
    op.create_index("ix_inbox_message_openid_sent_at", "inbox_message", ["openid", "sent_at"])
    op.create_table(
        "content_stamp",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_content_stamp"),
    )
    _rules()
    _questions()
    _conversations()


def _rules() -> None:
    op.create_table(
        "reply_rule",
        sa.Column("id", BigId, nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("standing", sa.String(40), nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("patterns", sa.JSON(), nullable=False),
        sa.Column("scenes", sa.JSON(), nullable=False),
        sa.Column("replies", sa.JSON(), nullable=False),
        sa.Column("mode", sa.String(6), nullable=False),
        sa.Column("starts_at", Instant, nullable=True),
        sa.Column("ends_at", Instant, nullable=True),
        sa.Column("hours_from", sa.String(5), nullable=False),
        sa.Column("hours_until", sa.String(5), nullable=False),
        sa.Column("weekdays", sa.JSON(), nullable=False),
        sa.Column("with_tag", sa.String(40), nullable=False),
        sa.Column("without_tag", sa.String(40), nullable=False),
        sa.Column("cool_down_seconds", sa.Integer(), nullable=False),
        sa.Column("author_id", BigId, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["operator.id"], name="fk_reply_rule_author_id"),
        sa.PrimaryKeyConstraint("id", name="pk_reply_rule"),
        sa.UniqueConstraint("code", "revision", name="uq_reply_rule_code_revision"),
        sa.UniqueConstraint("standing", name="uq_reply_rule_standing"),
    )
    op.create_index("ix_reply_rule_state_priority", "reply_rule", ["state", "priority", "id"])
    op.create_table(
        "reply_rule_use",
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("openid", sa.String(64), nullable=False),
        sa.Column("used_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("code", "openid", name="pk_reply_rule_use"),
    )
    op.create_index("ix_reply_rule_use_openid", "reply_rule_use", ["openid"])
    op.create_index("ix_reply_rule_use_used_at", "reply_rule_use", ["used_at"])


def _questions() -> None:
    op.create_table(
        "faq_entry",
        sa.Column("id", BigId, nullable=False),
        sa.Column("code", sa.String(40), nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(60), nullable=False),
        sa.Column("phrasings", sa.JSON(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("link", sa.String(200), nullable=False),
        sa.Column("proposed", sa.JSON(), nullable=True),
        sa.Column("author_id", BigId, nullable=True),
        sa.Column("views", sa.Integer(), nullable=False),
        sa.Column("useful", sa.Integer(), nullable=False),
        sa.Column("useless", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["operator.id"], name="fk_faq_entry_author_id"),
        sa.PrimaryKeyConstraint("id", name="pk_faq_entry"),
        sa.UniqueConstraint("code", name="uq_faq_entry_code"),
    )
    op.create_index("ix_faq_entry_state_position", "faq_entry", ["state", "position", "id"])
    op.create_table(
        "faq_gram",
        sa.Column("gram", sa.String(20), nullable=False),
        sa.Column("entry_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["faq_entry.id"], name="fk_faq_gram_entry_id"),
        sa.PrimaryKeyConstraint("gram", "entry_id", name="pk_faq_gram"),
    )
    op.create_index("ix_faq_gram_entry_id", "faq_gram", ["entry_id"])
    op.create_table(
        "faq_term",
        sa.Column("gram", sa.String(20), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("gram", name="pk_faq_term"),
    )
    op.create_table(
        "faq_turn",
        sa.Column("openid", sa.String(64), nullable=False),
        sa.Column("entry_id", BigId, nullable=True),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("openid", name="pk_faq_turn"),
    )
    op.create_index("ix_faq_turn_at", "faq_turn", ["at"])
    op.create_table(
        "faq_vote",
        sa.Column("entry_id", BigId, nullable=False),
        sa.Column("openid", sa.String(64), nullable=False),
        sa.Column("useful", sa.Boolean(), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["faq_entry.id"], name="fk_faq_vote_entry_id"),
        sa.PrimaryKeyConstraint("entry_id", "openid", name="pk_faq_vote"),
    )
    op.create_index("ix_faq_vote_openid", "faq_vote", ["openid"])
    op.create_index("ix_faq_vote_at", "faq_vote", ["at"])
    op.create_table(
        "faq_miss",
        sa.Column("id", BigId, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("folded", sa.String(120), nullable=False),
        sa.Column("sample", sa.String(120), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", Instant, nullable=False),
        sa.Column("last_at", Instant, nullable=False),
        sa.Column("entry_id", BigId, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_faq_miss"),
        sa.UniqueConstraint("digest", name="uq_faq_miss_digest"),
    )
    op.create_index("ix_faq_miss_state_count", "faq_miss", ["state", "count", "id"])
    op.create_index("ix_faq_miss_last_at", "faq_miss", ["last_at"])


def _conversations() -> None:
    op.create_table(
        "customer_message",
        sa.Column("id", BigId, nullable=False),
        sa.Column("reference", sa.String(120), nullable=False),
        sa.Column("openid", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(200), nullable=True),
        sa.Column("posted_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customer_message"),
        sa.UniqueConstraint("reference", name="uq_customer_message_reference"),
    )
    op.create_index(
        "ix_customer_message_openid_posted_at", "customer_message", ["openid", "posted_at"]
    )
    op.create_index("ix_customer_message_state_id", "customer_message", ["state", "id"])
    op.create_index("ix_customer_message_posted_at", "customer_message", ["posted_at"])
    op.create_table(
        "conversation",
        sa.Column("id", BigId, nullable=False),
        sa.Column("openid", sa.String(64), nullable=False),
        sa.Column("open_for", sa.String(64), nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("operator_id", BigId, nullable=True),
        sa.Column("unread", sa.Integer(), nullable=False),
        sa.Column("preview", sa.String(60), nullable=False),
        sa.Column("opened_at", Instant, nullable=False),
        sa.Column("last_at", Instant, nullable=False),
        sa.Column("closed_at", Instant, nullable=True),
        sa.Column("closed_by", BigId, nullable=True),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operator.id"], name="fk_conversation_operator_id"
        ),
        sa.ForeignKeyConstraint(["closed_by"], ["operator.id"], name="fk_conversation_closed_by"),
        sa.PrimaryKeyConstraint("id", name="pk_conversation"),
        sa.UniqueConstraint("open_for", name="uq_conversation_open_for"),
    )
    op.create_index("ix_conversation_openid", "conversation", ["openid"])
    op.create_index("ix_conversation_state_last_at", "conversation", ["state", "last_at", "id"])
    op.create_index(
        "ix_conversation_operator_id_last_at", "conversation", ["operator_id", "last_at"]
    )
    op.create_table(
        "conversation_message",
        sa.Column("id", BigId, nullable=False),
        sa.Column("conversation_id", BigId, nullable=False),
        sa.Column("key", sa.String(64), nullable=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("media_id", sa.String(128), nullable=False),
        sa.Column("operator_id", BigId, nullable=True),
        sa.Column("at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name="fk_conversation_message_conversation_id",
        ),
        sa.ForeignKeyConstraint(
            ["operator_id"], ["operator.id"], name="fk_conversation_message_operator_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_conversation_message"),
        sa.UniqueConstraint("key", name="uq_conversation_message_key"),
    )
    op.create_index(
        "ix_conversation_message_conversation_id_id",
        "conversation_message",
        ["conversation_id", "id"],
    )
    op.create_index("ix_conversation_message_at", "conversation_message", ["at"])
    op.create_table(
        "service_phrase",
        sa.Column("id", BigId, nullable=False),
        sa.Column("group_name", sa.String(20), nullable=False),
        sa.Column("title", sa.String(20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_service_phrase"),
    )


def downgrade() -> None:
    for table in (
        "service_phrase", "conversation_message", "conversation", "customer_message", "faq_miss",
        "faq_vote", "faq_turn", "faq_term", "faq_gram", "faq_entry", "reply_rule_use", "reply_rule",
        "content_stamp",
    ):  # fmt: skip
        op.drop_table(table)
    op.drop_index("ix_inbox_message_openid_sent_at", "inbox_message")
