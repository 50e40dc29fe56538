"""Followers, tags, scene codes, media."""

import io
from urllib.parse import quote

import pytest

from emulator.api import followers
from tests.emulator.stubs import Wechat


def test_user_info_knows_no_nickname(wechat: Wechat) -> None:
    openid = wechat.control("users", nickname="小李")["openid"]
    assert wechat.get("/cgi-bin/user/info", openid=openid)["subscribe"] == 0
    wechat.control("follow", openid=openid, scene="hall-01")
    told = wechat.get("/cgi-bin/user/info", openid=openid)
    assert told["subscribe"] == 1
    assert told["nickname"] == ""
    assert told["qr_scene_str"] == "hall-01"
    assert len(openid) == 28
    assert openid.startswith("o")
    assert wechat.get("/cgi-bin/user/info", openid="oX")["errcode"] == 40003
    batch = [{"openid": openid}] * 101
    assert wechat.call("/cgi-bin/user/info/batchget", user_list=batch)["errcode"] == 40032


def test_last_page_still_names_a_next_one(wechat: Wechat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followers, "PAGE", 2)
    openids = [wechat.add_follower().openid for _ in range(3)]
    first = wechat.get("/cgi-bin/user/get")
    assert first["data"]["openid"] == openids[:2]
    last = wechat.get("/cgi-bin/user/get", next_openid=first["next_openid"])
    assert (last["count"], last["next_openid"]) == (1, openids[2])
    after = wechat.get("/cgi-bin/user/get", next_openid=last["next_openid"])
    assert after == {"total": 3, "count": 0, "next_openid": ""}


def test_tags(wechat: Wechat) -> None:
    openid = wechat.add_follower().openid
    tag = wechat.call("/cgi-bin/tags/create", tag={"name": "会员"})["tag"]["id"]
    assert wechat.call("/cgi-bin/tags/create", tag={"name": "会员"})["errcode"] == 45157
    assert wechat.call("/cgi-bin/tags/create", tag={"name": "长" * 11})["errcode"] == 45158
    assert wechat.call("/cgi-bin/tags/delete", tag={"id": 2})["errcode"] == 45058
    batch = {"openid_list": [openid], "tagid": tag}
    assert wechat.call("/cgi-bin/tags/members/batchtagging", **batch)["errcode"] == 0
    assert wechat.call("/cgi-bin/tags/getidlist", openid=openid)["tagid_list"] == [tag]
    assert wechat.get("/cgi-bin/tags/get")["tags"][0]["count"] == 1
    assert wechat.call("/cgi-bin/user/tag/get", tagid=tag)["data"]["openid"] == [openid]
    assert wechat.call("/cgi-bin/tags/delete", tag={"id": tag})["errcode"] == 0
    assert wechat.call("/cgi-bin/tags/getidlist", openid=openid)["tagid_list"] == []
    too_many = {"openid_list": [openid] * 51, "tagid": tag}
    assert wechat.call("/cgi-bin/tags/members/batchtagging", **too_many)["errcode"] == 40032


def test_scene_code_is_scanned_until_it_expires(wechat: Wechat) -> None:
    scene = {"scene": {"scene_str": "hall-01"}}
    code = wechat.call(
        "/cgi-bin/qrcode/create",
        action_name="QR_STR_SCENE",
        action_info=scene,
        expire_seconds=600,
    )
    shown = wechat.client.get(f"/cgi-bin/showqrcode?ticket={quote(code['ticket'], safe='')}")
    assert shown.data.startswith(b"\x89PNG")
    openid = wechat.control("users")["openid"]
    wechat.control("scan", openid=openid, ticket=code["ticket"])
    assert wechat.platform.state.users[openid].scene == "hall-01"
    wechat.control("scan", openid=openid, ticket=code["url"])
    kinds = [(each["kind"], each["detail"]) for each in wechat.read("deliveries")]
    assert kinds == [("subscribe", "qrscene_hall-01"), ("SCAN", "hall-01")]
    wechat.advance(601)
    assert "error" in wechat.control("scan", openid=openid, ticket=code["ticket"])
    assert wechat.client.get("/cgi-bin/showqrcode?ticket=x").status_code == 404


def test_scene_ids_out_of_range_silently_become_the_largest(wechat: Wechat) -> None:
    body = {"action_name": "QR_LIMIT_SCENE", "action_info": {"scene": {"scene_id": 100_001}}}
    answer = wechat.call("/cgi-bin/qrcode/create", **body)
    assert "expire_seconds" not in answer
    assert wechat.platform.state.scenes[answer["ticket"]].scene == "4294967295"


def test_media_is_kept_three_days(wechat: Wechat) -> None:
    query = {"access_token": wechat.token, "type": "image"}
    data = {"media": (io.BytesIO(b"\x89PNG picture"), "a.png", "image/png")}
    answer = wechat.client.post("/cgi-bin/media/upload", query_string=query, data=data)
    media_id = answer.get_json(force=True)["media_id"]
    query = {"access_token": wechat.token, "media_id": media_id}
    response = wechat.client.get("/cgi-bin/media/get", query_string=query)
    assert response.data == b"\x89PNG picture"
    assert response.mimetype == "image/png"
    wechat.advance(3 * 86400 + 1)
    assert wechat.get("/cgi-bin/media/get", media_id=media_id)["errcode"] == 40007
