"""Followers: who they are, the paged list, remarks."""

from emulator.api.calls import OK, Call, Endpoint, read_list
from emulator.errcodes import Refused
from emulator.state import Json, State, User

PAGE = 10_000
BATCH = 100
REMARK_CHARACTERS = 30


def get_info(call: Call) -> Json:
    """GET /cgi-bin/user/info; refuses with 41009, 40003."""
    return describe_user(call.user(call.args.get("openid", "")))


def describe_user(user: User) -> Json:
    """Without nickname and portrait since 2021-12-27: both come empty."""
    known: Json = {"unionid": user.unionid} if user.unionid else {}
    if not user.subscribed:
        return {"subscribe": 0, "openid": user.openid, "tagid_list": [], **known}
    number = user.scene.isdecimal()
    return {
        "subscribe": 1,
        "openid": user.openid,
        "nickname": "",
        "sex": 0,
        "language": "zh_CN",
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": "",
        "subscribe_time": user.subscribe_time,
        **known,
        "remark": user.remark,
        "groupid": user.tags[0] if user.tags else 0,
        "tagid_list": user.tags,
        "subscribe_scene": user.subscribe_scene,
        "qr_scene": int(user.scene) if number else 0,
        "qr_scene_str": "" if number else user.scene,
    }


def get_infos(call: Call) -> Json:
    """POST /cgi-bin/user/info/batchget, at most 100 (40032)."""
    asked = read_list(call.body.get("user_list"))
    if not 1 <= len(asked) <= BATCH:
        raise Refused(40032)
    openids = [str(each.get("openid", "")) for each in asked if isinstance(each, dict)]
    return {"user_info_list": [describe_user(call.user(openid)) for openid in openids]}


def list_followers(call: Call) -> Json:
    """GET /cgi-bin/user/get?next_openid=: pages of 10 000 in the order of following.

    The last page still names a next_openid; only the page after it is empty and has no data.
    """
    openids = order_followers(call.state)
    after = call.args.get("next_openid", "")
    begin = find_begin(openids, after)
    page = openids[begin : begin + PAGE]
    if not page:
        return {"total": len(openids), "count": 0, "next_openid": ""}
    return {
        "total": len(openids),
        "count": len(page),
        "data": {"openid": page},
        "next_openid": page[-1],
    }


def order_followers(state: State) -> list[str]:
    """Openids of all followers, the oldest follower first."""
    followers = [user for user in state.users.values() if user.subscribed]
    return [user.openid for user in sorted(followers, key=lambda user: user.subscribe_time)]


def find_begin(openids: list[str], after: str) -> int:
    """The place behind `after`; refuses with 40003 for a stranger."""
    if not after:
        return 0
    if after not in openids:
        raise Refused(40003)
    return openids.index(after) + 1


def update_remark(call: Call) -> Json:
    """POST /cgi-bin/user/info/updateremark, at most 30 characters."""
    user = call.user(call.text("openid"))
    remark = call.text("remark")
    if len(remark) > REMARK_CHARACTERS:
        raise Refused(40035)
    if not user.subscribed:
        raise Refused(43004)
    user.remark = remark
    call.platform.store.touch()
    return OK


ENDPOINTS = {
    "/cgi-bin/user/info": Endpoint(get_info, "GET", daily=5_000_000, body="none"),
    "/cgi-bin/user/info/batchget": Endpoint(get_infos, daily=500_000),
    "/cgi-bin/user/get": Endpoint(list_followers, "GET", daily=500, body="none"),
    "/cgi-bin/user/info/updateremark": Endpoint(update_remark, daily=10_000),
}
