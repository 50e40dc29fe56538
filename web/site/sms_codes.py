"""The line of a form that says what became of the SMS code that was asked for."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import render_template, request
from flask.typing import ResponseReturnValue

from kernel.refusals import Refused
from loyalty import phone_codes, phones
from loyalty.phone_codes import Claim
from web.errors import STATUSES
from web.wiring import now, transaction, wiring


@dataclass(frozen=True)
class Line:
    """What is said under the code's field; `wait` seconds until the next code may be asked for."""

    message: str
    wait: object
    refused: bool
    status: int


def send(claim: Claim, phrase: str) -> Line:
    """Send a code in the words of `phrase`."""
    at, text = now(), wiring().texts.phrases[phrase]
    try:
        transaction(lambda db: phone_codes.send(db, wiring().vault, claim, at, text))
    except Refused as refused:
        wait = refused.facts.get("wait_seconds", 0)
        message = wiring().texts.refuse(refused)
        return Line(message, wait, True, STATUSES.get(refused.code, 409))
    wiring().nudge("sweep_outbox", 0)
    hint = phones.mask(phones.normalise(claim.phone))
    return Line(wiring().texts.say("site_code_sent", phone=hint), 60, False, 200)


def prove(claim: Claim, code: str) -> None:
    """Try a code. Raises CodeWrong, CodeExpired; the try stays counted, so it is on its own."""
    at = now()
    refused = transaction(lambda db: phone_codes.prove(db, wiring().vault, claim, code, at))
    if refused is not None:
        raise refused


def answer(line: Line, form: Callable[[Line], str]) -> ResponseReturnValue:
    """The line alone where htmx asks, else the whole form with it."""
    if "HX-Request" in request.headers:
        return render_template("site/_code_line.html", line=line), line.status
    return form(line), line.status
