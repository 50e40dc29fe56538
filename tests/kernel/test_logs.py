"""Log lines: one JSON object each, with nothing in it that must not leave the house."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from kernel import logs
from kernel.db import Database
from kernel.logs import redact
from loyalty.followers import Follower
from tests.world import NOON

PHONE, TOKEN = "13812345678", "85_hunter2-hunter2"


@pytest.fixture
def lines() -> Iterator[Any]:
    """Reads the log lines that were written meanwhile."""
    root, stream = logging.getLogger(), io.StringIO()
    before = root.handlers, root.level
    logs.configure("INFO")
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)

    def read() -> list[dict[str, Any]]:
        text = stream.getvalue()
        assert PHONE not in text
        assert TOKEN not in text
        return [json.loads(line) for line in text.splitlines()]

    yield read
    root.handlers, root.level = before


def test_a_line_is_one_object_with_its_time_level_and_place(lines: Any) -> None:
    structlog.get_logger("kernel.x").info("checked_in", member_id=7, who="张三")
    (line,) = lines()
    assert line["event"] == "checked_in"
    assert (line["level"], line["logger"], line["member_id"]) == ("info", "kernel.x", 7)
    assert line["who"] == "张三"
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "text",
    [
        f"sent to {PHONE}",
        f"sent to +86{PHONE}",
        f"sent to 86{PHONE}.",
        f"{PHONE},13987654321",
        f"GET /cgi-bin/menu/get?access_token={TOKEN}&x=1",
        f"GET /cgi-bin/token?appid=wx1&secret={TOKEN}",
        f"/site/sign-in?code={TOKEN}&state=1",
        f"url: /sns/oauth2/access_token?code={TOKEN} (Caused by …)",
        f"refresh_token={TOKEN}",
        f"'ticket={TOKEN}'",
        f'{{"access_token": "{TOKEN}", "expires_in": 7200}}',
        f"{{'secret': '{TOKEN}'}}",
    ],
)
def test_texts_are_redacted_in_our_lines_and_in_those_of_libraries(lines: Any, text: str) -> None:
    log = structlog.get_logger("kernel.x")
    log.warning(text, reason=text, deep={"list": [text, (text,)]}, error=ValueError(text))
    logging.getLogger("urllib3").warning("lost: %s", text)
    try:
        raise ConnectionError(text)
    except ConnectionError:
        log.exception("call_failed")
        logging.getLogger("urllib3").exception("library: %s", text)
    assert len(lines()) == 4


@pytest.mark.parametrize(
    "name",
    [
        *("token", "access_token", "app_secret", "aes_key", "password", "phone", "phone_sealed"),
        *("Authorization", "Cookie", "code", "session_cookie"),
    ],
)
def test_fields_with_such_names_are_hidden_whatever_they_hold(lines: Any, name: str) -> None:
    structlog.get_logger("kernel.x").info("x", **{name: TOKEN}, facts={name: [TOKEN]})
    (line,) = lines()
    assert line[name] == "***"
    assert line["facts"] == {name: "***"}


def test_a_masked_phone_can_still_be_told_from_another() -> None:
    assert redact(f"a {PHONE} b") == "a 138****5678 b"
    # Numbers that only hold a phone's digits are left alone: ids are needed to find anything.
    assert redact("id 9138123456789012") == "id 9138123456789012"


def test_an_error_of_the_database_does_not_tell_the_row(database: Database) -> None:
    row = {"openid": TOKEN, "subscribed": True, "changed_at": NOON, "created_at": NOON}

    with pytest.raises(IntegrityError) as error, database.engine.begin() as connection:
        connection.execute(insert(Follower), [row, row])
    assert "[parameters:" not in str(error.value)
