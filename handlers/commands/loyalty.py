"""`flask loyalty …`: the books of the loyalty engine, and the runs of the night by hand."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import TypeVar

import click
from sqlalchemy.orm import Session

from content.promises import PROMISES
from handlers.commands import loyalty_earn, loyalty_files, loyalty_lists
from handlers.commands.context import CommandContext
from kernel.clock import business_day, day_start
from loyalty import points_expiry, points_liability, proof_runs, tag_runs, tier_runs
from loyalty.points_expiry import Swept
from loyalty.tags import Tag
from pushes import push_proofs

T = TypeVar("T")

_PAGE = 1_000


@click.group("loyalty")
def group() -> None:
    """Members, points, coupons."""


@group.command("prove")
@click.pass_obj
def prove(context: CommandContext) -> None:
    """Hold the books against every promise; fails when one does not hold."""
    now, began = context.clock.now(), time.monotonic()

    def look(session: Session) -> int:
        broken = 0
        for proof in push_proofs.EVERY:
            rows = proof_runs.find(session, proof, now)
            broken += bool(rows)
            click.echo(f"{'✗' if rows else '✓'} {proof.code:<4}{PROMISES[proof.code]}")
            for row in rows:
                click.echo(f"      {' · '.join(str(value) for value in row)}")
        return broken

    broken = context.database.snapshot(look)
    seconds = time.monotonic() - began
    if broken:
        raise click.ClickException(f"账目不一致：{broken} 项不成立（用时 {seconds:.1f} 秒）")
    click.echo(f"账目一致：{len(push_proofs.EVERY)} 项全部成立（用时 {seconds:.1f} 秒）")


@group.command("expire")
@click.pass_obj
def expire(context: CommandContext) -> None:
    """Take points that are past their date."""
    now = context.clock.now()

    def page(session: Session, after: int) -> tuple[int | None, Swept]:
        swept = points_expiry.sweep(session, after, now, _PAGE)
        return swept.after, swept

    done = list(_pages(context, page))
    members, points = sum(one.members for one in done), sum(one.points for one in done)
    click.echo(f"已清零 {members} 位会员的 {points} 分到期积分。")


@group.command("tiers")
@click.pass_obj
def tiers(context: CommandContext) -> None:
    """Settle everybody's tier as of today."""
    day = business_day(context.clock.now())

    def page(session: Session, after: int) -> tuple[int | None, tier_runs.Counts]:
        return tier_runs.run_page(session, after, day, _PAGE, context.policy)

    done = sum(_pages(context, page), tier_runs.Counts())
    click.echo(
        f"共 {done.seen} 位会员：升级 {done.climbed}，保级 {done.kept}，"
        f"宽限 {done.waiting}，降级 {done.fallen}。"
    )


@group.command("tags")
@click.pass_obj
def tags(context: CommandContext) -> None:
    """Put and take every tag that a rule keeps."""
    now = context.clock.now()
    for tag_id in context.database.read(tag_runs.due):
        done = sum(_pages(context, _tagging(tag_id, now)), tag_runs.Counts())
        note = partial(_note_tag, tag_id=tag_id, done=done, at=now)
        name = context.database.transaction(note)
        click.echo(f"{name}：新增 {done.added} 位，移除 {done.removed} 位。")


def _tagging(
    tag_id: int, at: datetime
) -> Callable[[Session, int], tuple[int | None, tag_runs.Counts]]:
    return lambda session, after: tag_runs.run_page(session, tag_id, after, at, _PAGE)


def _note_tag(session: Session, tag_id: int, done: tag_runs.Counts, at: datetime) -> str:
    tag_runs.note(session, tag_id, done, at)
    return session.get_one(Tag, tag_id).name


def _pages(
    context: CommandContext, page: Callable[[Session, int], tuple[int | None, T]]
) -> Iterator[T]:
    """What each page did; every one is a transaction of its own, until none is left."""
    after: int | None = 0
    while after is not None:
        after, done = context.database.transaction(partial(_page, page, after))
        yield done


def _page(
    page: Callable[[Session, int], tuple[int | None, T]], after: int, session: Session
) -> tuple[int | None, T]:
    return page(session, after)


@group.command("liability")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="count movements from this day")
@click.pass_obj
def liability(context: CommandContext, since: datetime | None) -> None:
    """What the points outstanding are, until when, and how many were never spent."""
    now = context.clock.now()
    first = since.date() if since else business_day(now).replace(month=1, day=1)
    found = context.database.snapshot(
        lambda session: points_liability.as_of(session, now, day_start(first))
    )
    breakage = "暂无" if found.breakage is None else f"{found.breakage:.1%}"
    for title, value in (
        ("未使用积分", found.outstanding),
        ("待生效积分", found.pending),
        ("会员待扣还积分", found.owed_by_members),
        (f"{first} 以来获得", found.earned),
        (f"{first} 以来使用", found.spent),
        (f"{first} 以来到期", found.expired),
        ("到期占比", breakage),
    ):
        click.echo(f"{title}\t{value}")
    for day, left in found.by_last_day:
        click.echo(f"{day} 到期\t{left}")


for _command in (*loyalty_files.COMMANDS, *loyalty_earn.COMMANDS, *loyalty_lists.COMMANDS):
    group.add_command(_command)
COMMANDS = (group,)
