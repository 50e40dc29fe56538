"""THE tables: which function answers what. Nothing registers itself by being imported."""

import unicodedata
from collections.abc import Callable

from bot.inbound import Inbound
from bot.replies import Reply
from handlers import business, desk, events, follows, membership, offers
from handlers.context import Context

Handler = Callable[[Context], Reply]

# Menu keys (event.click); a key below `article.` names an article.
KEYS: dict[str, Handler] = {
    "prices": business.show_prices,
    "branches": business.show_branches,
    "human": desk.call_staff,
    "check_in": membership.check_in,
    "promotions": offers.show_promotions,
    "points": membership.show_points,
}

# Words that people type, after folding width, case and blanks.
WORDS: dict[str, Handler] = {
    "签到": membership.check_in,
    "打卡": membership.check_in,
    "积分": membership.show_points,
    "我的积分": membership.show_points,
    "补签": membership.show_make_ups,
    "商城": membership.show_shop,
    "积分商城": membership.show_shop,
    "兑换": membership.show_shop,
    "等级": membership.show_tier,
    "会员等级": membership.show_tier,
    "邀请": membership.show_invitation,
    "邀请好友": membership.show_invitation,
    "注册": membership.lead_to_register,
    "会员": membership.show_home,
    "会员中心": membership.show_home,
    "优惠券": membership.show_coupons,
    "领券": membership.show_coupons,
    "核销": membership.open_redemptions,
    "宽带": business.show_prices,
    "资费": business.show_prices,
    "套餐": business.show_prices,
    "营业厅": business.show_branches,
    "活动": offers.show_promotions,
    "优惠": offers.show_promotions,
    "申办": offers.show_products,
    "办理": offers.show_products,
    "进度": offers.show_applications,
    "帮助": desk.say_help,
    "人工": desk.call_staff,
    "客服": desk.call_staff,
    "转人工": desk.hand_over,
}

KINDS: dict[str, Handler] = {
    "event.subscribe": follows.greet,
    "event.unsubscribe": follows.see_off,
    "event.scan": follows.note_scan,
    "event.view": events.note_view,
    "event.masssendjobfinish": events.note_mass_result,
    "event.user_authorization_cancellation": events.close_account,
    "event.user_authorization_revoke": events.note_revocation,
    "event.user_info_modified": events.note_revocation,
    "location": business.show_nearest,
    "text": desk.say_default,
    "image": desk.ask_for_words,
    "voice": desk.ask_for_words,
    "video": desk.ask_for_words,
    "shortvideo": desk.ask_for_words,
    "link": desk.ask_for_words,
}


def find(inbound: Inbound) -> Handler:
    """The function for a message; for what nobody knows, the one that does nothing."""
    if inbound.kind == "event.click":
        return find_key(inbound.text("EventKey")) or desk.say_default
    if inbound.kind == "text":
        return WORDS.get(fold(inbound.text("Content")), desk.say_default)
    return KINDS.get(inbound.kind, events.ignore)


def find_key(key: str) -> Handler | None:
    """The function for a menu key."""
    if key.startswith(business.ARTICLE_PREFIX):
        return business.show_article
    return KEYS.get(key)


def fold(text: str) -> str:
    """What somebody typed, in one spelling: half width, lower case, no blanks or end marks."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(folded.split()).rstrip("!?.。~")
