"""`flask content …`: bring a hall's folder into the database."""

import click
from sqlalchemy.orm import Session

from content import compliance
from content.faq_files import import_faq, load_faq
from content.hall_files import load_hall
from content.programme_files import load_programme
from handlers.commands.context import CommandContext
from menus import versions
from menus.conditional import Face
from menus.works import work_of
from promotions import import_checks, importer, programme_importer
from promotions.import_checks import Item


@click.group("content")
def group() -> None:
    """The hall's articles, products, branches and promotions."""


@group.command("import")
@click.pass_obj
def import_command(context: CommandContext) -> None:
    """Read the hall's folder into the database; running it twice changes nothing.

    What the compliance rules call red keeps all of it out; amber is printed.
    """
    import_content(context)
    click.echo(f"已导入 {context.hall_folder} 的内容。")


def import_content(context: CommandContext) -> None:
    """The same, for `flask up`; the menu of config.yaml becomes the first version.

    Raises ClickException with every red finding.
    """
    files, programme = load_hall(context.hall_folder), load_programme(context.hall_folder)
    questions = load_faq(context.hall_folder)
    _hold_to_the_rules(context, [*import_checks.items(files, questions)])

    def work(session: Session) -> None:
        now = context.clock.now()
        importer.import_hall(session, files, now)
        programme_importer.import_programme(session, programme, now)
        import_faq(session, questions, now)
        if versions.newest(session) is None:
            base_url = context.serving.base_url
            versions.add(session, context.menu, "config.yaml", now, base_url)

    context.database.transaction(work)


def _hold_to_the_rules(context: CommandContext, published: list[Item]) -> None:
    base_url, now = context.serving.base_url, context.clock.now()
    if context.database.read(versions.newest) is None:
        published.append(Item("config.yaml 的菜单", work_of(Face(context.menu), base_url)))
    setting = compliance.setting_of(base_url, context.link_domains, now)
    found = import_checks.inspect(published, setting)
    red = [one.said for one in found if one.finding.severity == "red"]
    for one in found[len(red) :]:
        click.echo(f"黄色提示：{one.said}")
    if red:
        raise click.ClickException("合规预检没有通过，什么都没有导入：\n" + "\n".join(red))


COMMANDS = (group,)
