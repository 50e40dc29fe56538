"""`flask content …`: bring a hall's folder into the database."""

import click
from sqlalchemy.orm import Session

from content.faq_files import import_faq, load_faq
from content.hall_files import load_hall
from content.programme_files import load_programme
from handlers.commands.context import CommandContext
from menus import versions
from promotions import importer, programme_importer


@click.group("content")
def group() -> None:
    """The hall's articles, products, branches and promotions."""


@group.command("import")
@click.pass_obj
def import_command(context: CommandContext) -> None:
    """Read the hall's folder into the database; running it twice changes nothing."""
    import_content(context)
    click.echo(f"已导入 {context.hall_folder} 的内容。")


def import_content(context: CommandContext) -> None:
    """The same, for `flask up`; the menu of config.yaml becomes the first version."""
    files, programme = load_hall(context.hall_folder), load_programme(context.hall_folder)
    questions = load_faq(context.hall_folder)

    def work(session: Session) -> None:
        now = context.clock.now()
        importer.import_hall(session, files, now)
        programme_importer.import_programme(session, programme, now)
        import_faq(session, questions, now)
        if versions.newest(session) is None:
            base_url = context.serving.base_url
            versions.add(session, context.menu, "config.yaml", now, base_url)

    context.database.transaction(work)


COMMANDS = (group,)
