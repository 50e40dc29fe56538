"""Deeds: what a button does, in one transaction, and what the next page says of it."""

from collections.abc import Callable

from flask import flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.refusals import NotFound, Refused
from web.wiring import transaction, wiring


def carry_out(
    work: Callable[[Session], object], done: str, back: str, *, otherwise: str = ""
) -> ResponseReturnValue:
    """Do the work and lead to `back`, where `done` is said, or the refusal. Raises NotFound.

    Work that returns False has changed nothing, or not yet: then `otherwise` is said, if given.
    A refusal is no page of its own: whoever pressed a button stays where he is.
    """
    try:
        changed = transaction(work)
    except NotFound:
        raise
    except Refused as refused:
        flash(sentence(refused), "danger")
    else:
        came_to_nothing = changed is False and otherwise
        flash(*((otherwise, "warning") if came_to_nothing else (done, "success")))
    return redirect(back, 303)


def sentence(refused: Refused) -> str:
    """What an operator reads of a refusal; the hall's own words are said to members."""
    texts, name = wiring().texts, f"desk_{refused.code}"
    if name in texts.phrases:
        return texts.say(name, **refused.facts)
    return texts.refuse(refused)


def go_on(page: Callable[[Session], bool], pages: int = 5) -> None:
    """Run the first pages of a long work at once; the timed job does the rest."""
    for _ in range(pages):
        if not transaction(page):
            return
