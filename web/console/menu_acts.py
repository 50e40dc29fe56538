"""An act on the menu and the page after it; what was wrong with a field is said in its words."""

from collections.abc import Callable

from flask import flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.refusals import Invalid, NotFound, Refused
from web.console.deeds import sentence
from web.wiring import transaction


def carry(
    work: Callable[[Session], object], done: str, back: str, *, refused_back: str = ""
) -> ResponseReturnValue:
    """Do the work and lead to `back`, or after a refusal to `refused_back`. Raises NotFound."""
    try:
        transaction(work)
    except NotFound:
        raise
    except Refused as refused:
        flash(words(refused), "danger")
        return redirect(refused_back or back, 303)
    flash(done, "success")
    return redirect(back, 303)


def words(refused: Refused) -> str:
    """What an operator reads of a refusal."""
    if isinstance(refused, Invalid):
        return f"{refused.facts.get('reason', '')}。"
    return sentence(refused)
