"""What YAML, typing fingers and wrong copies do to a configuration."""

import pytest

from config import ConfigError
from kernel.yaml import YamlRefused, load_strict
from tests.config.place import SECRET, Place
from tests.config.test_sources import refusal


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("20:30", "20:30"),
        ("12_34", "12_34"),
        ("022", "022"),
        ("0x1F", "0x1F"),
        ("0b11", "0b11"),
        ("1e5", "1e5"),
        (".5", ".5"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("True", "True"),
        ("2026-11-20", "2026-11-20"),
        ("2026-11-20 08:00:00", "2026-11-20 08:00:00"),
        ("=", "="),
        ("Null", "Null"),
        ("~", None),
        ("", None),
        ("null", None),
        ("true", True),
        ("-7", -7),
        ("0", 0),
        ("1.50", 1.5),
        ("'007'", "007"),
    ],
)
def test_what_looks_like_text_stays_text(place: Place, written: str, meant: object) -> None:
    place.file.write_text(f"key: {written}\n")
    read = load_strict(place.file)["key"]
    assert (read, type(read)) == (meant, type(meant))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('staff_from: "08:30"', "staff_from: 8.30", "hall.staff_from: must be a time of day"),
        ('staff_from: "08:30"', "staff_from: 24:00", "hall.staff_from: must be a time of day"),
        ('staff_from: "08:30"', "staff_from: 8:30", "hall.staff_from: must be a time of day"),
        ("  port: 8000", "  port: 022", "web.port: must be a whole number"),
        ("  port: 8000", "  port: ~", "web.port: "),
        ("  port: 8000", "  port: 80.5", "web.port: "),
        ("  port: 8000", "  port: true", "web.port: must be a whole number"),
        ("  port: 8000", f"  port: {SECRET}", "web.port: must be a whole number"),
        ("  port: 8000", "  port: [8000]", "web.port: "),
        ("enabled: true", "enabled: NO", "emulator.enabled: must be true or false"),
        ("  mode: safe", "  mode: Safe", "wechat.mode: "),
        ("  mode: safe", f"  mode: {SECRET}", "wechat.mode: "),
        ("  mode: safe", f"  modus: {SECRET}\n  mode: safe", "wechat.modus: "),
        ("  mode: safe", "  mode: safe\n  mode: plain", "the key 'mode' stands twice"),
        ("wx5823bf96d3bd56c7", "12345678", "wechat.app_id: "),
        ("wx5823bf96d3bd56c7", SECRET, "wechat.app_id: "),
        ("gh_3b7a9c0d1e2f", "~", "wechat.original_id: "),
        ("name: 铁通掌上营业厅", "name: 10010", "hall.name: "),
        ("name: 铁通掌上营业厅", f"name: {'厅' * 31}", "hall.name: "),
        ("rate: 0 ", "rate: -1 ", "pushes.rate: "),
        ("grace_minutes: 60 ", "grace_minutes: 0 ", "pushes.grace_minutes: "),
        ('quiet_from: "21:00"', 'quiet_from: "29:00"', "pushes.quiet_from: "),
        ("grace_days: 30", "grace_days: -1", "loyalty.tiers.grace_days: "),
        ("undo_hours: 48", "undo_hours: 10000000", "loyalty.coupons.undo_hours: "),
        ("notice_days: [30,", "notice_days: [thirty,", "loyalty.points.notice_days"),
        ("api_base: http://127", "api_base: ftp://127", "wechat.api_base: must be an address"),
        ("api_base: http", "api_base: //", "wechat.api_base: must be an address"),
        ("key: prices}", "key: prices, page: /x}", "needs either a key or a page"),
        (", key: prices}", "}", "needs either a key or a page"),
        ('url: ""   ', f"url: postgres://{SECRET}@db/hall", "database.url: must begin with"),
        ("pushes:", "pushs:", "pushs: "),
        ("loyalty:", "loyalty_: {}\nx:", "loyalty: "),
    ],
)  # fmt: skip
def test_each_mistake_is_told_with_its_path(place: Place, old: str, new: str, told: str) -> None:
    place.put(old, new)
    assert told in refusal(place)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: &x [1]\nb: *x\n", "line 2: anchors, aliases and tags"),
        ("a: &x [*x]\n", "line 1: anchors, aliases and tags"),
        ("a: *nobody\n", "line 1: anchors, aliases and tags"),
        ("a: !!python/object/apply:os.system ['true']\n", "line 1: anchors, aliases and tags"),
        (f"a: !!int {SECRET}\n", "line 1: anchors, aliases and tags"),
        ("a: !!timestamp 2026-99-99\n", "line 1: anchors, aliases and tags"),
        ("a:\n\tb: 1\n", "line 2: "),
        (f"a: b: {SECRET}\n", "line 1: "),
        (f"a: '{SECRET}\n", "line "),
        (f"{SECRET}\n", "must hold sections"),
        ("", "must hold sections"),
        ("- a\n", "must hold sections"),
        ("a: 1\n---\nb: 2\n", "line 2: "),
        ("? [1, 2]\n: 3\n", "a key must be a word or a number"),
        ("a: 1\na: 2\n", "line 2: the key 'a' stands twice"),
        ("a:\n  b: {c: 1, c: 2}\n", "line 2: the key 'c' stands twice"),
        (f"a: {'9' * 5000}\n", "is not YAML"),
        (f"a: {'[' * 500}\n", "is not YAML"),
        ("a: \0\n", "is not YAML"),
    ],
)
def test_a_file_that_is_not_plain_yaml_is_refused(place: Place, text: str, told: str) -> None:
    place.file.write_text(text)
    assert told in refusal(place)
    with pytest.raises(YamlRefused):
        load_strict(place.file)


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030", "latin-1"])
def test_another_encoding_than_utf8_is_refused(place: Place, encoding: str) -> None:
    place.file.write_bytes("name: 厅é".encode(encoding, "ignore"))
    assert "cannot be read: UnicodeDecodeError" in refusal(place)


