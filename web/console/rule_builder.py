"""The builder of rules: rows that come and go, the sentence they mean and how many it fits."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from kernel.refusals import Invalid
from web.console import rule_desk, rule_forms, rule_picks
from web.console.fields import Fields, again
from web.console.filters import as_json
from web.console.guards import operator_required
from web.console.rule_desk import Meaning
from web.console.rule_forms import Condition, Group, Picks
from web.wiring import now, read

bp = Blueprint("rule_builder", __name__, url_prefix="/rules")


@dataclass(frozen=True)
class Board:
    """What the builder draws: the rows, unless only the JSON in `written` can say the rule."""

    top: Group | None
    written: str
    picks: Picks
    meaning: Meaning | None = None
    fault: str = ""
    focus: str = ""
    hows: Mapping[str, str] = field(default_factory=lambda: rule_forms.HOW)


def rule_of(session: Session, form: MultiDict[str, str]) -> dict[str, Any] | None:
    """The rule of a posted form; JSON that somebody changed by hand comes before the rows.

    None for none. Raises Invalid and names the place.
    """
    typed = Fields(form)
    if "rule-at" not in form or typed.text("rule") != typed.text("rule-shown"):
        return typed.structure("rule")
    picks = rule_picks.picks(session, _said(form))
    top = rule_forms.sent(form)
    rule_forms.refuse_unfinished(top, picks)
    shown = typed.structure("rule-shown")
    # What nobody touched stays as it was written, so that it is no new version.
    return shown if rule_forms.rows_of(shown, picks) == top else rule_forms.as_json(top, picks)


def _said(form: MultiDict[str, str]) -> str:
    return " ".join(text for name, text in form.items() if name.startswith("rule"))


def stored(session: Session, rule: dict[str, Any] | None) -> Board:
    """The board of a rule that is kept, or of none."""
    written = as_json(rule) if rule else ""
    picks = rule_picks.picks(session, written)
    return _told(session, Board(rule_forms.rows_of(rule or None, picks), written, picks), rule)


def shown(session: Session, form: MultiDict[str, str], rule: dict[str, Any] | None) -> Board:
    """The board of a form that came back, or else of the rule that is kept."""
    return typed(session, form) if form else stored(session, rule)


def typed(session: Session, form: MultiDict[str, str]) -> Board:
    """The board of what was sent, finished or not."""
    picks, fields = rule_picks.picks(session, _said(form)), Fields(form)
    if "rule-at" not in form or fields.text("rule") != fields.text("rule-shown"):
        return _by_hand(session, fields, picks)
    top = rule_forms.sent(form)
    focus = _act(top, fields.text("rule-act"))
    rule = rule_forms.as_json(top, picks)
    board = Board(top, as_json(rule) if rule else "", picks, focus=focus)
    try:
        rule_forms.refuse_unfinished(top, picks)
    except Invalid as refused:
        return replace(board, fault=again({}, refused).reason)
    return _told(session, board, rule)


def _by_hand(session: Session, fields: Fields, picks: Picks) -> Board:
    try:
        rule = fields.structure("rule")
    except Invalid as refused:
        return Board(None, fields.text("rule"), picks, None, again({}, refused).reason)
    top = rule_forms.rows_of(rule, picks)
    return _told(session, Board(top, fields.text("rule"), picks), rule)


def _told(session: Session, board: Board, rule: dict[str, Any] | None) -> Board:
    if rule is None:
        return board
    try:
        meaning = rule_desk.meaning(session, rule, now())
    except Invalid as refused:
        return replace(board, fault=again({}, refused).reason)
    return replace(board, meaning=meaning)


def _act(top: Group, act: str) -> str:
    """Do what a button says, `add:-0`, `group:`, `drop:-0-1`; answers the row to go on with."""
    name, _, place = act.partition(":")
    numbers = [int(part) for part in place.split("-") if part.isascii() and part.isdigit()]
    above = _group_at(top, numbers[:-1] if name == "drop" else numbers)
    if above is None:
        return ""
    if name == "drop" and numbers and numbers[-1] < len(above.rows):
        del above.rows[numbers[-1]]
        return "".join(f"-{number}" for number in numbers[:-1]) + "-add"
    if name in {"add", "group"}:
        row = Condition() if name == "add" else Group("any", [Condition()])
        above.rows.append(row)
        inner = "-0" if name == "group" else ""
        return f"{place}-{len(above.rows) - 1}{inner}"
    return ""


def _group_at(top: Group, numbers: list[int]) -> Group | None:
    here = top
    for number in numbers:
        row = here.rows[number] if number < len(here.rows) else None
        if not isinstance(row, Group):
            return None
        here = row
    return here


@bp.post("/board")
@operator_required("programme.read")
def show_board() -> ResponseReturnValue:
    """The builder after a row came, went or asked for something else. Nothing is written."""
    board = read(lambda db: typed(db, request.form))
    return render_template("console/rules/board.html", board=board)


@bp.post("/meaning")
@operator_required("programme.read")
def show_meaning() -> ResponseReturnValue:
    """What the rows mean: the sentence, how many members, a few of them; and their JSON."""
    board = read(lambda db: typed(db, request.form))
    return render_template("console/rules/meaning.html", board=board, beside=True)
