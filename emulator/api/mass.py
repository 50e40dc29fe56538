"""Mass sends: four a user and calendar month (Shanghai), whoever they are sent by."""

import hashlib
import json

from emulator.api.calls import Call, Endpoint
from emulator.api.customer import is_known_media, read_text
from emulator.chats import add_item
from emulator.deliveries import build_push, deliver
from emulator.errcodes import Refused
from emulator.platform import Platform
from emulator.sendings import note_event
from emulator.state import Json, MassJob, SentOnce, User

A_MONTH = 4
MOST_OPENIDS = 10_000
DEDUPE_SECONDS = 86400
CLIENT_ID_BYTES = 64
MEDIA_KINDS = {"mpnews", "voice", "image", "mpvideo"}


def send_to_openids(call: Call) -> Json:
    """POST /cgi-bin/message/mass/send, 2 to 10 000 openids (40130, 40032); unknown ones err."""
    openids = call.strings("touser")
    if len(openids) < 2:
        raise Refused(40130)
    if len(openids) > MOST_OPENIDS:
        raise Refused(40032)
    users = [call.state.users[each] for each in openids if each in call.state.users]
    if not users:
        raise Refused(40003)
    return submit(call, users, len(openids), {"touser": openids})


def send_to_filter(call: Call) -> Json:
    """POST /cgi-bin/message/mass/sendall, by tag (45159) or to all.

    To all goes once a day and four times a month (45028).
    """
    chosen = call.table("filter")
    followers = [user for user in call.state.users.values() if user.subscribed]
    if chosen.get("is_to_all") is True:
        result = submit(call, followers, len(followers), chosen, to_all=True)
        call.state.days_to_all.append(call.platform.clock.day())
        return result
    tag = str(chosen.get("tag_id", ""))
    if not tag.isdecimal() or int(tag) not in call.state.tags:
        raise Refused(45159)
    users = [user for user in followers if int(tag) in user.tags]
    return submit(call, users, len(users), chosen)


def require_to_all(call: Call) -> None:
    """Refuse with 45028 a second one today or a fifth this month."""
    month = call.platform.clock.month()
    this_month = [day for day in call.state.days_to_all if day.startswith(month)]
    if call.platform.clock.day() in this_month or len(this_month) >= A_MONTH:
        raise Refused(45028)


def submit(
    call: Call, users: list[User], total: int, audience: Json, *, to_all: bool = False
) -> Json:
    """Accept the job: refuses a repetition with 45065 and its msg_id, writes to the users."""
    kind, shown = read_content(call)
    key = find_key(call, audience)
    once = call.state.sent_once.get(key)
    if once and call.now - once.at < DEDUPE_SECONDS:
        raise Refused(45065, msg_id=once.msgid)
    if to_all:
        require_to_all(call)
    msg_id = 1_000_000_000 + call.platform.take_id() % 1_000_000_000
    call.state.sent_once[key] = SentOnce(msg_id, call.now)
    job = MassJob(msg_id, "SENDING", call.now, total, 0, 0, 0)
    for user in users:
        send_one(call, job, user, kind, shown)
    call.state.mass_jobs[str(msg_id)] = job
    call.platform.store.touch()
    call.platform.background.hand_over(lambda: report(call.platform, job))
    data_id = {"msg_data_id": msg_id + 1} if kind == "mpnews" else {}
    return {"errcode": 0, "errmsg": "send job submission success", "msg_id": msg_id, **data_id}


def find_key(call: Call, audience: Json) -> str:
    """clientmsgid, or the digest of audience and content that the platform takes instead."""
    given = call.text("clientmsgid")
    if len(given.encode()) > CLIENT_ID_BYTES:
        raise Refused(45067)
    if given:
        return f"mass|{given}"
    kind = call.text("msgtype")
    content = json.dumps([audience, kind, call.body.get(kind)], sort_keys=True)
    return f"mass|{hashlib.sha256(content.encode()).hexdigest()}"


