"""Menus: authors, approval, times, conditional menus, clicks."""

from typing import Any

import sqlalchemy as sa
from alembic import op

import kernel.db

revision = "0005"
down_revision = "0004"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Instant = kernel.db.UtcDateTime()

version = sa.table(
    "menu_version",
    *(
        sa.column(name, kind)
        for name, kind in (
            ("id", BigId), ("state", sa.String), ("revision", sa.Integer), ("variants", sa.JSON),
            ("editors", sa.JSON), ("remarks", sa.JSON), ("created_at", Instant),
            ("edited_at", Instant), ("published_at", Instant),
        )
    ),
)  # fmt: skip
# column → (type, what rows that stand already are given)
GIVEN: dict[str, tuple[sa.types.TypeEngine[Any], Any]] = {
    "variants": (sa.JSON(), []),
    "state": (sa.String(12), "draft"),
    "revision": (sa.Integer(), 1),
    "editors": (sa.JSON(), []),
    "remarks": (sa.JSON(), []),
    "edited_at": (Instant, version.c.created_at),
}


def upgrade() -> None:
    with op.batch_alter_table("inbox_message") as batch_op:
        batch_op.add_column(sa.Column("event_key", sa.String(200), nullable=True))
    _widen_versions()
    _create_publications()
    _create_live()
    _create_tags()
    op.create_table(
        "menu_click",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("version_id", BigId, nullable=False, autoincrement=False),
        sa.Column("target", sa.String(200), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["menu_version.id"], name="fk_menu_click_version_id"
        ),
        sa.PrimaryKeyConstraint("day", "version_id", "target", name="pk_menu_click"),
    )
    op.create_index("ix_menu_click_version_id_day", "menu_click", ["version_id", "day"])
    _carry_over()


def _widen_versions() -> None:
    with op.batch_alter_table("menu_version") as batch_op:
        for name, (kind, _) in GIVEN.items():
            batch_op.add_column(sa.Column(name, kind, nullable=True))
        for name in ("author_id", "base_id"):
            batch_op.add_column(sa.Column(name, BigId, nullable=True))
        for name in ("publish_at", "return_at"):
            batch_op.add_column(sa.Column(name, Instant, nullable=True))
    op.execute(version.update().values({name: value for name, (_, value) in GIVEN.items()}))
    with op.batch_alter_table("menu_version") as batch_op:
        for name, (kind, _) in GIVEN.items():
            batch_op.alter_column(name, existing_type=kind, nullable=False)
        batch_op.create_foreign_key("fk_menu_version_author_id", "operator", ["author_id"], ["id"])
        batch_op.create_foreign_key("fk_menu_version_base_id", "menu_version", ["base_id"], ["id"])
        batch_op.create_index("ix_menu_version_state_published_at", ["state", "published_at"])


