"""Personal data in texts: numbers of people, their cards, and what nobody may ask for."""

import re
from collections.abc import Iterator, Mapping

from content.compliance_cases import Case, Check, Hit, Words, denied, stated

_MOBILE = re.compile(
    r"(?<![\d*])(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?![\d*])"
    r"|[一幺][三四五六七八九][一二三四五六七八九零〇幺]{9}"
)
_ID_CARD = re.compile(r"(?<![\da-z])\d{6}(?:18|19|20)\d{2}[01]\d[0-3]\d{4}[\dx](?![\da-z])")
_BANK_CARD = re.compile(r"(?<![\da-z])[3-6](?:[ -]?\d){14,18}(?![\da-z])")
_PARCEL = re.compile(r"(?:快递|运单|物流|订单|工单|流水|编)号\S{0,3}$")
_EMAIL = re.compile(r"(?<![\w.+-])([\w.+-]{1,64})@((?:[a-z\d-]{1,63}\.){1,4}[a-z]{2,10})(?![\w-])")
_OFFICES = re.compile(
    r"(?:service|kefu|support|help|info|contact|hr|jobs?|sales|market(?:ing)?|business|bd|office|pr"
    r"|admin|webmaster|noreply|no-reply|privacy|press|care|cs)[\d._-]{0,6}"
)
_SECRETS = (
    r"(?:密码|验证码|动态码|校验码|银行卡号|身份证号码?|身份证照片|身份证正反面|cvv|支付码|付款码)"
)
_GIVE = r"(?:回复|回传|发来|发给|提供|告知|告诉(?:我|客服)|报一下|私信|留言|截图|上传到群|留下)"
_PAPERS = r"(?:密码|银行卡号|身份证号码?|身份证照片|身份证正反面|付款码)"
_ASKED = re.compile(
    rf"{_GIVE}[^,。!?;\n\"“「]{{0,12}}?{_SECRETS}"
    rf"|发送[^,。!?;\n\"“「]{{0,12}}?{_PAPERS}"
    rf"|(?:把|将)[^,。!?;\n]{{0,10}}?{_SECRETS}[^,。!?;\n]{{0,6}}?(?:回复|发|告诉|提供|给|报)"
)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def mobile_number(case: Case, _listed: Words) -> Iterator[Hit]:
    """A mobile number that is not masked; service numbers and landlines are none."""
    return case.find(_MOBILE, plain=True)


def id_card(case: Case, _listed: Words) -> Iterator[Hit]:
    """A number of an identity card, its check digit being right."""
    for line in case.lines:
        for match in _ID_CARD.finditer(line.plain.text):
            if is_id_card(match[0]):
                yield Hit(line.place, line.plain.quote(*match.span()))


def bank_card(case: Case, _listed: Words) -> Iterator[Hit]:
    """A number of a bank card, by Luhn; not one that is said to be a parcel's."""
    for line in case.lines:
        for match in _BANK_CARD.finditer(line.plain.text):
            before = line.plain.text[max(0, match.start() - 8) : match.start()]
            if is_bank_card(re.sub(r"\D", "", match[0])) and not _PARCEL.search(before):
                yield Hit(line.place, line.plain.quote(*match.span()))


def email(case: Case, _listed: Words) -> Iterator[Hit]:
    """An address of a person; those of an office are none."""
    for line in case.lines:
        for match in _EMAIL.finditer(line.plain.text):
            in_address = line.plain.text[match.start() - 1 : match.start()] == "/"
            if not in_address and not _OFFICES.fullmatch(match[1]):
                yield Hit(line.place, line.plain.quote(*match.span()))


def ask_secret(case: Case, _listed: Words) -> Iterator[Hit]:
    """Asking in the chat for what belongs to nobody else."""
    for line in case.lines:
        text = line.dense.text
        for match in _ASKED.finditer(text):
            if not denied(text, *match.span()):
                yield Hit(line.place, line.dense.quote(*match.span()))


def is_id_card(number: str) -> bool:
    """Whether the last sign is the check digit of the 17 before it (GB 11643)."""
    total = sum(int(digit) * weight for digit, weight in zip(number, _ID_WEIGHTS, strict=False))
    return number[-1].upper() == "10X98765432"[total % 11]


def is_bank_card(number: str) -> bool:
    """Whether Luhn's sum is right; a row of one digit is nobody's card."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (place % 2 + 1)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0 and len(set(number)) > 1


CHECKS: Mapping[str, Check] = {
    "mobile-number": mobile_number,
    "id-card": id_card,
    "bank-card": bank_card,
    "email": email,
    "ask-secret": ask_secret,
    "consent-bundled": stated,
}
