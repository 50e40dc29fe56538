"""`flask menus …` with two people, against WeChat in the box."""

import json
import re
from typing import Any

import pytest
import requests
from sqlalchemy import select

from bot.inbox import InboxMessage
from handlers import menu_jobs
from handlers.commands import menus as commands
from loyalty import tags
from menus import live
from menus.clicks import MenuClick
from tests.commands.test_hall_commands import connected, run
from tests.world import Hall

__all__ = ["connected"]

MINE: list[dict[str, str]] = [{"type": "view", "name": "别家", "url": "https://other.test/"}]


@pytest.fixture
def hall(connected: Hall) -> Hall:
    """A hall with a menu that is live, a marketer and an approver."""
    assert run(connected, "menus", "publish").exit_code == 0
    for login, role in (("lin", "marketer"), ("gao", "approver"), ("wu", "auditor")):
        run(connected, "operators", "add", login, "--name", login, "--role", role)
    return connected


def say(hall: Hall, *words: str) -> str:
    """A command that works; what it told."""
    result = run(hall, "menus", *words)
    assert result.exit_code == 0, result.output
    return result.output


def fail(hall: Hall, *words: str) -> str:
    """A command that does not; the reason."""
    result = run(hall, "menus", *words)
    assert result.exit_code != 0, result.output
    assert "Traceback" not in result.output
    return result.output


def names(hall: Hall) -> list[str]:
    """The halls that WeChat shows."""
    return [button["name"] for button in json.loads(say(hall, "show"))["menu"]["button"]]


def wechat(hall: Hall, path: str, **body: Any) -> Any:
    """Somebody else with the account's secret changes something."""
    settings = hall.settings.wechat
    login = {
        "grant_type": "client_credential",
        "appid": settings.app_id,
        "secret": settings.app_secret.get_secret_value(),
    }
    base = settings.api_base
    token = requests.post(f"{base}/cgi-bin/stable_token", json=login, timeout=5).json()
    raw = json.dumps(body, ensure_ascii=False).encode()
    address = f"{base}/cgi-bin/{path}?access_token={token['access_token']}"
    answer = requests.post(address, data=raw, timeout=5).json()
    assert not answer.get("errcode"), answer
    return answer


def approved(hall: Hall) -> str:
    """Another version of config.yaml's menu, by lin, approved by gao; its number."""
    told = say(hall, "add", "--note", "春节版", "--by", "lin")
    number = re.findall(r"\d+", told)[0]
    say(hall, "ask", number, "--by", "lin")
    say(hall, "approve", number, "--by", "gao", "--reason", "可以")
    return str(number)


def test_from_draft_to_live_and_back_by_two_people(hall: Hall) -> None:
    assert "需要审核" in fail(hall, "add")
    told = say(hall, "add", "--note", "春节版", "--by", "lin")
    assert "第 2 版草稿" in told
    assert "草稿" in fail(hall, "publish", "2", "--by", "lin")
    say(hall, "ask", "2", "--by", "lin")
    assert "没有这项权限" in fail(hall, "approve", "2", "--by", "lin", "--reason", "x")
    assert "没有这项权限" in fail(hall, "publish", "2", "--by", "wu")
    say(hall, "refuse", "2", "--by", "gao", "--reason", "改一下")
    say(hall, "ask", "2", "--by", "lin")
    say(hall, "approve", "2", "--by", "gao", "--reason", "可以")
    assert say(hall, "publish", "2", "--by", "lin") == "菜单第 2 版已发布到微信。\n"
    assert say(hall, "diff", "1", "2") == "两个版本相同。\n"
    assert "已回退到菜单第 1 版" in say(hall, "rollback", "--by", "lin")
    listed = say(hall, "list").splitlines()
    assert [line.split("\t")[1] for line in listed] == ["已回退", "使用中"]
    log = say(hall, "log")
    assert log.count("已生效") == 3
    assert "系统" in log.splitlines()[-1]
    assert "未经审核" in log.splitlines()[-1]
    assert "每日签到" in say(hall, "show", "1")
    assert "没有可以回到" in fail(hall, "rollback", "--by", "lin")


