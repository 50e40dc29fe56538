"""Words of advertisements that the law does not allow, or that want a proof."""

import re
from collections.abc import Iterator, Mapping

from content.compliance_cases import Case, Check, Hit, Words, stated, words

_RIVAL = r"(?:移动|电信|联通|广电|同行|别家|其他公司|竞争对手)"
_WORSE = re.compile(
    rf"比{_RIVAL}(?:的)?[^,。!?;\n]{{0,6}}(?:便宜|稳定|好|快|强|省|靠谱|专业|实惠|划算)"
)
_SHARE = re.compile(
    r"\d{1,3}(?:\.\d{1,9})?%的?(?:本地)?(?:用户|客户|家庭|企业|商家|市民|人(?!民币))"
    r"|(?:满意度|好评率|留存率|转化率|覆盖率|成功率)[^,。!?;\n]{0,6}\d{1,3}(?:\.\d{1,9})?%"
)
_SOURCE = re.compile(
    r"数据来源|资料来源|来源:|出处|据.{0,12}(?:统计|调查|报告)|样本|回访\d|抽样|白皮书|公报"
)
_PATENT = re.compile(r"(?:国家|发明|实用新型|外观|自主)?专利(?:技术|产品|工艺|设计|认证|保护)")
_PATENT_NUMBER = re.compile(r"专利号|zl\d{8}|zl:?\s?\d{4}")


def belittle(case: Case, listed: Words) -> Iterator[Hit]:
    """Others made smaller than they are."""
    yield from stated(case, listed)
    yield from case.find(_WORSE)


def data_uncited(case: Case, _listed: Words) -> Iterator[Hit]:
    """A share of people, or a rate, without a word about where it comes from."""
    if not case.says(_SOURCE):
        yield from case.find(_SHARE)


def patent_number(case: Case, _listed: Words) -> Iterator[Hit]:
    """A patent without its number."""
    if not case.says(_PATENT_NUMBER):
        yield from case.find(_PATENT)


CHECKS: Mapping[str, Check] = {
    "ad-superlative": words,
    "ad-first": words,
    "ad-national": words,
    "ad-unique": words,
    "ad-leader": words,
    "ad-guarantee": words,
    "ad-endorsement": words,
    "ad-emblem": words,
    "ad-belittle": belittle,
    "data-uncited": data_uncited,
    "patent-number": patent_number,
}
