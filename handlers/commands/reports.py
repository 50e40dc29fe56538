"""`flask reports …`: figures and exports."""

from pathlib import Path

import click
from sqlalchemy.orm import Session

from handlers.commands.context import CommandContext
from kernel.clock import business_day
from reports import figures, files, members


@click.group("reports")
def group() -> None:
    """Figures and export files."""


@group.group("export")
def export() -> None:
    """Write an export file."""


@export.command("members")
@click.option("--out", type=click.Path(path_type=Path), required=True, help=".csv or .xlsx")
@click.pass_obj
def export_members(context: CommandContext, out: Path) -> None:
    """The member activity: one row a member, phones masked."""

    def work(session: Session) -> int:
        return files.write(out, members.HEADER, members.rows(session))

    try:
        count = context.database.read(work)
    except files.UnknownFormat:
        raise click.ClickException("文件名请以 .csv 或 .xlsx 结尾") from None
    except OSError as error:
        raise click.ClickException(f"无法写入 {out}：{error.strerror or error}") from None
    click.echo(f"已导出 {count} 位会员到 {out}")


@group.command("today")
@click.pass_obj
def today(context: CommandContext) -> None:
    """Print today's figures with their definitions."""
    day = business_day(context.clock.now())
    found = context.database.read(lambda session: figures.of_day(session, day))
    for name, (title, definition) in figures.DEFINITIONS.items():
        click.echo(f"{title}\t{getattr(found, name)}\t{definition}")


COMMANDS = (group,)
