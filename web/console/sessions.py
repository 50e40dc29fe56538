"""Who is signed in: Flask-Login over the sessions of kernel.operators, revocable on any host."""

from flask import Flask, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from kernel import operators
from kernel.operators import Operator
from web.wiring import now, read, transaction, wiring

_TOUCH_SECONDS = 60


class SignedIn(UserMixin):
    """An operator and the session he came with; the cookie carries that session's token."""

    def __init__(self, operator: Operator, token: str) -> None:
        self.operator = operator
        self.token = token

    def get_id(self) -> str:
        """The token, not the operator: so ending the row ends this cookie, everywhere."""
        return self.token


def register_sessions(app: Flask) -> None:
    """Teach Flask-Login to find operators."""
    manager = LoginManager()
    # The row in the database is the whole truth; a hash of the browser's address adds nothing,
    # and the context processor would ask the database while an error page is drawn.
    manager.session_protection = None  # type: ignore[assignment]
    manager.init_app(app, add_context_processor=False)
    manager.user_loader(_load)


def begin(operator: Operator, token: str) -> None:
    """Sign the browser in, with nothing left of whoever used it before."""
    session.clear()
    session["touched"] = int(now().timestamp())
    login_user(SignedIn(operator, token))


def end() -> str | None:
    """Sign the browser out and return the token that must die."""
    signed_in = current()
    logout_user()
    session.clear()
    return signed_in.token if signed_in else None


def current() -> SignedIn | None:
    """Who is signed in, if anybody is."""
    user = current_user._get_current_object()
    return user if isinstance(user, SignedIn) else None


def _load(token: str) -> SignedIn | None:
    operator = read(lambda db: operators.find_by_session(db, token, now(), wiring().session_rules))
    if operator is None:
        return None
    _touch(token)
    return SignedIn(operator, token)


def _touch(token: str) -> None:
    if request.headers.get("HX-Request"):
        return  # a page that refreshes itself is not a person at the keyboard
    at = now()
    if at.timestamp() - session.get("touched", 0) < _TOUCH_SECONDS:
        return
    transaction(lambda db: operators.touch_session(db, token, at))
    session["touched"] = int(at.timestamp())
