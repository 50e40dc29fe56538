"""The files of a hall's folder, read and checked whole before anything is written.

`articles.yaml`, `branches.yaml`, `products.yaml`, `promotions.yaml`; `texts.yaml` is read by
`content.texts`. Amounts are in fen; days are Shanghai days, both included.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from content import block_text, opening_hours
from kernel.clock import day_start
from kernel.refusals import Invalid
from kernel.yaml import YamlRefused, load_strict

# WeChat shows at most this much of a text message (see bot/replies.py).
CHAT_BYTES = 2048

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=40)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=20)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
Phone = Annotated[str, StringConstraints(pattern=r"^[0-9-]{5,20}$")]
Count = Annotated[int, Field(ge=1, le=10_000_000)]


class Entry(BaseModel):
    """One item of a file; a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Code


class Windowed(Entry):
    """An item that is on from the start of one day to the end of another."""

    starts_on: date
    ends_on: date

    @model_validator(mode="after")
    def _starts_first(self) -> Self:
        if self.ends_on < self.starts_on:
            raise ValueError("ends_on lies before starts_on")
        return self

    @property
    def window(self) -> tuple[datetime, datetime]:
        """The half-open window of instants."""
        return day_start(self.starts_on), day_start(self.ends_on + timedelta(days=1))


def _readable(text: str) -> str:
    try:
        block_text.read(text)
    except Invalid as refused:
        raise ValueError(str(refused.facts["reason"])) from None
    return text


Body = Annotated[Prose, AfterValidator(_readable)]


class ArticleEntry(Entry):
    """An article; see `content.articles`. The body is the text form of `content.block_text`."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    kind: Literal["article", "page"] = "page"
    digest: Annotated[str, StringConstraints(max_length=120)] = ""
    chat: Prose
    body: Body
    head: Annotated[str, StringConstraints(max_length=40)] = ""
    tail: Annotated[str, StringConstraints(max_length=40)] = ""

    @model_validator(mode="after")
    def _chat_fits(self) -> Self:
        if len(self.chat.encode()) > CHAT_BYTES:
            raise ValueError(f"chat holds more than {CHAT_BYTES} bytes")
        return self


class BrandingEntry(Entry):
    """What stands above or below articles; see `content.branding`."""

    place: Literal["head", "tail"]
    name: Title
    body: Body


class FactEntry(Entry):
    """A fact of the company; see `content.house_facts`."""

    name: Title
    value: Annotated[str, StringConstraints(min_length=1, max_length=60)]


class BranchEntry(Entry):
    """A business hall; see `content.branches`. `week` is weekdays with hours: `{1-7: 9:00-18:00}`,
    Monday is 1."""

    name: Title
    district: Short
    address: Line
    phone: Phone
    hours: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]
    week: list[list[list[str]]] = []
    services: list[Short] = []

    @field_validator("week", mode="before")
    @classmethod
    def _read_week(cls, value: object) -> object:
        try:
            return opening_hours.read_week(value)
        except Invalid as refused:
            raise ValueError(str(refused.facts["reason"])) from None


class ProductEntry(Entry):
    """A product; see `products.catalogue`."""

    family: Annotated[Code, Field(max_length=20)]
    name: Title
    speed: Short
    price_fen: Annotated[int, Field(ge=0, le=100_000_000)]
    period: Annotated[str, StringConstraints(min_length=1, max_length=4)]
    summary: Line
    terms: Prose


class BatchEntry(Windowed):
    """A batch of coupons; see `loyalty.coupons`."""

    title: Title
    kind: Literal["bill_credit", "discount", "gift", "bandwidth"]
    worth: Short
    amount_fen: Annotated[int, Field(ge=0, le=100_000_000)]
    terms: Prose
    stock: Count
    per_member: Count
    valid_days: Annotated[int, Field(ge=1, le=3650)]
    channels: list[str] = []
    price_points: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    min_order_fen: Annotated[int, Field(ge=0, le=100_000_000)] = 0
    min_tier: Annotated[int, Field(ge=0, le=20)] = 0


class CampaignEntry(Windowed):
    """A campaign; `batch` is the code of the batch that it gives out."""

    title: Title
    summary: Line
    body: Prose
    batch: Code | None = None


@dataclass(frozen=True)
class HallFiles:
    """Everything that a hall's folder holds, besides its texts."""

    articles: list[ArticleEntry]
    branding: list[BrandingEntry]
    facts: list[FactEntry]
    branches: list[BranchEntry]
    products: list[ProductEntry]
    coupon_batches: list[BatchEntry]
    campaigns: list[CampaignEntry]


