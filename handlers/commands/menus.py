"""`flask menus …`: the menu, here and in WeChat, by the same rules as in the console."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import click
from sqlalchemy.orm import Session

from handlers import menu_jobs
from handlers.commands import menu_lists, menu_versions
from handlers.commands.context import CommandContext
from handlers.commands.refusals import hand_of, instant, told
from kernel.outcomes import CallFailed
from menus import drift, live, publications, reasons, versions
from menus.publications import MenuPublication, Plan

T = TypeVar("T")

_BY = click.option("--by", help="login of the operator who answers for it")
_MUST_BY = click.option("--by", required=True, help="login of the operator who answers for it")
_RETURN = click.option("--return-at", help="go back to the version before at this time")


@click.group("menus")
def group() -> None:
    """The menu at the bottom of the chat."""


@group.command("publish")
@click.argument("version_id", type=int, required=False)
@_BY
@_RETURN
@click.pass_obj
def publish_command(
    context: CommandContext, version_id: int | None, by: str | None, return_at: str | None
) -> None:
    """Put an approved version (by default the newest) into WeChat, now."""
    number = _newest(context) if version_id is None else version_id
    if by is None:
        made = _do(context, lambda db: publications.publish_first(db, number, _now(context)))
    else:
        hand = hand_of(context, by, "menus.publish")
        plan = Plan(None, instant(return_at))
        made = _do(context, lambda db: publications.publish(db, number, hand, plan))
    _carry_out(context, made)
    click.echo(f"菜单第 {number} 版已发布到微信。")


def _newest(context: CommandContext) -> int:
    version = context.database.read(versions.newest)
    if version is None:
        raise click.ClickException("还没有菜单，请先运行 flask content import")
    return version.id


def ensure_published(context: CommandContext) -> None:
    """For a start with the emulator: the first menu goes live, a lost one is sent again."""
    now = _now(context)
    if context.database.read(live.version) is None:
        number = _newest(context)
        _carry_out(context, _do(context, lambda db: publications.publish_first(db, number, now)))
    elif menu_jobs.compare_menu(context.tools):
        _carry_out(context, _do(context, lambda db: publications.repair(db, None, now)))


@group.command("schedule")
@click.argument("version_id", type=int)
@click.option("--at", "at", required=True, help="Shanghai time, YYYY-MM-DD HH:MM")
@_RETURN
@_MUST_BY
@click.pass_obj
def schedule_command(
    context: CommandContext, version_id: int, at: str, return_at: str | None, by: str
) -> None:
    """Let an approved version go live at a time; the processes of the hall do it."""
    hand = hand_of(context, by, "menus.publish")
    plan = Plan(instant(at), instant(return_at))
    _do(context, lambda db: publications.publish(db, version_id, hand, plan))
    click.echo(f"菜单第 {version_id} 版将在 {at} 发布。")


@group.command("cancel")
@click.argument("version_id", type=int)
@_MUST_BY
@click.pass_obj
def cancel_command(context: CommandContext, version_id: int, by: str) -> None:
    """Take back a publication that has not begun."""
    hand = hand_of(context, by, "menus.publish")
    _do(context, lambda db: publications.cancel(db, version_id, hand))
    click.echo(f"已取消菜单第 {version_id} 版的发布。")


@group.command("rollback")
@_MUST_BY
@click.pass_obj
def rollback_command(context: CommandContext, by: str) -> None:
    """Go back to the version that was live before."""
    hand = hand_of(context, by, "menus.publish")
    made = _do(context, lambda db: publications.roll_back(db, hand))
    _carry_out(context, made)
    click.echo(f"已回退到菜单第 {made.version_id} 版。")


@group.command("trial")
@click.argument("version_id", type=int)
@_MUST_BY
@click.pass_obj
def trial_command(context: CommandContext, version_id: int, by: str) -> None:
    """Show an approved version to the members with the trial tag alone."""
    hand = hand_of(context, by, "menus.publish")
    _carry_out(context, _do(context, lambda db: publications.try_out(db, version_id, hand)))
    tag = context.tools.menu_rules.trial_tag
    click.echo(f"带标签 {tag} 的会员将看到菜单第 {version_id} 版。")


@group.command("end-trial")
@_MUST_BY
@click.pass_obj
def end_trial_command(context: CommandContext, by: str) -> None:
    """Withdraw the version on trial."""
    hand = hand_of(context, by, "menus.publish")
    _carry_out(context, _do(context, lambda db: publications.end_trial(db, hand)))
    click.echo("试用已结束。")


@group.command("drift")
@click.option("--repair", is_flag=True, help="send ours again where WeChat's differs")
@_BY
@click.pass_obj
def drift_command(context: CommandContext, repair: bool, by: str | None) -> None:
    """Hold the menu that WeChat has against ours."""
    if repair and by is None:
        raise click.UsageError("--repair needs --by")
    found = menu_jobs.compare_menu(context.tools)
    if found is None:
        problem = context.database.read(drift.last).problem
        raise click.ClickException(f"微信没有回答：{problem or '有菜单正在发布，请稍后再试'}")
    if not found:
        click.echo("微信上的菜单与这里一致。")
        return
    click.echo("\n".join(found))
    if not repair or by is None:
        raise click.ClickException("微信上的菜单与这里不一致")
    hand = hand_of(context, by, "menus.publish")
    _carry_out(context, _do(context, lambda db: publications.repair(db, hand, hand.at)))
    click.echo("已重新发布。")


@group.command("show")
@click.argument("version_id", type=int, required=False)
@click.pass_obj
def show_command(context: CommandContext, version_id: int | None) -> None:
    """Print a version, or the menu that WeChat has now."""
    if version_id is not None:
        menu_lists.show(context, version_id)
        return
    try:
        menu = context.tools.menus.read()
    except CallFailed as failed:
        why = reasons.explain(failed.outcome.reason)
        raise click.ClickException(f"微信没有回答：{why}") from None
    click.echo(json.dumps(menu, ensure_ascii=False, indent=2) if menu else "微信上还没有菜单。")


def _now(context: CommandContext) -> datetime:
    return context.clock.now()


def _do(context: CommandContext, work: Callable[[Session], T]) -> T:
    with told(context):
        return context.database.transaction(work)


def _carry_out(context: CommandContext, made: MenuPublication) -> None:
    """Send it from this process and say what came of it, as a worker would have."""
    menu_jobs.send_menus(context.tools)
    done = context.database.read(lambda db: db.get_one(MenuPublication, made.id))
    if done.state == "done":
        return
    if done.state == "waiting":
        raise click.ClickException(f"微信没有接受菜单：{done.reason}，稍后会自动再试")
    state = publications.STATE_NAMES[done.state]
    raise click.ClickException(f"微信没有接受菜单：{state}，{done.reason}")


for _command in (*menu_versions.COMMANDS, *menu_lists.COMMANDS):
    group.add_command(_command)
COMMANDS = (group,)
