"""Pictures on their way to WeChat, and off the disk."""

import os
from typing import Any, cast

from sqlalchemy.orm import Session

from bot.publishing import PublishingGateway
from content import media, media_recordings, media_wechat
from content.media import Label
from handlers import publishing
from tests.content.people import two_hands
from tests.content.recordings import MP3, MP4
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


def test_voices_and_videos_go_as_what_they_are_and_are_renewed(desk: Desk) -> None:
    def work(session: Session) -> list[int]:
        author, _ = two_hands(session)
        found = []
        for raw, name in ((MP3, "问候.mp3"), (MP4, "装机.mp4")):
            made = media_recordings.find(raw, name)
            assert made is not None
            made.keep(desk.tools.publishing.files)
            found.append(media.add(session, made, Label(name), author).id)
        for use in ("material", "temporary"):
            media_wechat.want(session, found, use, NOON)
        return found

    ids = desk.database.transaction(work)
    desk.run()
    publisher = cast("PublishingGateway", desk.tools.publishing.publisher)
    counted = publisher._client.get("material/get_materialcount")
    assert (counted["voice_count"], counted["video_count"], counted["image_count"]) == (1, 1, 0)

    def known(use: str) -> dict[int, str]:
        now = desk.clock.now()
        return desk.database.read(lambda db: media_wechat.ready(db, ids, use, now))

    first, kept = known("temporary"), known("material")
    assert set(first) == set(kept) == set(ids)
    desk.clock.move(days=2.6)
    desk.run()
    assert set(known("temporary").values()).isdisjoint(first.values())
    assert known("material") == kept


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
