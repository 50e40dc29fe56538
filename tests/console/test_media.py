"""The media library in the console: what is taken, what is refused, and in which words."""

import io
import struct
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from content import media, media_images, media_wechat
from kernel.file_store import FolderStore
from kernel.refusals import NotFound
from tests.console import content_seeds
from tests.console.acts import acts
from tests.console.content_seeds import drawn
from tests.console.house import NOON, Browser, House
from tests.content.recordings import AMR, MP3, MP4
from web.console import article_choices
from web.console import media as pages

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
SMALL = 1024 * 1024


@pytest.fixture
def library(house: House, tmp_path: Path) -> House:
    """A house with a folder for files and the limit of every other form."""
    store = FolderStore(tmp_path / "media")
    house.app.extensions["weiting"] = replace(house.app.extensions["weiting"], files=store)
    house.app.config["MAX_CONTENT_LENGTH"] = SMALL
    return house


def send(browser: Browser, *files: tuple[bytes, str], path: str = "media") -> Any:
    # In memory: the client's own way leaves files open that are too large for it.
    sent = [FileStorage(io.BytesIO(raw), name) for raw, name in files]
    boundary, body = encode_multipart({"csrf_token": browser.token(), "files": sent})
    kind = f"multipart/form-data; boundary={boundary}"
    return browser.client.post(f"/console/{path}", data=body, content_type=kind)


