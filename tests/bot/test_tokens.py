"""The access token: fetched seldom, shared, and never asked for without end."""

import threading
import time
from collections.abc import Iterator

import pytest
import redis

from bot.tokens import TokenRefused
from kernel.cache import connect
from tests.bot.stub import APP_ID, MENU, SECRET, TOKEN, Answer, Hang, Page, Platform, Reset, token
from tests.servers import free_port


@pytest.fixture
def cache(redis_url: str) -> Iterator[redis.Redis]:
    """An empty shared cache."""
    client = connect(redis_url)
    client.flushdb()
    yield client
    client.close()


def test_the_stable_token_is_asked_for_in_normal_mode(platform: Platform) -> None:
    assert platform.tokens().current() == "T1"
    (call,) = platform.calls
    assert (call.method, call.path, call.query) == ("POST", TOKEN, {})
    assert call.json == {
        "grant_type": "client_credential",
        "appid": APP_ID,
        "secret": SECRET,
        "force_refresh": False,
    }


def test_a_token_is_kept_while_it_is_good(platform: Platform) -> None:
    tokens = platform.tokens()
    assert {tokens.current() for _ in range(5)} == {"T1"}
    assert platform.count(TOKEN) == 1


def test_a_token_that_is_nearly_over_is_still_kept_for_a_minute(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.will(TOKEN, token("old", seconds=10), token("new"))
    tokens = platform.tokens()
    assert tokens.current() == "old"
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 59)
    assert tokens.current() == "old"
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    assert tokens.current() == "new"


def test_two_processes_share_one_token_through_redis(
    platform: Platform, cache: redis.Redis
) -> None:
    assert platform.tokens(cache).current() == "T1"
    assert platform.tokens(cache).current() == "T1"
    assert platform.count(TOKEN) == 1
    # The shared copy is forgotten while WeChat still takes the token.
    assert 6800 < cache.ttl(f"weiting:token:{APP_ID}") <= 6900


def test_a_refused_token_is_given_up_only_when_it_is_still_the_shared_one(
    platform: Platform, cache: redis.Redis
) -> None:
    here, there = platform.tokens(cache), platform.tokens(cache)
    assert here.current() == there.current() == "T1"
    platform.will(TOKEN, token("T2"), token("T3"))
    assert here.renew("T1") == "T2"
    assert there.renew("T1") == "T2"
    assert here.renew("T1") == "T2"
    assert platform.count(TOKEN) == 2


def test_twenty_threads_that_start_cold_fetch_once(platform: Platform) -> None:
    tokens, barrier, seen = platform.tokens(), threading.Barrier(20), []

    def ask() -> None:
        barrier.wait()
        seen.append(tokens.current())

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["T1"] * 20
    assert platform.count(TOKEN) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"errcode": 40125, "errmsg": "invalid appsecret"},
        {"errcode": 40164, "errmsg": "invalid ip 10.0.0.9, not in whitelist"},
        {"errcode": -1, "errmsg": "system error"},
        {"errcode": 0, "errmsg": "ok"},
        {"access_token": "T"},
        {"access_token": "T", "expires_in": "soon"},
        {"access_token": "T", "expires_in": None},
        {"access_token": "T", "expires_in": [7200]},
        {"access_token": None, "expires_in": 7200},
        {"access_token": "", "expires_in": 7200},
        {"access_token": {"a": 1}, "expires_in": 7200},
        b"",
        b"null",
        b"[]",
        b"<html>502</html>",
        Page(b"<html>502</html>", status=502),
        Page(status=302, headers=(("Location", "/elsewhere"),)),
        Reset,
        Hang,
    ],
    ids=str,
)
def test_no_token_is_one_refusal_whatever_the_answer_was(
    platform: Platform, answer: Answer
) -> None:
    platform.will(TOKEN, answer)
    began = time.monotonic()
    with pytest.raises(TokenRefused) as refused:
        platform.tokens().current()
    assert time.monotonic() - began < 2
    assert SECRET not in str(refused.value)
    assert platform.count(TOKEN) == 1


def test_after_five_failures_nobody_asks_for_a_minute(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform.will(TOKEN, {"errcode": 40125, "errmsg": "invalid appsecret"})
    tokens = platform.tokens()
    for _ in range(12):
        with pytest.raises(TokenRefused):
            tokens.current()
    assert platform.count(TOKEN) == 5
    platform.will(TOKEN, token())
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 61)
    assert tokens.current() == "T1"


def test_a_good_answer_forgets_earlier_failures(platform: Platform) -> None:
    tokens = platform.tokens()
    bad: Answer = {"errcode": -1, "errmsg": "busy"}
    for _ in range(3):
        platform.will(TOKEN, bad, bad, bad, bad, token("good"))
        for _ in range(4):
            with pytest.raises(TokenRefused):
                tokens.renew("good")
        assert tokens.renew("good") == "good"


def test_a_dead_cache_costs_nothing_but_speed(platform: Platform) -> None:
    dead = connect(f"redis://127.0.0.1:{free_port()}/0")
    began = time.monotonic()
    assert platform.tokens(dead).current() == "T1"
    assert platform.gateway(dead).menu() == {"errcode": 0, "errmsg": "ok"}
    assert time.monotonic() - began < 1
    assert platform.last(MENU).query == {"access_token": "T1"}
    dead.close()
