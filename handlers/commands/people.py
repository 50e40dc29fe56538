"""`flask operators …`: the people of the console."""

import secrets

import click
from sqlalchemy.orm import Session

from handlers.commands.context import CommandContext
from kernel import audit, operators
from kernel.operators import NewOperator
from kernel.roles import ROLE_NAMES


@click.group("operators")
def group() -> None:
    """The people who sign in to the console."""


@group.command("add")
@click.argument("login")
@click.option("--name", required=True, help="the name that colleagues see")
@click.option("--role", type=click.Choice(list(ROLE_NAMES)), required=True)
@click.pass_obj
def add_command(context: CommandContext, login: str, name: str, role: str) -> None:
    """Make an operator and print a random first password, once."""
    password = add(context, login, name, role)
    if password is None:
        raise click.ClickException(f"登录名 {login} 已存在")
    click.echo(f"登录名 {login}　密码 {password}")


def add(context: CommandContext, login: str, name: str, role: str) -> str | None:
    """Make an operator with a random password and return it; None when the login is taken."""
    password = secrets.token_urlsafe(12)

    def work(session: Session) -> bool:
        now = context.clock.now()
        new = NewOperator(login, name, role, password)
        if not operators.create(session, new, now):
            return False
        audit.write(session, "operator.created", f"operator:{login}", now, role=role)
        return True

    return password if context.database.transaction(work) else None


COMMANDS = (group,)
