"""The people of the demo hall: operators, a member of staff, and a dozen members."""

import os
import time
from pathlib import Path

import requests
from sqlalchemy.orm import Session

from handlers.commands import people
from handlers.commands.context import CommandContext
from kernel.operators import Place
from loyalty import followers, members, staff
from loyalty.members import Registration

_READY_SECONDS = 60
_OPERATORS = (
    ("marketer", "林晓", Place("marketer")),
    ("approver", "周敏", Place("approver")),
    ("owner", "陈立", Place("owner")),
    ("manager", "何平", Place("branch_manager", "xihu")),
    ("clerk", "王宁", Place("branch_staff", "xihu")),
)
_STAFF = ("营业员小王", "xihu")
_MEMBERS = (
    *("王秀英", "李建国", "张丽", "刘洋", "陈静", "杨帆"),
    *("黄海", "赵敏", "吴涛", "周倩", "徐磊", "孙悦"),
)  # fmt: skip


def logins_file(context: CommandContext) -> Path:
    """Where the first passwords of the demo operators are written, for their owner only."""
    return context.var / "console-logins.txt"


def add_operators(context: CommandContext) -> None:
    """Make the demo operators with random passwords, once."""
    lines = []
    for login, name, place in _OPERATORS:
        password = people.add(context, login, name, place)
        if password is not None:
            lines.append(f"{login}\t{password}\t{name}（{place.role}）\n")
    if lines:
        handle = os.open(logins_file(context), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(lines)


def wait_until_ready(context: CommandContext) -> None:
    """Wait for web, queue and scheduler, and the emulator. Raises TimeoutError."""
    serving = context.serving
    waiting = [f"{serving.base_url}/readyz"]
    if serving.emulator is not None:
        waiting.append(f"http://127.0.0.1:{serving.emulator_port}/healthz")
    deadline = time.monotonic() + _READY_SECONDS
    while waiting:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{waiting[0]} 在 {_READY_SECONDS} 秒内没有就绪")
        waiting = [url for url in waiting if not _answers(url)]
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        answer = requests.get(url, timeout=1)
    except requests.RequestException:
        return False
    body = answer.json() if answer.status_code == 200 else {}
    return bool(body) and all(value not in {False} for value in body.values())


def bring(context: CommandContext) -> None:
    """Let the demo people follow in the emulator and be members here, once."""
    if context.database.read(staff.any_of):
        return
    control = f"http://127.0.0.1:{context.serving.emulator_port}/control"
    openids = [_follower(control, name) for name in (_STAFF[0], *_MEMBERS)]

    def admit(session: Session) -> None:
        now = context.clock.now()
        staff.appoint(session, openids[0], _STAFF[0], _STAFF[1], now)
        for number, (name, openid) in enumerate(zip(_MEMBERS, openids[1:], strict=True)):
            followers.follow(session, openid, now)
            # 199 numbers with this pattern are the demo's own; nobody is called.
            form = Registration(openid, name, f"199000000{number:02d}", None, "demo")
            members.admit(session, context.vault, form, now)

    context.database.transaction(admit)


def _follower(control: str, nickname: str) -> str:
    answer = requests.post(f"{control}/users", json={"nickname": nickname}, timeout=5)
    openid = str(answer.json()["openid"])
    requests.post(f"{control}/follow", json={"openid": openid}, timeout=20)
    return openid


def welcome(context: CommandContext) -> str:
    """What the newcomer reads when everything runs."""
    serving = context.serving
    lines = ["", "  微厅已就绪："]
    if serving.emulator is not None:
        lines.append(f"    手机    http://127.0.0.1:{serving.emulator_port}/")
    lines += [
        f"    后台    {serving.base_url}/console",
        f"    登录    见 {logins_file(context)}",
        "  按 Ctrl-C 停止。",
        "",
    ]
    return "\n".join(lines)
