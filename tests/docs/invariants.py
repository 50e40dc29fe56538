"""docs/invariants.md as the proofs say it: `python -m tests.docs.invariants` writes it anew."""

from collections.abc import Iterator
from textwrap import dedent

from loyalty import (
    proofs_checkins,
    proofs_coupons,
    proofs_members,
    proofs_points,
    proofs_rewards,
    proofs_tiers,
)
from loyalty.proofs import Proof
from pushes import push_proofs
from tests.world import ROOT

PAGE = ROOT / "docs" / "invariants.md"
MARK = "<!-- From here on the page is written by `python -m tests.docs.invariants`. -->\n"
ROOMS: dict[str, tuple[Proof, ...]] = {
    "Points": proofs_points.PROOFS,
    "Check-ins": proofs_checkins.PROOFS,
    "Coupons": proofs_coupons.PROOFS,
    "Rewards": proofs_rewards.PROOFS,
    "Tiers and tags": proofs_tiers.PROOFS,
    "People": proofs_members.PROOFS,
    "Pushes": push_proofs.PROOFS,
}


def promises() -> str:
    """Every promise with its code, its sentence and its query."""
    return "".join(_lines())


def _lines() -> Iterator[str]:
    for room, proofs in ROOMS.items():
        yield f"\n## {room}\n"
        for proof in proofs:
            query = dedent(proof.sql).strip()
            yield f"\n### {proof.code}\n\n{proof.promise}\n\n```sql\n{query}\n```\n"


def parts() -> tuple[str, str]:
    """The page as it stands: the head that people write, and the promises."""
    head, mark, rest = PAGE.read_text().partition(MARK)
    return head + mark, rest


if __name__ == "__main__":
    PAGE.write_text(parts()[0] + promises())
