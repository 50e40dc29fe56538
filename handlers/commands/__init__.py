"""The command line: `flask --help` lists the groups, one a noun."""

import click
from flask import Flask

from handlers.commands import (
    audit,
    content,
    demo,
    loyalty,
    menus,
    people,
    processes,
    pushes,
    reports,
    schema,
    settings,
)
from handlers.commands.context import CommandContext


def register_commands(app: Flask, context: CommandContext) -> None:
    """Hang every group on the app's command line; each command is given the context."""
    modules = (
        settings, schema, content, people, menus, loyalty, pushes, reports, audit, processes, demo
    )  # fmt: skip
    for module in modules:
        for command in module.COMMANDS:
            app.cli.add_command(_with_context(command, context))


def _with_context(command: click.Command, context: CommandContext) -> click.Command:
    command.context_settings = {**command.context_settings, "obj": context}
    return command
