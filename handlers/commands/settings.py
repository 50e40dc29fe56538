"""`flask config …`"""

import click

from handlers.commands.context import CommandContext


@click.group("config")
def group() -> None:
    """Look at the configuration."""


@group.command("check")
@click.pass_obj
def check(context: CommandContext) -> None:
    """Print what is in force, secrets masked; a mistake would have stopped us before."""
    click.echo(context.settings_shown, nl=False)


COMMANDS = (group,)
