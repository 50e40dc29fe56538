"""What a menu entry can lead to, by name: so nobody types keys that he can only remember."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from content.article_sync import ArticleSync
from content.articles import Article
from content.branches import Branch
from content.functions import FUNCTIONS
from content.media import Media
from content.media_wechat import WechatMedia
from content.reply_rules import ReplyRule
from menus.conditional import Face
from menus.targets import ARTICLE_PREFIX, KEY_KINDS, KINDS, REPLY_PREFIX, Target
from products.catalogue import Product
from promotions.campaigns import Campaign
from web.wiring import wiring

# The pages of the mini-site that a menu may open; a test walks them.
PAGES: tuple[tuple[str, str], ...] = (
    ("/site/", "微站首页"),
    ("/site/me", "我的"),
    ("/site/registration", "注册会员"),
    ("/site/check-ins", "每日签到"),
    ("/site/points", "我的积分"),
    ("/site/tier", "会员等级"),
    ("/site/coupons", "领券中心"),
    ("/site/coupons/mine", "我的优惠券"),
    ("/site/rewards", "积分商城"),
    ("/site/reward-orders", "礼品订单"),
    ("/site/invitation", "邀请好友"),
    ("/site/notices", "消息通知"),
    ("/site/products", "全部产品"),
    ("/site/applications", "办理进度"),
    ("/site/campaigns", "最新活动"),
    ("/site/articles", "全部文章"),
    ("/site/announcements", "公告"),
    ("/site/branches", "营业厅查询"),
    ("/site/profile", "个人资料"),
    ("/site/phone", "更换手机号"),
    ("/site/consents", "授权管理"),
    ("/site/my-data", "我的数据"),
    ("/site/redemptions/new", "核销（营业员）"),
)
# So many of a group stand in a list at first; the rest is found by its name.
SHOWN = 100
# Which list a kind of target is picked from; keys of the others are only counted by.
_FIELDS = {"url": "page", "media_id": "media", "article_id": "published"}
_ANSWERED = frozenset({"click", "scancode_waitmsg"})

Options = list[tuple[str, str]]


def field_of(kind: str) -> str:
    """Which list the value of a kind is picked from: reply, page, media, published, key or ""."""
    if kind in KEY_KINDS:
        return "reply" if kind in _ANSWERED else "key"
    return _FIELDS[KINDS[kind].field] if kind in KINDS else ""


@dataclass(frozen=True)
class Choices:
    """The lists, each of groups under a heading: `reply`, `page`, `media`, `published`.

    In the lists of `cut` there is more than is shown.
    """

    lists: dict[str, list[tuple[str, Options]]]
    cut: frozenset[str] = frozenset()

    def name(self, field: str, value: str) -> str:
        """What people call a value of that list; nothing when it is not in it."""
        for _, options in self.lists.get(field, []):
            for known, name in options:
                if known == value:
                    return name
        return ""

    def say(self, target: Target | None) -> str:
        """What a tap does, in words."""
        if target is None:
            return "打开二级菜单"
        kind = KINDS.get(target.kind)
        if kind is None:
            return f"无法照搬：{target.value}"
        field = field_of(target.kind)
        shown = self.name(field, target.value) or target.value or "还没选"
        if target.kind == "miniprogram":
            return f"{kind.name}：{target.appid} {target.pagepath}（打不开时：{shown}）"
        return kind.name if field == "key" else f"{kind.name}：{shown}"


@dataclass(frozen=True)
class _Group:
    """One kind of thing: `found` selects (code, name), `prefix` makes a code a value."""

    heading: str
    found: Select[Any, Any]
    prefix: str = ""

    def read(self, session: Session, words: str, values: Collection[str]) -> tuple[Options, bool]:
        """Those whose name holds the words, and those of the values; whether there are more."""
        code, name = self.found.exported_columns
        query = self.found.limit(SHOWN + 1)
        if words:
            query = query.where(name.contains(words, autoescape=True))
        options = [(f"{self.prefix}{row[0]}", str(row[1])) for row in session.execute(query)]
        if len(options) <= SHOWN:
            return options, False
        shown = options[:SHOWN]
        known = {value for value, _ in shown}
        codes = [value.removeprefix(self.prefix) for value in set(values) - known]
        asked = self.found.where(code.in_(codes)) if codes else None
        rows = session.execute(asked).all() if asked is not None else []
        return [*((f"{self.prefix}{row[0]}", str(row[1])) for row in rows), *shown], True


def choices(session: Session, at: datetime, *faces: Face) -> Choices:
    """What can be picked now; what the faces lead to is among it, however much there is."""
    values = {
        entry.target.value
        for face in faces
        for menu in (face.menu, *(one.menu for one in face.variants))
        for _, entry in menu.leaves()
    }
    found = {field: search(session, at, field, "", values) for field in _fixed()}
    cut = frozenset(field for field, (_, more) in found.items() if more)
    return Choices({field: groups for field, (groups, _) in found.items()}, cut)


def search(
    session: Session, at: datetime, field: str, words: str, values: Collection[str] = ()
) -> tuple[list[tuple[str, Options]], bool]:
    """The groups of a list with what has the words in its name; whether there is more of it."""
    fixed = [*_fixed().get(field, ()), *(_families(session) if field == "page" else ())]
    groups = [
        (heading, [one for one in options if words.lower() in one[1].lower()])
        for heading, options in fixed
    ]
    more = False
    for group in _groups(at).get(field, ()):
        options, cut = group.read(session, words, values)
        more = more or cut
        groups.append((group.heading, options))
    return [(heading, options) for heading, options in groups if options], more


def _fixed() -> dict[str, list[tuple[str, Options]]]:
    return {
        "reply": [("功能", list(FUNCTIONS.items()))],
        "page": [("微站页面", list(PAGES))],
        "media": [],
        "published": [],
    }


def _families(session: Session) -> list[tuple[str, Options]]:
    phrases = wiring().texts.phrases
    rows = session.scalars(select(Product.family).where(Product.active.is_(True)).distinct())
    named = [(f"/site/products/{one}", phrases.get(f"family_{one}", one)) for one in rows]
    return [("产品类别", [(value, f"{name}（全部）") for value, name in named])]


def _groups(at: datetime) -> dict[str, list[_Group]]:
    live = Article.state == "published"
    articles = select(Article.code, Article.title).where(live).order_by(Article.id.desc())
    rules = select(ReplyRule.standing, ReplyRule.name).where(ReplyRule.standing.is_not(None))
    products = select(Product.code, Product.name).where(Product.active.is_(True))
    campaigns = select(Campaign.code, Campaign.title).where(Campaign.ends_at > at)
    branches = select(Branch.code, Branch.name).where(Branch.active.is_(True))
    return {
        "reply": [
            _Group("图文", articles, ARTICLE_PREFIX),
            _Group("回复规则", rules.order_by(ReplyRule.name, ReplyRule.id), REPLY_PREFIX),
        ],
        "page": [
            _Group("产品", products.order_by(Product.position, Product.id), "/site/products/"),
            _Group(
                "活动", campaigns.order_by(Campaign.starts_at, Campaign.id), "/site/campaigns/"
            ),
            _Group("文章", articles, "/site/articles/"),
            _Group("营业厅", branches.order_by(Branch.id), "/site/branches/"),
        ],
        "media": [_Group("已上传到微信的图片", _media())],
        "published": [_Group("已发布到微信的图文", _published())],
    }


def _media() -> Select[Any, Any]:
    return (
        select(WechatMedia.wechat_id, Media.name)
        .join(Media, Media.id == WechatMedia.media_id)
        .where(WechatMedia.use == "material", WechatMedia.state == "ready")
        .order_by(WechatMedia.id.desc())
    )


def _published() -> Select[Any, Any]:
    return (
        select(ArticleSync.wechat_article_id, Article.title)
        .join(Article, Article.id == ArticleSync.article_id)
        .where(ArticleSync.state == "published", ArticleSync.wechat_article_id != "")
        .order_by(ArticleSync.id.desc())
    )
