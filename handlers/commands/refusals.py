"""How commands say no: the hall's own sentence, and what a name on the command line stands for."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import click

from content.reviews import Hand
from handlers.commands.context import CommandContext
from kernel import operators
from kernel.clock import SHANGHAI
from kernel.refusals import Refused
from kernel.roles import ROLE_NAMES
from loyalty import coupon_batches


@contextmanager
def told(context: CommandContext) -> Iterator[None]:
    """Within this, a refusal ends the command with the sentence that people know."""
    try:
        yield
    except Refused as refused:
        raise click.ClickException(context.texts.refuse(refused)) from None


def operator_id_of(context: CommandContext, login: str) -> int:
    """The number of the operator who answers for a command. Raises ClickException."""
    found = context.database.read(lambda session: operators.find(session, login))
    if found is None:
        raise click.ClickException(f"没有登录名为 {login} 的运营人员")
    return found.id


def hand_of(context: CommandContext, login: str, permission: str) -> Hand:
    """The operator who answers for a command, now. Raises ClickException without the right."""
    found = context.database.read(lambda session: operators.find(session, login))
    if found is None:
        raise click.ClickException(f"没有登录名为 {login} 的运营人员")
    if not found.may(permission):
        role = ROLE_NAMES.get(found.role, found.role)
        raise click.ClickException(f"{found.name}（{role}）没有这项权限：{permission}")
    return Hand(found.id, context.clock.now())


def instant(text: str | None) -> datetime | None:
    """A time on the command line, as Shanghai's clocks show it. Raises BadParameter."""
    if text is None:
        return None
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M"):
        with suppress(ValueError):
            return datetime.strptime(text, form).replace(tzinfo=SHANGHAI).astimezone(UTC)
    raise click.BadParameter(f"{text}: 请写成 2026-12-31 23:59（上海时间）")


def batch_id_of(context: CommandContext, code: str) -> int:
    """The number of the batch with that code. Raises ClickException."""
    found = context.database.read(lambda session: coupon_batches.find(session, code))
    if found is None:
        raise click.ClickException(f"没有编码为 {code} 的券批次")
    return found.id
