"""How commands say no: the hall's own sentence, and what a name on the command line stands for."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

from handlers.commands.context import CommandContext
from kernel import operators
from kernel.refusals import Refused
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


def batch_id_of(context: CommandContext, code: str) -> int:
    """The number of the batch with that code. Raises ClickException."""
    found = context.database.read(lambda session: coupon_batches.find(session, code))
    if found is None:
        raise click.ClickException(f"没有编码为 {code} 的券批次")
    return found.id