def read_content(call: Call) -> tuple[str, Json]:
    """Type and what is shown; refuses with 40008, 44004, 45002, 40007."""
    kind = call.text("msgtype")
    content = call.table(kind)
    if kind == "text":
        return kind, read_text(content)
    if kind == "images":
        return kind, dict(content)
    if kind not in MEDIA_KINDS:
        raise Refused(40008)
    media_id = str(content.get("media_id", ""))
    if not is_known_media(call, media_id):
        raise Refused(40007)
    articles = call.state.drafts.get(media_id, {}).get("articles", [])
    shown = [
        {"title": each.get("title", ""), "description": each.get("digest", ""), "url": ""}
        for each in articles
    ]
    return kind, {"media_id": media_id, "articles": shown}


def send_one(call: Call, job: MassJob, user: User, kind: str, shown: Json) -> None:
    """One recipient: filtered beyond four a month, an error when messages are shut off."""
    month = call.platform.clock.month()
    used = user.mass_counts.get(month, 0)
    if not user.subscribed or user.blacklisted or used >= A_MONTH:
        return
    job.filtered += 1
    if user.refuses_messages:
        job.errors += 1
        return
    user.mass_counts[month] = used + 1
    job.sent += 1
    add_item(call.platform, user.openid, "account", kind, channel="mass", **shown)


def report(platform: Platform, job: MassJob) -> None:
    """Push MASSSENDJOBFINISH; FilterCount = SentCount + ErrorCount."""
    with platform.store.lock:
        if job.status == "SENDING":
            job.status = "SEND_SUCCESS"
        # The sender of this event is no recipient: products must not look at it.
        sender = next(iter(platform.state.users), "oPlatform")
        event = {
            "Event": "MASSSENDJOBFINISH",
            "MsgID": job.msg_id,
            "Status": "send success",
            "TotalCount": job.total,
            "FilterCount": job.filtered,
            "SentCount": job.sent,
            "ErrorCount": job.errors,
        }
        push = build_push(platform, sender, "event", **event)
        platform.store.touch()
    note_event(platform, str(job.msg_id), "send success")
    deliver(platform, push)


def preview(call: Call) -> Json:
    """POST /cgi-bin/message/mass/preview to one openid: does not count as a mass send."""
    user = call.user(call.text("touser"))
    kind, shown = read_content(call)
    if not user.subscribed:
        raise Refused(43004)
    add_item(call.platform, user.openid, "account", kind, channel="preview", **shown)
    msg_id = 1_000_000_000 + call.platform.take_id() % 1_000_000_000
    return {"errcode": 0, "errmsg": "preview success", "msg_id": msg_id}


def get_job(call: Call) -> Json:
    """POST /cgi-bin/message/mass/get `{"msg_id"}`; refuses with 40035."""
    job = find_job(call)
    return {"msg_id": job.msg_id, "msg_status": job.status}


def delete_job(call: Call) -> Json:
    """POST /cgi-bin/message/mass/delete: the cards stay visible, only their page dies."""
    find_job(call).status = "DELETE"
    call.platform.store.touch()
    return {"errcode": 0, "errmsg": "ok"}


def find_job(call: Call) -> MassJob:
    """The job of a msg_id, given as number or text."""
    job = call.state.mass_jobs.get(call.text("msg_id"))
    if job is None:
        raise Refused(40035)
    return job


ENDPOINTS = {
    "/cgi-bin/message/mass/send": Endpoint(send_to_openids, daily=100, minute=60, channel="mass"),
    "/cgi-bin/message/mass/sendall": Endpoint(
        send_to_filter, daily=100, minute=60, channel="mass"
    ),
    "/cgi-bin/message/mass/preview": Endpoint(preview, daily=100, channel="preview"),
    "/cgi-bin/message/mass/get": Endpoint(get_job, daily=100_000),
    "/cgi-bin/message/mass/delete": Endpoint(delete_job, daily=10),
}
