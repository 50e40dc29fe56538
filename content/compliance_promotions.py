"""Promotions: dates, rules, prizes, odds, prices, gifts."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from content.compliance_cases import Case, Check, Hit, Words, stated, words

MOST_PRIZE_FEN = 5_000_000
_SHORTEST_RULES = 4

_DAY = (
    r"\d{4}年\d{1,2}月|(?:\d{1,4}年)?\d{1,2}月\d{1,2}[日号]?|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[日号]"
    r"(?:前|止|截止|至|到|起)|(?:本|当|下|这)(?:周|月|年|季)(?:内|末|底|日)?|\d{1,9}天内|月底|年底|今天|今晚"
    r"|明天|当天|周[一二三四五六日]|长期有效|\d{1,2}[:点时]"
)
_DATE = re.compile(_DAY)
_OFFER = re.compile(
    r"优惠(?:活动|价|大|来|进行|力度|享|不断|多多|升级)|享\S{0,4}优惠|特惠|促销|打折|\d折|[一二三四五六七八九]折|立减|秒杀|团购|折扣|特价|抢购|低价"
    r"|领红包|抢红包|红包雨"
)
_DRAW = re.compile(
    r"抽奖|抽取幸运|大转盘|幸运转盘|九宫格|刮刮(?:卡|乐)|砸金蛋|摇一摇赢|抽\S{0,3}(?:送|得)|抽(?:手机|话费|路由器|平板|耳机|电视|汽车|红包|免单|好礼|流量|现金)"
)
_DRAWN = re.compile(r"抽奖(?:活动)?(?:已|结果|结束|名单|公示)|已抽奖|开奖结果")
_ODDS = re.compile(r"概率|中奖率|几率|规则(?:见|详见|在|请)|[共限]\d{1,9}[份名台个张]|规则")
_ADULTS = re.compile(r"未成年|监护人|(?:年满|满)?1[468]周?岁|成年人")
_AMOUNT = re.compile(
    r"(?<![\d.])(\d{1,3}(?:,\d{3})+|\d{1,9}(?:\.\d{1,9})?)(万|十万|百万)?元"
    r"|([一二三四五六七八九十百]{1,3})(万|十万|百万)元"
)
_PRIZE = re.compile(r"抽奖|大奖|一等奖|特等奖|头奖|中奖|奖品|奖金|赢")
_UNITS = {None: 1, "": 1, "万": 10_000, "十万": 100_000, "百万": 1_000_000}
_FORMER = re.compile(r"(?:原价|划线价|市场价|门市价|专柜价|吊牌价)[^,。!?;\n]{0,4}\d")
_FORMER_BASIS = re.compile(r"七日|7日|七天|7天|最低成交价|厂商指导价|建议零售价")
_LIMITED_TIME = re.compile(
    r"限时(?!间|长|器|段|\d{1,3}[天小]|[一二三四五六七八九十]{1,2}[天小])|倒计时|最后一天|仅限今日|手慢无"
)
_LIMITED_STOCK = re.compile(r"限量|先到先得|数量有限|名额有限|售完即止|送完即止|领完即止|抢完为止")
_STOCK = re.compile(r"\d{1,9}\s?(?:份|台|张|名|个|件|套|根|位|组|户|条|部|盒|枚|间|款)")
_CONDITIONS = re.compile(
    r"条件|仅限|限(?:新|老|在网|会员|本|年|首)|须|需(?!求)|承诺|合约|凭|规则|不产生|到期|恢复原|押金|预存"
    r"|不收取|说明(?!书)|详见|签约|协议|每户|每人"
)


def end_missing(case: Case, _listed: Words) -> Iterator[Hit]:
    """A promotion that never ends. Fact: `ends_at`."""
    if case.knows("ends_at") and not case.fact("ends_at"):
        yield Hit("结束时间", "")


def window_wrong(case: Case, _listed: Words) -> Iterator[Hit]:
    """It is over already, or ends before it begins. Facts: `starts_at`, `ends_at`."""
    starts_at, ends_at = case.fact("starts_at"), case.fact("ends_at")
    if not isinstance(ends_at, datetime):
        return
    if isinstance(starts_at, datetime) and starts_at >= ends_at:
        yield Hit("活动时间", "", "结束不晚于开始")
    elif case.setting.now is not None and ends_at <= case.setting.now:
        yield Hit("活动时间", "", "已经结束")


def end_unsaid(case: Case, _listed: Words) -> Iterable[Hit]:
    """An offer without any day in the whole text; `limited-time` says it of 限时."""
    if case.fact("ends_at") or case.says(_DATE) or case.says(_LIMITED_TIME):
        return []
    return _one(case.find(_OFFER))


def rules_missing(case: Case, _listed: Words) -> Iterator[Hit]:
    """Hardly a word on who may and how. Fact: `rules`."""
    if case.knows("rules") and len(str(case.fact("rules") or "").strip()) < _SHORTEST_RULES:
        yield Hit("规则", "")


def prize_too_big(case: Case, _listed: Words) -> Iterator[Hit]:
    """A prize above 50,000 yuan. Fact: `prizes`, each with `name` and `value_fen`."""
    for prize in _prizes(case):
        value = prize.get("value_fen")
        if isinstance(value, int) and value > MOST_PRIZE_FEN:
            yield Hit("奖品", str(prize.get("name", "")), f"价值 {value // 100:,} 元")
    for line in case.lines:
        for clause in re.finditer(r"[^。!?;\n]+", line.dense.text):
            if _PRIZE.search(clause[0]):
                for match in _AMOUNT.finditer(line.dense.text, clause.start(), clause.end()):
                    if _yuan(match) * 100 > MOST_PRIZE_FEN:
                        yield Hit(line.place, line.dense.quote(*match.span()))


def odds_missing(case: Case, _listed: Words) -> Iterator[Hit]:
    """Prizes of a draw whose odds or numbers are not published. Fact: `odds_published`."""
    if case.knows("odds_published") and not case.fact("odds_published"):
        yield Hit("奖品", "")
    elif case.fact("odds_published"):
        for prize in _prizes(case):
            if not (prize.get("odds") or prize.get("stock")):
                yield Hit("奖品", str(prize.get("name", "")))


def odds_unsaid(case: Case, _listed: Words) -> Iterable[Hit]:
    """A draw without a word on odds or rules."""
    return [] if case.says(_ODDS) or case.says(_DRAWN) else _one(case.find(_DRAW))


def minors_unsaid(case: Case, _listed: Words) -> Iterator[Hit]:
    """A draw that says nothing of minors."""
    if _prizes(case) and not case.says(_ADULTS):
        text = str(case.fact("rules") or "")
        if not _ADULTS.search(case.folding.fold(text[:5_000]).text):
            yield Hit("规则", "")


def former_price(case: Case, _listed: Words) -> Iterable[Hit]:
    """A former price without what it is measured by."""
    return [] if case.says(_FORMER_BASIS) else case.find(_FORMER)


def limited_time(case: Case, _listed: Words) -> Iterable[Hit]:
    """A limited time without the time."""
    return [] if case.fact("ends_at") or case.says(_DATE) else case.find(_LIMITED_TIME)


def limited_stock(case: Case, _listed: Words) -> Iterable[Hit]:
    """A limited number without the number."""
    return [] if case.fact("stock") or case.says(_STOCK) else _one(case.find(_LIMITED_STOCK))


def free_condition(case: Case, listed: Words) -> Iterable[Hit]:
    """Something for nothing, without its conditions."""
    if case.says(_CONDITIONS) or str(case.fact("rules") or "").strip():
        return []
    return stated(case, listed)


def _prizes(case: Case) -> list[dict[str, Any]]:
    prizes = case.fact("prizes")
    return [prize for prize in prizes if isinstance(prize, dict)] if prizes else []


def _yuan(match: re.Match[str]) -> float:
    if match[3]:
        return float(_number_of(match[3]) * _UNITS[match[4]])
    return float(match[1].replace(",", "")) * _UNITS[match[2]]


def _number_of(han: str) -> int:
    """十二 is 12; at most 99, and 百 as 100."""
    digits = {char: value for value, char in enumerate("零一二三四五六七八九")}
    if "百" in han:
        return 100
    tens, ten, ones = han.partition("十")
    if not ten:
        return digits.get(han[0], 0)
    return (digits.get(tens, 1) if tens else 1) * 10 + digits.get(ones, 0)


def _one(hits: Iterator[Hit]) -> list[Hit]:
    return [hit for hit in [next(hits, None)] if hit is not None]


CHECKS: Mapping[str, Check] = {
    "end-missing": end_missing,
    "window-wrong": window_wrong,
    "end-unsaid": end_unsaid,
    "rules-missing": rules_missing,
    "prize-too-big": prize_too_big,
    "odds-missing": odds_missing,
    "odds-unsaid": odds_unsaid,
    "minors-unsaid": minors_unsaid,
    "final-interpretation": words,
    "former-price": former_price,
    "limited-time": limited_time,
    "limited-stock": limited_stock,
    "free-condition": free_condition,
    "gift-vague": stated,
    "unfair-terms": stated,
}
