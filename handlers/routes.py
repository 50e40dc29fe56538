"""THE tables: which function answers what. Nothing registers itself by being imported."""

from collections.abc import Callable

from bot.replies import Reply
from handlers import business, desk, events, follows, membership, offers, push_events
from handlers.context import Context

Handler = Callable[[Context], Reply]

# What menu keys, words and reply rules name; `content/functions` says what people call it.
FUNCTIONS: dict[str, Handler] = {
    "check_in": membership.check_in,
    "points": membership.show_points,
    "make_ups": membership.show_make_ups,
    "shop": membership.show_shop,
    "tier": membership.show_tier,
    "invitation": membership.show_invitation,
    "register": membership.lead_to_register,
    "member_home": membership.show_home,
    "coupons": membership.show_coupons,
    "redemptions": membership.open_redemptions,
    "prices": business.show_prices,
    "branches": business.show_branches,
    "announcements": business.show_announcements,
    "promotions": offers.show_promotions,
    "products": offers.show_products,
    "applications": offers.show_applications,
    "help": desk.say_help,
    "human": desk.call_staff,
    "hand_over": desk.hand_over,
}

# Messages that need no decision; the others are in `handlers/answers`.
KINDS: dict[str, Handler] = {
    "event.unsubscribe": follows.see_off,
    "event.view": events.note_view,
    "event.masssendjobfinish": push_events.note_mass_result,
    "event.templatesendjobfinish": push_events.note_template_result,
    "event.subscribe_msg_popup_event": push_events.note_notice_choice,
    "event.subscribe_msg_change_event": push_events.note_notice_change,
    "event.subscribe_msg_sent_event": push_events.note_notice_result,
    "event.publishjobfinish": events.note_publication,
    "event.user_authorization_cancellation": events.close_account,
    "event.user_authorization_revoke": events.note_revocation,
    "event.user_info_modified": events.note_revocation,
}


def find_kind(kind: str) -> Handler:
    """The function for a kind of message; for what nobody knows, the one that does nothing."""
    return KINDS.get(kind, events.ignore)


def find_key(key: str) -> Handler | None:
    """The function for a menu key; a key below `article.` names an article."""
    if key.startswith(business.ARTICLE_PREFIX):
        return business.show_article
    return FUNCTIONS.get(key)
