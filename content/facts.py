"""What articles say of products, branches and coupons, read from the data at each showing.

Products stand above this package: whoever shows an article passes the facts in
(`products.facts.gather`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from content.blocks import Block, media_of, texts_of


@dataclass(frozen=True)
class ProductFact:
    """A product as a card shows it; `price` as people write it: 79 元/月."""

    code: str
    name: str
    speed: str
    price: str
    summary: str


@dataclass(frozen=True)
class BranchFact:
    """A branch as a card shows it; `hours` in words."""

    code: str
    name: str
    address: str
    phone: str
    hours: str


@dataclass(frozen=True)
class CouponFact:
    """A batch of coupons that can be claimed now; `link` is the path of its page."""

    code: str
    title: str
    worth: str
    link: str


@dataclass(frozen=True)
class MediaFact:
    """A picture of the library; `digest` names its bytes."""

    id: int
    digest: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True)
class Facts:
    """Everything that the blocks and slots of an article refer to, by code or number."""

    products: Mapping[str, ProductFact] = field(default_factory=dict)
    branches: Mapping[str, BranchFact] = field(default_factory=dict)
    coupons: Mapping[str, CouponFact] = field(default_factory=dict)
    house: Mapping[str, str] = field(default_factory=dict)
    media: Mapping[int, MediaFact] = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """What some blocks and texts refer to; `codes` says whether products, branches or slots do."""

    coupons: frozenset[str]
    media: frozenset[int]
    codes: bool

    @classmethod
    def of(
        cls, blocks: Sequence[Block], texts: Sequence[str] = (), media: Sequence[int] = ()
    ) -> "Wanted":
        """What these blocks refer to, and texts and pictures beside them."""
        coupons = frozenset(each["code"] for each in blocks if each["type"] == "coupon")
        cards = any(each["type"] in {"product", "branch"} for each in blocks)
        said = [*texts, *(text for each in blocks for _, text in texts_of(each))]
        slots = any("{{" in text for text in said)
        return cls(coupons, frozenset({*media_of(blocks), *media}), cards or slots)
