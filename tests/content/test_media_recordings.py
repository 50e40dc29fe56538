"""Voices and videos: known by their bytes, within WeChat's limits, sent as what they are."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from content import media, media_recordings, media_wechat, reply_rules
from content.media import Label, Media
from content.media_recordings import VIDEO_BYTES, VOICE_BYTES
from content.media_wechat import WechatMedia
from content.reviews import Hand
from kernel.db import Database
from kernel.refusals import Invalid
from tests.content.desk import form, people
from tests.content.recordings import AMR, MP3, MP3_FRAME, MP4, box, mp4
from tests.world import NOON


@pytest.mark.parametrize(
    ("raw", "name", "mime", "kind"),
    [
        (AMR, "a.amr", "audio/amr", "voice"),
        (MP3, "A.MP3", "audio/mpeg", "voice"),
        (MP4, "a.mp4", "video/mp4", "video"),
    ],
)
def test_what_is_taken(raw: bytes, name: str, mime: str, kind: str) -> None:
    made = media_recordings.find(raw, name)

    assert made is not None
    assert (made.mime, made.content) == (mime, raw)
    assert media_recordings.kind_of(made.mime) == kind


def test_tags_of_an_mp3_are_not_kept() -> None:
    tags = b"ID3\x04\x00\x00\x00\x00\x01\x00" + b"GPS" + bytes(125)
    made = media_recordings.find(tags + MP3 + b"TAG" + bytes(125), "a.mp3")

    assert made is not None
    assert made.content == MP3


@pytest.mark.parametrize(
    ("raw", "name", "said"),
    [
        (AMR, "a.mp3", "不符"),
        (MP4, "a.mov", "不符"),
        (MP3, "noext", "不符"),
        (AMR + b"<script>", "a.amr", "已损坏"),
        (AMR[:-1], "a.amr", "已损坏"),
        (b"#!AMR\n", "a.amr", "已损坏"),
        (MP3 + b"<html>", "a.mp3", "已损坏"),
        (b"ID3" + b"\x7f" * 20, "a.mp3", "已损坏"),
        (MP3_FRAME, "a.mp3", "已损坏"),
        (MP3_FRAME * 2400, "a.mp3", "62 秒"),
        (AMR + (b"\x3c" + bytes(31)) * 2990, "a.amr", "60 秒"),
        (MP3_FRAME * (VOICE_BYTES // 417 + 2), "a.mp3", "超过 2 MB"),
        (mp4(b"soun"), "a.mp4", "没有画面"),
        (mp4(brand=b"qt  "), "a.mp4", "只收 MP4"),
        (MP4 + b"MZ\x90\x00" * 4, "a.mp4", "已损坏"),
        (MP4 + box(b"html", b"<script>"), "a.mp4", "已损坏"),
        (MP4[:-1], "a.mp4", "已损坏"),
        (mp4(b"vide", b"isom", bytes(VIDEO_BYTES)), "a.mp4", "超过 10 MB"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_what_is_refused(raw: bytes, name: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        media_recordings.find(raw, name)
    assert said in str(refused.value.facts["reason"])


def test_what_is_no_recording_is_left_to_others() -> None:
    for raw in (b"", b"\xff\xd8\xff\xe0" + bytes(40), b"<svg/>", b"\x89PNG", bytes(64)):
        assert media_recordings.find(raw, "a.mp3") is None


def test_a_reply_takes_only_what_is_of_its_kind(sqlite: Database) -> None:
    def work(session: Session) -> None:
        author = people(session)[0]
        for raw, name in ((MP3, "语音.mp3"), (MP4, "视频.mp4")):
            made = media_recordings.find(raw, name)
            assert made is not None
            found = media.add(session, made, Label(name), Hand(author, NOON))
            media_wechat.want(session, [found.id], "material", NOON)
            row = session.scalars(
                select(WechatMedia).where(WechatMedia.media_id == found.id)
            ).one()
            row.wechat_id, row.state = f"MEDIA-{found.kind}", "ready"
        assert [one.kind for one in media.search(session, kind="")] == ["video", "voice"]
        assert media.search(session) == []
        voice = [{"kind": "voice", "media_id": "MEDIA-voice"}]
        reply_rules.draft(session, "good", form(replies=voice), author, NOON)
        other = [{"kind": "voice", "media_id": "NOT-OF-THE-LIBRARY"}]
        reply_rules.draft(session, "other", form(replies=other), author, NOON)
        wrong = [{"kind": "voice", "media_id": "MEDIA-video"}]
        with pytest.raises(Invalid) as refused:
            reply_rules.draft(session, "wrong", form(replies=wrong), author, NOON)
        assert "“视频.mp4”是视频，请换成语音" in str(refused.value.facts["reason"])

    sqlite.transaction(work)
    assert sqlite.read(lambda db: {one.width for one in db.scalars(select(Media))}) == {0}
