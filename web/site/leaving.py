"""Leaving: the member closes the account for ever, by typing that he means it."""

import unicodedata

from flask import Blueprint, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from kernel.refusals import Refused
from loyalty import erasure
from web.guards import member_required, public
from web.site.home import standing
from web.site.messages import tell_refused
from web.wiring import now, read, transaction, wiring

bp = Blueprint("leaving", __name__, url_prefix="/leaving")

# What one types to confirm.
WORD = "注销"


@bp.get("")
@member_required
def show_form() -> ResponseReturnValue:
    """What would be lost, and the field to confirm it."""
    return _form("")


@bp.post("")
@member_required
def leave() -> ResponseReturnValue:
    """Erase the member and sign him out."""
    member_id, at, steps = g.member_id, now(), wiring().erase_steps
    typed = unicodedata.normalize("NFKC", request.form.get("word", "")[:20]).strip()
    if typed != WORD:
        return _form(wiring().texts.say("site_leaving_word_wrong")), 422
    try:
        transaction(lambda db: erasure.erase(db, member_id, at, steps=steps))
    except Refused as refused:
        tell_refused(refused)
        return redirect(url_for("site.leaving.show_form"))
    session.clear()
    return redirect(url_for("site.leaving.show_farewell"))


@bp.get("/farewell")
@public
def show_farewell() -> ResponseReturnValue:
    """What is said to whoever has left."""
    return render_template("site/leaving/farewell.html")


def _form(error: str) -> str:
    member_id, at = g.member_id, now()
    has = read(lambda db: standing(db, member_id, at))
    return render_template("site/leaving/form.html", has=has, word=WORD, error=error)
