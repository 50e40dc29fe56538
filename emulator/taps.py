"""Taps on the menu, by place: each kind of button causes what WeChat causes.

click, scancode_*: one event. pic_*: an event with the sums of the pictures, then the pictures.
location_select: an event, then the position. view, miniprogram: an event with the menu's id, and
the page opens. media_id and article_*: nothing reaches the account; the chat shows it by itself.
"""

import base64
import hashlib
import struct
import zlib
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from emulator import actions
from emulator.actions import NotPossible
from emulator.api.menus import choose
from emulator.authorize import find_holder
from emulator.chats import add_item
from emulator.control.bodies import describe_outcome, find_platform, read_body, refuse, take
from emulator.deliveries import Outcome
from emulator.identifiers import make_media_id
from emulator.platform import Platform
from emulator.state import Json, Media

PLACE = {
    "Location_X": 39.907,
    "Location_Y": 116.391,
    "Scale": 16,
    "Label": "北京市西城区复兴门内大街",
}
PICTURE_SECONDS = 3 * 86400

blueprint = Blueprint("taps", __name__)
blueprint.register_error_handler(NotPossible, refuse)


@blueprint.post("/phone/tap")
def tap_on_phone() -> Response:
    """`{"place": [hall] or [hall, line], "scanned"?}` → the outcome and `opens`, a page or ""."""
    holder = find_holder(find_platform())
    if holder is None:
        raise NotPossible("nobody holds this phone")
    return answer_tap(holder.openid, read_body())


@blueprint.post("/control/tap")
def tap_for_tests() -> Response:
    """The same with `{"openid"}`."""
    body = read_body()
    return answer_tap(take(body, "openid", str), body)


def answer_tap(openid: str, body: Json) -> Response:
    """Tap, and say what came of it."""
    place, scanned = take(body, "place", list), take(body, "scanned", str, "")
    outcome, opens = tap(find_platform(), openid, place, scanned)
    return jsonify(describe_outcome(outcome) | {"opens": opens})


def tap(platform: Platform, openid: str, place: list[int], scanned: str) -> tuple[Outcome, str]:
    """Tap what the user sees at that place; the outcome, and the page that opens.

    Raises NotPossible where there is no such button.
    """
    menuid, buttons = choose(platform, actions.get_follower(platform, openid))
    button = find_button(buttons or [], place)
    kind = str(button["type"])
    if kind in {"view", "miniprogram"}:
        return open_page(platform, openid, button, menuid)
    act = ACTS.get(kind)
    if act is None:
        show_by_itself(platform, openid, button)
        return Outcome("nothing"), ""
    return act(platform, openid, str(button["key"]), scanned), ""


def find_button(buttons: list[Json], place: list[int]) -> Json:
    """The button that does something at [hall] or [hall, line]."""
    found: Json = {"sub_button": buttons}
    for number in place:
        lines = found.get("sub_button") or []
        if not isinstance(number, int) or not 0 <= number < len(lines):
            raise NotPossible(f"no button at {place}")
        found = lines[number]
    if not found.get("type"):
        raise NotPossible(f"the button at {place} only opens its list")
    return found


def open_page(platform: Platform, openid: str, button: Json, menuid: int) -> tuple[Outcome, str]:
    """A page or a mini-program, in whose place the page for old clients stands here."""
    is_app = button["type"] == "miniprogram"
    event, key = ("view_miniprogram", "pagepath") if is_app else ("VIEW", "url")
    fields = {"EventKey": str(button.get(key, "")), "MenuId": menuid}
    return actions.cause_event(platform, openid, event, fields), str(button["url"])


def tell_click(platform: Platform, openid: str, key: str, _scanned: str) -> Outcome:
    """CLICK."""
    return actions.click(platform, openid, key)


def scanning(event: str) -> Callable[[Platform, str, str, str], Outcome]:
    """scancode_push and scancode_waitmsg."""

    def scan(platform: Platform, openid: str, key: str, scanned: str) -> Outcome:
        result = {"ScanType": "qrcode", "ScanResult": scanned}
        fields: dict[str, Any] = {"EventKey": key, "ScanCodeInfo": result}
        return actions.cause_event(platform, openid, event, fields)

    return scan


def picturing(event: str) -> Callable[[Platform, str, str, str], Outcome]:
    """pic_sysphoto, pic_photo_or_album and pic_weixin."""

    def send(platform: Platform, openid: str, key: str, _scanned: str) -> Outcome:
        content = draw_picture()
        item = {"PicMd5Sum": hashlib.md5(content, usedforsecurity=False).hexdigest()}
        told = {"Count": 1, "PicList": {"item": [item]}}
        fields: dict[str, Any] = {"EventKey": key, "SendPicsInfo": told}
        actions.cause_event(platform, openid, event, fields)
        media_id = keep_picture(platform, content)
        address = f"{request.host_url}phone/media/{media_id}"
        sent = {"PicUrl": address, "MediaId": media_id}
        return actions.send_message(platform, openid, "image", sent)

    return send


def select_place(platform: Platform, openid: str, key: str, _scanned: str) -> Outcome:
    """location_select with a building in Beijing; then its message."""
    fields: dict[str, Any] = {"EventKey": key, "SendLocationInfo": {**PLACE, "Poiname": ""}}
    actions.cause_event(platform, openid, "location_select", fields)
    return actions.send_message(platform, openid, "location", PLACE)


def show_by_itself(platform: Platform, openid: str, button: Json) -> None:
    """Media and articles that WeChat shows without asking the account."""
    with platform.store.lock:
        media = platform.state.media.get(str(button.get("media_id", "")))
        if media is not None and media.kind == "image":
            add_item(platform, openid, "account", "image", media_id=media.media_id)
            return
        what = button.get("article_id") or button.get("media_id")
        text = f"[{button['type']} {what}]"
        add_item(platform, openid, "system", "text", text=text)


def keep_picture(platform: Platform, content: bytes) -> str:
    """The picture as temporary media; its id."""
    with platform.store.lock:
        now = platform.clock.now()
        media = Media(
            media_id=make_media_id(),
            kind="image",
            filename="photo.png",
            mime="image/png",
            content=base64.b64encode(content).decode(),
            created_at=int(now),
            expires_at=now + PICTURE_SECONDS,
        )
        platform.state.media[media.media_id] = media
        platform.store.touch()
        return media.media_id


def draw_picture() -> bytes:
    """A photo of the size of a stamp: 64 × 48 pixels that shade from green to blue, as PNG."""
    rows = b"".join(
        b"\0" + b"".join(bytes((32, 200 - 2 * row, 90 + 2 * column)) for column in range(64))
        for row in range(48)
    )
    head = struct.pack(">IIBBBBB", 64, 48, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


ACTS: dict[str, Callable[[Platform, str, str, str], Outcome]] = {
    "click": tell_click,
    "scancode_push": scanning("scancode_push"),
    "scancode_waitmsg": scanning("scancode_waitmsg"),
    "pic_sysphoto": picturing("pic_sysphoto"),
    "pic_photo_or_album": picturing("pic_photo_or_album"),
    "pic_weixin": picturing("pic_weixin"),
    "location_select": select_place,
}
