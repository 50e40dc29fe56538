"""The state file, and starting and stopping the program."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from emulator.settings import InvalidSettings, build_settings
from emulator.store import UnusableStateFile
from tests.emulator.stubs import Wechat, open_wechat

ROOT = Path(__file__).parents[2]


def fill(wechat: Wechat) -> tuple[str, str]:
    """Some of everything that must survive."""
    openid = wechat.add_follower(nickname="小李").openid
    wechat.control("say", openid=openid, text="你好")
    wechat.call(
        "/cgi-bin/menu/create", button=[{"type": "click", "name": "签到", "key": "CHECKIN"}]
    )
    wechat.call("/cgi-bin/tags/create", tag={"name": "会员"})
    wechat.control("clock", offset_seconds=86400)
    return openid, wechat.token


def test_second_start_knows_what_the_first_knew(tmp_path: Path) -> None:
    path = tmp_path / "var" / "state.json"
    with open_wechat(state_path=path) as wechat:
        openid, token = fill(wechat)
        used = wechat.read("counters")["/cgi-bin/stable_token"]
    with open_wechat(state_path=path) as wechat:
        assert wechat.errcode(token) == 0
        assert wechat.platform.state.users[openid].nickname == "小李"
        assert wechat.read("transcript", openid=openid)[0]["text"] == "你好"
        assert wechat.read("menu")["button"][0]["name"] == "签到"
        assert wechat.read("clock")["offset_seconds"] == 86400
        assert wechat.read("counters")["/cgi-bin/stable_token"] == used
        assert [tag.name for tag in wechat.platform.state.tags.values()] == ["会员"]
    assert [each.name for each in path.parent.iterdir()] == ["state.json"]


def test_changes_reach_the_file_soon(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with open_wechat(state_path=path, snapshot_delay_seconds=0.01) as wechat:
        openid = wechat.control("users", nickname="小李")["openid"]
        for _ in range(200):
            if openid in path.read_text():
                break
            wechat.platform.store.closing.wait(0.01)
        assert openid in path.read_text()


def test_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text('{"users": 3}')
    with pytest.raises(UnusableStateFile, match="damaged"), open_wechat(state_path=path):
        pass
    assert path.read_text() == '{"users": 3}'


def test_reset_begins_anew(tmp_path: Path) -> None:
    with open_wechat(state_path=tmp_path / "state.json") as wechat:
        fill(wechat)
        wechat.control("reset")
        assert wechat.read("users")["users"] == []
        assert wechat.read("menu")["button"] is None
        assert wechat.read("clock")["offset_seconds"] == 0


def test_options_are_checked() -> None:
    settings = build_settings({"port": "0", "mode": "plain", "oauth_domains": "a.cn, b.cn"})
    assert settings.oauth_domains == ("a.cn", "b.cn")
    for wrong in ({"mode": "secret"}, {"port": "x"}, {"aes_key": "short"}):
        with pytest.raises(InvalidSettings):
            build_settings(wrong)


@contextmanager
def start(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m emulator` as a person starts it; killed when a test gives up on it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "emulator", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "EMULATOR_MODE": "plain"},
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def run_to_end(*arguments: str) -> tuple[int, str]:
    """Exit code and what was said on stderr."""
    with start(*arguments) as process:
        told = process.communicate(timeout=20)[1]
        return process.returncode, told


def find_port() -> int:
    """A port that is free at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_program_runs_quietly_and_ends_cleanly(tmp_path: Path) -> None:
    port, path = find_port(), tmp_path / "state.json"
    with start("--port", str(port), "--state", str(path)) as process:
        assert process.stdout is not None
        assert f":{port}/" in process.stdout.readline()
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(f"http://127.0.0.1:{port}/healthz", timeout=5)
            assert answer.json() == {"ok": True}
        code, told = run_to_end("--port", str(port))
        assert code == 1
        assert told.count("\n") == 1
        assert "cannot listen" in told
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=20)
    assert process.returncode == 0
    assert rest == ("", "")
    assert path.exists()


def test_program_says_what_is_wrong_with_the_state_file(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text("{")
    code, told = run_to_end("--port", str(find_port()), "--state", str(path))
    assert code == 1
    assert "damaged" in told
    code, told = run_to_end("--port", str(find_port()), "--state", "/proc/nowhere/state.json")
    assert code == 1
    assert "cannot" in told
    assert told.count("\n") == 1