def test_a_byte_order_mark_is_no_mistake(place: Place) -> None:
    place.file.write_bytes(b"\xef\xbb\xbf" + place.file.read_bytes())
    place.load()


def test_a_missing_file_and_a_directory_are_told(place: Place) -> None:
    place.file.unlink()
    assert "no such file" in refusal(place)
    place.file.mkdir()
    assert "cannot be read: IsADirectoryError" in refusal(place)


@pytest.mark.parametrize("length", [0, 42, 44])
def test_an_aes_key_of_another_length_than_43_is_refused(place: Place, length: int) -> None:
    place.hide("wechat__aes_key", "k" * length)
    assert refusal(place).startswith("wechat: aes_key must be 43 letters and digits")


def test_an_aes_key_with_other_signs_is_refused(place: Place) -> None:
    place.hide("wechat__aes_key", "k" * 42 + "=")
    assert "aes_key" in refusal(place)


def test_plain_mode_needs_no_key(place: Place) -> None:
    place.hide("wechat__aes_key", "")
    place.put("mode: safe", "mode: plain")
    assert place.load().wechat.aes_key.get_secret_value() == ""


@pytest.mark.parametrize(
    ("name", "value", "key"),
    [
        ("wechat__token", "t" * 15, "wechat.token"),
        ("wechat__token", "", "wechat.token"),
        ("wechat__token", "t" * 33, "wechat.token"),
        ("wechat__app_secret", "s" * 31, "wechat.app_secret"),
        ("security__session_key", "k" * 31, "security.session_key"),
        ("security__field_keys", "k1:" + "A" * 43, "security"),
        ("security__lookup_key", "A" * 44 + "B" * 44, "security"),
        ("wechat__token", "ChangeMe-changeme", "wechat.token"),
        ("wechat__app_secret", "changeme" * 4, "wechat.app_secret"),
        ("security__session_key", "changeme" * 4, "security.session_key"),
    ],
)
def test_short_and_sample_secrets_are_refused_by_name(
    place: Place, name: str, value: str, key: str
) -> None:
    place.hide(name, value)
    with pytest.raises(ConfigError) as refused:
        place.load()
    assert key in str(refused.value)
    assert not value or value not in str(refused.value)
