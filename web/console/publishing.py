"""Where the console publishes to, as the compliance rules ask for it."""

from content import compliance
from content.compliance import Setting
from web.wiring import now, wiring


def setting() -> Setting:
    """What is written in this console is published by this hall, now."""
    hall = wiring().hall
    return compliance.setting_of(hall.base_url, tuple(hall.link_domains), now())
