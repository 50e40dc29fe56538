"""What stands against a hall's files before they are imported: what they publish nobody reviews.

The console holds each text against the compliance rules before it is approved. A file goes to
customers at once, so whatever is red in it keeps all of it out; amber is told to who imports it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from content import article_checks, block_text, branch_changes, compliance, coupon_works
from content.article_revisions import Content
from content.branches import EDITABLE as BRANCH_VALUES
from content.changes import Kind
from content.compliance import Finding, Passage, Setting, Work
from content.facts import Facts
from content.faq_files import FILE as FAQ_FILE
from content.faq_files import FaqFileEntry
from content.hall_files import ArticleEntry, Entry, HallFiles
from loyalty.coupon_batches import Form
from products import catalogue_changes
from products.catalogue import EDITABLE as PRODUCT_VALUES
from promotions import campaign_works, importer
from promotions.campaigns import Campaign


@dataclass(frozen=True)
class Item:
    """One item of a file, and what people will read of it."""

    place: str
    work: Work


@dataclass(frozen=True)
class Found:
    """A finding and the item of the file that it is about."""

    item: str
    finding: Finding

    @property
    def said(self) -> str:
        """Where, what, why, and what to do, in one line."""
        one = self.finding
        quote = f"“{one.quote}”" if one.quote else ""
        return f"{self.item}，{one.place}{quote}：{one.why}。{one.fix}"


def items(files: HallFiles, questions: Iterable[FaqFileEntry] = ()) -> Iterator[Item]:
    """Everything that an import of these files publishes."""
    yield from _promotions(files)
    yield from _articles(files)
    for branch in files.branches:
        work = _values(branch_changes.KIND, branch, BRANCH_VALUES)
        yield _item("branches.yaml", "营业厅", branch, work)
    for product in files.products:
        work = _values(catalogue_changes.KIND, product, PRODUCT_VALUES)
        yield _item("products.yaml", "产品", product, work)
    for question in questions:
        said = (Passage("问题", question.question), Passage("回答", question.answer))
        links = (Passage("链接", question.link),) if question.link else ()
        yield _item(FAQ_FILE, "问答", question, Work("reply", said, links))


def _promotions(files: HallFiles) -> Iterator[Item]:
    for campaign in files.campaigns:
        made = Campaign(**importer.windowed(campaign))
        yield _item("promotions.yaml", "活动", campaign, campaign_works.work_of(made))
    for batch in files.coupon_batches:
        form = Form(**importer.said(batch))
        yield _item("promotions.yaml", "券批次", batch, coupon_works.work_of(form))


def _articles(files: HallFiles) -> Iterator[Item]:
    for article in files.articles:
        yield _item("articles.yaml", "文章", article, _article(article))
    for snippet in files.branding:
        text = Passage("正文", snippet.body)
        yield _item("articles.yaml", "卷首卷尾", snippet, Work("article", (text,)))
    for fact in files.facts:
        value = Passage(fact.name, fact.value)
        yield _item("articles.yaml", "公司资料", fact, Work("article", (value,)))


def inspect(published: Iterable[Item], setting: Setting) -> list[Found]:
    """What the rules say of the items, the red first."""
    found = [
        Found(item.place, finding)
        for item in published
        for finding in compliance.inspect(item.work, setting)
    ]
    return sorted(found, key=lambda one: one.finding.severity != "red")


def _item(file: str, kind: str, entry: Entry, work: Work) -> Item:
    return Item(f"{file} 的{kind} {entry.code}", work)


def _article(entry: ArticleEntry) -> Work:
    body = block_text.read(entry.body)
    content = Content(title=entry.title, digest=entry.digest, chat=entry.chat, blocks=tuple(body))
    return article_checks.work_of(content, body, Facts())


def _values(kind: Kind, entry: Entry, names: Iterable[str]) -> Work:
    values = {name: getattr(entry, name) for name in names if hasattr(entry, name)}
    return Work(kind.channel, tuple(kind.said(values, kind.titles)))
