"""A batch of coupons as a work that is held against the compliance rules."""

from content.compliance import Passage, Work
from loyalty.coupon_batches import Form


def work_of(form: Form) -> Work:
    """What members read of a batch, and what its terms are."""
    passages = tuple(
        Passage(place, text)
        for place, text in (
            ("券名", form.title),
            ("面值说明", form.worth),
            ("使用说明", form.terms),
        )
        if text
    )
    facts: dict[str, object] = {
        "starts_at": form.starts_at,
        "ends_at": form.ends_at,
        "rules": form.terms,
        "stock": form.stock,
        "amount_fen": form.amount_fen,
    }
    return Work("coupon", passages, facts=facts)
