"""`flask up` on a machine where it cannot work: one clear sentence, and nothing left running."""

import socket
from pathlib import Path

from tests.commands.process import flask, place, sentence
from tests.servers import free_port


def test_a_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        settings = place(tmp_path, WEITING_WEB__PORT=port, WEITING_EMULATOR__ENABLED="false")
        told = sentence(flask("up", **settings))
    assert f"端口 {port} 无法使用" in told
    assert "web.port" in told
    assert len(told.splitlines()) == 1
    assert not (tmp_path / "var" / "weiting.sqlite3").exists()


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    folder = str(tmp_path / "file" / "var")
    told = sentence(flask("up", **place(tmp_path, WEITING_VAR=folder)))
    assert f"目录 {folder} 不可写" in told
    assert len(told.splitlines()) == 1


def test_a_database_that_is_away_is_told(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://hall:hunter2@127.0.0.1:{free_port()}/hall"
    settings = place(tmp_path, WEITING_DATABASE__URL=url, WEITING_EMULATOR__ENABLED="false")
    told = sentence(flask("up", WEITING_WEB__PORT=str(free_port()), **settings))
    assert told.startswith("Error: 数据库没有回答：")
    assert "hunter2" not in told
    assert len(told.splitlines()) == 1


def test_a_wrong_configuration_is_told_key_by_key(tmp_path: Path) -> None:
    settings = place(
        tmp_path, WEITING_DATABASE__URL="postgres://x", WEITING_REDIS__URL="localhost"
    )
    told = sentence(flask("up", **settings)).splitlines()
    assert told[0] == "配置有误，未启动："
    assert sorted(line.split(":")[0] for line in told[1:]) == ["database.url", "redis.url"]
