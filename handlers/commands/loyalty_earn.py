"""`flask loyalty …`: points for the lines of a business file, and the events some wait for."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy.orm import Session

from handlers.commands.context import CommandContext
from handlers.commands.refusals import told
from kernel.refusals import NotFound
from loyalty import earn_files, earn_rules, earn_slips, points_pending
from loyalty.earn_files import VERDICTS, Desk, Rehearsal, Verdict
from loyalty.earn_rules import EarnRule
from loyalty.earn_slips import BadSlip, Slip
from loyalty.points_pending import Settled
from reports import files

_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
_FAULTS_SHOWN = 50
Judged = Iterable[tuple[Slip | BadSlip, Verdict]]


@click.command("earn")
@click.argument("code", metavar="RULE")
@click.argument("file", type=_EXISTING)
@click.option("--report", type=click.Path(path_type=Path), help="a .csv; else beside FILE")
@click.option("--dry-run", is_flag=True, help="say what would happen and write nothing")
@click.pass_obj
def earn(
    context: CommandContext, code: str, file: Path, report: Path | None, dry_run: bool
) -> None:
    """Give the points of RULE for an XLSX or CSV file with 会员号 or 手机, 凭证号, 数量 or 金额.

    A voucher counts once for each member: repeating the command changes nothing, and after one
    that was cut short it books the rest. Exit 1 when a line was refused.
    """
    if report is None and not dry_run:
        report = file.with_name(f"{file.stem}-{earn_slips.RESULT}.csv")
    _refuse_report(file, report)
    desk = Desk(code, context.vault, context.policy)
    tally = _Tally()
    with told(context):
        head, slips = _read(file, _rule(context, code))
        judged = tally.follow(_judge(context, desk, slips, dry_run))
        _write(report, head, judged)
    tally.tell()
    click.echo("以上为试运行，没有写入积分。" if dry_run else f"逐行结果已写入 {report}")
    if tally.lines["refused"]:
        raise click.ClickException(f"有 {tally.lines['refused']} 行未能登记，修改后可再次运行")


def _refuse_report(file: Path, report: Path | None) -> None:
    if report is None:
        return
    if report.suffix.lower() != ".csv":
        raise click.ClickException("结果文件名请以 .csv 结尾")
    if report.resolve() == file.resolve():
        raise click.ClickException("结果不能写入原文件")


def _rule(context: CommandContext, code: str) -> EarnRule:
    try:
        rule = context.database.read(lambda session: earn_rules.get(session, code))
    except NotFound:
        raise click.ClickException(f"没有编码为 {code} 的积分规则") from None
    if not earn_rules.pays(rule, context.clock.now()):
        raise click.ClickException(f"积分规则 {code} 已停用或不在有效期")
    return rule


def _read(file: Path, rule: EarnRule) -> tuple[list[str], Iterator[Slip | BadSlip]]:
    for _ in earn_slips.read(file, rule)[1]:
        pass  # a file that cannot be read to its end books nothing
    return earn_slips.read(file, rule)


def _judge(
    context: CommandContext, desk: Desk, slips: Iterable[Slip | BadSlip], dry_run: bool
) -> Judged:
    rehearsal = Rehearsal(desk)

    def work(session: Session, slip: Slip | BadSlip) -> Verdict:
        if dry_run:
            return rehearsal.judge(session, slip, context.clock.now())
        return earn_files.book(session, desk, slip, context.clock.now())

    run = context.database.read if dry_run else context.database.transaction
    for slip in slips:
        yield slip, run(lambda session, slip=slip: work(session, slip))  # type: ignore[misc]


class _Tally:
    """Counts what passes through, and prints the first of what was refused."""

    def __init__(self) -> None:
        self.lines: Counter[str] = Counter()
        self.points: Counter[str] = Counter()

    def follow(self, judged: Judged) -> Judged:
        for slip, verdict in judged:
            self.lines[verdict.verdict] += 1
            self.points[verdict.verdict] += verdict.points
            if verdict.verdict == "refused" and self.lines["refused"] <= _FAULTS_SHOWN:
                click.echo(f"第 {slip.line} 行：{verdict.said}")
            yield slip, verdict

    def tell(self) -> None:
        parts = []
        for code, name in VERDICTS.items():
            brought = f"（{self.points[code]} 积分）" if code in {"booked", "pending"} else ""
            parts.append(f"{name} {self.lines[code]} 行{brought}")
        click.echo("，".join(parts))


def _write(report: Path | None, head: list[str], judged: Judged) -> None:
    rows = ([*slip.cells, verdict.said] for slip, verdict in judged)
    if report is None:
        for _ in rows:
            pass
        return
    try:
        with _for_us_alone():
            files.write(report, [*head, earn_slips.RESULT], rows)
    except OSError as error:
        raise click.ClickException(f"无法写入 {report}：{error.strerror or error}") from None


@contextmanager
def _for_us_alone() -> Iterator[None]:
    """Within this, new files are nobody else's to read: a report repeats people's phones."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@click.command("settle")
@click.argument("event")
@click.option("--cancel", is_flag=True, help="it will not happen: nobody gets the points")
@click.pass_obj
def settle(context: CommandContext, event: str, cancel: bool) -> None:
    """Give everybody the points that waited for EVENT; repeating it changes nothing."""
    name, now = event.strip(), context.clock.now()

    def work(session: Session) -> Settled:
        if cancel:
            return points_pending.cancel_page(session, name, now)
        return points_pending.release_page(session, name, now, context.policy)

    members: set[int] = set()
    points = 0
    while (page := context.database.transaction(work)).seen:
        members |= page.members
        points += page.points
    if not members:
        click.echo(f"没有等待“{name}”的积分。")
    elif cancel:
        click.echo(f"已取消 {len(members)} 位会员待到账的 {points} 积分。")
    else:
        click.echo(f"{len(members)} 位会员的 {points} 积分已到账。")


COMMANDS = (earn, settle)
