"""What the bot can do by itself: the keys that menus and reply rules name, and people's words.

Which Python function answers a key is said in `handlers/routes`; a test holds the two together.
"""

# key → what marketers read
FUNCTIONS: dict[str, str] = {
    "check_in": "每日签到",
    "points": "我的积分",
    "make_ups": "补签",
    "shop": "积分商城",
    "tier": "会员等级",
    "invitation": "邀请好友",
    "register": "注册会员",
    "member_home": "会员中心",
    "coupons": "优惠券",
    "redemptions": "核销（营业员）",
    "prices": "宽带资费",
    "branches": "营业厅列表",
    "announcements": "公告",
    "promotions": "近期活动",
    "products": "在线申办",
    "applications": "办理进度",
    "help": "帮助",
    "human": "人工客服",
    "hand_over": "转人工",
}

# What people type, folded → key
WORDS: dict[str, str] = {
    "签到": "check_in",
    "打卡": "check_in",
    "积分": "points",
    "我的积分": "points",
    "补签": "make_ups",
    "商城": "shop",
    "积分商城": "shop",
    "兑换": "shop",
    "等级": "tier",
    "会员等级": "tier",
    "邀请": "invitation",
    "邀请好友": "invitation",
    "注册": "register",
    "会员": "member_home",
    "会员中心": "member_home",
    "优惠券": "coupons",
    "领券": "coupons",
    "核销": "redemptions",
    "宽带": "prices",
    "资费": "prices",
    "套餐": "prices",
    "营业厅": "branches",
    "公告": "announcements",
    "通知": "announcements",
    "活动": "promotions",
    "优惠": "promotions",
    "申办": "products",
    "办理": "products",
    "进度": "applications",
    "帮助": "help",
    "人工": "human",
    "客服": "human",
    "转人工": "hand_over",
}
