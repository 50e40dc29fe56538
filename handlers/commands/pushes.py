"""`flask pushes …`: what the console does not offer yet."""

import click
from sqlalchemy.orm import Session

from handlers.commands.context import CommandContext
from handlers.commands.push_calendar import calendar_command
from kernel import audit
from pushes import pushes


@click.group("pushes")
def group() -> None:
    """Pushes to members."""


@group.command("resume")
@click.argument("push_id", type=int)
@click.pass_obj
def resume(context: CommandContext, push_id: int) -> None:
    """Let a paused push go on, once what WeChat refused is put right."""

    def work(session: Session) -> bool:
        now = context.clock.now()
        if not pushes.move(session, push_id, "paused", "running", reason=None):
            return False
        audit.write(session, "push.resumed", f"push:{push_id}", now)
        return True

    if not context.database.transaction(work):
        raise click.ClickException(f"推送 {push_id} 不存在，或没有暂停")
    context.queue.put("send_push", push_id)
    click.echo(f"推送 {push_id} 继续发送。")


group.add_command(calendar_command)
COMMANDS = (group,)
