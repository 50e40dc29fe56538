"""`flask config check`: what is in force, without a secret in it."""

import pytest
import yaml

from app import create_app
from config import Settings, masked
from tests.commands.process import flask
from tests.config.place import SECRET, Place
from tests.world import ROOT

URLS = {
    f"postgresql+psycopg://hall:{SECRET}@db.example/hall": "hall:***@db.example/hall",
    f"mysql+pymysql://hall:a/{SECRET}@b@db.example/hall?x=1": "hall:***@db.example/hall?x=1",
    f"postgresql+psycopg://db.example/hall?password={SECRET}&x=1": "?password=***&x=1",
    f"redis://:{SECRET}@cache.example:6379/0": "://:***@cache.example:6379/0",
    f"redis://cache.example/0?Password={SECRET}": "?Password=***",
    "mysql+pymysql://root@127.0.0.1:3306/hall": "//root@127.0.0.1:3306/hall",
    "unix:///run/valkey.sock": "unix:///run/valkey.sock",
}


def with_url(settings: Settings, section: str, url: str) -> Settings:
    """The settings with another address."""
    changed = getattr(settings, section).model_copy(update={"url": url})
    return settings.model_copy(update={section: changed})


@pytest.mark.parametrize(("url", "shown"), URLS.items())
def test_passwords_in_addresses_are_masked(place: Place, url: str, shown: str) -> None:
    for section in ("database", "redis"):
        text = masked(with_url(place.load(), section, url))
        assert SECRET not in text
        assert yaml.safe_load(text)[section]["url"].endswith(shown)


def test_what_is_in_force_is_printed_without_secrets(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEITING_WEB__PORT", "8123")
    settings = place.load()
    settings = settings.model_copy(
        update={
            "var": str(place.folder / "var"),
            "hall": settings.hall.model_copy(update={"content": str(ROOT / "halls/tietong")}),
        }
    )
    settings = with_url(settings, "sms", f"https://sms.example/send?key={SECRET}")
    app = create_app(settings)
    result = app.test_cli_runner().invoke(args=["config", "check"])
    app.extensions["weiting"].database.engine.dispose()
    assert result.exit_code == 0
    printed = yaml.safe_load(result.output)
    assert printed["web"]["port"] == 8123
    assert printed["hall"]["staff_from"] == "08:30"
    assert SECRET not in result.output
    for file in place.secrets.iterdir():
        assert file.read_text() not in result.output


def test_a_broken_configuration_stops_a_process_with_one_sentence(place: Place) -> None:
    place.put("  port: 8000", f"  port: {SECRET}")
    ended = flask(
        "config", "check", WEITING_CONFIG=str(place.file), WEITING_SECRETS_DIR=str(place.secrets)
    )
    assert ended.returncode != 0
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == [
        "配置有误，未启动：",
        "web.port: must be a whole number in plain digits",
    ]
