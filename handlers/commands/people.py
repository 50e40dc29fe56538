"""`flask operators …`: the people of the console."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click
from sqlalchemy.orm import Session

from content import branches
from handlers.commands.context import CommandContext
from handlers.commands.refusals import operator_id_of, told
from kernel import (
    audit,
    operator_invitations,
    operator_sessions,
    operators,
    second_factors,
    sign_in_locks,
)
from kernel.operator_invitations import Invitation
from kernel.operators import NewOperator, Place
from kernel.refusals import Invalid
from kernel.roles import ROLE_NAMES

T = TypeVar("T")

_NAME = click.option("--name", required=True, help="the name that colleagues see")
_ROLE = click.option("--role", type=click.Choice(list(ROLE_NAMES)), required=True)
_BRANCH = click.option("--branch", help="the code of the branch; needed for branch roles")


@click.group("operators")
def group() -> None:
    """The people who sign in to the console."""


@group.command("add")
@click.argument("login")
@_NAME
@_ROLE
@_BRANCH
@click.pass_obj
def add_command(
    context: CommandContext, login: str, name: str, role: str, branch: str | None
) -> None:
    """Make an operator and print a random first password, once."""
    password = add(context, login, name, _place(context, role, branch))
    if password is None:
        raise click.ClickException(f"登录名 {login} 已存在")
    click.echo(f"登录名 {login}　密码 {password}")


def add(context: CommandContext, login: str, name: str, place: Place) -> str | None:
    """Make an operator with a random password and return it; None when the login is taken."""
    password = secrets.token_urlsafe(12)

    def work(session: Session) -> bool:
        now = context.clock.now()
        new = NewOperator(login, name, place.role, password, place.branch)
        if not operators.create(session, new, now):
            return False
        subject = f"operator:{login}"
        facts = {"role": place.role, "branch": place.branch}
        audit.write(session, "operator.created", subject, now, by=(None, None), **facts)
        return True

    return password if context.database.transaction(work) else None


@group.command("list")
@click.pass_obj
def list_command(context: CommandContext) -> None:
    """Print who may sign in: login, name, role, branch."""
    for one in context.database.read(operators.active):
        click.echo(f"{one.login}\t{one.name}\t{ROLE_NAMES.get(one.role)}\t{one.branch or '不限'}")


@group.command("invite")
@click.argument("login")
@_NAME
@_ROLE
@_BRANCH
@click.pass_obj
def invite_command(
    context: CommandContext, login: str, name: str, role: str, branch: str | None
) -> None:
    """Print a one-time link by which somebody sets his own password; valid for 72 hours."""
    place = _place(context, role, branch)

    def work(session: Session) -> str:
        now = context.clock.now()
        new = Invitation(login, name, place)
        token = operator_invitations.invite(session, new, context.wall.now(), None)
        audit.write(session, "operator.invited", f"login:{login}", now, role=role, branch=branch)
        return token

    with told(context), _readably():
        click.echo(_link(context, context.database.transaction(work)))


@group.command("reset-password")
@click.argument("login")
@click.pass_obj
def reset_password_command(context: CommandContext, login: str) -> None:
    """Print a one-time link by which the operator sets a new password."""

    def work(session: Session, number: int) -> str:
        now = context.clock.now()
        token = operator_invitations.offer_new_password(session, number, context.wall.now(), None)
        audit.write(session, "operator.password_link", f"operator:{number}", now)
        return token

    click.echo(_link(context, _done_to(context, login, work)))


@group.command("reset-second-factor")
@click.argument("login")
@click.pass_obj
def reset_second_factor_command(context: CommandContext, login: str) -> None:
    """Take a lost second factor away and end the operator's sessions."""

    def work(session: Session, number: int) -> bool:
        now = context.clock.now()
        gone = second_factors.remove(session, number)
        if gone:
            operator_sessions.end_all(session, number, context.wall.now())
            audit.write(session, "second_factor.reset", f"operator:{number}", now)
        return gone

    gone = _done_to(context, login, work)
    click.echo("已重置两步验证" if gone else "没有绑定两步验证")


@group.command("unlock")
@click.argument("login")
@click.pass_obj
def unlock_command(context: CommandContext, login: str) -> None:
    """Let a login that was locked after failures sign in again at once."""

    def work(session: Session, number: int) -> None:
        sign_in_locks.clear(session, login)
        audit.write(session, "operator.unlocked", f"operator:{number}", context.clock.now())

    _done_to(context, login, work)
    click.echo("已解除锁定")


def _place(context: CommandContext, role: str, branch: str | None) -> Place:
    known = context.database.read(lambda session: [one.code for one in branches.every(session)])
    with _readably():
        return operators.check_place(role, branch, known)


@contextmanager
def _readably() -> Iterator[None]:
    try:
        yield
    except Invalid as refused:
        raise click.ClickException(str(refused.facts["reason"])) from None


def _link(context: CommandContext, token: str) -> str:
    return f"{context.serving.base_url}/console/invitations/{token}"


def _done_to(context: CommandContext, login: str, work: Callable[[Session, int], T]) -> T:
    number = operator_id_of(context, login)
    return context.database.transaction(lambda session: work(session, number))


COMMANDS = (group,)
