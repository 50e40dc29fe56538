"""The fields of the menu editor: hostile names, bytes, and every kind of target."""

import pytest

from menus.targets import Target, view
from menus.tree import Hall
from tests.console.house import Browser, House
from tests.console.menu_desk import (
    FIELDS,
    ONE,
    ORDER,
    TWO,
    Desk,
    entry,
    hall,
    names,
    preview,
    save,
)


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


@pytest.fixture
def version_id(desk: Desk) -> int:
    return desk.draft(ONE, TWO)


@pytest.fixture
def marketer(desk: Desk) -> Browser:
    return desk.enter("marketer")


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "{{7*7}}",
    "👨‍👩‍👧‍👦" * 2,
    "a" * 2_000,
    "好" * 20,
    "' OR 1=1 --",
    "%s%n",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_kept_and_shown_as_text(
    desk: Desk, version_id: int, marketer: Browser, name: str
) -> None:
    fields = {**FIELDS, "0.0.name": name, "0.name": name}

    answer = save(marketer, version_id, ORDER, **fields)

    assert answer.status_code == 303
    assert desk.menu(version_id).halls[0].entries[0].name == name
    for path in (f"{version_id}/edit", f"{version_id}", "compare", ""):
        page = marketer.text(f"/console/menu/{path}".rstrip("/"))
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "49" not in page or name != "{{7*7}}" or "{{7*7}}" in page


@pytest.mark.parametrize(
    ("name", "status"),
    [("正\x00常", 303), ("右\u202e左", 422), ("行\u2028末", 422), ("长" * 2_001, 422)],
)
def test_a_name_that_nobody_can_read_is_refused_with_what_was_typed(
    desk: Desk, version_id: int, marketer: Browser, name: str, status: int
) -> None:
    answer = save(marketer, version_id, ORDER, **{**FIELDS, "0.0.name": name, "0.1.name": "保留"})

    assert answer.status_code == status
    if status == 303:
        assert desk.menu(version_id).halls[0].entries[0].name == "正常"
    else:
        assert "menu_malformed" in answer.text  # the texts of this house are their codes
        assert 'value="保留"' in answer.text
        assert names(desk.menu(version_id))[0][1][0] == "甲"


@pytest.mark.parametrize(
    ("name", "used", "over"),
    [
        ("好" * 20, 60, False),
        ("好" * 20 + "a", 61, True),
        ("😀" * 15, 60, False),
        ("é" * 31, 62, True),
    ],
)
def test_bytes_are_counted_not_letters(
    version_id: int, marketer: Browser, name: str, used: int, over: bool
) -> None:
    save(marketer, version_id, ORDER, **{**FIELDS, "0.0.name": name})

    page = marketer.text(f"/console/menu/{version_id}/edit")

    assert f"<span data-used>{used}</span>/60" in page
    assert (f"名称不能超过 60 字节（约 20 个汉字），现有 {used}" in page) == over
    assert ("微信会拒绝" in page) == over


KINDS = (
    ("click", {"pick": "prices"}, Target("click", "prices")),
    ("view", {"pick": "", "typed": "https://mp.weixin.qq.com/a"},
     Target("view", "https://mp.weixin.qq.com/a")),
    ("view", {"pick": "/site/points", "typed": "ignored"}, Target("view", "/site/points")),
    ("miniprogram", {"pick": "/site/", "appid": "wx0123456789abcdef", "pagepath": "pages/a"},
     Target("miniprogram", "/site/", "wx0123456789abcdef", "pages/a")),
    ("scancode_push", {"pick": "", "typed": ""}, Target("scancode_push", "scancode_push")),
    ("scancode_waitmsg", {"pick": "help"}, Target("scancode_waitmsg", "help")),
    ("pic_sysphoto", {"pick": "", "typed": "receipt"}, Target("pic_sysphoto", "receipt")),
    ("pic_photo_or_album", {"pick": "", "typed": "p"}, Target("pic_photo_or_album", "p")),
    ("pic_weixin", {"pick": "", "typed": "p"}, Target("pic_weixin", "p")),
    ("location_select", {"pick": ""}, Target("location_select", "location_select")),
    ("media_id", {"pick": "", "typed": "M-1"}, Target("media_id", "M-1")),
    ("view_limited", {"pick": "", "typed": "M-1"}, Target("view_limited", "M-1")),
    ("article_id", {"pick": "", "typed": "A-1"}, Target("article_id", "A-1")),
    ("article_view_limited", {"pick": "", "typed": "A-1"}, Target("article_view_limited", "A-1")),
)  # fmt: skip


@pytest.mark.parametrize("case", KINDS, ids=lambda case: case[0])
def test_every_kind_of_target_goes_in_and_comes_back(
    desk: Desk, version_id: int, marketer: Browser, case: tuple[str, dict[str, str], Target]
) -> None:
    kind, fields, target = case
    save(marketer, version_id, "0 0.0", **hall("0", "一"), **entry("0.0", "甲", kind, **fields))

    assert desk.menu(version_id).halls[0].entries[0].target == target
    page = marketer.text(f"/console/menu/{version_id}/edit")
    assert f'<option value="{kind}" selected>' in page
    assert "微信会拒绝" not in page
    assert marketer.get(f"/console/menu/{version_id}").status_code == 200


def test_a_hall_can_do_something_itself(desk: Desk, version_id: int, marketer: Browser) -> None:
    save(marketer, version_id, "0", **entry("0", "一", "view", pick="/site/"))
    assert desk.menu(version_id).halls[0] == Hall("一", (), view("/site/"))


def test_another_kind_forgets_what_was_picked_for_the_old_one(
    desk: Desk, version_id: int, marketer: Browser
) -> None:
    fields = {**FIELDS, "0.0.kind": "view", "0.0.was": "click", "0.0.pick": "prices"}

    drawn = preview(marketer, version_id, ORDER, whole="1", **fields)
    save(marketer, version_id, ORDER, **fields)

    assert "微站页面" in drawn.text
    assert "有改动未保存" in drawn.text
    assert desk.menu(version_id).halls[0].entries[0].target == view("")
    assert "请填写链接" in marketer.text(f"/console/menu/{version_id}/edit")


def test_an_unknown_kind_is_refused(desk: Desk, version_id: int, marketer: Browser) -> None:
    answer = save(marketer, version_id, ORDER, **{**FIELDS, "0.0.kind": "evil"})
    assert answer.status_code == 422
    assert desk.version(version_id).revision == 1
