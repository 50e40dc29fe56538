"""Where the console publishes to, as the compliance rules ask for it."""

from urllib.parse import urlsplit

from content.compliance import Setting
from web.wiring import now, wiring


def setting() -> Setting:
    """What is written in this console is published by this hall, now."""
    hall = wiring().hall
    host = urlsplit(hall.base_url).hostname or ""
    return Setting(hall.base_url, (host, "mp.weixin.qq.com", *hall.link_domains), now())
