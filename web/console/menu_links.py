"""What a menu entry can lead to, by name: so nobody types keys that he can only remember."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.article_sync import ArticleSync
from content.articles import Article
from content.branches import Branch
from content.functions import FUNCTIONS
from content.media import Media
from content.media_wechat import WechatMedia
from content.reply_rules import ReplyRule
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
_MOST = 200
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
    """The lists, each of groups under a heading: `reply`, `page`, `media`, `published`."""

    lists: dict[str, list[tuple[str, Options]]]

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


def choices(session: Session, at: datetime) -> Choices:
    """Everything that can be picked now."""
    articles = session.execute(
        select(Article.code, Article.title)
        .where(Article.state == "published")
        .order_by(Article.id.desc())
        .limit(_MOST)
    ).all()
    replies: list[tuple[str, Options]] = [
        ("功能", list(FUNCTIONS.items())),
        ("图文", [(f"{ARTICLE_PREFIX}{one.code}", one.title) for one in articles]),
        ("回复规则", _rules(session)),
    ]
    pages: list[tuple[str, Options]] = [
        ("微站页面", list(PAGES)),
        ("产品", _products(session)),
        ("活动", _campaigns(session, at)),
        ("文章", [(f"/site/articles/{one.code}", one.title) for one in articles]),
        ("营业厅", _branches(session)),
    ]
    return Choices(
        {
            "reply": _filled(replies),
            "page": _filled(pages),
            "media": _filled([("已上传到微信的图片", _media(session))]),
            "published": _filled([("已发布到微信的图文", _published(session))]),
        }
    )


def _filled(groups: Iterable[tuple[str, Options]]) -> list[tuple[str, Options]]:
    return [(heading, options) for heading, options in groups if options]


def _rules(session: Session) -> Options:
    rows = session.execute(
        select(ReplyRule.standing, ReplyRule.name)
        .where(ReplyRule.standing.is_not(None))
        .order_by(ReplyRule.name, ReplyRule.id)
        .limit(_MOST)
    )
    return [(f"{REPLY_PREFIX}{row.standing}", row.name) for row in rows]


def _products(session: Session) -> Options:
    rows = session.execute(
        select(Product.code, Product.name, Product.family)
        .where(Product.active.is_(True))
        .order_by(Product.id)
        .limit(_MOST)
    ).all()
    phrases = wiring().texts.phrases
    families = dict.fromkeys(row.family for row in rows)
    return [
        *(
            (f"/site/products/{one}", f"{phrases.get(f'family_{one}', one)}（全部）")
            for one in families
        ),
        *((f"/site/products/{row.code}", row.name) for row in rows),
    ]


def _campaigns(session: Session, at: datetime) -> Options:
    rows = session.execute(
        select(Campaign.code, Campaign.title)
        .where(Campaign.ends_at > at)
        .order_by(Campaign.starts_at, Campaign.id)
        .limit(_MOST)
    )
    return [(f"/site/campaigns/{row.code}", row.title) for row in rows]


def _branches(session: Session) -> Options:
    rows = session.execute(
        select(Branch.code, Branch.name)
        .where(Branch.active.is_(True))
        .order_by(Branch.id)
        .limit(_MOST)
    )
    return [(f"/site/branches/{row.code}", row.name) for row in rows]


def _media(session: Session) -> Options:
    rows = session.execute(
        select(WechatMedia.wechat_id, Media.name)
        .join(Media, Media.id == WechatMedia.media_id)
        .where(WechatMedia.use == "material", WechatMedia.state == "ready")
        .order_by(WechatMedia.id.desc())
        .limit(_MOST)
    )
    return [(row.wechat_id, row.name) for row in rows]


def _published(session: Session) -> Options:
    rows = session.execute(
        select(ArticleSync.wechat_article_id, Article.title)
        .join(Article, Article.id == ArticleSync.article_id)
        .where(ArticleSync.state == "published", ArticleSync.wechat_article_id != "")
        .order_by(ArticleSync.id.desc())
        .limit(_MOST)
    )
    return [(row.wechat_article_id, row.title) for row in rows]
