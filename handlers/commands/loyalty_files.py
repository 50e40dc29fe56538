"""`flask loyalty …` with files: members in, partner codes in, one person's data out."""

import json
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import click
from sqlalchemy.orm import Session

from handlers.commands.context import CommandContext
from handlers.commands.refusals import batch_id_of, operator_id_of, told
from kernel import audit
from loyalty import member_data, member_files, member_imports, partner_codes, profiles
from loyalty.member_imports import VERDICTS, File, Verdict
from products import member_sections

_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
_FAULTS_SHOWN = 50


@click.command("import-members")
@click.argument("file", type=_EXISTING)
@click.option("--operator", "login", required=True, help="the login of who answers for it")
@click.option("--dry-run", is_flag=True, help="say what would happen and write nothing")
@click.pass_obj
def import_members(context: CommandContext, file: Path, login: str, dry_run: bool) -> None:
    """Bring in members from an XLSX or CSV file with the columns 姓名 and 手机.

    Cut short, the same command goes on where it stopped; a second run changes nothing.
    """
    with told(context):
        by = operator_id_of(context, login)
        if dry_run:
            _tell(_rehearse(context, file))
            click.echo("以上为试运行，没有写入。")
        else:
            _take(context, file, by)


def _rehearse(context: CommandContext, file: Path) -> Iterable[Verdict]:
    seen: set[int] = set()
    for page in member_imports.pages(member_files.read(file, _titles(context))):
        yield from context.database.read(
            lambda session, lines=page: member_imports.rehearse(  # type: ignore[misc]
                session, context.vault, lines, seen
            )
        )


def _take(context: CommandContext, file: Path, by: int) -> None:
    pages = member_imports.pages(member_files.read(file, _titles(context)))
    first = next(pages)  # a file that cannot be read is refused before anything is begun
    name = File(member_files.digest(file), file.name)
    started = context.database.transaction(
        lambda session: member_imports.start(session, name, context.clock.now(), by=by)
    )
    if started.finished_at is not None:
        click.echo(
            f"这个文件已导入过：新增 {started.added}，已存在 {started.existing}，"
            f"错误 {started.bad}。"
        )
        return

    def verdicts() -> Iterable[Verdict]:
        for page in chain([first], pages):
            yield from context.database.transaction(
                lambda session, some=page: member_imports.take(  # type: ignore[misc]
                    session, context.vault, started.id, some, context.clock.now()
                )
            )

    _tell(verdicts())
    context.database.transaction(
        lambda session: member_imports.finish(session, started.id, context.clock.now())
    )


def _titles(context: CommandContext) -> dict[str, str]:
    found = context.database.read(profiles.fields)
    return {field.title: field.code for field in found}


def _tell(verdicts: Iterable[Verdict]) -> None:
    counts = Counter[str]()
    for verdict in verdicts:
        counts[verdict.verdict] += 1
        if verdict.verdict == "bad" and counts["bad"] <= _FAULTS_SHOWN:
            click.echo(f"第 {verdict.line} 行：{verdict.reason}")
    click.echo("，".join(f"{name} {counts[code]} 行" for code, name in VERDICTS.items()))


@click.command("member-data")
@click.argument("number", type=int)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="a .json file")
@click.option("--operator", "login", required=True, help="the login of who hands it out")
@click.pass_obj
def export_data(context: CommandContext, number: int, out: Path, login: str) -> None:
    """Write everything that is held of one member into a file, for that person."""

    def work(session: Session) -> dict[str, object]:
        now = context.clock.now()
        more = member_sections.SECTIONS
        found = member_data.export(session, context.vault, number, now, more=more)
        audit.write(session, "member.exported", f"member:{number}", now, by=(by, None))
        return found

    with told(context):
        by = operator_id_of(context, login)
        found = context.database.transaction(work)
    try:
        out.touch(mode=0o600)
        out.write_text(json.dumps(found, ensure_ascii=False, indent=2))
    except OSError as error:
        raise click.ClickException(f"无法写入 {out}：{error.strerror or error}") from None
    click.echo(f"会员 {number} 的全部资料已写入 {out}，请妥善保管。")


@click.command("partner-codes")
@click.argument("code")
@click.argument("file", type=_EXISTING)
@click.option("--operator", "login", required=True, help="the login of who answers for it")
@click.pass_obj
def import_codes(context: CommandContext, code: str, file: Path, login: str) -> None:
    """Add the codes of a partner, one a line, to the pool of the batch CODE."""
    with told(context):
        by = operator_id_of(context, login)
        batch_id = batch_id_of(context, code)
        codes = partner_codes.lines_of(file.read_bytes())
        verdicts = context.database.transaction(
            lambda session: partner_codes.import_codes(
                session, batch_id, codes, context.clock.now(), by=by
            )
        )
    counts = Counter(verdict.said for verdict in verdicts)
    for said, name in _SAID.items():
        if counts[said]:
            click.echo(f"{name} {counts[said]} 个")
    if not verdicts:
        click.echo("文件中没有券码")


_SAID = {
    "added": "新增券码",
    "standing": "以前导入过",
    "repeated": "文件内重复",
    "case_twin": "与其他券码仅大小写不同",
    "too_short": "太短",
    "too_long": "太长",
    "blank": "含空白",
    "bad_character": "含不支持的字符",
}

COMMANDS = (import_members, export_data, import_codes)
