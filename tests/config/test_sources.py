"""Where a setting comes from, and what happens to one that nobody knows."""

import pytest

from config import ConfigError
from tests.config.place import SECRET, Place


def refusal(place: Place) -> str:
    """Why the configuration was refused; the secret-looking value may never be in it."""
    with pytest.raises(ConfigError) as refused:
        place.load()
    assert SECRET not in str(refused.value)
    assert SECRET not in repr(refused.value)
    return str(refused.value)


def test_the_delivered_file_is_good(place: Place) -> None:
    settings = place.load()
    assert settings.hall.name == "铁通掌上营业厅"
    assert f"{settings.hall.staff_from:%H:%M}" == "08:30"
    assert settings.loyalty.points.notice_days == (30, 7, 1)


def test_environment_over_secret_file_over_yaml(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.put("  mode: safe", "  token: from-the-yaml-file\n  mode: safe")
    (place.secrets / "wechat__token").unlink()
    assert place.load().wechat.token.get_secret_value() == "from-the-yaml-file"
    place.hide("wechat__token", "from-the-secret-file\n")
    assert place.load().wechat.token.get_secret_value() == "from-the-secret-file"
    monkeypatch.setenv("WEITING_WECHAT__TOKEN", "from-the-environment")
    assert place.load().wechat.token.get_secret_value() == "from-the-environment"
    # One key of a section leaves the others as they were.
    assert place.load().wechat.app_id == "wx5823bf96d3bd56c7"


def test_values_of_the_environment_are_checked_like_those_of_the_file(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEITING_WEB__PORT", "8123")
    monkeypatch.setenv("WEITING_EMULATOR__ENABLED", "false")
    settings = place.load()
    assert (settings.web.port, settings.emulator.enabled) == (8123, False)
    for odd in ("022", "8_0", "yes", "", " 80", "８０", "0", "65536", "-1"):
        monkeypatch.setenv("WEITING_WEB__PORT", odd)
        assert refusal(place).startswith("web.port: ")
    monkeypatch.setenv("WEITING_WEB__PORT", "80")
    for odd in ("NO", "yes", "on", "", "True"):
        monkeypatch.setenv("WEITING_EMULATOR__ENABLED", odd)
        assert refusal(place) == "emulator.enabled: must be true or false"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("WEITING_WEBB__PORT", "WEITING_WEBB__PORT: no such setting"),
        ("weiting_webb__port", "weiting_webb__port: no such setting"),
        ("WEITING_TOKEN", "WEITING_TOKEN: no such setting"),
        ("WEITING_WEB__PROT", "web.prot: "),
        ("WEITING_WEB__PORT__X", "web.port: "),
        ("WEITING_WECHAT", 'field "wechat"'),
        ("WEITING_MENU", 'field "menu"'),
    ],
)
def test_a_mistyped_variable_is_named(
    place: Place, monkeypatch: pytest.MonkeyPatch, name: str, told: str
) -> None:
    monkeypatch.setenv(name, SECRET)
    assert told in refusal(place)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("wechat__tokn", "wechat.tokn: "),
        ("wechat__token~", "wechat.token~: "),
        ("wechatt__token", "secret file wechatt__token: no such setting"),
        ("wechat__app_secret", "wechat.app_secret: "),
        ("security__field_keys", "security: field_keys and lookup_key"),
        ("web__port", "web.port: "),
    ],
)
def test_a_bad_secret_file_is_named(place: Place, name: str, told: str) -> None:
    place.hide(name, SECRET * 2)
    assert told in refusal(place)


def test_files_that_are_no_settings_do_not_matter(place: Place) -> None:
    place.hide("README", "x")
    place.hide(".DS_Store", "x")
    (place.secrets / "old").mkdir()
    place.load()


def test_without_secrets_each_missing_one_is_named(place: Place) -> None:
    for file in place.secrets.iterdir():
        file.unlink()
    lines = refusal(place).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "wechat.app_secret",
        "wechat.token",
        "security",
    ]


def test_a_secrets_folder_that_is_a_file_or_binary_is_refused(place: Place) -> None:
    (place.secrets / "wechat__token").write_bytes(b"\xff" * 20)
    refusal(place)
    for file in place.secrets.iterdir():
        file.unlink()
    place.secrets.rmdir()
    place.secrets.write_text(SECRET)
    assert "directory" in refusal(place)
