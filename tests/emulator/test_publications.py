"""Drafts and their publication in the box: what the platform takes, keeps and refuses."""

import io
from typing import Any

import pytest

from tests.emulator.stubs import Callback, Wechat, open_wechat, read_json

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 100


def upload(wechat: Wechat, path: str, content: bytes = PNG, **query: str) -> dict[str, Any]:
    answer = wechat.client.post(
        path,
        query_string={"access_token": wechat.token, **query},
        data={"media": (io.BytesIO(content), "a.png", "image/png")},
    )
    return read_json(answer.data)


def article(wechat: Wechat, **changes: Any) -> dict[str, Any]:
    cover = upload(wechat, "/cgi-bin/material/add_material", type="image")["media_id"]
    return {
        "title": "标题", "author": "小王", "digest": "", "content": "<p>正文</p>",
        "content_source_url": "https://hall.example.cn/x", "thumb_media_id": cover, **changes,
    }  # fmt: skip


def publish(wechat: Wechat, **changes: Any) -> dict[str, Any]:
    draft = wechat.call("/cgi-bin/draft/add", articles=[article(wechat, **changes)])
    answer = wechat.call("/cgi-bin/freepublish/submit", media_id=draft["media_id"])
    wechat.control("drain")
    return wechat.call("/cgi-bin/freepublish/get", publish_id=answer["publish_id"])


def test_what_a_draft_keeps(wechat: Wechat) -> None:
    known = upload(wechat, "/cgi-bin/media/uploadimg")["url"]
    content = (
        f'<p onclick="x()">正文</p><script>alert(1)</script><img src="{known}">'
        '<img src="https://elsewhere.cn/a.png">'
    )
    made = wechat.call("/cgi-bin/draft/add", articles=[article(wechat, content=content)])
    (kept,) = wechat.call("/cgi-bin/draft/get", media_id=made["media_id"])["news_item"]
    assert kept["content"] == f'<p>正文</p><img src="{known}">'
    assert kept["digest"] == "正文"
    listed = wechat.call("/cgi-bin/draft/batchget", offset=0, count=20, no_content=1)
    assert (listed["total_count"], listed["item"][0]["media_id"]) == (1, made["media_id"])
    assert listed["item"][0]["content"]["news_item"][0]["content"] == ""


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"title": ""}, 45003), ({"title": "x" * 65}, 45003), ({"digest": "x" * 129}, 45004),
        ({"content": ""}, 44004), ({"content": "x" * 20_000}, 45002),
        ({"thumb_media_id": "none"}, 40007),
    ],
    ids=str,
)  # fmt: skip
def test_what_a_draft_does_not_take(wechat: Wechat, changes: dict[str, Any], code: int) -> None:
    answer = wechat.call("/cgi-bin/draft/add", articles=[article(wechat, **changes)])
    assert answer["errcode"] == code


def test_a_cover_is_a_permanent_picture(wechat: Wechat) -> None:
    temporary = upload(wechat, "/cgi-bin/media/upload", type="image")["media_id"]
    body = [article(wechat, thumb_media_id=temporary)]
    assert wechat.call("/cgi-bin/draft/add", articles=body)["errcode"] == 40007


@pytest.mark.parametrize(("content", "code"), [(b"GIF89a", 40005), (PNG * 11_000, 40009)])
def test_pictures_of_bodies_are_small_and_still(wechat: Wechat, content: bytes, code: int) -> None:
    assert upload(wechat, "/cgi-bin/media/uploadimg", content)["errcode"] == code


def test_a_draft_is_changed_in_place(wechat: Wechat) -> None:
    made = wechat.call("/cgi-bin/draft/add", articles=[article(wechat)])["media_id"]
    changed = article(wechat, title="新的")
    answer = wechat.call("/cgi-bin/draft/update", media_id=made, index=0, articles=changed)
    assert answer["errcode"] == 0
    shown = wechat.call("/cgi-bin/draft/get", media_id=made)["news_item"][0]
    assert shown["title"] == "新的"
    gone = wechat.call("/cgi-bin/draft/update", media_id="x", index=0, articles=changed)
    assert gone["errcode"] == 40007


def test_what_is_published_leaves_the_drafts_and_can_be_read(wechat: Wechat) -> None:
    done = publish(wechat)
    assert done["publish_status"] == 0
    assert wechat.get("/cgi-bin/draft/count")["total_count"] == 0
    (item,) = done["article_detail"]["item"]
    page = wechat.client.get(
        item["article_url"].partition(":0")[2] or f"/s/{done['article_id']}/1"
    )
    assert "正文" in page.get_data(as_text=True)
    assert "script-src" not in page.headers["Content-Security-Policy"]
    (shown,) = wechat.call("/cgi-bin/freepublish/batchget", offset=0, count=1)["item"]
    assert shown["content"]["news_item"][0]["url"] == item["article_url"]
    answer = wechat.call("/cgi-bin/freepublish/delete", article_id=done["article_id"])
    assert answer["errcode"] == 0
    gone = wechat.call("/cgi-bin/freepublish/getarticle", article_id=done["article_id"])
    assert gone["errcode"] == 53600


def test_an_audit_that_refuses_keeps_the_draft(wechat: Wechat) -> None:
    done = publish(wechat, title="审核不通过")
    assert (done["publish_status"], done["fail_idx"]) == (4, [1])
    assert wechat.get("/cgi-bin/draft/count")["total_count"] == 1
    assert wechat.call("/cgi-bin/freepublish/get", publish_id="1")["errcode"] == 53502


def test_the_callback_is_told(callback: Callback) -> None:
    with open_wechat(callback_url=callback.url) as wechat:
        wechat.add_follower()
        done = publish(wechat)
        told = [one.body.decode() for one in callback.received if b"PUBLISHJOBFINISH" in one.body]
    assert len(told) == 1
    assert f"<article_id><![CDATA[{done['article_id']}]]></article_id>" in told[0]
    assert "<publish_status>0</publish_status>" in told[0]
