"""What single trades, and the general law, forbid."""

import re
from collections.abc import Iterable, Iterator, Mapping

from content.compliance_cases import Case, Check, Hit, Words, stated, words

_UNLIMITED = re.compile(
    r"不限流量|无限流量|流量(?:不限|无限|随便用|任性用|管够|敞开用)|不限量(?:套餐|流量|卡|使用|用|版|畅|宽带)"
    r"|全国不限量|想用多少用多少"
)
_SLOWER = re.compile(r"限速|降速|达量|公平使用|超过\d{1,9}|超出\d{1,9}|\d{1,9}gb?后|封顶")
_CHILD = r"(?:小朋友|孩子们|小宝贝|同学们|小学生|宝宝们)"
_PARENT = r"(?:爸妈|爸爸|妈妈|家长|父母|爷爷|奶奶)"
_PERSUADED = re.compile(
    rf"{_CHILD}[^。!?;\n]{{0,12}}?(?:让|叫|喊|求|带|催){_PARENT}[^。!?;\n]{{0,10}}?(?:买|办|充|下单|付)"
    rf"|(?:让|叫|求|催){_PARENT}(?:快)?(?:给你)?(?:买|充值|下单|付款)"
)
_BAIT = re.compile(
    r"^(?:震惊|惊呆|吓人|可怕)[!,了]|震惊[!]|(?:速看|快看)[^。\n]{0,6}(?:删|没了)|马上(?:就)?删|即将被删"
    r"|看(?:完|到)?[^。\n]{0,6}(?:惊呆|吓傻|吓尿|哭了|沉默了|后悔)|不看后悔|后悔一辈子|出大事了|惊呆了"
    r"|万万没想到|99%的人(?:都)?不知道|(?:内部|绝密)消息|刚刚[,!]?(?:突发|出事)|央视都曝光|紧急扩散|深度好文"
)
_PAPERLESS = re.compile(
    r"(?:不需要?|不用|不必|无需|无须|免)(?:出示|提供|带)?(?:实名|身份证|证件)(?!复印|的?副本)"
    r"[^。!?;\n]{0,8}?(?:办|开|装|卡|号|上网)"
)
_PROMISED = re.compile(
    r"(?:保证|承诺|包|确保)[^。!?,;\n]{0,10}?(?:涨粉|上热门|上推荐|爆款|爆单|播放(?:量)?\S{0,3}?(?:过|破|达)"
    r"|万播放|万粉)|[天周月]内?涨粉[^。!?,;\n]{0,3}[千万]"
)
_UNWELCOME = re.compile(
    r"(?:女|男|外地|外省|农村|老年?|残疾|少数民族|河南|东北|新疆)[^。!?,;\n]{0,4}?"
    r"(?:勿扰|免进|勿进|不接待|谢绝|免谈)|(?:不接待|谢绝|不服务|拒绝)(?:外地|外省|农村|残疾|老年|女|男)|只(?:招|限|要|接待)(?:男|女|本地人|年轻人)"
)
_CURE = re.compile(
    r"(?:治|治疗|治好|医好|预防|改善)(?:感冒|失眠|颈椎|高血压|糖尿病|咳嗽|腰疼|腰痛|胃病|关节炎|近视|鼻炎|便秘|百病)"
)
_YIELD = re.compile(r"年化[^,。!?;\n]{0,4}\d|日息\d|月息\d")
_HEAD = ("标题", "摘要", "菜单", "名称")


def unlimited(case: Case, _listed: Words) -> Iterable[Hit]:
    """No limit, and no word on when it gets slow."""
    return [] if case.says(_SLOWER) else case.find(_UNLIMITED)


def realname(case: Case, listed: Words) -> Iterator[Hit]:
    """Cards without papers, or cards for sale."""
    yield from stated(case, listed)
    # The "not" is the offence here, so nothing denies it.
    for line in case.lines:
        for match in _PAPERLESS.finditer(line.dense.text):
            yield Hit(line.place, line.dense.quote(*match.span()))


def fake_traffic(case: Case, listed: Words) -> Iterator[Hit]:
    """Bought figures, or figures that are promised."""
    yield from stated(case, listed)
    yield from case.find(_PROMISED)


def finance_promise(case: Case, listed: Words) -> Iterator[Hit]:
    """Gains that are promised, or named as a rate."""
    yield from stated(case, listed)
    yield from case.find(_YIELD)


def medical_claim(case: Case, listed: Words) -> Iterator[Hit]:
    """What is no medicine heals."""
    yield from stated(case, listed)
    yield from case.find(_CURE)


def discrimination(case: Case, listed: Words) -> Iterator[Hit]:
    """Somebody is not wanted for what he is."""
    yield from stated(case, listed)
    for line in case.lines:
        for match in _UNWELCOME.finditer(line.dense.text):
            yield Hit(line.place, line.dense.quote(*match.span()))


def minor_persuasion(case: Case, _listed: Words) -> Iterator[Hit]:
    """Children are told to ask their parents to buy."""
    return case.find(_PERSUADED)


def clickbait(case: Case, _listed: Words) -> Iterator[Hit]:
    """A title that frightens, or begs to be opened; the bodies of articles may tell of fright."""
    for line in case.lines:
        if case.work.kind == "article" and not line.place.startswith(_HEAD):
            continue
        for match in _BAIT.finditer(line.dense.text):
            yield Hit(line.place, line.dense.quote(*match.span()))


CHECKS: Mapping[str, Check] = {
    "telecom-unlimited": unlimited,
    "telecom-lifetime": stated,
    "telecom-speed": stated,
    "telecom-realname": realname,
    "fake-traffic": fake_traffic,
    "finance-promise": finance_promise,
    "medical-claim": medical_claim,
    "superstition": words,
    "gambling": stated,
    "discrimination": discrimination,
    "vulgar": stated,
    "minor-persuasion": minor_persuasion,
    "clickbait": clickbait,
}
