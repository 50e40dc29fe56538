"""Pictures: what is accepted, what is kept of it, where it is used, and when it may go."""

import hashlib
import io
import os
import random
import struct
import time
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin
from sqlalchemy.orm import Session

from content import media, media_images, media_uses, media_wechat
from content.media import Label, MediaInUse
from content.media_images import Picture
from kernel.db import Database
from kernel.file_store import FileGone, FolderStore
from kernel.refusals import Invalid, NotFound
from tests.content.people import two_hands
from tests.world import NOON


def drawn(
    kind: str = "PNG", size: tuple[int, int] = (40, 30), mode: str = "RGB", **more: object
) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, 120 if mode in {"L", "P", "1", "I;16"} else None).save(out, kind, **more)
    return out.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it is enormous."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 10_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "name", "mime"),
    [
        ("JPEG", "a.JPG", "image/jpeg"),
        ("PNG", "a.png", "image/png"),
        ("GIF", "a.gif", "image/gif"),
    ],
)
def test_a_picture_is_kept_as_what_it_is(kind: str, name: str, mime: str) -> None:
    made = media_images.prepare(drawn(kind), name)
    assert (made.mime, made.width, made.height) == (mime, 40, 30)
    with Image.open(io.BytesIO(made.content)) as image:
        assert image.format == kind
    with Image.open(io.BytesIO(made.small)) as image:
        assert image.format == "JPEG"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_colour_is_read(mode: str) -> None:
    assert media_images.prepare(drawn("PNG", mode=mode), "a.png").width == 40


def test_cmyk_is_turned_into_what_screens_show() -> None:
    made = media_images.prepare(drawn("JPEG", mode="CMYK"), "a.jpeg")
    with Image.open(io.BytesIO(made.content)) as image:
        assert image.mode == "RGB"


