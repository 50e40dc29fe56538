"""Who may call a route: each carries one of these marks, or a test fails."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from flask import g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from kernel.refusals import Refused
from loyalty import members, staff
from loyalty.members import NotRegistered
from web.wiring import read


class SignedOut(Refused):
    """The visitor's session is over; a form that was sent after it cannot be led to WeChat."""

    code = "signed_out"


P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]
F = TypeVar("F", bound=Callable[..., ResponseReturnValue])


def mark(view: F, guard: str) -> F:
    """Note which guard a view has, for the test that walks all routes."""
    view.guard = guard  # type: ignore[attr-defined]
    return view


def public(view: F) -> F:
    """Anybody may call this; said on purpose."""
    return mark(view, "public")


def visitor_required(view: View[P]) -> View[P]:
    """Only somebody whom WeChat confirmed; `g.openid` is his. A page leads him there first."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        openid = session.get("openid")
        if not isinstance(openid, str):
            return _ask_wechat()
        g.openid = openid
        return view(*args, **kwargs)

    return mark(guarded, "visitor")


def member_required(view: View[P]) -> View[P]:
    """Only members; `g.member_id` and `g.openid` are his. Others are led to register."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        openid = session.get("openid")
        if not isinstance(openid, str):
            return _ask_wechat()
        member = read(lambda db: members.find(db, openid))
        if member is None:
            if request.method == "GET":
                return redirect(url_for("site.registration.show_form", next=request.full_path))
            raise NotRegistered
        g.openid, g.member_id, g.member = openid, member.id, member
        return view(*args, **kwargs)

    return mark(guarded, "member")


def staff_required(view: View[P]) -> View[P]:
    """Only active staff of a branch; `g.staff` is the row. Raises NotStaff for others."""

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        openid = session.get("openid")
        if not isinstance(openid, str):
            return _ask_wechat()
        g.openid = openid
        g.staff = read(lambda db: staff.get(db, openid))
        return view(*args, **kwargs)

    return mark(guarded, "staff")


def _ask_wechat() -> ResponseReturnValue:
    if request.method != "GET":
        raise SignedOut
    return redirect(url_for("site.sign_in.start", next=request.full_path))
