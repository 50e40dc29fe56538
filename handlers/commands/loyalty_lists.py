"""`flask loyalty …`: programmes and batches as they stand, and an amnesty for a day."""

from datetime import datetime

import click
from sqlalchemy.orm import Session

from handlers.commands.context import CommandContext
from handlers.commands.refusals import batch_id_of, operator_id_of, told
from loyalty import amnesties, checkin_programmes, coupon_figures
from loyalty.checkin_programmes import FOR_EVER


@click.command("amnesty")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--reason", required=True, help="what kept members from checking in")
@click.option("--operator", "login", required=True, help="the login of who decides")
@click.option("--yes", is_flag=True, help="do it; without this it is only shown")
@click.pass_obj
def declare_amnesty(
    context: CommandContext, day: datetime, reason: str, login: str, yes: bool
) -> None:
    """Protect everybody's streak on DAY."""
    on, now = day.date(), context.clock.now()
    with told(context):
        by = operator_id_of(context, login)
        seen = context.database.read(lambda session: amnesties.preview(session, on, now))
        click.echo(
            f"{on}：将保护 {seen.members} 位会员的连签，"
            f"其中 {seen.joined_again} 位次日已重新签到；最长连签 {seen.longest_streak} 天。"
        )
        if not yes:
            click.echo("未执行；确认后加 --yes 再运行。")
            return
        amnesty_id = context.database.transaction(
            lambda session: amnesties.declare(session, on, reason, by, now).id
        )
        while context.database.transaction(
            lambda session: amnesties.run_page(session, amnesty_id, now)
        ):
            pass
    found = context.database.read(lambda session: session.get_one(amnesties.Amnesty, amnesty_id))
    click.echo(f"已保护 {found.members} 位会员。")


@click.group("programme")
def programme() -> None:
    """The versions of the check-in programme."""


@programme.command("list")
@click.pass_obj
def list_programmes(context: CommandContext) -> None:
    """Every version, the latest first."""
    found = context.database.read(checkin_programmes.every)
    if not found:
        click.echo("还没有签到方案，请先运行 flask content import")
    for one in found:
        ends = "长期" if one.ends_on == FOR_EVER else f"至 {one.ends_on}"
        click.echo(f"{one.code}\t{one.name}\t{one.starts_on} 起，{ends}")


@click.group("batch")
def batch() -> None:
    """Batches of coupons."""


@batch.command("figures")
@click.argument("code")
@click.pass_obj
def show_figures(context: CommandContext, code: str) -> None:
    """What the batch CODE brought."""
    with told(context):
        batch_id = batch_id_of(context, code)

    def look(session: Session) -> coupon_figures.Figures:
        return coupon_figures.of_batch(session, batch_id, context.clock.now())

    found = context.database.snapshot(look)
    for title, value in (
        ("领取", found.claimed),
        ("发放", found.given),
        ("已使用", found.used),
        ("使用率", f"{found.use_rate:.1%}"),
        ("撤销核销", found.undone),
        ("已过期", found.expired),
        ("已作废", found.void),
        ("带来新会员", found.new_members),
        ("订单金额", f"{found.order_fen / 100:.2f} 元"),
        ("抵扣金额", f"{found.saved_fen / 100:.2f} 元"),
    ):
        click.echo(f"{title}\t{value}")
    for branch in found.by_branch:
        click.echo(f"{branch.branch or '线上订单'}\t核销 {branch.used} 张")


COMMANDS = (declare_amnesty, programme, batch)
