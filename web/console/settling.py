"""Buttons of what is reviewed: the deed, or the refusal in words, on the page one came from."""

from collections.abc import Callable

from flask import flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.refusals import Invalid, NotFound, Refused
from web.console.deeds import sentence
from web.wiring import transaction

_CHANGED = "同事刚保存过这里的内容。您填写的还在下面，请在新窗口打开最新内容，核对后再改。"


def settle(work: Callable[[Session], object], done: str, back: str) -> ResponseReturnValue:
    """Do the work and lead to `back`, where `done` or the refusal is said. Raises NotFound."""
    try:
        transaction(work)
    except NotFound as gone:
        # The thing is there, but nobody asks for its review any more.
        if "review" not in gone.facts:
            raise
        flash("review_over", "danger")
    except Refused as refused:
        flash(words_of(refused), "danger")
    else:
        flash(done, "success")
    return redirect(back, 303)


def words_of(refused: Refused) -> str:
    """What an operator reads of a refusal: of a field the reason, else the sentence."""
    reason = refused.facts.get("reason") if isinstance(refused, Invalid) else None
    return str(reason) if reason else sentence(refused)


def require_unchanged(seen: str, mark: str) -> None:
    """Raises Invalid for `seen` when what was shown as a form has been changed since."""
    if seen and seen != mark:
        raise Invalid(field="seen", reason=_CHANGED)


def status_of(refused: Invalid) -> int:
    """422 for what was typed, 409 for what a colleague changed meanwhile."""
    return 409 if refused.facts.get("field") == "seen" else 422
