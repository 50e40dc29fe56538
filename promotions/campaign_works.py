"""A campaign as a work that is held against the compliance rules."""

from content.compliance import Passage, Work
from promotions.campaigns import Campaign


def work_of(campaign: Campaign) -> Work:
    """What people read of a campaign: its line in the chat, its page by paragraphs."""
    passages = [Passage("标题", campaign.title), Passage("简介", campaign.summary)]
    paragraphs = [text for text in campaign.body.split("\n\n") if text.strip()]
    passages += [
        Passage(f"正文第 {number} 段", text) for number, text in enumerate(paragraphs, start=1)
    ]
    facts: dict[str, object] = {
        "starts_at": campaign.starts_at,
        "ends_at": campaign.ends_at,
        "rules": campaign.body,
    }
    return Work("campaign", tuple(passages), facts=facts)
