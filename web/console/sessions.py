"""Who is signed in: Flask-Login over kernel.operator_sessions, revocable on any host."""

from datetime import timedelta

from flask import Flask, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from kernel import operator_sessions
from kernel.operator_sessions import Browser, Found
from kernel.operators import Operator
from web.wiring import read, real_now, transaction, wiring

_TOUCH = timedelta(seconds=60)


class SignedIn(UserMixin):
    """An operator and the session he came with; the cookie carries that session's token."""

    def __init__(self, token: str, found: Found | None = None) -> None:
        self.token = token
        self._found = found

    @property
    def found(self) -> Found:
        """What the database says of the session."""
        assert self._found is not None, "asked before the next request"
        return self._found

    @property
    def operator(self) -> Operator:
        """Who it is."""
        return self.found.operator

    @property
    def is_confirmed(self) -> bool:
        """Whether the password was given within the last minutes."""
        return operator_sessions.is_confirmed(self.found.session, real_now())

    @property
    def must_enrol(self) -> bool:
        """Whether his role needs a second factor and he has none."""
        needed = self.operator.role in wiring().session_rules.second_factor_roles
        return needed and not self.found.enrolled

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


def browser() -> Browser:
    """What the browser of this request says of itself."""
    return Browser(request.headers.get("User-Agent", ""), request.remote_addr)


def begin(token: str) -> None:
    """Sign the browser in, with nothing left of whoever used it before."""
    session.clear()
    session["touched"] = int(real_now().timestamp())
    login_user(SignedIn(token))


def end() -> str | None:
    """Sign the browser out and return the token that must die."""
    signed_in = _user()
    logout_user()
    session.clear()
    return signed_in.token if signed_in else None


def current() -> SignedIn | None:
    """Who is signed in, if anybody is: password and second factor shown."""
    user = _user()
    return user if user is not None and not user.found.session.awaits_code else None


def awaiting_code() -> SignedIn | None:
    """Who has shown his password, and not yet the code that he must show as well."""
    user = _user()
    return user if user is not None and user.found.session.awaits_code else None


def _user() -> SignedIn | None:
    user = current_user._get_current_object()
    return user if isinstance(user, SignedIn) else None


def _load(token: str) -> SignedIn | None:
    found = read(lambda db: operator_sessions.find(db, token, real_now(), wiring().session_rules))
    if found is None:
        return None
    if not found.session.awaits_code:
        _touch(token)
    return SignedIn(token, found)


def _touch(token: str) -> None:
    if request.headers.get("HX-Request"):
        return  # a page that refreshes itself is not a person at the keyboard
    at = real_now()
    if at.timestamp() - session.get("touched", 0) < _TOUCH.total_seconds():
        return
    transaction(lambda db: operator_sessions.touch_session(db, token, at))
    session["touched"] = int(at.timestamp())
