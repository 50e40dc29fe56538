"""Who may call a route: each carries one of these marks, or a test fails."""

import functools
from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

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


class Decorator(Protocol):
    """Keeps the view's parameters, so that a wrong route is a type error."""

    def __call__(self, view: View[P], /) -> View[P]: ...


def mark(view: F, guard: str) -> F:
    """Note which guard a view has, for the test that walks all routes."""
    view.guard = guard  # type: ignore[attr-defined]
    return view


def public(view: F) -> F:
    """Anybody may call this; said on purpose."""
    return mark(view, "public")


def _behind(guard: str, admit: Callable[[str], ResponseReturnValue | None]) -> Decorator:
    """A guard that knows the visitor's openid from his session, and asks `admit` for the rest."""

    def decorate(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            openid = session.get("openid")
            if not isinstance(openid, str):
                return _ask_wechat()
            g.openid = openid
            elsewhere = admit(openid)
            return view(*args, **kwargs) if elsewhere is None else elsewhere

        return mark(guarded, guard)

    return decorate


def _admit_anybody(_openid: str) -> None:
    return None


def _admit_member(openid: str) -> ResponseReturnValue | None:
    member = read(lambda db: members.find(db, openid))
    if member is not None:
        g.member_id, g.member = member.id, member
        return None
    if request.method != "GET":
        raise NotRegistered
    return redirect(url_for("site.registration.show_form", next=request.full_path))


def _admit_staff(openid: str) -> None:
    g.staff = read(lambda db: staff.get(db, openid))


def _ask_wechat() -> ResponseReturnValue:
    if request.method != "GET":
        raise SignedOut
    return redirect(url_for("site.sign_in.start", next=request.full_path))


# Only somebody whom WeChat confirmed; `g.openid` is his. A page leads him there first.
visitor_required = _behind("visitor", _admit_anybody)
# Only members; `g.member`, `g.member_id` and `g.openid` are his. Others are led to register.
member_required = _behind("member", _admit_member)
# Only active staff of a branch; `g.staff` is the row. Raises NotStaff for others.
staff_required = _behind("staff", _admit_staff)
