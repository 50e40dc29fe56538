"""`flask audit …`: whether the audit log is what was written, and what to keep elsewhere."""

import re
from datetime import datetime

import click

from handlers import audit_jobs
from handlers.commands.context import CommandContext
from kernel import audit_chain
from kernel.audit_checks import Break
from kernel.clock import day_start

_EXPECTED = re.compile(r"([0-9a-fA-F]{64}):(\d{1,18})", re.ASCII)
SENTENCES = {
    "changed": "第 {position} 环与内容不符（记录 {entry_id}）：它或它之前的内容被改过",
    "missing": "第 {position} 环不见了：有记录被删除或移动",
    "beyond_head": "第 {position} 环在链尾之后：链尾被改回过，或有记录被插入",
    "unsealed": "记录 {entry_id} 早就该进链而没有进：封存没有在运行，或它被藏起来过",
    "not_expected": "第 {position} 环与另存的摘要不同：整条链可能被重写过",
}


@click.group("audit")
def group() -> None:
    """The chain of the audit log."""


@group.command("head")
@click.pass_obj
def head_command(context: CommandContext) -> None:
    """Print HASH:POSITION of the end of the chain; keep it where nobody of this host writes."""
    audit_jobs.seal(context.database, context.clock.now())
    end, position = context.database.read(audit_chain.head)
    click.echo(f"{end}:{position}")


@group.command("verify")
@click.option(
    "--since", type=click.DateTime(["%Y-%m-%d"]), help="check from the first entry of this day"
)
@click.option("--expect", help="HASH:POSITION as `head` once printed it")
@click.pass_obj
def verify_command(context: CommandContext, since: datetime | None, expect: str | None) -> None:
    """Reckon the chain anew; exit 1 and name the first broken place unless it is whole."""
    begins = None if since is None else day_start(since.date())
    expected = None if expect is None else _expected(expect)
    found = audit_jobs.verify(context.database, context.clock.now(), begins, expected)
    if found.broken is not None:
        raise click.ClickException(sentence(found.broken))
    click.echo(f"操作记录完整：核对了 {found.checked} 条，链尾 {found.hash}:{found.position}")
    if found.back_dated:
        click.echo(f"注意：{found.back_dated} 条的时间比前面的记录早一小时以上")


def sentence(broken: Break) -> str:
    """What the finding means."""
    return SENTENCES[broken.code].format(**vars(broken))


def _expected(text: str) -> tuple[str, int]:
    found = _EXPECTED.fullmatch(text.strip())
    if found is None:
        raise click.BadParameter("写成 摘要:环号，与 flask audit head 打印的一样")
    return found[1].lower(), int(found[2])


COMMANDS = (group,)
