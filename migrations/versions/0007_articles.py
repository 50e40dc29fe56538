"""Articles in blocks and revisions, media, branding, announcements, hours of branches, changes."""

from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

import kernel.db

revision = "0007"
down_revision = "0006"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = kernel.db.UtcDateTime()


def upgrade() -> None:
    _media()
    _articles()
    _revisions()
    _syncs()
    _small_tables()
    _business()
    _convert_articles()


def _media() -> None:
    op.create_table(
        "media",
        sa.Column("id", BigId, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("small_digest", sa.String(64), nullable=False),
        sa.Column("mime", sa.String(40), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("alt", sa.String(100), nullable=False),
        sa.Column("uploaded_by", BigId, nullable=True),
        sa.Column("uploaded_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["uploaded_by"], ["operator.id"], name="fk_media_uploaded_by"),
        sa.PrimaryKeyConstraint("id", name="pk_media"),
        sa.UniqueConstraint("digest", name="uq_media_digest"),
    )
    op.create_index("ix_media_small_digest", "media", ["small_digest"])
    op.create_table(
        "media_use",
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("media_id", BigId, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name="fk_media_use_media_id"),
        sa.PrimaryKeyConstraint("kind", "subject_id", "media_id", name="pk_media_use"),
    )
    op.create_index("ix_media_use_media_id", "media_use", ["media_id"])
    op.create_table(
        "wechat_media",
        sa.Column("id", BigId, nullable=False),
        sa.Column("media_id", BigId, nullable=False),
        sa.Column("use", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("wechat_id", sa.String(128), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("expires_at", Instant, nullable=True),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["media_id"], ["media.id"], name="fk_wechat_media_media_id"),
        sa.PrimaryKeyConstraint("id", name="pk_wechat_media"),
        sa.UniqueConstraint("media_id", "use", name="uq_wechat_media_media_id_use"),
    )
    op.create_index("ix_wechat_media_state_due_at", "wechat_media", ["state", "due_at"])


def _articles() -> None:
    with op.batch_alter_table("article") as table:
        table.add_column(sa.Column("kind", sa.String(10), nullable=False, server_default="page"))
        table.add_column(
            sa.Column("state", sa.String(12), nullable=False, server_default="published")
        )
        for name, length in (("digest", 120), ("byline", 16), ("head", 40), ("tail", 40)):
            table.add_column(sa.Column(name, sa.String(length), nullable=False, server_default=""))
        table.add_column(sa.Column("blocks", sa.JSON(), nullable=True))
        table.add_column(sa.Column("cover_id", BigId, nullable=True))
        table.add_column(sa.Column("live_id", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("trial_id", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("published_at", Instant, nullable=True))
        table.create_foreign_key("fk_article_cover_id", "media", ["cover_id"], ["id"])
    with op.batch_alter_table("article") as table:
        for name, length in (
            ("kind", 10), ("state", 12), ("digest", 120), ("byline", 16), ("head", 40), ("tail", 40),
        ):  # fmt: skip
            table.alter_column(
                name,
                existing_type=sa.String(length),
                existing_nullable=False,
                server_default=None,
            )
    op.create_index("ix_article_cover_id", "article", ["cover_id"])
    op.create_index("ix_article_state_published_at", "article", ["state", "published_at"])


def _revisions() -> None:
    op.create_table(
        "article_revision",
        sa.Column("id", BigId, nullable=False),
        sa.Column("article_id", BigId, nullable=False),
        sa.Column("open_for", BigId, nullable=True),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(120), nullable=False),
        sa.Column("chat", sa.Text(), nullable=False),
        sa.Column("blocks", sa.JSON(), nullable=False),
        sa.Column("cover_id", BigId, nullable=True),
        sa.Column("byline", sa.String(16), nullable=False),
        sa.Column("head", sa.String(40), nullable=False),
        sa.Column("tail", sa.String(40), nullable=False),
        sa.Column("brief", sa.String(500), nullable=False),
        sa.Column("problem", sa.String(200), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("assignee_id", BigId, nullable=True),
        sa.Column("author_id", BigId, nullable=True),
        sa.Column("editors", sa.JSON(), nullable=False),
        sa.Column("to_wechat", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("edited_at", Instant, nullable=False),
        sa.Column("publish_at", Instant, nullable=True),
        sa.Column("published_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name="fk_article_revision_article_id"
        ),
        sa.ForeignKeyConstraint(
            ["assignee_id"], ["operator.id"], name="fk_article_revision_assignee_id"
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["operator.id"], name="fk_article_revision_author_id"
        ),
        sa.ForeignKeyConstraint(["cover_id"], ["media.id"], name="fk_article_revision_cover_id"),
        sa.PrimaryKeyConstraint("id", name="pk_article_revision"),
        sa.UniqueConstraint("open_for", name="uq_article_revision_open_for"),
    )
    for columns in (
        ["article_id", "id"], ["state", "publish_at"], ["due_on"], ["published_at"],
        ["assignee_id", "state"],
    ):  # fmt: skip
        op.create_index(f"ix_article_revision_{'_'.join(columns)}", "article_revision", columns)


def _syncs() -> None:
    op.create_table(
        "article_sync",
        sa.Column("id", BigId, nullable=False),
        sa.Column("article_id", BigId, nullable=False),
        sa.Column("revision_id", BigId, nullable=False),
        sa.Column("open_for", BigId, nullable=True),
        sa.Column("publishes", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("step", sa.String(10), nullable=False),
        sa.Column("marker", sa.String(200), nullable=False),
        sa.Column("draft_id", sa.String(128), nullable=False),
        sa.Column("publish_id", sa.String(64), nullable=False),
        sa.Column("wechat_article_id", sa.String(128), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("asked_by", BigId, nullable=True),
        sa.Column("asked_at", Instant, nullable=False),
        sa.Column("called_at", Instant, nullable=True),
        sa.Column("settled_at", Instant, nullable=True),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_article_sync_article_id"),
        sa.ForeignKeyConstraint(["asked_by"], ["operator.id"], name="fk_article_sync_asked_by"),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["article_revision.id"], name="fk_article_sync_revision_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_article_sync"),
        sa.UniqueConstraint("open_for", name="uq_article_sync_open_for"),
    )
    for columns in (["state", "due_at"], ["article_id", "id"], ["marker"], ["publish_id"]):
        op.create_index(f"ix_article_sync_{'_'.join(columns)}", "article_sync", columns)


def _small_tables() -> None:
    op.create_table(
        "branding",
        sa.Column("id", BigId, nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("place", sa.String(10), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("blocks", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("edited_at", Instant, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_branding"),
        sa.UniqueConstraint("code", name="uq_branding_code"),
    )
    op.create_table(
        "house_fact",
        sa.Column("id", BigId, nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("edited_at", Instant, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_house_fact"),
        sa.UniqueConstraint("code", name="uq_house_fact_code"),
    )
    op.create_table(
        "article_day",
        sa.Column("article_id", BigId, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("reads", sa.Integer(), nullable=False),
        sa.Column("shares", sa.Integer(), nullable=False),
        sa.Column("shared_reads", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_article_day_article_id"),
        sa.PrimaryKeyConstraint("article_id", "day", name="pk_article_day"),
    )
    op.create_index("ix_article_day_day", "article_day", ["day"])


def _business() -> None:
    op.create_table(
        "content_change",
        sa.Column("id", BigId, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("open_for", sa.String(70), nullable=True),
        sa.Column("author_id", BigId, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["operator.id"], name="fk_content_change_author_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_content_change"),
        sa.UniqueConstraint("open_for", name="uq_content_change_open_for"),
    )
    op.create_index("ix_content_change_kind_code_id", "content_change", ["kind", "code", "id"])
    op.create_table(
        "announcement",
        sa.Column("id", BigId, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link", sa.String(500), nullable=False),
        sa.Column("starts_at", Instant, nullable=False),
        sa.Column("ends_at", Instant, nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("in_chat", sa.Boolean(), nullable=False),
        sa.Column("on_site", sa.Boolean(), nullable=False),
        sa.Column("author_id", BigId, nullable=False),
        sa.Column("editors", sa.JSON(), nullable=False),
        sa.Column("edited_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["author_id"], ["operator.id"], name="fk_announcement_author_id"),
        sa.PrimaryKeyConstraint("id", name="pk_announcement"),
    )
    op.create_index("ix_announcement_state_ends_at", "announcement", ["state", "ends_at"])
    for name in ("product", "branch"):
        with op.batch_alter_table(name) as table:
            table.add_column(
                sa.Column("active", sa.Boolean(), nullable=False, server_default=sa.true())
            )
            table.add_column(
                sa.Column("version", sa.Integer(), nullable=False, server_default="1")
            )
            table.add_column(sa.Column("edited_at", Instant, nullable=True))
            if name == "branch":
                for column in ("week", "days", "services"):
                    table.add_column(sa.Column(column, sa.JSON(), nullable=True))
    branch = sa.table(
        "branch", *(sa.column(name, sa.JSON()) for name in ("week", "days", "services"))
    )
    op.execute(branch.update().values(week=[], days={}, services=[]))
    for name in ("product", "branch"):
        with op.batch_alter_table(name) as table:
            for column, kind in (("active", sa.Boolean()), ("version", sa.Integer())):
                table.alter_column(
                    column, existing_type=kind, existing_nullable=False, server_default=None
                )
            if name == "branch":
                for column in ("week", "days", "services"):
                    table.alter_column(column, existing_type=sa.JSON(), nullable=False)


def _convert_articles() -> None:
    connection = op.get_bind()
    article = sa.table(
        "article", sa.column("id"), sa.column("title"), sa.column("chat"), sa.column("body"),
        sa.column("blocks", sa.JSON()), sa.column("live_id"), sa.column("published_at", Instant),
    )  # fmt: skip
    made = sa.table(
        "article_revision", sa.column("id"),
        *(sa.column(name) for name in (
            "article_id", "state", "version", "title", "digest", "chat", "byline", "head", "tail",
            "brief", "problem", "to_wechat",
        )),
        sa.column("blocks", sa.JSON()), sa.column("editors", sa.JSON()),
        *(sa.column(name, Instant) for name in ("created_at", "edited_at", "published_at")),
    )  # fmt: skip
    now = datetime.now(UTC)  # noqa: TID251
    for row in connection.execute(
        sa.select(article.c.id, article.c.title, article.c.chat, article.c.body)
    ).all():
        blocks = blocks_of(row.body)
        connection.execute(
            made.insert().values(
                article_id=row.id, state="published", version=1, title=row.title, digest="",
                chat=row.chat, byline="", head="", tail="", brief="", problem="",
                to_wechat=sa.false(), blocks=blocks, editors=[], created_at=now, edited_at=now,
                published_at=now,
            )
        )  # fmt: skip
        live_id = connection.scalar(
            sa.select(sa.func.max(made.c.id)).where(made.c.article_id == row.id)
        )
        connection.execute(
            article.update()
            .where(article.c.id == row.id)
            .values(blocks=blocks, live_id=live_id, published_at=now)
        )
    with op.batch_alter_table("article") as table:
        table.alter_column("blocks", existing_type=sa.JSON(), nullable=False)
        table.drop_column("body")


def blocks_of(body: str) -> list[dict[str, Any]]:
    """The blocks of an old body: `## ` heads, `- ` items, everything else as it stands."""
    made: list[dict[str, Any]] = []
    for paragraph in body.replace("\r\n", "\n").split("\n\n"):
        lines = [line.strip() for line in paragraph.splitlines() if line.strip()]
        for mark, group in groupby(lines, _mark):
            texts = [line[len(mark) :].strip() for line in group]
            texts = [text for text in texts if text]
            if not texts:
                continue
            if mark == "## ":
                made += [{"type": "heading", "level": 2, "text": text[:100]} for text in texts]
            elif mark == "- ":
                items = [[{"text": text}] for text in texts]
                made.append({"type": "list", "ordered": False, "items": items})
            else:
                made.append({"type": "paragraph", "spans": [{"text": "\n".join(texts)}]})
    return made


def _mark(line: str) -> str:
    return next((mark for mark in ("## ", "- ") if line.startswith(mark)), "")


def downgrade() -> None:
    for name in ("product", "branch"):
        _drop_columns(name, "active", "version", "edited_at")
    _drop_columns("branch", "week", "days", "services")
    _restore_bodies()
    for name in (
        "announcement", "content_change", "article_day", "house_fact", "branding",
        "article_sync", "article_revision",
    ):  # fmt: skip
        op.drop_table(name)
    op.drop_index("ix_article_state_published_at", "article")
    with op.batch_alter_table("article") as table:
        table.drop_constraint("fk_article_cover_id", type_="foreignkey")
        table.drop_index("ix_article_cover_id")
        table.alter_column("body", existing_type=sa.Text(), nullable=False)
    _drop_columns(
        "article", "kind", "state", "digest", "blocks", "cover_id", "byline", "head", "tail",
        "live_id", "trial_id", "published_at",
    )  # fmt: skip
    for name in ("wechat_media", "media_use", "media"):
        op.drop_table(name)


def _drop_columns(table_name: str, *names: str) -> None:
    with op.batch_alter_table(table_name) as table:
        for name in names:
            table.drop_column(name)


def _restore_bodies() -> None:
    connection = op.get_bind()
    with op.batch_alter_table("article") as table:
        table.add_column(sa.Column("body", sa.Text(), nullable=True))
    article = sa.table(
        "article", sa.column("id"), sa.column("blocks", sa.JSON()), sa.column("body")
    )
    for row in connection.execute(sa.select(article.c.id, article.c.blocks)).all():
        connection.execute(
            article.update().where(article.c.id == row.id).values(body=_text_of(row.blocks))
        )


def _text_of(blocks: list[dict[str, Any]]) -> str:
    parts = []
    for block in blocks:
        if block["type"] == "heading":
            parts.append(f"## {block['text']}")
        elif block["type"] == "list":
            items = ("".join(span["text"] for span in item) for item in block["items"])
            parts.append("\n".join(f"- {item}" for item in items))
        elif "spans" in block:
            parts.append("".join(span["text"] for span in block["spans"]))
    return "\n\n".join(parts)
