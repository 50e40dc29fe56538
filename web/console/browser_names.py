"""How a browser is called on a list of sessions: "微信 · iPhone" instead of its own long name."""

import re

# The first that fits counts: most browsers also claim to be Chrome or Safari.
_PROGRAMS = (
    ("MicroMessenger", "微信"),
    ("wxwork", "企业微信"),
    ("DingTalk", "钉钉"),
    ("Edg", "Edge"),
    ("Firefox|FxiOS", "Firefox"),
    ("OPR|Opera", "Opera"),
    ("HuaweiBrowser", "华为浏览器"),
    ("QQBrowser", "QQ 浏览器"),
    ("Chrome|CriOS|Chromium", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("HarmonyOS|OpenHarmony", "鸿蒙"),
    ("Android", "安卓"),
    ("Windows", "Windows"),
    ("Macintosh|Mac OS", "Mac"),
    ("Linux", "Linux"),
)


def browser_name(agent: str) -> str:
    """Programme and system in two words; what is unknown says so."""
    program = _first(_PROGRAMS, agent) or "未知浏览器"
    system = _first(_SYSTEMS, agent)
    return f"{program} · {system}" if system else program


def is_phone(agent: str) -> bool:
    """Whether the browser runs on a phone."""
    return re.search("iPhone|Android|HarmonyOS|Mobile", agent) is not None


def _first(known: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for pattern, name in known if re.search(pattern, agent)), "")
