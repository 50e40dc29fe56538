"""Shares and their differences, with what chance alone might have made of them."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """The share, 0 to 1; 0 of nobody."""
        return self.hits / self.of if self.of else 0.0


@dataclass(frozen=True)
class Difference:
    """How much higher one share is than another, with its interval, as shares (0.021 = 2.1 %)."""

    value: float
    low: float
    high: float

    @property
    def is_sure(self) -> bool:
        """Whether chance alone would hardly make such a difference."""
        return self.low > 0 or self.high < 0


def wilson(share: Share, z: float) -> tuple[float, float]:
    """Wilson's interval of a share of somebody.

    (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n), E. B. Wilson, JASA 22 (1927) 209–212.
    """
    p, n = share.value, share.of
    middle = p + z * z / (2 * n)
    spread = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    below = 1 + z * z / n
    return (middle - spread) / below, (middle + spread) / below


def difference(one: Share, other: Share, looks: int = 1) -> Difference | None:
    """How much higher the share of `one` is, by Newcombe's interval; None where a side is empty.

    With [l₁, u₁] and [l₂, u₂] Wilson's intervals of p₁ and p₂ and d = p₁ − p₂:
    d − √((p₁−l₁)² + (u₂−p₂)²) to d + √((u₁−p₁)² + (p₂−l₂)²)
    (R. G. Newcombe, Statistics in Medicine 17 (1998) 873–890, method 10). Unlike the usual
    formula it holds for few people and for shares near 0. With several `looks` at once each
    interval is wider, so that all of them hold together with 95 % (Bonferroni).
    """
    if not one.of or not other.of:
        return None
    z = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2 / looks)
    (low1, high1), (low2, high2) = wilson(one, z), wilson(other, z)
    p1, p2 = one.value, other.value
    value = p1 - p2
    return Difference(
        value,
        value - sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2),
        value + sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2),
    )
