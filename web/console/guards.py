"""Who may call a route of the console: a signed-in operator whose role grants the permission."""

import functools
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from content import compliance
from kernel import audit
from kernel.operators import NotAllowed, Operator, Scope
from web.console import sessions
from web.console.publishing import setting
from web.guards import P, View, mark

__all__ = [
    "Scope",
    "actor",
    "ask_to_confirm",
    "operator_id",
    "operator_required",
    "recently_confirmed",
    "safe_next",
    "scope",
]


def operator_required(
    permission: str | None = None, *, enrolling: bool = False
) -> Callable[[View[P]], View[P]]:
    """Only operators who may do `permission`; None lets every operator in. `g.operator` is he.

    Somebody who is not signed in is led to the sign-in page, one who must first set up a second
    factor to the page for that; `enrolling` routes are open to him. Raises NotAllowed for others.
    """

    def guard(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            signed_in = sessions.current()
            if signed_in is None:
                return _ask_to_sign_in()
            if signed_in.must_enrol and not enrolling:
                return _lead_to(url_for("console.second_factor.show"))
            if permission is not None and not signed_in.operator.may(permission):
                raise NotAllowed(permission=permission)
            g.operator = signed_in.operator
            with audit.coming_from(request.remote_addr), compliance.within(setting()):
                return view(*args, **kwargs)

        return mark(guarded, f"operator:{permission or 'any'}")

    return guard


def recently_confirmed(view: View[P]) -> View[P]:
    """Only within minutes of the password; others give it again. Stands below operator_required.

    Put it on the page of the form as well as on the act: so people are asked before they type.
    """

    @functools.wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        elsewhere = ask_to_confirm()
        return view(*args, **kwargs) if elsewhere is None else elsewhere

    return guarded


def ask_to_confirm() -> ResponseReturnValue | None:
    """The way to the page that asks for the password, and from there back; None within minutes.

    For a route of which only a part is grave; others say `recently_confirmed`.
    """
    signed_in = sessions.current()
    assert signed_in is not None, "recently_confirmed stands below operator_required"
    if signed_in.is_confirmed:
        return None
    back = _here() if request.method == "GET" else _page_of_form()
    return _lead_to(url_for("console.confirm.show", next=back))


def scope() -> Scope:
    """Whose rows this operator sees: None for all, or the code of his branch."""
    operator: Operator = g.operator
    return operator.scope


def actor() -> tuple[int | None, str | None]:
    """(operator id, network address), as audit rows keep them."""
    operator = g.get("operator")
    return operator.id if operator else None, request.remote_addr


def operator_id() -> int:
    """The number of the operator of this request."""
    operator: Operator = g.operator
    return operator.id


def safe_next(address: str | None) -> str:
    """The page of ours to go to after sign-in; home for anything that is not one of ours."""
    home = url_for("console.home.show")
    if not address or not address.startswith("/console/"):
        return home
    plain = unquote(address)
    if ".." in plain or "\\" in plain or not plain.isprintable():
        return home  # browsers fold these into other addresses
    return address


def _ask_to_sign_in() -> ResponseReturnValue:
    if request.headers.get("HX-Request") or request.method != "GET":
        return _lead_to(url_for("console.sign_in.show_form"), 401)
    return redirect(url_for("console.sign_in.show_form", next=_here()))


def _lead_to(address: str, fragment_status: int = 403) -> ResponseReturnValue:
    if request.headers.get("HX-Request"):
        # A fragment cannot hold a page: the whole page goes there.
        return "", fragment_status, {"HX-Redirect": address}
    return redirect(address, 303)


def _here() -> str:
    return request.full_path.rstrip("?")


def _page_of_form() -> str:
    """The page on which the form that was sent stands, as the browser says."""
    came = urlsplit(request.headers.get("Referer", ""))
    if came.netloc != request.host:
        return url_for("console.home.show")
    return safe_next(f"{came.path}?{came.query}" if came.query else came.path)
