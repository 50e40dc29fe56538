"""Who may call a route of the console: a signed-in operator whose role grants the permission."""

import functools
from collections.abc import Callable
from urllib.parse import unquote

from flask import g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from kernel import audit
from kernel.operators import NotAllowed, Operator
from web.console import sessions
from web.guards import P, View, mark


def operator_required(permission: str | None = None) -> Callable[[View[P]], View[P]]:
    """Only operators who may do `permission`; None lets every operator in. `g.operator` is he.

    Somebody who is not signed in is led to the sign-in page. Raises NotAllowed for others.
    """

    def guard(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            signed_in = sessions.current()
            if signed_in is None:
                return _ask_to_sign_in()
            if permission is not None and not signed_in.operator.may(permission):
                raise NotAllowed(permission=permission)
            g.operator = signed_in.operator
            with audit.coming_from(request.remote_addr):
                return view(*args, **kwargs)

        return mark(guarded, f"operator:{permission or 'any'}")

    return guard


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
    if request.headers.get("HX-Request"):
        # A fragment cannot hold the sign-in page: the whole page goes there.
        return "", 401, {"HX-Redirect": url_for("console.sign_in.show_form")}
    if request.method != "GET":
        return redirect(url_for("console.sign_in.show_form"), 303)
    here = request.full_path.rstrip("?")
    return redirect(url_for("console.sign_in.show_form", next=here))
