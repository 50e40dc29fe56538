"""`flask menus …`: the menu, here and in WeChat."""

import json

import click
from sqlalchemy.orm import Session

from bot.tokens import TokenRefused
from bot.transport import GatewayError, OutcomeUnknown, Unreachable
from handlers.commands.context import CommandContext
from kernel import audit
from menus import tree, versions
from menus.versions import MenuRefused


@click.group("menus")
def group() -> None:
    """The menu at the bottom of the chat."""


@group.command("add")
@click.option("--note", default="config.yaml", help="what is new in this version")
@click.pass_obj
def add_command(context: CommandContext, note: str) -> None:
    """Take the menu of config.yaml as a new version, to be published."""
    now, base_url = context.clock.now(), context.serving.base_url
    try:
        version = context.database.transaction(
            lambda session: versions.add(session, context.menu, note, now, base_url)
        )
    except MenuRefused as refused:
        raise click.ClickException(str(refused.facts["findings"])) from None
    click.echo(f"已存为第 {version.id} 版，运行 flask menus publish 发布。")


@group.command("publish")
@click.pass_obj
def publish_command(context: CommandContext) -> None:
    """Check the newest version and put it into WeChat."""
    click.echo(f"菜单第 {publish(context)} 版已发布到微信。")


def publish(context: CommandContext) -> int:
    """Publish the newest version and return its number. Raises ClickException with the reason."""
    version = context.database.read(versions.newest)
    if version is None:
        raise click.ClickException("还没有菜单，请先运行 flask content import")
    menu, base_url = versions.menu_of(version), context.serving.base_url
    findings = tree.check(menu, base_url)
    if findings:
        raise click.ClickException(versions.sentences(findings))
    try:
        context.gateway.publish_menu(tree.to_wechat(menu, base_url))
    except (GatewayError, TokenRefused, Unreachable, OutcomeUnknown) as error:
        raise click.ClickException(f"微信没有接受菜单：{error}") from None
    now = context.clock.now()

    def note(session: Session) -> None:
        versions.mark_published(session, version.id, now)
        audit.write(session, "menu.published", f"menu:{version.id}", now)

    context.database.transaction(note)
    return version.id


@group.command("show")
@click.pass_obj
def show_command(context: CommandContext) -> None:
    """Print the menu that WeChat has now."""
    try:
        menu = context.gateway.menu()
    except (GatewayError, TokenRefused, Unreachable, OutcomeUnknown) as error:
        raise click.ClickException(f"微信没有回答：{error}") from None
    click.echo(json.dumps(menu, ensure_ascii=False, indent=2) if menu else "微信上还没有菜单。")


@group.command("check")
@click.pass_obj
def check_command(context: CommandContext) -> None:
    """Say what WeChat would refuse in the menu of config.yaml."""
    findings = tree.check(context.menu, context.serving.base_url)
    if findings:
        raise click.ClickException(versions.sentences(findings))
    click.echo("菜单符合微信的限制。")


COMMANDS = (group,)
