"""HTTP: the WeChat callback, the mini-site, the console."""

from flask import Flask, redirect, url_for
from flask.typing import ResponseReturnValue

from web import callback, health, links
from web.console import register_console
from web.errors import register_errors
from web.guards import public
from web.headers import register_headers
from web.site import register_site


def register_web(app: Flask) -> None:
    """Give the app all its routes, its error answers and its headers."""
    register_headers(app)
    register_errors(app)
    app.register_blueprint(callback.bp)
    app.register_blueprint(health.bp)
    app.register_blueprint(links.bp)
    register_site(app)
    register_console(app)
    app.add_url_rule("/", "index", _index)


@public
def _index() -> ResponseReturnValue:
    """Somebody who types the bare address wants the mini-site."""
    return redirect(url_for("site.home.show"))
