"""`flask menus add|import|ask|approve|refuse|check`: how a version comes about."""

import click
from sqlalchemy.orm import Session

from content.reviews import Hand
from handlers.commands.context import CommandContext
from handlers.commands.refusals import hand_of, told
from kernel.outcomes import CallFailed
from menus import approvals, imports, limits, live, reasons, versions
from menus.conditional import Face
from menus.limits import Finding
from menus.versions import MenuVersion

_MUST_BY = click.option("--by", required=True, help="login of the operator who answers for it")


@click.command("add")
@click.option("--note", default="config.yaml", help="what is new in this version")
@click.option("--by", help="login of the author; the very first version needs none")
@click.pass_obj
def add_command(context: CommandContext, note: str, by: str | None) -> None:
    """Take the menu of config.yaml as a new version."""
    hand = None if by is None else hand_of(context, by, "menus.write")
    with told(context):
        version = context.database.transaction(lambda db: _add(context, db, note, hand))
    if hand is None:
        click.echo(f"已存为第 {version.id} 版，运行 flask menus publish 发布。")
    else:
        click.echo(f"已存为第 {version.id} 版草稿，运行 flask menus ask {version.id} 送审。")


def _add(context: CommandContext, session: Session, note: str, hand: Hand | None) -> MenuVersion:
    if hand is not None:
        return versions.draft(session, Face(context.menu), note, hand)
    if live.version(session) is not None:
        raise click.ClickException("已有发布过的菜单：新版本需要审核，请用 --by 写明作者")
    base_url = context.serving.base_url
    return versions.add(session, context.menu, note, context.clock.now(), base_url)


@click.command("import")
@_MUST_BY
@click.pass_obj
def import_command(context: CommandContext, by: str) -> None:
    """Make a draft of the menu that WeChat has, before this hall takes it over."""
    hand, platform = hand_of(context, by, "menus.write"), context.tools.menus
    try:
        answers = (platform.read(), platform.read_current(), platform.tags())
    except CallFailed as failed:
        why = reasons.explain(failed.outcome.reason)
        raise click.ClickException(f"微信没有回答：{why}") from None
    base_url = context.serving.base_url
    with told(context):
        version = context.database.transaction(
            lambda db: imports.take_over(db, answers, hand, base_url)
        )
    click.echo(f"已导入为第 {version.id} 版草稿。")
    for remark in version.remarks:
        click.echo(f"  ! {remark}")


@click.command("ask")
@click.argument("version_id", type=int)
@click.option("--note", default="", help="a word to the approver")
@_MUST_BY
@click.pass_obj
def ask_command(context: CommandContext, version_id: int, note: str, by: str) -> None:
    """Send a draft to review."""
    hand, base_url = hand_of(context, by, "menus.write"), context.serving.base_url
    with told(context):
        review = context.database.transaction(
            lambda db: approvals.ask(db, version_id, hand, base_url, note)
        )
    click.echo(f"第 {version_id} 版已送审。")
    for finding in review.findings:
        click.echo(f"  ! {finding['place']}：{finding['why']}")


@click.command("approve")
@click.argument("version_id", type=int)
@click.option("--reason", default="", help="needed where there are findings")
@_MUST_BY
@click.pass_obj
def approve_command(context: CommandContext, version_id: int, reason: str, by: str) -> None:
    """Approve a version; whoever wrote in it cannot."""
    hand = hand_of(context, by, "menus.approve")
    with told(context):
        context.database.transaction(lambda db: approvals.approve(db, version_id, hand, reason))
    click.echo(f"第 {version_id} 版已通过审核。")


@click.command("refuse")
@click.argument("version_id", type=int)
@click.option("--reason", required=True, help="what is to be mended")
@_MUST_BY
@click.pass_obj
def refuse_command(context: CommandContext, version_id: int, reason: str, by: str) -> None:
    """Send a version back to its author."""
    hand = hand_of(context, by, "menus.approve")
    with told(context):
        context.database.transaction(lambda db: approvals.refuse(db, version_id, hand, reason))
    click.echo(f"第 {version_id} 版已退回。")


@click.command("check")
@click.argument("version_id", type=int, required=False)
@click.pass_obj
def check_command(context: CommandContext, version_id: int | None) -> None:
    """Say what WeChat would refuse in a version, or in the menu of config.yaml."""
    with told(context):
        findings = context.database.read(lambda db: _check(context, db, version_id))
    if findings:
        raise click.ClickException(limits.sentences(findings))
    click.echo("菜单符合微信的限制。")


def _check(context: CommandContext, session: Session, version_id: int | None) -> list[Finding]:
    base_url = context.serving.base_url
    if version_id is None:
        return approvals.check(session, Face(context.menu), base_url)
    face = versions.face_of(versions.get(session, version_id))
    return approvals.check(session, face, base_url)


COMMANDS = (
    add_command, import_command, ask_command, approve_command, refuse_command, check_command
)  # fmt: skip