E = TypeVar("E", bound=Entry)


def load_hall(folder: Path) -> HallFiles:
    """Read and check a hall's files. Raises YamlRefused, naming file, item and reason."""
    promotions = read_file(folder, "promotions.yaml", {"coupon_batches", "campaigns"})
    articles = read_file(folder, "articles.yaml", {"articles", "branding", "facts"})
    branches = read_file(folder, "branches.yaml", {"branches"})
    products = read_file(folder, "products.yaml", {"products"})
    files = HallFiles(
        articles=entries_of(ArticleEntry, "articles.yaml", articles, "articles"),
        branding=entries_of(BrandingEntry, "articles.yaml", articles, "branding"),
        facts=entries_of(FactEntry, "articles.yaml", articles, "facts"),
        branches=entries_of(BranchEntry, "branches.yaml", branches, "branches"),
        products=entries_of(ProductEntry, "products.yaml", products, "products"),
        coupon_batches=entries_of(BatchEntry, "promotions.yaml", promotions, "coupon_batches"),
        campaigns=entries_of(CampaignEntry, "promotions.yaml", promotions, "campaigns"),
    )
    _check_links(files)
    return files


def read_file(folder: Path, name: str, sections: set[str]) -> dict[str, Any]:
    """A file of the hall, with no sections but these. Raises YamlRefused."""
    try:
        values = load_strict(folder / name)
    except YamlRefused as error:
        raise YamlRefused(f"{name}: {error}") from error
    if unknown := sorted(set(values) - sections):
        raise YamlRefused(f"{name}: no such section: {', '.join(map(str, unknown))}")
    return values


def entries_of(kind: type[E], name: str, values: dict[str, Any], section: str) -> list[E]:
    """The items of a section, each of that kind and with a code of its own. Raises YamlRefused."""
    items = values.get(section) or []
    if not isinstance(items, list):
        raise YamlRefused(f"{name}: {section} must be a list")
    entries: dict[str, E] = {}
    for number, item in enumerate(items, 1):
        try:
            entry = kind.model_validate(item)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in (section, number, *first["loc"]))
            reason = first["msg"].removeprefix("Value error, ")
            raise YamlRefused(f"{name}: {where}: {reason}") from None
        if entry.code in entries:
            raise YamlRefused(f"{name}: {section}: the code '{entry.code}' stands twice")
        entries[entry.code] = entry
    return list(entries.values())


def _check_links(files: HallFiles) -> None:
    batches = {batch.code for batch in files.coupon_batches}
    for campaign in files.campaigns:
        if campaign.batch is not None and campaign.batch not in batches:
            raise YamlRefused(
                f"promotions.yaml: campaign '{campaign.code}': no batch '{campaign.batch}'"
            )
    places = {entry.code: entry.place for entry in files.branding}
    for article in files.articles:
        for place, code in (("head", article.head), ("tail", article.tail)):
            if code and places.get(code) != place:
                raise YamlRefused(f"articles.yaml: article '{article.code}': no {place} '{code}'")
    # Both are the last part of one address, /site/products/<name>.
    families = {product.family for product in files.products}
    for product in files.products:
        if product.code in families:
            raise YamlRefused(f"products.yaml: '{product.code}' is a family's name already")
