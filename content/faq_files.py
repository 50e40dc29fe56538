"""`faq.yaml` of a hall's folder: the questions a hall begins with, each written once.

Afterwards the console is where they change. A hall without the file has no questions.
"""

from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from content import faq, faq_forms
from content.hall_files import Entry, entries_of, read_file
from kernel.refusals import Invalid
from kernel.yaml import YamlRefused

FILE = "faq.yaml"


class FaqFileEntry(Entry):
    """A question; see `content.faq_forms.check` for what is allowed."""

    question: str
    answer: str
    phrasings: tuple[str, ...] = ()
    link: str = ""

    @property
    def form(self) -> faq.Form:
        """The same as an operator would write it."""
        return faq.Form(self.question, self.answer, list(self.phrasings), self.link)


def load_faq(folder: Path) -> list[FaqFileEntry]:
    """Read and check the file. Raises YamlRefused, naming item and reason."""
    if not (folder / FILE).exists():
        return []
    entries = entries_of(FaqFileEntry, FILE, read_file(folder, FILE, {"faq"}), "faq")
    for entry in entries:
        try:
            faq_forms.check(entry.form)
        except Invalid as refused:
            reason = refused.facts["reason"]
            raise YamlRefused(f"{FILE}: '{entry.code}': {reason}") from None
    return entries


def import_faq(session: Session, entries: list[FaqFileEntry], at: datetime) -> int:
    """Write the questions that are new; how many."""
    return faq.import_live(session, {entry.code: entry.form for entry in entries}, at)
