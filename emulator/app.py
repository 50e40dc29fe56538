"""Puts the emulator together."""

from flask import Flask, Response, jsonify

from emulator import authorize, phone, sms, taps
from emulator.api import gate, media, publications, scenes
from emulator.control import people, workshop
from emulator.faults import FaultyWire
from emulator.platform import Platform
from emulator.settings import Settings

BLUEPRINTS = (
    scenes.blueprint,
    media.blueprint,
    publications.blueprint,
    gate.blueprint,
    authorize.blueprint,
    sms.blueprint,
    people.blueprint,
    workshop.blueprint,
    phone.blueprint,
    taps.blueprint,
)


def create_app(settings: Settings) -> Flask:
    """The emulator as a WSGI app; `app.extensions["platform"].close()` ends its threads.

    Raises `emulator.store.UnusableStateFile` when the state file cannot be used.
    """
    app = Flask(__name__)
    platform = Platform(settings)
    app.extensions["platform"] = platform
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.add_url_rule("/healthz", view_func=show_health)
    wire = FaultyWire(app.wsgi_app, platform.faults)
    app.wsgi_app = wire  # type: ignore[method-assign, assignment]
    return app


def show_health() -> Response:
    """`{"ok": true}` as soon as calls are answered."""
    return jsonify(ok=True)
