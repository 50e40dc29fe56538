"""A push as a work that is held against the compliance rules."""

from datetime import datetime

from content.compliance import Kind, Passage, Work
from pushes import messages
from pushes.messages import SLOTS, SMS_END
from pushes.pushes import Push


def works_of(push: Push, at: datetime, sent_this_month: int) -> list[Work]:
    """What would go out at `at`, after so many mass sends in that month: a work a channel."""
    return [_work(push, channel, at, sent_this_month) for channel in push.channels]


def _work(push: Push, channel: str, at: datetime, sent_this_month: int) -> Work:
    passages = []
    for number, variant in enumerate(push.variants):
        content = {channel: variant["contents"][channel]}
        head = f"版本 {'ABC'[number]} " if len(push.variants) > 1 else ""
        for place, text in messages.texts_of(content):
            # What is added to each when it is sent belongs to it.
            ended = f"{text} {SMS_END}" if channel == "sms" and not push.service else text
            passages.append(Passage(f"{head}{place}", ended))
    links = (Passage("链接", push.link),) if push.link.startswith("https://") else ()
    facts: dict[str, object] = {"at": at, "channel": channel, "slots": tuple(SLOTS)}
    if channel == "mass":
        facts["sent_this_month"] = sent_this_month
    kind: Kind = "template" if channel == "template" else "push"
    return Work(kind, tuple(passages), links=links, facts=facts)