@pytest.mark.parametrize(
    ("raw", "name", "said"),
    [
        (b"", "a.png", "空"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 100, "a.png", "打不开"),
        (drawn("JPEG")[:200], "a.jpg", "打不开"),
        (drawn("PNG"), "a.jpg", "不符"),
        (drawn("PNG"), "png", "不符"),
        (drawn("PNG"), "a.png.exe", "不符"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>', "a.svg", "只收"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "a.png", "只收"),
        (b"<html><script>alert(1)</script>", "a.jpg", "只收"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a.webp", "只收"),
        (b"%PDF-1.4", "a.png", "只收"),
        (bomb(60_000, 60_000), "a.png", "像素"),
        (bomb(8_000, 6_000), "a.png", "像素"),
        (bomb(2**31 - 1, 1), "a.png", "像素"),
        (b"\xff\xd8\xff" + b"0" * (10 * 1024 * 1024), "a.jpg", "10 MB"),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_picture_for_us(raw: bytes, name: str, said: str) -> None:
    began = time.monotonic()
    with pytest.raises(Invalid) as refused:
        media_images.prepare(raw, name)
    assert said in str(refused.value.facts["reason"])
    assert time.monotonic() - began < 2


def test_what_hides_behind_a_picture_is_gone() -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", "<script>secret</script>")
    raw = drawn("PNG", pnginfo=notes) + b"<script>alert(1)</script>PK\x03\x04"
    made = media_images.prepare(raw, "a.png")
    assert b"script" not in made.content
    assert b"PK\x03\x04" not in made.content


def test_where_a_photo_was_taken_is_gone_and_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif.get_ifd(0x8825)[2] = (39.0, 54.0, 0.0)
    made = media_images.prepare(drawn("JPEG", exif=exif), "a.jpg")
    assert (made.width, made.height) == (30, 40)
    with Image.open(io.BytesIO(made.content)) as image:
        assert not dict(image.getexif())


def test_an_animation_stays_one_within_bounds() -> None:
    pages = [Image.new("RGB", (20, 20), (n * 10, 0, 0)) for n in range(5)]
    out = io.BytesIO()
    pages[0].save(
        out, "GIF", save_all=True, append_images=pages[1:], duration=50, comment=b"hidden"
    )
    made = media_images.prepare(out.getvalue(), "a.gif")
    assert b"hidden" not in made.content
    with Image.open(io.BytesIO(made.content)) as image:
        assert getattr(image, "n_frames", 1) == 5
    many = [Image.new("L", (2, 2), n % 256) for n in range(301)]
    out = io.BytesIO()
    many[0].save(out, "GIF", save_all=True, append_images=many[1:], duration=50)
    with pytest.raises(Invalid, match=r"^invalid$"):
        media_images.prepare(out.getvalue(), "a.gif")


def test_bodies_of_articles_get_less_than_a_megabyte() -> None:
    noise = Image.frombytes("RGB", (1500, 1500), random.Random(1).randbytes(1500 * 1500 * 3))
    out = io.BytesIO()
    noise.save(out, "JPEG", quality=95)
    made = media_images.prepare(out.getvalue(), "a.jpg")
    body = media_images.for_body(made)
    assert len(body.content) < 1024 * 1024
    still = media_images.for_body(media_images.prepare(drawn("GIF"), "a.gif"))
    assert still.mime == "image/jpeg"


def picture(colour: int = 0) -> Picture:
    out = io.BytesIO()
    Image.new("RGB", (10, 10), (colour, 0, 0)).save(out, "PNG")
    return media_images.prepare(out.getvalue(), "a.png")


def test_the_same_picture_twice_is_one(database: Database) -> None:
    def work(session: Session) -> None:
        hand, _ = two_hands(session)
        one = media.add(session, picture(), Label("../../etc/passwd.png"), hand)
        two = media.add(session, picture(), Label("c:\\x\\again.png"), hand)
        other = media.add(session, picture(9), Label("活动海报 100%.png", "海报"), hand)
        assert one.id == two.id
        assert one.name == "passwd.png"
        assert [row.id for row in media.search(session)] == [other.id, one.id]
        assert media.search(session, "100%") == [other]
        assert media.search(session, "_") == []
        assert media.search(session, before_id=other.id) == [one]
        assert media.by_digest(session, other.digest) == other
        for name in ("x", "../../etc/passwd", "A" * 64):
            with pytest.raises(NotFound):
                media.by_digest(session, name)

    database.transaction(work)


def test_what_is_used_stays(database: Database) -> None:
    def work(session: Session) -> None:
        hand, _ = two_hands(session)
        found = media.add(session, picture(), Label("a.png"), hand)
        media_wechat.want(session, [found.id], "material", NOON)
        media_uses.replace(session, ("announcement", 7), {found.id})
        with pytest.raises(MediaInUse) as refused:
            media.remove(session, found.id, hand)
        assert refused.value.facts == {"count": 1}
        assert media_uses.of_media(session, found.id) == [("announcement", 7)]
        with pytest.raises(Invalid):
            media_uses.replace(session, ("announcement", 7), {found.id, 99})
        media_uses.replace(session, ("announcement", 7), set())
        digest = found.digest
        media.remove(session, found.id, hand)
        session.flush()
        assert media.is_gone(session, digest)

    database.transaction(work)


def test_a_temporary_one_is_sent_anew_before_it_expires(database: Database) -> None:
    def work(session: Session) -> None:
        hand, _ = two_hands(session)
        found = media.add(session, picture(), Label("a.png"), hand)
        media_wechat.want(session, [found.id], "temporary", NOON)
        media_wechat.want(session, [found.id], "temporary", NOON)
        (row_id,) = media_wechat.due(session, NOON)
        assert media_wechat.claim(session, row_id, NOON)
        assert media_wechat.claim(session, row_id, NOON) is None
        media_wechat.settle(session, row_id, "M1", "", NOON)
        assert media_wechat.ready(session, [found.id], "temporary", NOON) == {found.id: "M1"}
        later = NOON + timedelta(days=2, hours=12)
        assert media_wechat.due(session, later - timedelta(seconds=1)) == []
        assert media_wechat.due(session, later) == [row_id]
        assert media_wechat.claim(session, row_id, later)
        # The old one is good until it expires.
        assert media_wechat.ready(session, [found.id], "temporary", later) == {found.id: "M1"}
        media_wechat.settle(session, row_id, "M2", "", later)
        after = NOON + timedelta(days=3)
        assert media_wechat.ready(session, [found.id], "temporary", after) == {found.id: "M2"}

    database.transaction(work)


def test_what_cannot_help_is_not_tried_again(sqlite: Database) -> None:
    def work(session: Session) -> None:
        hand, _ = two_hands(session)
        found = media.add(session, picture(), Label("a.png"), hand)
        media_wechat.want(session, [found.id], "body", NOON)
        (row_id,) = media_wechat.due(session, NOON)
        at = NOON
        for _ in range(6):
            assert media_wechat.claim(session, row_id, at)
            media_wechat.fail(session, row_id, "busy", at, final=False)
            session.flush()
            at += timedelta(hours=1)
        assert media_wechat.due(session, at) == []
        assert media_wechat.failures(session, [found.id], "body") == ["busy"]
        media_wechat.revive(session, [found.id], at)
        assert media_wechat.due(session, at) == [row_id]

    sqlite.transaction(work)


def test_files_are_named_by_their_content_only(tmp_path: Path) -> None:
    store, content = FolderStore(tmp_path / "media"), b"picture"
    digest = hashlib.sha256(content).hexdigest()
    store.put(digest, content)
    store.put(digest, content)
    assert store.get(digest) == content
    (tmp_path / "secret").write_text("x")
    for name in ("../secret", "..", "", f"{digest}/../../secret", digest.upper(), "a" * 63):
        with pytest.raises(FileGone):
            store.get(name)
        with pytest.raises(ValueError, match="digest"):
            store.put(name, b"x")
    assert list(store.old(60)) == []
    os.utime(next((tmp_path / "media").glob("??/*")), (1, 1))
    assert list(store.old(60)) == [digest]
    store.put(digest, content)  # uploaded again: young again
    assert list(store.old(60)) == []
    store.drop(digest)
    with pytest.raises(FileGone):
        store.get(digest)