def _create_publications() -> None:
    op.create_table(
        "menu_publication",
        sa.Column("id", BigId, nullable=False),
        sa.Column("version_id", BigId, nullable=False),
        sa.Column("from_id", BigId, nullable=True),
        sa.Column("why", sa.String(12), nullable=False),
        sa.Column("by_operator", BigId, nullable=True),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("due_at", Instant, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("held_until", Instant, nullable=True),
        sa.Column("settled_at", Instant, nullable=True),
        sa.Column("errcode", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["menu_version.id"], name="fk_menu_publication_version_id"
        ),
        sa.ForeignKeyConstraint(
            ["from_id"], ["menu_version.id"], name="fk_menu_publication_from_id"
        ),
        sa.ForeignKeyConstraint(
            ["by_operator"], ["operator.id"], name="fk_menu_publication_by_operator"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_menu_publication"),
    )
    op.create_index("ix_menu_publication_state_due_at", "menu_publication", ["state", "due_at"])
    op.create_index("ix_menu_publication_version_id_id", "menu_publication", ["version_id", "id"])


def _create_live() -> None:
    op.create_table(
        "menu_live",
        sa.Column("id", BigId, nullable=False, autoincrement=False),
        sa.Column("version_id", BigId, nullable=True),
        sa.Column("trial_id", BigId, nullable=True),
        sa.Column("changed_at", Instant, nullable=True),
        sa.Column("turns", BigId, nullable=False),
        sa.Column("drift", sa.JSON(), nullable=False),
        sa.Column("drift_since", Instant, nullable=True),
        sa.Column("checked_at", Instant, nullable=True),
        sa.Column("problem", sa.String(200), nullable=True),
        sa.Column("clicks_until", Instant, nullable=True),
        sa.ForeignKeyConstraint(
            ["version_id"], ["menu_version.id"], name="fk_menu_live_version_id"
        ),
        sa.ForeignKeyConstraint(["trial_id"], ["menu_version.id"], name="fk_menu_live_trial_id"),
        sa.PrimaryKeyConstraint("id", name="pk_menu_live"),
    )


def _create_tags() -> None:
    op.create_table(
        "wechat_tag",
        sa.Column("tag_id", BigId, nullable=False, autoincrement=False),
        sa.Column("wechat_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(30), nullable=False),
        sa.Column("problem", sa.String(200), nullable=True),
        sa.Column("changed_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name="fk_wechat_tag_tag_id"),
        sa.PrimaryKeyConstraint("tag_id", name="pk_wechat_tag"),
        sa.UniqueConstraint("wechat_id", name="uq_wechat_tag_wechat_id"),
    )
    op.create_table(
        "wechat_tagging",
        sa.Column("tag_id", BigId, nullable=False, autoincrement=False),
        sa.Column("openid", sa.String(64), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("held_until", Instant, nullable=True),
        sa.Column("reason", sa.String(80), nullable=True),
        sa.Column("changed_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["tag_id"], ["tag.id"], name="fk_wechat_tagging_tag_id"),
        sa.PrimaryKeyConstraint("tag_id", "openid", name="pk_wechat_tagging"),
    )
    op.create_index("ix_wechat_tagging_state_tag_id", "wechat_tagging", ["state", "tag_id"])


def _carry_over() -> None:
    """What was published stays live; what was not becomes a draft, except the very first."""
    connection = op.get_bind()
    published = connection.execute(
        sa.select(version.c.id, version.c.published_at)
        .where(version.c.published_at.is_not(None))
        .order_by(version.c.published_at.desc(), version.c.id.desc())
    ).all()
    if not published:
        newest = connection.scalar(sa.select(sa.func.max(version.c.id)))
        op.execute(version.update().where(version.c.id == newest).values(state="approved"))
        return
    shown, at = published[0]
    was_live = version.c.published_at.is_not(None)
    op.execute(version.update().where(was_live).values(state="superseded"))
    op.execute(version.update().where(version.c.id == shown).values(state="published"))
    publication = sa.table(
        "menu_publication",
        *(sa.column(name) for name in ("version_id", "why", "state", "tries", "reason")),
        *(sa.column(name, Instant) for name in ("created_at", "due_at", "settled_at")),
    )
    done = {"version_id": shown, "why": "published", "state": "done", "tries": 1}
    times = dict.fromkeys(("created_at", "due_at", "settled_at"), at)
    op.execute(publication.insert().values(**done, **times, reason="升级前已发布"))
    live = sa.table(
        "menu_live",
        *(sa.column(name) for name in ("id", "version_id", "turns")),
        sa.column("drift", sa.JSON),
        sa.column("changed_at", Instant),
    )
    op.execute(live.insert().values(id=1, version_id=shown, turns=0, drift=[], changed_at=at))


def downgrade() -> None:
    for table in ("menu_click", "wechat_tagging", "wechat_tag", "menu_live", "menu_publication"):
        op.drop_table(table)
    with op.batch_alter_table("menu_version") as batch_op:
        for name in ("base_id", "author_id"):
            batch_op.drop_constraint(f"fk_menu_version_{name}", type_="foreignkey")
        batch_op.drop_index("ix_menu_version_state_published_at")
        for name in ("publish_at", "return_at", "author_id", "base_id", *GIVEN):
            batch_op.drop_column(name)
    with op.batch_alter_table("inbox_message") as batch_op:
        batch_op.drop_column("event_key")
