"""A push as a work that is held against the compliance rules."""

from datetime import datetime

from content.compliance import Passage, Work


def work_of(body: str, at: datetime, sent_this_month: int) -> Work:
    """A push that would go out at `at`, after so many others in that month; no title goes out."""
    facts: dict[str, object] = {"at": at, "channel": "mass", "sent_this_month": sent_this_month}
    return Work("push", (Passage("内容", body),), facts=facts)
