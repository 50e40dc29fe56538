"""Phone numbers of the Chinese mainland: one spelling, and a mask for everybody's eyes."""

import re
import unicodedata

from kernel.refusals import Invalid

_MOBILE = re.compile(r"1[3-9]\d{9}")


def normalise(text: str) -> str:
    """The 11 digits of a mobile number; takes +86, blanks, hyphens and full-width digits.

    Raises Invalid.
    """
    digits = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text))
    digits = re.sub(r"^(\+|00)?86(?=1\d{10}$)", "", digits)
    if not _MOBILE.fullmatch(digits) or not digits.isascii():
        raise Invalid(field="phone", reason="请输入 11 位手机号码")
    return digits


def mask(phone: str) -> str:
    """138****5678."""
    return f"{phone[:3]}****{phone[-4:]}"
