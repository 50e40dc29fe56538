"""Everything the platform remembers, as plain records that fit into one JSON file.

Times are unix seconds of the movable clock unless a name says otherwise.
"""

from dataclasses import dataclass, field
from typing import Any, TypeVar

Json = dict[str, Any]
Row = TypeVar("Row")

FOREVER = -1  # a long-term subscription: the credit is never used up
KEPT_JOURNAL = 5000
KEPT_DELIVERIES = 1000
KEPT_CHAT = 500
KEPT_SMS = 500


@dataclass
class Window:
    """How many customer messages may still be sent to a user, and until when."""

    remaining: int
    expires_at: float


@dataclass
class User:
    """One person's WeChat as this account sees it."""

    openid: str
    nickname: str
    subscribed: bool = False
    subscribe_time: int = 0
    subscribe_scene: str = ""
    scene: str = ""
    unionid: str = ""
    remark: str = ""
    tags: list[int] = field(default_factory=list)
    mass_counts: dict[str, int] = field(default_factory=dict)
    window: Window | None = None
    credits: dict[str, int] = field(default_factory=dict)
    in_snapshot: bool = False
    blacklisted: bool = False
    refuses_messages: bool = False
    chat_begins_after: int = 0  # the phone shows only items with a larger id


@dataclass
class ChatItem:
    """One thing a person saw in the chat: `sender` is user, account or system."""

    id: int
    sender: str
    kind: str
    text: str
    at: float
    data: Json = field(default_factory=dict)


@dataclass
class Sending:
    """One call of a send API, for assertions: `event` is what the job-finish event said."""

    id: int
    channel: str
    openid: str
    payload: Json
    at: float
    errcode: int
    msgid: str = ""
    event: str = ""


@dataclass
class Try:
    """One delivery to the callback."""

    status: int
    latency_ms: int
    problem: str


@dataclass
class Delivery:
    """One push to the callback with its one to three tries."""

    id: int
    openid: str
    kind: str
    detail: str
    at: float
    tries: list[Try]
    outcome: str
    note: str
    reply: str
    saw: str


@dataclass
class Token:
    """An access token; `superseded` tells 40001 (not latest) from 42001 (expired)."""

    family: str
    expires_at: float
    superseded: bool = False


@dataclass
class Forcing:
    """How often stable_token was forced today."""

    day: str = ""
    count: int = 0
    last_at: float = 0.0


@dataclass
class Tag:
    """A follower tag."""

    id: int
    name: str


@dataclass
class ConditionalMenu:
    """A personalised menu."""

    menuid: int
    buttons: list[Json]
    rule: Json


@dataclass
class Template:
    """A message template; `kind` is template, once (one-time notice) or longterm."""

    id: str
    title: str
    kind: str
    keys: dict[str, str]


@dataclass
class SentOnce:
    """The answer that a repeated client_msg_id or clientmsgid gets."""

    msgid: int
    at: float


@dataclass
class MassJob:
    """A mass send: `status` is SENDING, SEND_SUCCESS or DELETE."""

    msg_id: int
    status: str
    at: float
    total: int
    filtered: int
    sent: int
    errors: int


@dataclass
class SceneCode:
    """A scene QR code; `expires_at` 0 means permanent."""

    ticket: str
    scene: str
    url: str
    expires_at: float


@dataclass
class Media:
    """An uploaded file, content as base64; `expires_at` 0 means permanent."""

    media_id: str
    kind: str
    filename: str
    mime: str
    content: str
    created_at: int
    expires_at: float


@dataclass
class Publication:
    """A draft that was submitted: `status` is freepublish/get's, 1 while it runs."""

    publish_id: str
    draft_id: str
    status: int
    at: float
    article_id: str
    articles: list[Json]


@dataclass
class OauthCode:
    """A code of the authorize page: single use, 300 seconds."""

    openid: str
    scope: str
    issued_at: float
    used: bool = False


@dataclass
class SnsToken:
    """A web-login token; `use` is access or refresh."""

    use: str
    openid: str
    scope: str
    expires_at: float


@dataclass
class Sms:
    """A short message, from our own pretended operator."""

    id: int
    phone: str
    text: str
    at: float


@dataclass
class State:
    """All of it."""

    version: int = 1
    offset_seconds: float = 0.0
    next_id: int = 24087654321098765  # above 2^53, as real message ids are
    next_tag: int = 100
    users: dict[str, User] = field(default_factory=dict)
    tags: dict[int, Tag] = field(default_factory=dict)
    menu: list[Json] | None = None
    conditional_menus: list[ConditionalMenu] = field(default_factory=list)
    tokens: dict[str, Token] = field(default_factory=dict)
    forcing: Forcing = field(default_factory=Forcing)
    ticket: str = ""
    ticket_expires_at: float = 0.0
    counters: dict[str, dict[str, int]] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    clearings: dict[str, int] = field(default_factory=dict)
    days_to_all: list[str] = field(default_factory=list)
    chats: dict[str, list[ChatItem]] = field(default_factory=dict)
    journal: list[Sending] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    templates: dict[str, Template] = field(default_factory=dict)
    sent_once: dict[str, SentOnce] = field(default_factory=dict)
    mass_jobs: dict[str, MassJob] = field(default_factory=dict)
    scenes: dict[str, SceneCode] = field(default_factory=dict)
    media: dict[str, Media] = field(default_factory=dict)
    drafts: dict[str, Json] = field(default_factory=dict)
    publications: dict[str, Publication] = field(default_factory=dict)
    oauth_codes: dict[str, OauthCode] = field(default_factory=dict)
    sns_tokens: dict[str, SnsToken] = field(default_factory=dict)
    sms: list[Sms] = field(default_factory=list)


def append_kept(rows: list[Row], row: Row, kept: int) -> None:
    """Append and forget the oldest, so that a long run stays small."""
    rows.append(row)
    if len(rows) > kept:
        del rows[: len(rows) - kept]
