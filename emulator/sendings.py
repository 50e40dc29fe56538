"""The journal of sends: what the product asked the platform to tell whom, and how it went."""

from dataclasses import asdict

from flask import Response

from emulator.api.calls import Call, Endpoint
from emulator.errcodes import Refused
from emulator.platform import Platform
from emulator.state import KEPT_JOURNAL, Json, Sending, append_kept


def record_sending(call: Call, endpoint: Endpoint) -> Json | Response:
    """Run the send and write its line, refused or not."""
    try:
        result = endpoint.handler(call)
    except Refused as refusal:
        add_sending(call, endpoint.channel, refusal.errcode, "")
        raise
    told = result if isinstance(result, dict) else {}
    msgid = str(told.get("msgid") or told.get("msg_id") or "")
    add_sending(call, endpoint.channel, 0, msgid)
    return result


def add_sending(call: Call, channel: str, errcode: int, msgid: str) -> None:
    """One line of the journal."""
    touser = call.body.get("touser", "")
    row = Sending(
        id=call.platform.take_id(),
        channel=channel,
        openid=touser if isinstance(touser, str) else "",
        payload=call.body,
        at=call.now,
        errcode=errcode,
        msgid=msgid,
    )
    append_kept(call.state.journal, row, KEPT_JOURNAL)
    call.platform.store.touch()


def note_event(platform: Platform, msgid: str, event: str) -> None:
    """Write into the journal what the job-finish event of `msgid` said."""
    with platform.store.lock:
        for row in reversed(platform.state.journal):
            if row.msgid == msgid:
                row.event = event
                platform.store.touch()
                return


def list_sendings(platform: Platform, channel: str = "", openid: str = "") -> list[Json]:
    """The journal, oldest first; ids as text, being over 2^53."""
    with platform.store.lock:
        return [
            asdict(row) | {"id": str(row.id)}
            for row in platform.state.journal
            if channel in {"", row.channel} and openid in {"", row.openid}
        ]
