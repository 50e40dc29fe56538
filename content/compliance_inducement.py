"""Inducing people to share, follow, like, subscribe: what WeChat punishes hardest."""

import re
from collections.abc import Iterator, Mapping

from content.compliance_cases import Case, Check, Hit, Words, stated

_SHARE = (
    r"(?:转发|转给\S{0,4}(?:好友|朋友|家人|同事|群)|zhuan发|转发布|转至|转到(?:朋友圈|群|微信)|发[至布]\S{0,2}朋友圈|朋友圈(?:截图|打卡|晒)|分享(?!会)|晒(?:图|朋友圈|单|到)"
    r"|发(?:到)?朋友圈|发(?:到)?圈|发(?:送)?到?群里|fen享)"
)
_GAIN = (
    r"(?:领取?|得(?!分|知|到证)|获(?:得|赠|取)|送|赠|奖励?|返现|抽奖|抽取|换取?|兑换|免单|免费得|红包|礼品"
    r"|享受?\S{0,2}折|即享|多一次|增加\S{0,4}(?:机会|次数)|减免|立减|抵扣)"
)
_THEN = r"[^。!?;\n]{0,24}?"
_GOODS = (
    r"(?:红包|奖|礼|券|积分|话费|流量|优惠|现金|抽奖|机会|会员|网线|路由器|奶茶|折|元|份|次|福利|一[个把盒只]"
    r"|gb|台|张)"
)
_BETWEEN = r"[^。!?;\n]{0,12}?"

_SHARE_TO_GET = re.compile(
    rf"{_SHARE}{_THEN}{_GAIN}{_BETWEEN}{_GOODS}"
    rf"|(?:领|抽|拿|兑换|参与|参加){_BETWEEN}(?:需|须|要|请|必须)先?[^,。!?;\n]{{0,8}}?{_SHARE}"
    rf"|(?:想|要)(?:领|得|抽|拿){_BETWEEN}{_GOODS}[^。!;\n]{{0,6}}?(?:先|请|需|要|须){_BETWEEN}{_SHARE}"
    r"|朋友圈[^。!?;\n]{0,12}?(?:截图|保留|打卡|集赞)[^。!?;\n]{0,14}?(?:领|换|兑|送|享|抽|返)"
    r"|(?:分享|转发)(?:有礼|有奖|有惊喜|赢|抽大?奖|得)"
)
_GATE = re.compile(
    rf"{_SHARE}[^。!?;\n]{{0,14}}?(?:后|才|方可|之后)"
    r"[^。!?;\n]{0,5}?(?:解锁|查看|看到|阅读|观看|继续|显示|揭晓|参与|下载)"
    rf"|{_SHARE}[^。!?;\n]{{0,8}}?(?:即可)?(?:解锁|揭晓)"
)
_LIKES = re.compile(
    r"[集积]\s?(?:满|齐|够)?\s?\d{0,4}\s?(?:个)?(?:赞|zan)(?!成)"
    r"|(?:点|获|得)(?:个|满|够)?\d{0,4}个?赞[^。!?;\n]{0,14}?(?:送|领|换|得(?!分)|抽|奖|免费|兑|享)"
    r"|(?:点赞|在看[”」\"]?|留言)[^。!?;\n]{0,12}?(?:抽[一二三四五六七八九十\d]|送|领取|兑换|得(?:\d|一))"
    r"|(?:投\S{0,2}票|得票|票数|人气)[^。!?;\n]{0,14}?(?:送|奖|赢|领|得\d|免费)"
    r"|求赞|拉票[^。!?;\n]{0,10}(?:送|奖|礼)"
)
_ASSIST = re.compile(
    r"(?:好友|朋友|帮我?|邀请?\S{0,5})助力|助力[^。!?;\n]{0,8}?(?:得|赢|领)|砍价|帮砍|砍一刀"
    r"|(?:拉|邀请?)[^。!?;\n]{0,8}?(?:好友|朋友|新人|家人|邻居)[^。!?;\n]{0,16}?"
    r"(?:得|领|送|奖|瓜分|返|赢|免单)"
    r"|组队[^。!?;\n]{0,8}?瓜分|裂变|集卡|集福|集齐\S{0,6}(?:卡|碎片|字)"
)
_FOLLOW = r"(?:(?<![的续谢])关注(?!的|天气|度|点|力|热点)|加关|扫码加粉|涨粉码)"
_FOLLOW_GATE = re.compile(
    rf"{_FOLLOW}[^。!?;\n]{{0,14}}?(?:即可?|就|可|后|立|免费|扫码|,)[^。!?;,\n]{{0,5}}?"
    r"(?:领(?!先|导|域)|送|赠|得(?!知)|获(?:得|取)|抽奖|解锁|查看(?!资费|套餐)|兑换|享)"
    rf"|{_FOLLOW}(?:领|送|有礼|有奖|抽奖|得\d|赢)"
    rf"|(?:领|抽|参与|参加|查看|解锁)[^。!?;\n]{{0,10}}?(?:需|须|要|请)(?:先)?{_FOLLOW}"
    rf"|(?:先|需|须|必须|请先){_FOLLOW}[^。!?;\n]{{0,10}}?(?:才|方可|再|后)"
)
_UNFOLLOWED = re.compile(r"未关注[^。!?;\n]{0,10}?(?:无法|不能|不可|不得|无权|无资格)")
_SUBSCRIBE = re.compile(
    r"(?:订阅(?!号)|(?:开启|打开|允许)[^。!?;\n]{0,4}(?:通知|提醒|推送))[^。!?;\n]{0,10}?"
    r"(?:领取?|立?得\d|送|赠|奖|返|换|有礼)"
)
_UNFOLLOW = re.compile(
    r"(?:取消关注|取关)[^。!?;\n]{0,10}?(?:收回|作废|扣|失去|清零|取消(?:资格|权益|奖)|没收|无法领|后悔)"
)
_PRAISE = re.compile(
    r"(?:好评|五星评价|五星|晒评)[^。!?;\n]{0,10}?(?:返|送|领|得\d|赠|换|红包|奖励|优惠)"
    r"|(?:返现|红包)[^。!?;\n]{0,6}好评"
)
_DOWNLOAD = re.compile(
    r"(?:下载|安装\S{0,6}?(?:app|应用|客户端|软件|小程序))[^。!?;\n]{0,14}?(?:领取?|送|得(?:\d|红包)|赠|奖励|返现|红包|抽奖)"
)


def _found(pattern: re.Pattern[str]) -> Check:
    def check(case: Case, _listed: Words) -> Iterator[Hit]:
        return case.find(pattern)

    return check


def follow_gate(case: Case, _listed: Words) -> Iterator[Hit]:
    """To follow is the condition; "whoever does not follow cannot" says it by a "not"."""
    yield from case.find(_FOLLOW_GATE)
    for line in case.lines:
        for match in _UNFOLLOWED.finditer(line.dense.text):
            yield Hit(line.place, line.dense.quote(*match.span()))


CHECKS: Mapping[str, Check] = {
    "share-to-get": _found(_SHARE_TO_GET),
    "share-gate": _found(_GATE),
    "share-threat": stated,
    "collect-likes": _found(_LIKES),
    "invite-assist": _found(_ASSIST),
    "follow-gate": follow_gate,
    "subscribe-reward": _found(_SUBSCRIBE),
    "unfollow-threat": _found(_UNFOLLOW),
    "review-reward": _found(_PRAISE),
    "download-reward": _found(_DOWNLOAD),
}