def bomb(width: int, height: int) -> bytes:
    """A PNG whose head promises that many pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body


def test_several_pictures_are_taken_at_once(library: House) -> None:
    marketer = library.enter("marketer")
    assert "还没有图片" in marketer.text("/console/media")

    answer = send(
        marketer, (drawn(1), "春节.png"), (drawn(2, "JPEG"), "b.jpg"), (drawn(1), "c.png")
    )

    assert answer.status_code == 303
    page = marketer.text("/console/media")
    assert page.count('/small"') == 2
    assert "缺图片说明" in page
    assert "春节.png" in marketer.text("/console/media?q=春节")
    assert "没有找到图片" in marketer.text("/console/media?q=%25")
    assert [act.action for act in acts(library)] == ["media.added", "media.added"]
    store = library.app.extensions["weiting"].files
    found = library.database.read(lambda db: media.get(db, 1))
    assert store.get(found.digest).startswith(b"\x89PNG")
    assert store.get(found.small_digest)


@pytest.mark.parametrize(
    ("raw", "name", "said"),
    [
        (SVG, "a.svg", "只收 JPEG"),
        (SVG, "a.png", "只收 JPEG"),
        (b"<html><script>alert(1)</script>", "a.jpg", "只收 JPEG"),
        (drawn(), "a.jpg", "不符"),
        (drawn()[:60], "a.png", "打不开"),
        (b"", "a.png", "空的"),
        (bomb(60_000, 60_000), "a.png", "万像素"),
        (b"\xff\xd8\xff" + b"0" * media_images.MOST_BYTES, "a.jpg", "超过 10 MB"),
    ],
    ids=["svg", "svg-as-png", "html", "lying", "cut", "empty", "bomb", "oversize"],
)
def test_what_is_refused_is_refused_in_words(
    library: House, raw: bytes, name: str, said: str
) -> None:
    answer = send(library.enter("marketer"), (raw, name), (drawn(3), "good.png"))

    assert answer.status_code == 422
    assert f"{name}：" in answer.text
    assert said in answer.text
    assert "已上传 1 个" in answer.text
    assert library.database.read(lambda db: len(media.search(db))) == 1


def test_what_hides_in_a_picture_is_not_kept(library: House) -> None:
    raw = drawn() + b"<script>alert(1)</script>PK\x03\x04"

    assert send(library.enter("marketer"), (raw, "../../<b>evil</b>.png")).status_code == 303

    found = library.database.read(lambda db: media.get(db, 1))
    assert b"script" not in library.app.extensions["weiting"].files.get(found.digest)
    assert found.name == "b>.png"
    assert "<b>" not in library.enter("marketer").text("/console/media")


def test_no_file_and_too_many_files(library: House) -> None:
    marketer = library.enter("marketer")

    assert "请选择文件" in send(marketer).text
    many = send(marketer, *[(b"x", f"{n}.png") for n in range(11)])
    assert many.status_code == 422
    assert "一次最多上传 10 个" in many.text


def test_only_uploads_may_be_large(library: House) -> None:
    large = b"\xff\xd8\xff" + b"0" * 2 * SMALL
    marketer = library.enter("marketer")
    article_id = library.database.transaction(content_seeds.add_topic)[0]
    library.database.transaction(content_seeds.add_media)

    assert send(marketer, (large, "a.jpg")).status_code == 422
    for path in (f"articles/{article_id}/edit", "media/1", "products", "announcements"):
        assert send(marketer, (large, "a.jpg"), path=path).status_code == 413, path
    # Whoever may not upload sends no more than anywhere else either.
    assert send(library.enter("auditor"), (large, "a.jpg")).status_code == 413
    stranger = library.browser()
    assert send(stranger, (large, "a.jpg")).status_code in {303, 413}
    whole = b"0" * (pages.MOST_BYTES + 1)
    assert send(marketer, (whole, "a.jpg")).status_code == 413


def test_a_picture_is_described(library: House) -> None:
    library.database.transaction(content_seeds.add_media)
    marketer = library.enter("marketer")

    wrong = marketer.post("/console/media/1", name="海报", alt="字" * 101)
    assert wrong.status_code == 422
    assert "最多 100 字" in wrong.text
    assert "字" * 101 in wrong.text
    said = '"><script>alert(1)</script>'
    assert marketer.post("/console/media/1", name="海报", alt=said).status_code == 303
    page = marketer.text("/console/media/1") + marketer.text("/console/media")
    assert "<script>alert" not in page
    assert (acts(library)[-1].details or {})["changes"]["说明"] == ["", said]


def test_what_is_used_stays_and_says_where(library: House) -> None:
    def work(db: Any) -> None:
        media_id = content_seeds.add_media(db)
        content_seeds.add_written(db, cover_id=media_id)

    library.database.transaction(work)
    marketer = library.enter("marketer")

    page = marketer.text("/console/media/1")
    assert "文章草稿" in page
    assert 'href="/console/articles/revisions/1"' in page
    answer = marketer.post("/console/media/1/removals")
    assert answer.location == "/console/media/1"
    assert "refused: media_in_use" in marketer.text("/console/media/1")
    marketer.post("/console/articles/1/drop")
    assert marketer.post("/console/media/1/removals").location == "/console/media"
    with pytest.raises(NotFound):
        library.database.read(lambda db: media.get(db, 1))
    assert marketer.get("/console/media/1").status_code == 404


def test_a_picture_is_asked_to_wechat(library: House) -> None:
    library.database.transaction(content_seeds.add_media)
    marketer = library.enter("marketer")

    assert marketer.post("/console/media/1/wechat", use="material").status_code == 303
    assert marketer.post("/console/media/1/wechat", use="nonsense").status_code == 303
    assert "请选择用途" in marketer.text("/console/media/1")
    (row,) = library.database.read(lambda db: media_wechat.of_media(db, 1))
    assert (row.use, row.state) == ("material", "waiting")
    library.database.transaction(
        lambda db: media_wechat.fail(db, row.id, "微信返回 45009", NOON, final=True)
    )
    assert "微信上传失败" in marketer.text("/console/media")
    assert "微信返回 45009" in marketer.text("/console/media/1")
    marketer.post("/console/media/1/wechat", use="material")
    assert library.database.read(lambda db: media_wechat.of_media(db, 1))[0].state == "waiting"


def test_pages_of_the_library_go_on(library: House) -> None:
    def work(db: Any) -> None:
        for colour in range(25):
            content_seeds.add_media(db, colour)

    library.database.transaction(work)
    auditor = library.enter("auditor")

    page = auditor.text("/console/media")
    assert "before=2" in page
    assert 'type="file"' not in page
    assert "已经是最后一页" in auditor.text("/console/media?before=2")


def test_voices_and_videos_are_listed_and_played(library: House) -> None:
    marketer = library.enter("marketer")

    answer = send(marketer, (MP3, "问候.mp3"), (AMR, "欢迎.amr"))
    assert answer.location == "/console/media?kind=voice"
    assert send(marketer, (MP4, "装机.mp4")).location == "/console/media?kind=video"
    assert "问候.mp3" in marketer.text("/console/media?kind=voice")
    assert "装机.mp4" in marketer.text("/console/media?kind=video")
    assert "还没有图片" in marketer.text("/console/media?kind=no")
    assert "<audio" in marketer.text("/console/media/1")
    assert "下载试听" in marketer.text("/console/media/2")
    assert "<video" in marketer.text("/console/media/3")
    marketer.post("/console/media/1/wechat", use="body")
    assert "正文里只能放图片" in marketer.text("/console/media/1")
    assert "与扩展名" in send(marketer, (MP4, "a.mp3")).text
    # An article's picture is none of them.
    assert library.database.read(lambda db: article_choices.pictures(db, ())) == []
