"""`flask menus list|diff|log|see|clicks`: what there is to look at."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from handlers.commands.context import CommandContext
from handlers.commands.refusals import told
from kernel.clock import SHANGHAI, business_day
from kernel.operators import Operator
from menus import clicks, differences, publications, sights, versions
from menus.targets import KINDS
from menus.tree import Menu


@click.command("list")
@click.option("--limit", default=20, show_default=True)
@click.pass_obj
def list_command(context: CommandContext, limit: int) -> None:
    """The versions, newest first."""
    rows, names = context.database.read(
        lambda db: (versions.every(db, limit), _names_of_operators(db))
    )
    for one in rows:
        state = versions.STATE_NAMES[one.state]
        author = names.get(one.author_id or 0, "系统")
        when = _time(one.published_at) or _time(one.publish_at)
        click.echo(f"{one.id}\t{state}\t{author}\t{when or '-'}\t{one.note}")


@click.command("log")
@click.option("--limit", default=20, show_default=True)
@click.pass_obj
def log_command(context: CommandContext, limit: int) -> None:
    """The publications, newest first, and what became of them."""
    rows, names = context.database.read(
        lambda db: (publications.latest(db, limit), _names_of_operators(db))
    )
    for one in rows:
        why, state = publications.WHY_NAMES[one.why], publications.STATE_NAMES[one.state]
        by = names.get(one.by_operator or 0, "系统")
        what = (one.id, f"第 {one.version_id} 版", why, by, _time(one.due_at), state, one.reason)
        click.echo("\t".join(str(each) for each in what))


@click.command("diff")
@click.argument("old_id", type=int)
@click.argument("new_id", type=int)
@click.pass_obj
def diff_command(context: CommandContext, old_id: int, new_id: int) -> None:
    """What changed between two versions."""

    def compare(session: Session) -> list[str]:
        old, new = (versions.face_of(versions.get(session, number)) for number in (old_id, new_id))
        return [differences.sentence(one) for one in differences.diff_faces(old, new)]

    with told(context):
        found = context.database.read(compare)
    click.echo("\n".join(found) or "两个版本相同。")


@click.command("see")
@click.argument("member_id", type=int)
@click.option("--platform", default="2", type=click.Choice(["1", "2", "3"]), help="1 iPhone …")
@click.pass_obj
def see_command(context: CommandContext, member_id: int, platform: str) -> None:
    """Which menu a member sees, and why."""
    rules = context.tools.menu_rules
    with told(context):
        sight = context.database.read(lambda db: sights.of_member(db, member_id, platform, rules))
    click.echo("\n".join(sight.why))
    if sight.ambiguous:
        click.echo("这位会员带有多个标签，微信以最后打上的为准，请以微信的回答为准。")
    click.echo("\n".join(_lines(sight.menu)))


@click.command("clicks")
@click.argument("version_id", type=int)
@click.option("--days", default=30, show_default=True)
@click.pass_obj
def clicks_command(context: CommandContext, version_id: int, days: int) -> None:
    """How often each entry of a version was tapped."""
    since = business_day(context.clock.now()) - timedelta(days=days - 1)
    with told(context):
        menu, counts = context.database.read(
            lambda db: (
                versions.menu_of(versions.get(db, version_id)),
                clicks.clicks(db, version_id, since).get(clicks.EVERYBODYS, {}),
            )
        )
    for one in clicks.by_entry(menu, counts, context.serving.base_url):
        mark = "（与相同动作的项合计）" if one.shared else ""
        click.echo(f"{menu.say(one.place)}\t{one.count}{mark}")


def show(context: CommandContext, version_id: int) -> None:
    """Print a version. Raises ClickException for one that does not exist."""
    with told(context):
        version = context.database.read(lambda db: versions.get(db, version_id))
    face = versions.face_of(version)
    click.echo(f"第 {version.id} 版　{versions.STATE_NAMES[version.state]}　{version.note}")
    click.echo("\n".join(_lines(face.menu)))
    for variant in face.variants:
        click.echo(f"个性化菜单「{variant.name}」 标签 {variant.rule.tag or '不限'}")
        click.echo("\n".join(_lines(variant.menu)))
    for remark in version.remarks:
        click.echo(f"  ! {remark}")


def _lines(menu: Menu) -> Iterator[str]:
    for hall in menu.halls:
        yield hall.name if hall.target is None else f"{hall.name}\t{_does(hall.target)}"
        for entry in hall.entries:
            yield f"  {entry.name}\t{_does(entry.target)}"


def _does(target: object) -> str:
    kind = KINDS.get(getattr(target, "kind", ""))
    return f"{kind.name if kind else '无法照搬'} {getattr(target, 'value', '')}"


def _names_of_operators(session: Session) -> dict[int, str]:
    rows = session.execute(select(Operator.id, Operator.name))
    return {row.id: row.name for row in rows}


def _time(at: datetime | None) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if at else ""


COMMANDS = (list_command, log_command, diff_command, see_command, clicks_command)
