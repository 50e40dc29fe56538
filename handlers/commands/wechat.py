"""`flask menus …`: the menu, here and in WeChat."""

import json

import click

from bot.tokens import TokenRefused
from bot.transport import GatewayError, OutcomeUnknown, Unreachable
from handlers.commands.context import CommandContext
from menus import tree, versions


@click.group("menus")
def group() -> None:
    """The menu at the bottom of the chat."""


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
    context.database.transaction(lambda session: versions.mark_published(session, version.id, now))
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
