"""/control for engineers: clock, faults, odd deliveries, logs, account, reset."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields

from flask import Blueprint, Response, jsonify, request

from emulator.actions import NotPossible
from emulator.callback_check import verify
from emulator.control.bodies import find_platform, read_body, refuse, take, take_openid
from emulator.deliveries import Push, build_push, deliver_quirky
from emulator.envelopes import Quirks
from emulator.faults import KINDS, Fault
from emulator.platform import Account
from emulator.quotas import count_today
from emulator.sendings import list_sendings
from emulator.settings import MODES
from emulator.sms import list_messages
from emulator.state import Json, Template

MOST_COPIES = 64
DRAIN_SECONDS = 20.0

blueprint = Blueprint("workshop", __name__, url_prefix="/control")
blueprint.register_error_handler(NotPossible, refuse)


@blueprint.get("/clock")
def show_clock() -> Response:
    """`{"now": unix seconds, "local": "2026-11-20T12:00:00+08:00", "offset_seconds"}`."""
    clock = find_platform().clock
    return jsonify(
        now=clock.now(),
        local=clock.local().isoformat(timespec="seconds"),
        offset_seconds=clock.offset_seconds,
    )


@blueprint.post("/clock")
def move_clock() -> Response:
    """`{"offset_seconds"}` from the machine's time, or `{"advance_seconds"}` from now."""
    body = read_body()
    platform = find_platform()
    with platform.store.lock:
        clock = platform.clock
        offset = take(body, "offset_seconds", float, clock.offset_seconds)
        clock.move(offset + take(body, "advance_seconds", float, 0.0))
        platform.store.touch()
    return show_clock()


@blueprint.post("/faults")
def add_fault() -> Response:
    """`{"endpoint", "kind", "errcode"?, "seconds"?, "times"?, "probability"?, "act"?}`."""
    body = read_body()
    fault = Fault(
        endpoint=take(body, "endpoint", str),
        kind=take(body, "kind", str),
        errcode=take(body, "errcode", int, -1),
        errmsg=take(body, "errmsg", str, ""),
        seconds=take(body, "seconds", float, 3.0),
        times=take(body, "times", int, 1),
        probability=take(body, "probability", float, 1.0),
        act=take(body, "act", bool, False),
    )
    if fault.kind not in KINDS:
        raise NotPossible(f"'kind' must be one of {', '.join(KINDS)}")
    find_platform().faults.add(fault)
    return list_faults()


@blueprint.get("/faults")
def list_faults() -> Response:
    """`{"faults": […]}` with the `times` still to come."""
    return jsonify(faults=find_platform().faults.list_waiting())


@blueprint.delete("/faults")
def clear_faults() -> Response:
    """No more faults."""
    find_platform().faults.clear()
    return list_faults()


@blueprint.post("/deliver")
def deliver_oddly() -> Response:
    """A push with something wrong, one try, neither shown to the user nor repeated.

    `{"openid", "type"?: "text", "fields"?: {…}, "copies"?: 1 (at the same moment),
    "signature"?: "wrong", "timestamp_offset"?: -3600, "plain"?: true, "app_id"?: "other",
    "raw_body"?: "…"}`; `fields` may replace MsgId and CreateTime. → `{"deliveries":
    [{"status", "body", "latency_ms", "outcome", "note", "reply"}]}`.
    """
    body = read_body()
    copies = take(body, "copies", int, 1)
    if not 1 <= copies <= MOST_COPIES:
        raise NotPossible(f"'copies' must be 1 to {MOST_COPIES}")
    push, quirks = read_push(body), read_quirks(body)
    platform = find_platform()
    with ThreadPoolExecutor(copies) as pool:
        waiting = [pool.submit(deliver_quirky, platform, push, quirks) for _ in range(copies)]
    results = []
    for each in waiting:
        answer, verdict = each.result()
        results.append(
            {
                "status": answer.status,
                "body": answer.body.decode(errors="replace"),
                "latency_ms": answer.latency_ms,
                "outcome": verdict.outcome,
                "note": verdict.note,
                "reply": verdict.reply,
            }
        )
    return jsonify(deliveries=results)


def read_push(body: Json) -> Push:
    """The message or event that is delivered."""
    given = take(body, "fields", dict, {"Content": "你好"})
    kind = take(body, "type", str, "text")
    platform = find_platform()
    with platform.store.lock:
        push = build_push(platform, take_openid(body), kind)
    return Push(push.user, {**push.fields, **given})


