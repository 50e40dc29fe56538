"""The editor of an article: what it shows, what was typed, and what that means."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from werkzeug.datastructures import MultiDict

from content.article_revisions import ArticleRevision, Content
from kernel.refusals import Invalid
from web.console import block_forms
from web.console.block_forms import Row
from web.console.fields import Fields, Shown

_TEXTS = ("title", "digest", "chat", "byline", "head", "tail", "cover_id")


@dataclass(frozen=True)
class Sheet:
    """The whole form: its plain fields, the rows of its body, and the version it was based on."""

    form: Shown
    rows: Sequence[Row]
    version: int

    def with_fault(self, refused: Invalid) -> "Sheet":
        """The same, with the fault at its place."""
        field, reason = (str(refused.facts.get(name, "")) for name in ("field", "reason"))
        shown = Shown(self.form.values, field, reason)
        return replace(self, form=shown, rows=block_forms.blamed(self.rows, refused))


def sheet_of(revision: ArticleRevision) -> Sheet:
    """A revision as a form."""
    values = {name: getattr(revision, name) for name in _TEXTS}
    values["cover_id"] = revision.cover_id or ""
    return Sheet(Shown(values), block_forms.rows_of(revision.blocks), revision.version)


def read(form: MultiDict[str, str]) -> Sheet:
    """What was typed. Raises Invalid when it is no form of ours."""
    fields = Fields(form)
    values = {name: fields.text(name) for name in _TEXTS}
    return Sheet(Shown(values), block_forms.read(form), fields.number("version"))


def content_of(sheet: Sheet) -> Content:
    """The content that the form means, not checked. Raises Invalid."""
    cover = sheet.form["cover_id"]
    return Content(
        title=sheet.form["title"],
        digest=sheet.form["digest"],
        chat=sheet.form["chat"],
        blocks=tuple(block_forms.blocks_of(sheet.rows)),
        cover_id=Fields({"cover_id": str(cover)}).row_id("cover_id") if cover else None,
        byline=sheet.form["byline"],
        head=sheet.form["head"],
        tail=sheet.form["tail"],
    )
