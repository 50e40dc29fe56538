"""The editor of a draft of the menu: a form that is whole without scripts, and livelier with."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.refusals import Invalid
from loyalty.tags import Tag
from menus import limits, targets, versions
from menus.conditional import MAX_VARIANTS, PLATFORMS
from menus.tree import MenuMalformed
from menus.versions import MenuChanged, MenuState, MenuVersion
from web.console import menu_checks, menu_forms, menu_links, menu_moves
from web.console.guards import operator_required
from web.console.menu_acts import carry, words
from web.console.menu_forms import Sheet
from web.console.reviews import hand
from web.wiring import now, read, transaction, wiring

bp = Blueprint("menu_editor", __name__, url_prefix="/menu")


@bp.get("/<row:version_id>/edit")
@operator_required("menus.write")
def show(version_id: int) -> ResponseReturnValue:
    """The draft with a tab open; what is no draft is shown instead. Raises NotFound."""
    version = read(lambda db: versions.get(db, version_id))
    if version.state != "draft":
        return redirect(_shown(version_id))
    tab = request.args.get("tab", 0, type=int)
    focus = request.args.get("focus", "")[:5]
    return _page(version, menu_forms.sheet_of(version, tab), focus=focus)


@bp.post("/<row:version_id>/edit")
@operator_required("menus.write")
def save(version_id: int) -> ResponseReturnValue:
    """Keep what was typed, after the act of the button that was pressed. Raises NotFound."""
    version = read(lambda db: versions.get(db, version_id))
    sheet, act = None, request.form.get("act", "save")
    try:
        sheet = menu_forms.read(request.form, version)
        goal = request.form.get(f"{act.partition(':')[2]}.to", "")
        moved, focus = menu_moves.apply(sheet, act, goal)
        version = transaction(lambda db: _save(db, version_id, moved))
    except MenuState as refused:
        flash(words(refused), "danger")
        return _lead(_shown(version_id))
    except MenuChanged:
        return _conflict(version_id, sheet)
    except (MenuMalformed, Invalid) as refused:
        shown = sheet or menu_forms.sheet_of(version, 0)
        return _page(version, shown, fault=words(refused)), 422
    if act == "done":
        flash("menu_saved", "success")
        return _lead(_shown(version_id))
    tab = _tab(moved)
    if request.headers.get("HX-Request"):
        kept = menu_forms.sheet_of(version, tab)
        return _page(version, kept, focus=focus, saved=True)
    flash("menu_saved", "success")
    address = url_for(".show", version_id=version_id, tab=tab or None, focus=focus or None)
    return redirect(address, 303)


def _save(session: Session, version_id: int, sheet: Sheet) -> MenuVersion:
    content = (menu_forms.strict(sheet.face), sheet.note)
    return versions.save(session, version_id, sheet.revision, content, hand())


def _tab(sheet: Sheet) -> int:
    asked = request.form.get("act", "")
    if not asked.startswith("tab:"):
        return sheet.tab
    number = asked.removeprefix("tab:")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 3 else 0


@bp.post("/<row:version_id>/preview")
@operator_required("menus.write")
def preview(version_id: int) -> ResponseReturnValue:
    """What was typed, drawn and checked, and not kept; `whole` draws the fields as well."""
    version = read(lambda db: versions.get(db, version_id))
    try:
        sheet = menu_forms.read(request.form, version)
    except (Invalid, MenuChanged):
        return "", 204  # saving says it
    if request.args.get("whole"):
        return _page(version, sheet, unsaved=True)
    verdict = read(lambda db: menu_checks.check(db, sheet, wiring().hall.base_url))
    return render_template(
        "console/menu/preview.html", sheet=sheet, verdict=verdict, version=version, live=True
    )


@bp.get("/links")
@operator_required("menus.write")
def show_links() -> ResponseReturnValue:
    """What a picker offers for the words that were typed above it, what is picked stays first.

    The words come as `….find`, what is picked as `….pick`, as the form names them.
    """
    field = request.args.get("field", "")
    asked = {name.rpartition(".")[2]: text for name, text in request.args.items()}
    words, picked = asked.get("find", "").strip()[:60], asked.get("pick", "")
    found, _ = read(lambda db: menu_links.search(db, now(), field, words.replace("\x00", "")))
    shown = request.args.get("shown", "")[:100]
    return render_template(
        "console/menu/links.html", groups=found, picked=picked, shown=shown, field=field
    )


@bp.post("/<row:version_id>/forks")
@operator_required("menus.write")
def fork(version_id: int) -> ResponseReturnValue:
    """Keep what was typed as another draft, when a colleague was faster. Raises NotFound."""
    version = read(lambda db: versions.get(db, version_id))
    made: list[int] = []

    def work(db: Session) -> None:
        sheet = menu_forms.read(request.form, version)
        face = menu_forms.strict(sheet.face)
        made.append(versions.draft(db, face, sheet.note, hand(), version_id).id)

    answer = carry(work, "menu_drafted", _shown(version_id))
    return redirect(url_for(".show", version_id=made[-1]), 303) if made else answer


@bp.post("/<row:version_id>/discard")
@operator_required("menus.write")
def discard(version_id: int) -> ResponseReturnValue:
    """Throw the draft away. Raises NotFound."""
    return carry(
        lambda db: versions.discard(db, version_id, hand()),
        "menu_discarded",
        url_for("console.menu.show"),
    )


def _conflict(version_id: int, mine: Sheet | None) -> ResponseReturnValue:
    """What a colleague kept meanwhile beside what was typed, and the ways on."""
    version = read(lambda db: versions.get(db, version_id))
    theirs = menu_forms.sheet_of(version, mine.tab if mine else 0)
    page = render_template(
        _template("conflict"),
        version=version,
        mine=mine,
        theirs=theirs,
        typed=[pair for pair in request.form.items(multi=True) if pair[0] not in _NOT_TYPED],
    )
    return page, 409


_NOT_TYPED = frozenset({"csrf_token", "act", "revision"})


def _page(version: MenuVersion, sheet: Sheet, **shown: Any) -> str:
    at, base_url = now(), wiring().hall.base_url

    def work(db: Session) -> dict[str, Any]:
        tags = db.scalars(select(Tag).where(Tag.active.is_(True)).order_by(Tag.name)).all()
        return {
            "verdict": menu_checks.check(db, sheet, base_url),
            "choices": menu_links.choices(db, at, sheet.face),
            "tags": tags,
        }

    return render_template(
        _template("edit"),
        version=version,
        sheet=sheet,
        **read(work),
        **{"focus": "", "fault": "", **shown},
        limits=limits,
        targets=targets,
        field_of=menu_links.field_of,
        platforms=PLATFORMS,
        most_variants=MAX_VARIANTS,
        trial_tag=wiring().menu_rules.trial_tag,
        base_url=base_url,
    )


def _template(name: str) -> str:
    part = "-desk" if request.headers.get("HX-Request") else ""
    return f"console/menu/{name}{part}.html"


def _shown(version_id: int) -> str:
    return url_for("console.menu_versions.show", version_id=version_id)


def _lead(address: str) -> ResponseReturnValue:
    if request.headers.get("HX-Request"):
        return "", 204, {"HX-Redirect": address}
    return redirect(address, 303)
