"""Follower tags and the blacklist."""

from emulator.api.calls import OK, Call, Endpoint
from emulator.api.followers import PAGE, find_begin, order_followers
from emulator.errcodes import Refused
from emulator.state import Json, Tag, User

MOST_TAGS = 100
TAGS_A_USER = 20
NAME_BYTES = 30
BATCH = 50
BLACKLIST_BATCH = 20
SYSTEM_TAGS = {0, 1, 2}


def create_tag(call: Call) -> Json:
    """POST /cgi-bin/tags/create; refuses with 45056, 45157 (taken or empty), 45158."""
    if len(call.state.tags) >= MOST_TAGS:
        raise Refused(45056)
    name = check_name(call, "")
    call.state.next_tag += 1
    tag = Tag(call.state.next_tag, name)
    call.state.tags[tag.id] = tag
    call.platform.store.touch()
    return {"tag": {"id": tag.id, "name": tag.name}}


def check_name(call: Call, own: str) -> str:
    """A new name, unique but for the tag's own."""
    name = str(call.table("tag").get("name", ""))
    if len(name.encode()) > NAME_BYTES:
        raise Refused(45158)
    if not name or (name != own and name in {tag.name for tag in call.state.tags.values()}):
        raise Refused(45157)
    return name


def find_tag(call: Call, value: object) -> Tag:
    """The tag of an id; refuses with 45058 (system), 45159 (unknown)."""
    text = str(value)
    number = int(text) if text.isdecimal() else -1
    if number in SYSTEM_TAGS:
        raise Refused(45058)
    if number not in call.state.tags:
        raise Refused(45159)
    return call.state.tags[number]


def list_tags(call: Call) -> Json:
    """GET /cgi-bin/tags/get → `{"tags": [{"id", "name", "count"}]}`."""
    users = [user for user in call.state.users.values() if user.subscribed]
    return {
        "tags": [
            {"id": tag.id, "name": tag.name, "count": sum(tag.id in user.tags for user in users)}
            for tag in call.state.tags.values()
        ]
    }


def update_tag(call: Call) -> Json:
    """POST /cgi-bin/tags/update."""
    tag = find_tag(call, call.table("tag").get("id"))
    tag.name = check_name(call, tag.name)
    call.platform.store.touch()
    return OK


def delete_tag(call: Call) -> Json:
    """POST /cgi-bin/tags/delete, from the followers as well."""
    tag = find_tag(call, call.table("tag").get("id"))
    del call.state.tags[tag.id]
    for user in call.state.users.values():
        if tag.id in user.tags:
            user.tags.remove(tag.id)
    call.platform.store.touch()
    return OK


def list_tag_ids(call: Call) -> Json:
    """POST /cgi-bin/tags/getidlist → `{"tagid_list": […]}`."""
    return {"tagid_list": call.user(call.text("openid")).tags}


def tag_users(call: Call) -> Json:
    """POST /cgi-bin/tags/members/batchtagging, at most 50; 45059 beyond 20 tags a user."""
    users, tag = read_batch(call)
    if any(tag.id not in user.tags and len(user.tags) >= TAGS_A_USER for user in users):
        raise Refused(45059)
    for user in users:
        if tag.id not in user.tags:
            user.tags.append(tag.id)
    call.platform.store.touch()
    return OK


def untag_users(call: Call) -> Json:
    """POST /cgi-bin/tags/members/batchuntagging."""
    users, tag = read_batch(call)
    for user in users:
        if tag.id in user.tags:
            user.tags.remove(tag.id)
    call.platform.store.touch()
    return OK


def read_batch(call: Call) -> tuple[list[User], Tag]:
    """Users and tag of a batch: all or nothing."""
    openids = call.strings("openid_list")
    if not 1 <= len(openids) <= BATCH:
        raise Refused(40032)
    tag = find_tag(call, call.body.get("tagid"))
    users = [call.user(openid) for openid in openids]
    if not all(user.subscribed for user in users):
        raise Refused(43004)
    return users, tag


def list_tagged(call: Call) -> Json:
    """POST /cgi-bin/user/tag/get `{"tagid", "next_openid"}`, pages of 10 000."""
    tag = find_tag(call, call.body.get("tagid"))
    users = call.state.users
    openids = [each for each in order_followers(call.state) if tag.id in users[each].tags]
    begin = find_begin(openids, call.text("next_openid"))
    page = openids[begin : begin + PAGE]
    if not page:
        return {"count": 0}
    return {"count": len(page), "data": {"openid": page}, "next_openid": page[-1]}


def list_blacklist(call: Call) -> Json:
    """POST /cgi-bin/tags/members/getblacklist."""
    openids = [user.openid for user in call.state.users.values() if user.blacklisted]
    begin = find_begin(openids, call.text("begin_openid"))
    page = openids[begin : begin + PAGE]
    if not page:
        return {"total": len(openids), "count": 0, "next_openid": ""}
    shown = {"data": {"openid": page}, "next_openid": page[-1]}
    return {"total": len(openids), "count": len(page), **shown}


def block_users(call: Call) -> Json:
    """POST /cgi-bin/tags/members/batchblacklist, at most 20."""
    return mark_blacklisted(call, blacklisted=True)


def unblock_users(call: Call) -> Json:
    """POST /cgi-bin/tags/members/batchunblacklist."""
    return mark_blacklisted(call, blacklisted=False)


def mark_blacklisted(call: Call, *, blacklisted: bool) -> Json:
    """All or nothing, as with tags."""
    openids = call.strings("openid_list")
    if not 1 <= len(openids) <= BLACKLIST_BATCH:
        raise Refused(40032)
    for user in [call.user(openid) for openid in openids]:
        user.blacklisted = blacklisted
    call.platform.store.touch()
    return OK


ENDPOINTS = {
    "/cgi-bin/tags/create": Endpoint(create_tag, daily=1000),
    "/cgi-bin/tags/get": Endpoint(list_tags, "GET", daily=1000, body="none"),
    "/cgi-bin/tags/update": Endpoint(update_tag, daily=1000),
    "/cgi-bin/tags/delete": Endpoint(delete_tag, daily=1000),
    "/cgi-bin/tags/getidlist": Endpoint(list_tag_ids, daily=1_000_000),
    "/cgi-bin/tags/members/batchtagging": Endpoint(tag_users),
    "/cgi-bin/tags/members/batchuntagging": Endpoint(untag_users),
    "/cgi-bin/user/tag/get": Endpoint(list_tagged, daily=1000),
    "/cgi-bin/tags/members/getblacklist": Endpoint(list_blacklist, daily=1000),
    "/cgi-bin/tags/members/batchblacklist": Endpoint(block_users, daily=1000),
    "/cgi-bin/tags/members/batchunblacklist": Endpoint(unblock_users, daily=1000),
}
