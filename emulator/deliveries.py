"""Delivers pushes to the callback: five seconds each, three tries, then the failure line."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from emulator.chats import FAILURE_TEXT, add_item
from emulator.envelopes import NO_QUIRKS, Envelope, Quirks, seal
from emulator.platform import Platform
from emulator.replies import Unacceptable, Verdict, judge
from emulator.state import KEPT_DELIVERIES, ChatItem, Delivery, Json, Try, append_kept

MOST_TRIES = 3
ANSWER_LIMIT_BYTES = 1_000_000
# Events the platform takes no reply to; the user sees nothing whatever is answered.
ANSWERED_EVENTS = {"subscribe", "SCAN", "CLICK", "scancode_push", "scancode_waitmsg"}


@dataclass(frozen=True)
class Push:
    """A message or event for the callback; `fields` are the elements of its XML.

    `user` is whose chat shows the answer: job-finish events come from the platform itself.
    """

    user: str
    fields: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """text, image … or the event's name."""
        return str(self.fields.get("Event") or self.fields["MsgType"])

    @property
    def is_answerable(self) -> bool:
        return self.fields["MsgType"] != "event" or self.kind in ANSWERED_EVENTS


@dataclass(frozen=True)
class Answer:
    """What came back from one try; status 0 means no HTTP answer."""

    status: int
    body: bytes
    latency_ms: int
    problem: str = ""


@dataclass
class Outcome:
    """How a push ended and what the user saw of it."""

    status: str
    tries: list[Try] = field(default_factory=list)
    seen: list[ChatItem] = field(default_factory=list)
    note: str = ""

    @property
    def latency_ms(self) -> int:
        return sum(each.latency_ms for each in self.tries)


def build_push(platform: Platform, openid: str, kind: str, **fields: Any) -> Push:
    """A push from `openid` with the common elements in the platform's order."""
    common: Json = {
        "ToUserName": platform.account.original_id,
        "FromUserName": openid,
        "CreateTime": platform.clock.read_seconds(),
        "MsgType": kind,
    }
    if kind != "event":
        fields = {**fields, "MsgId": platform.take_id()}
    return Push(openid, common | fields)


def deliver(platform: Platform, push: Push) -> Outcome:
    """Deliver, at most three times with an identical request, and show the answer.

    Must be called without the lock: the callback may call the API meanwhile.
    """
    if not platform.account.callback_url:
        return settle(platform, push, Verdict("nothing", "no callback URL is configured"), [])
    envelope = seal(platform.account, push.fields, platform.clock.read_seconds())
    tries: list[Try] = []
    verdict = Verdict("failure")
    while len(tries) < MOST_TRIES and not platform.store.closing.is_set():
        if tries:
            pause(platform, tries[-1])
        attempt, verdict = try_once(platform, push, envelope)
        tries.append(attempt)
        if verdict.outcome != "failure":
            break
    return settle(platform, push, verdict, tries)


def try_once(platform: Platform, push: Push, envelope: Envelope) -> tuple[Try, Verdict]:
    """One delivery and the verdict on its answer."""
    answer = post(platform, envelope)
    verdict = judge_answer(platform, push.user, answer)
    problem = verdict.note if verdict.outcome == "failure" else ""
    return Try(answer.status, answer.latency_ms, problem), verdict


def judge_answer(platform: Platform, openid: str, answer: Answer) -> Verdict:
    """The verdict; everything unacceptable is a failure with its reason as note."""
    if answer.problem:
        return Verdict("failure", answer.problem)
    try:
        return judge(platform.account, openid, answer.status, answer.body)
    except Unacceptable as error:
        return Verdict("failure", str(error))


def pause(platform: Platform, last: Try) -> None:
    """After a time-out the platform comes again at once, after a fast failure a bit later."""
    limit_ms = platform.settings.delivery_timeout_seconds * 1000
    if last.latency_ms < limit_ms * 0.9:
        platform.store.closing.wait(platform.settings.retry_pause_seconds)


def post(platform: Platform, envelope: Envelope) -> Answer:
    """POST one envelope within the time limit, redirects not followed."""
    headers = {"Content-Type": "text/xml", "User-Agent": "Mozilla/4.0"}
    request = requests.Request(
        "POST",
        platform.account.callback_url,
        params=envelope.query,
        data=envelope.body,
        headers=headers,
    )
    return fetch(request, platform.settings.delivery_timeout_seconds)


def fetch(request: requests.Request, limit_seconds: float) -> Answer:
    """Send the request; the limit holds for the whole answer, not for each packet."""
    began = time.monotonic()
    status, body, problem = 0, b"", ""
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy of the machine must not catch loopback
            with session.send(
                session.prepare_request(request),
                timeout=limit_seconds,
                stream=True,
                allow_redirects=False,
            ) as response:
                status = response.status_code
                body = read_body(response, began + limit_seconds)
    except requests.Timeout:
        problem = f"no answer within {limit_seconds:g} s"
    except (requests.RequestException, ValueError) as error:
        problem = f"no connection: {type(error).__name__}"
    return Answer(status, body, round((time.monotonic() - began) * 1000), problem)


def read_body(response: requests.Response, deadline: float) -> bytes:
    """The body; raises `requests.Timeout` when it drips in too slowly."""
    body = b""
    for chunk in response.iter_content(65536):
        body += chunk
        if time.monotonic() > deadline:
            raise requests.Timeout
        if len(body) > ANSWER_LIMIT_BYTES:
            break
    return body


def settle(platform: Platform, push: Push, verdict: Verdict, tries: list[Try]) -> Outcome:
    """Show the user what the verdict says and write the delivery log."""
    with platform.store.lock:
        outcome = Outcome(verdict.outcome, tries, note=verdict.note)
        if push.is_answerable:
            outcome.seen = show_verdict(platform, push.user, verdict)
        elif verdict.outcome == "replied":
            outcome = Outcome("nothing", tries, note=f"a reply to {push.kind} is not shown")
        log(platform, push, outcome, verdict.reply)
        return outcome


def show_verdict(platform: Platform, openid: str, verdict: Verdict) -> list[ChatItem]:
    """Put the reply or the failure line into the chat."""
    if verdict.outcome == "failure":
        return [add_item(platform, openid, "system", "text", text=FAILURE_TEXT)]
    if verdict.seen is None:
        return []
    seen = verdict.seen
    return [add_item(platform, openid, "account", seen.kind, text=seen.text, **seen.data)]


def log(platform: Platform, push: Push, outcome: Outcome, reply: str) -> None:
    """One line of the delivery log."""
    fields = push.fields
    row = Delivery(
        id=platform.take_id(),
        openid=push.user,
        kind=push.kind,
        detail=str(fields.get("EventKey") or fields.get("Content") or ""),
        at=platform.clock.now(),
        tries=outcome.tries,
        outcome=outcome.status,
        note=outcome.note,
        reply=reply,
        saw=" / ".join(item.text or item.kind for item in outcome.seen),
    )
    append_kept(platform.state.deliveries, row, KEPT_DELIVERIES)
    platform.store.touch()


def deliver_quirky(
    platform: Platform, push: Push, quirks: Quirks = NO_QUIRKS
) -> tuple[Answer, Verdict]:
    """One try of a deliberately odd envelope, not shown to the user and not logged."""
    envelope = seal(platform.account, push.fields, platform.clock.read_seconds(), quirks)
    answer = post(platform, envelope)
    return answer, judge_answer(platform, push.user, answer)
