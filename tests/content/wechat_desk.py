"""A hall's worker beside WeChat in the box, for articles and pictures."""

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import requests
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.client import Client
from bot.publishing import PublishingGateway
from bot.tokens import Tokens
from bot.transport import Transport
from content import (
    article_sync,
    article_workflow,
    article_writing,
    block_text,
    media,
    media_images,
)
from content.article_revisions import Content
from content.article_sync import ArticleSync
from content.article_writing import Plan, Topic
from content.media import Label
from content.publishing import Publishing
from content.reviews import Hand
from emulator.settings import Settings
from handlers import publishing
from handlers.tools import Tools
from kernel import operators
from kernel.db import Database
from kernel.file_store import FolderStore
from products import facts
from tests.content.people import two_hands
from tests.world import NOON, MovableClock

SETTINGS = Settings(port=0, mode="plain", job_delay_seconds=0.05, delivery_timeout_seconds=0.2)
BASE = "https://hall.example.cn"


@dataclass
class Desk:
    """A hall's worker beside an emulator."""

    url: str
    database: Database
    folder: Path
    clock: MovableClock = field(default_factory=MovableClock)

    def __post_init__(self) -> None:
        api = Transport(self.url)
        tokens = Tokens(api, SETTINGS.app_id, SETTINGS.app_secret, None)
        publisher = PublishingGateway(Client(SETTINGS.app_id, tokens, api))
        files = FolderStore(self.folder)
        nobody = cast("Any", None)
        self.tools = Tools(
            self.database, self.clock, nobody, nobody, nobody, self.put, nobody, nobody,
            publishing=Publishing(publisher, files, BASE),
        )  # fmt: skip

    def put(self, name: str, item_id: int) -> None:
        """The queue: at once."""
        {"send_picture": publishing.send_picture, "sync_article": publishing.sync_article}[name](
            self.tools, item_id
        )

    def run(self, minutes: float = 3, rounds: int = 5) -> None:
        """What the scheduler would do within some minutes."""
        for _ in range(rounds):
            publishing.look_for_uploads(self.tools)
            requests.post(f"{self.url}/control/drain", json={}, timeout=5)
            self.clock.move(seconds=minutes * 60 / rounds)

    def fail(self, path: str, **fault: Any) -> None:
        fault = {"endpoint": f"/cgi-bin/{path}", "times": 1, **fault}
        assert requests.post(f"{self.url}/control/faults", json=fault, timeout=5).ok

    def call(self, path: str, **body: Any) -> dict[str, Any]:
        """WeChat's own answer."""
        publisher = cast("PublishingGateway", self.tools.publishing.publisher)
        return publisher._post(path, body)

    def article(self, title: str = "宽带说明", **asked: Any) -> int:
        """A published article with a cover and a picture, asked for at WeChat."""

        def work(session: Session) -> int:
            author, approver = two_hands(session)
            ids = [self.picture(session, colour, author) for colour in (1, 2)]
            body = [{"type": "image", "media": ids[1]}, *block_text.read("正文 **重点**")]
            content = Content(title, "摘要", "聊天", tuple(body), ids[0], "小王")
            topic = Topic("guide", "article", title, Plan(to_wechat=not asked))
            made = article_writing.propose(session, topic, author)
            article_writing.save(session, made.id, 1, content, author)
            known = facts.of_content(session, content, NOON)
            review = article_workflow.submit(session, made.id, known, author)
            article_workflow.approve(session, review.id, approver, "好")
            article_workflow.publish(session, made.id, known, author)
            if asked:
                article_sync.ask(session, made, author, **asked)
            return made.article_id

        return self.database.transaction(work)

    def picture(self, session: Session, colour: int, hand: Any) -> int:
        out = io.BytesIO()
        Image.new("RGB", (20, 20), (colour, 0, 0)).save(out, "PNG")
        made = media_images.prepare(out.getvalue(), "a.png")
        made.keep(self.tools.publishing.files)
        return media.add(session, made, Label("a.png"), hand).id

    @property
    def sync(self) -> ArticleSync:
        return self.database.read(
            lambda session: session.scalars(
                select(ArticleSync).order_by(ArticleSync.id.desc()).limit(1)
            ).one()
        )

    @property
    def state(self) -> str:
        return self.sync.state

    def published(self) -> list[dict[str, Any]]:
        return list(self.call("freepublish/batchget", offset=0, count=20)["item"])

    def drafts(self) -> list[dict[str, Any]]:
        return list(self.call("draft/batchget", offset=0, count=20)["item"])


def author_of(session: Session) -> Hand:
    """The author's hand, at noon."""
    author = operators.find(session, "author")
    assert author
    return Hand(author.id, NOON)
