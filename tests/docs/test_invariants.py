"""docs/invariants.md lists exactly the promises that are proven each night."""

from pushes.push_proofs import EVERY
from tests.docs import invariants


def test_the_page_lists_every_promise_with_its_query() -> None:
    head, listed = invariants.parts()
    assert head.endswith(invariants.MARK)
    assert listed == invariants.promises(), "run: python -m tests.docs.invariants"


def test_no_promise_is_left_out() -> None:
    listed = [proof for proofs in invariants.ROOMS.values() for proof in proofs]
    assert [proof.code for proof in listed] == [proof.code for proof in EVERY]
