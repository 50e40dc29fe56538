"""谁看到什么: which menu a member sees and why, by our reckoning and by WeChat's own answer."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from kernel.outcomes import CallFailed
from loyalty import members
from menus import reasons, sights
from menus.conditional import PLATFORMS, Sight
from menus.publications import NothingToReturnTo
from menus.tree import Menu
from menus.wechat_shape import from_wechat, same_buttons, to_wechat
from web.console import member_lists, menu_lists
from web.console.guards import operator_required
from web.wiring import read, wiring

bp = Blueprint("menu_sights", __name__, url_prefix="/menu/sights")


@bp.get("")
@operator_required("menus.read")
def show() -> ResponseReturnValue:
    """Look for somebody."""
    asked = request.args.get("q", "")[:40]
    found = read(lambda db: menu_lists.find_members(db, asked))
    return render_template("console/menu/sights.html", asked=asked, found=found)


@bp.post("/searches")
@operator_required("menus.read")
def search() -> ResponseReturnValue:
    """Find by name, number, whole phone or its tail; a phone never gets into an address."""
    asked = request.form.get("q", "").strip()[:40]
    digest = member_lists.phone_digest(wiring().vault, asked)
    if digest is None:
        return redirect(url_for(".show", q=asked or None), 303)
    member_id = read(lambda db: member_lists.id_by_phone(db, digest))
    if member_id is None:
        return render_template("console/menu/sights.html", asked="", found=[], nobody=True)
    return redirect(url_for(".show_member", member_id=member_id), 303)


@bp.get("/<row:member_id>")
@operator_required("menus.read")
def show_member(member_id: int) -> ResponseReturnValue:
    """What the member sees on a kind of phone, and why. Raises NotFound."""
    return render_template("console/menu/sight.html", **_seen(member_id, _platform()))


@bp.post("/<row:member_id>/matches")
@operator_required("menus.read")
def match(member_id: int) -> ResponseReturnValue:
    """The same beside WeChat's own answer, asked now. Raises NotFound."""
    seen = _seen(member_id, _platform())
    member, sight = seen["member"], seen["sight"]
    assert isinstance(member, members.Member)
    base_url = wiring().hall.base_url
    answer: dict[str, object] = {"asked": True}
    try:
        buttons = wiring().menus.match(member.openid)
    except CallFailed as failed:
        answer["problem"] = reasons.explain(failed.outcome.reason)
    else:
        answer["theirs"] = from_wechat(buttons, base_url).menu if buttons else Menu(())
        answer["agrees"] = isinstance(sight, Sight) and same_buttons(
            to_wechat(sight.menu, base_url)["button"], buttons
        )
    return render_template("console/menu/sight.html", **seen, **answer)


def _platform() -> str:
    asked = request.values.get("platform", "")
    return asked if asked in PLATFORMS else "2"


def _seen(member_id: int, platform: str) -> dict[str, object]:
    def work(db: Session) -> dict[str, object]:
        member = members.get_by_id(db, member_id)
        try:
            sight = sights.of_member(db, member_id, platform, wiring().menu_rules)
        except NothingToReturnTo:
            sight = None
        return {"member": member, "sight": sight}

    return {**read(work), "platform": platform, "platforms": PLATFORMS}