def test_the_second_version_needs_a_person(hall: Hall) -> None:
    approved(hall)
    assert "需要审核" in fail(hall, "publish", "2")
    assert "没有登录名" in fail(hall, "publish", "2", "--by", "nobody")


def test_a_schedule_is_kept_by_the_jobs(hall: Hall) -> None:
    number = approved(hall)
    assert "上海时间" in fail(hall, "schedule", number, "--at", "tomorrow", "--by", "lin")
    say(
        hall, "schedule", number, "--at", "2026-12-31 23:59", "--return-at", "2027-01-03 00:00",
        "--by", "lin",
    )  # fmt: skip
    say(hall, "cancel", number, "--by", "lin")
    say(hall, "schedule", number, "--at", "2026-12-31 23:59", "--by", "lin")
    hall.clock.move(days=60)
    menu_jobs.send_menus(tools(hall))
    shown = hall.database.read(live.version)
    assert shown is not None
    assert str(shown.id) == number


def tools(hall: Hall) -> Any:
    """The tools of the hall's own worker."""
    command: Any = hall.app.cli.commands["menus"]
    return command.context_settings["obj"].tools


def test_drift_is_found_repaired_and_imported(hall: Hall) -> None:
    assert "一致" in say(hall, "drift")
    wechat(hall, "menu/create", button=MINE)
    assert "默认菜单与这里的不同" in fail(hall, "drift")
    assert "第 2 版草稿" in say(hall, "import", "--by", "lin")
    assert "别家" in say(hall, "show", "2")
    assert "删除：每日签到" in say(hall, "diff", "1", "2")
    assert "已重新发布" in say(hall, "drift", "--repair", "--by", "lin")
    assert names(hall) == ["业务介绍", "产品申办", "优惠活动"]
    assert "一致" in say(hall, "drift")


def test_a_start_publishes_what_wechat_lost_and_nothing_else(hall: Hall) -> None:
    context = hall.app.cli.commands["menus"].context_settings["obj"]
    commands.ensure_published(context)
    assert len(say(hall, "log").splitlines()) == 1
    wechat(hall, "menu/create", button=MINE)
    commands.ensure_published(context)
    assert names(hall)[0] == "业务介绍"
    assert "修复差异" in say(hall, "log")


def test_a_trial_is_seen_by_its_tag(hall: Hall, anna: str) -> None:
    number = approved(hall)
    name = hall.database.read(lambda db: tags.get(db, "trial").name)
    member = hall.member(anna)
    say(hall, "trial", number, "--by", "lin")
    told = say(hall, "see", str(member.id))
    assert f"没有标签“{name}”" in told
    assert "每日签到" in told
    say(hall, "end-trial", "--by", "lin")
    assert "没有试用中" in fail(hall, "end-trial", "--by", "lin")


def test_taps_through_the_webhook_are_counted(hall: Hall, anna: str) -> None:
    hall.member(anna)
    assert "资费" in hall.click(anna, "prices")
    assert hall.event(anna, "SCANCODE_WAITMSG", EventKey="prices") != ""
    hall.event(anna, "VIEW", EventKey="http://127.0.0.1:8000/site/coupons?openid=secret")
    hall.event(anna, "SCAN", EventKey="hall-01")
    keys = hall.database.read(lambda db: list(db.scalars(select(InboxMessage.event_key))))
    assert keys == ["prices", "prices", "http://127.0.0.1:8000/site/coupons", None]
    hall.clock.move(minutes=5)
    menu_jobs.count_clicks(tools(hall))
    assert "宽带套餐\t2" in say(hall, "clicks", "1")
    assert "领优惠券\t1" in say(hall, "clicks", "1")
    assert len(hall.database.read(lambda db: db.scalars(select(MenuClick)).all())) == 2


def test_what_does_not_exist_is_said_in_words(hall: Hall) -> None:
    for words in (["show", "99"], ["diff", "1", "99"], ["check", "99"], ["clicks", "99"]):
        assert fail(hall, *words).startswith("Error: ")
