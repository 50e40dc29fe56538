"""What a page says once, after the redirect that follows a deed."""

from flask import flash

from kernel.refusals import Refused
from web.wiring import wiring


def tell(phrase: str, **slots: object) -> None:
    """Say that something was done."""
    flash(wiring().texts.say(phrase, **slots), "ok")


def tell_refused(refused: Refused) -> None:
    """Say why something was not done."""
    flash(wiring().texts.refuse(refused), "warn")