def read_quirks(body: Json) -> Quirks:
    """What is wrong with it."""
    raw = take(body, "raw_body", str).encode() if "raw_body" in body else None
    return Quirks(
        wrong_signature=body.get("signature") == "wrong",
        timestamp_offset=take(body, "timestamp_offset", int, 0),
        plain=take(body, "plain", bool, False),
        app_id=take(body, "app_id", str, ""),
        raw_body=raw,
    )


@blueprint.post("/verify")
def verify_callback() -> Response:
    """The platform's URL check → `{"ok", "status", "latency_ms", "problem"}`."""
    return jsonify(verify(find_platform()))


@blueprint.get("/journal")
def show_journal() -> Response:
    """`?channel=custom|template|notice|mass|preview&openid=` → a list, oldest first."""
    args = request.args
    return jsonify(list_sendings(find_platform(), args.get("channel", ""), args.get("openid", "")))


@blueprint.get("/deliveries")
def list_deliveries() -> Response:
    """`?openid=&kind=` → pushes with their tries, oldest first."""
    platform = find_platform()
    openid, kind = request.args.get("openid", ""), request.args.get("kind", "")
    with platform.store.lock:
        rows = platform.state.deliveries
        chosen = [each for each in rows if openid in {"", each.openid} and kind in {"", each.kind}]
        return jsonify([asdict(row) | {"id": str(row.id)} for row in chosen])


@blueprint.get("/sms")
def list_sms() -> Response:
    """`?phone=` → `[{"id", "phone", "text", "at"}]`, newest first."""
    return jsonify(list_messages(find_platform(), request.args.get("phone", "")))


@blueprint.get("/counters")
def show_counters() -> Response:
    """Calls of the day by path."""
    platform = find_platform()
    with platform.store.lock:
        return jsonify(dict(count_today(platform)))


@blueprint.post("/limits")
def set_limits() -> Response:
    """`{"/cgi-bin/user/get": 3, "/cgi-bin/message/custom/send#minute": 10}`: call limits."""
    body = read_body()
    platform = find_platform()
    with platform.store.lock:
        for path in body:
            platform.state.limits[path] = take(body, path, int)
        platform.store.touch()
        return jsonify(platform.state.limits)


@blueprint.get("/templates")
def list_templates() -> Response:
    """`{"templates": [{"id", "title", "kind", "keys"}]}`."""
    platform = find_platform()
    with platform.store.lock:
        return jsonify(templates=[asdict(each) for each in platform.state.templates.values()])


@blueprint.post("/templates")
def add_template() -> Response:
    """`{"id", "title", "kind": "template|once|longterm", "keys": {"thing1": "业务名称"}}`."""
    body = read_body()
    template = Template(
        id=take(body, "id", str),
        title=take(body, "title", str),
        kind=take(body, "kind", str),
        keys=take(body, "keys", dict),
    )
    if template.kind not in {"template", "once", "longterm"}:
        raise NotPossible("'kind' must be template, once or longterm")
    platform = find_platform()
    with platform.store.lock:
        platform.state.templates[template.id] = template
        platform.store.touch()
    return jsonify(asdict(template))


@blueprint.get("/account")
def show_account() -> Response:
    """The account with its secrets: they are made up."""
    return jsonify(asdict(find_platform().account))


@blueprint.post("/account")
def change_account() -> Response:
    """Any field of the account, e.g. `{"callback_url", "mode", "banned", "withdrawn": []}`.

    Lasts until the end of the process.
    """
    body = read_body()
    account = find_platform().account
    for field in fields(Account):
        present = getattr(account, field.name)
        setattr(account, field.name, take(body, field.name, type(present), present))
        if field.name == "mode" and account.mode not in MODES:
            account.mode = present
            raise NotPossible(f"'mode' must be one of {', '.join(MODES)}")
    return show_account()


@blueprint.post("/drain")
def drain() -> Response:
    """Wait until job-finish events were delivered → `{"drained"}`."""
    return jsonify(drained=find_platform().background.drain(DRAIN_SECONDS))


@blueprint.post("/reset")
def reset() -> Response:
    """As on the first day: users, menu, tokens, faults, clock, account."""
    find_platform().reset()
    return jsonify(ok=True)
