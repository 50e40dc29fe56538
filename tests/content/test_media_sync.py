"""Pictures on their way to WeChat, and off the disk."""

import os
from typing import Any

from sqlalchemy.orm import Session

from content import (
    media,
    media_wechat,
)
from handlers import publishing
from tests.content.people import two_hands
from tests.content.wechat_desk import Desk
from tests.world import NOON


def test_temporary_pictures_are_renewed(desk: Desk) -> None:
    def work(session: Session) -> int:
        author, _ = two_hands(session)
        found = desk.picture(session, 5, author)
        media_wechat.want(session, [found], "temporary", NOON)
        return found

    media_id = desk.database.transaction(work)

    def known() -> str | None:
        now = desk.clock.now()
        return desk.database.read(
            lambda session: media_wechat.ready(session, [media_id], "temporary", now)
        ).get(media_id)

    desk.run()
    first = known()
    assert first
    desk.clock.move(days=2.6)
    desk.run()
    assert known() not in {None, first}


def test_files_of_pictures_that_are_gone_are_swept(desk: Desk) -> None:
    def work(session: Session) -> tuple[int, Any]:
        author, _ = two_hands(session)
        return desk.picture(session, 5, author), author

    media_id, author = desk.database.transaction(work)
    for path in desk.folder.glob("??/*"):
        os.utime(path, (1, 1))
    assert publishing.sweep_media(desk.tools) == 0
    desk.database.transaction(lambda session: media.remove(session, media_id, author))
    assert publishing.sweep_media(desk.tools) == 2
    assert list(desk.folder.glob("??/*")) == []
