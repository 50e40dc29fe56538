"""One version of the menu: what it shows, its review, and what became of it."""

from datetime import timedelta

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from content import compliance, reviews
from content.reviews import Subject
from kernel.clock import business_day
from loyalty.tags import Tag
from menus import approvals, clicks, live, versions
from menus.conditional import PLATFORMS, Face
from menus.tree import Menu
from menus.versions import PUBLISHABLE
from menus.works import work_of
from web.console import menu_links, menu_lists, review_lists
from web.console.guards import operator_id, operator_required
from web.console.menu import names
from web.console.menu_acts import carry
from web.console.reviews import hand, written
from web.wiring import now, read, wiring

bp = Blueprint("menu_versions", __name__, url_prefix="/menu")

DAYS = (7, 30)


@bp.get("/<row:version_id>")
@operator_required("menus.read")
def show(version_id: int) -> ResponseReturnValue:
    """The version on its phones, with everything that may be done with it. Raises NotFound."""
    at, base_url = now(), wiring().hall.base_url
    code = wiring().menu_rules.trial_tag

    def work(db: Session) -> dict[str, object]:
        version = versions.get(db, version_id)
        face = versions.face_of(version)
        is_draft = version.state == "draft"
        found = compliance.inspect(work_of(face, base_url)) if is_draft else []
        subject, editors = (approvals.KIND, version_id), set(version.editors)
        return {
            "version": version,
            "face": face,
            "extra": _variants(db, face),
            "limits": approvals.check(db, face, base_url) if is_draft else [],
            "desk": review_lists.desk(db, subject, operator_id(), editors, found),
            "author": menu_lists.author(db, version),
            "choices": menu_links.choices(db, at, face),
            "news": menu_lists.news(db, at, version_id),
            "live": live.look(db),
            "tag": menu_lists.trial_tag(db, code),
            "trial_code": code,
        }

    found = read(work)
    version = found["version"]
    assert isinstance(version, versions.MenuVersion)
    urls = _urls(version)
    return render_template(
        "console/menu/show.html",
        **found,
        **names(),
        urls=urls,
        publishable=version.state in PUBLISHABLE,
        without_ask={name: url for name, url in urls.items() if name != "ask"},
        at=at,
    )


def _variants(session: Session, face: Face) -> list[tuple[str, str, Menu]]:
    """(title, who sees it in words, menu) of each variant."""
    rows = session.execute(select(Tag.code, Tag.name).where(Tag.code.in_(face.tags())))
    called = {row.code: row.name for row in rows} if face.variants else {}
    found = []
    for one in face.variants:
        parts = [f"有“{called.get(one.rule.tag, one.rule.tag)}”标签"] if one.rule.tag else []
        parts += [PLATFORMS[one.rule.platform]] if one.rule.platform else []
        found.append((f"个性化菜单「{one.name}」", "，".join(parts) or "还没选条件", one.menu))
    return found


def _urls(version: versions.MenuVersion) -> dict[str, str]:
    """What this operator may do to its review now."""
    may = g.operator.may
    allowed = {
        "ask": version.state == "draft" and may("menus.write"),
        "withdraw": version.state == "in_review" and may("menus.write"),
        "approve": version.state == "in_review" and may("menus.approve"),
        "refuse": version.state == "in_review" and may("menus.approve"),
        "comment": True,
    }
    return {
        name: url_for(f".{name}", version_id=version.id) for name, fits in allowed.items() if fits
    }


@bp.post("/<row:version_id>/asks")
@operator_required("menus.write")
def ask(version_id: int) -> ResponseReturnValue:
    """Send the draft to review. Raises NotFound."""
    base_url = wiring().hall.base_url
    return carry(
        lambda db: approvals.ask(db, version_id, hand(), base_url, written("note")),
        "menu_asked",
        url_for(".show", version_id=version_id),
    )


@bp.post("/<row:version_id>/withdrawals")
@operator_required("menus.write")
def withdraw(version_id: int) -> ResponseReturnValue:
    """Take it back from review. Raises NotFound."""
    return carry(
        lambda db: approvals.withdraw(db, version_id, hand()),
        "menu_withdrawn",
        url_for(".show", version_id=version_id),
    )


@bp.post("/<row:version_id>/approvals")
@operator_required("menus.approve")
def approve(version_id: int) -> ResponseReturnValue:
    """Approve what somebody else wrote. Raises NotFound."""
    return carry(
        lambda db: approvals.approve(db, version_id, hand(), written()),
        "menu_approved",
        url_for(".show", version_id=version_id),
    )


@bp.post("/<row:version_id>/refusals")
@operator_required("menus.approve")
def refuse(version_id: int) -> ResponseReturnValue:
    """Send it back with a reason. Raises NotFound."""
    return carry(
        lambda db: approvals.refuse(db, version_id, hand(), written()),
        "menu_sent_back",
        url_for(".show", version_id=version_id),
    )


@bp.post("/<row:version_id>/comments")
@operator_required("menus.read")
def comment(version_id: int) -> ResponseReturnValue:
    """Leave a remark: whoever may look may say what he sees. Raises NotFound."""

    def work(db: Session) -> None:
        version = versions.get(db, version_id)
        subject = Subject(approvals.KIND, version.id, f"菜单第 {version.id} 版")
        reviews.comment(db, subject, hand(), written("body"))

    return carry(work, "menu_commented", url_for(".show", version_id=version_id))


@bp.get("/<row:version_id>/clicks")
@operator_required("menus.read")
def show_clicks(version_id: int) -> ResponseReturnValue:
    """How often each entry was tapped, for 7 or 30 days. Raises NotFound."""
    asked = request.args.get("days", DAYS[0], type=int)
    days = asked if asked in DAYS else DAYS[0]
    since = business_day(now()) - timedelta(days=days - 1)
    base_url = wiring().hall.base_url

    def work(db: Session) -> dict[str, object]:
        version = versions.get(db, version_id)
        counts = clicks.clicks(db, version_id, since)
        face = versions.face_of(version)
        parts: list[tuple[str, Menu]] = [("默认菜单", face.menu)]
        parts += [(f"「{one.name}」", one.menu) for one in face.variants]
        tables = [
            (name, menu, clicks.by_entry(menu, counts.get(number, {}), base_url))
            for number, (name, menu) in enumerate(parts)
        ]
        most = max((one.count for *_, rows in tables for one in rows), default=0)
        total = sum(sum(one.values()) for one in counts.values())
        return {"version": version, "tables": tables, "most": most, "total": total}

    return render_template(
        "console/menu/clicks.html", **read(work), **names(), days=days, choices=DAYS, since=since
    )
