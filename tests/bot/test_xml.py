"""The strict parser: one way to say no, whatever comes."""

import contextlib
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inbound import Account, Gate, read
from bot.xml import MAX_BYTES, Malformed, parse, text

_PIECES = st.sampled_from(
    [
        *("<xml>", "</xml>", "<a>", "</a>", "<b/>", "<![CDATA[", "]]>", "&amp;", "&x;", "&#0;"),
        *("<!DOCTYPE xml>", "<?xml version='1.0' encoding='gbk'?>", "<?pi ?>", "<!--", "-->"),
        *('<a b="c">', "\0", "\x1f", "\ufeff", "张", "<MsgType>", "</MsgType>", "<xml", ">", " "),
        *("<xmlns:a>", "&#xD800;", "<a:b>", "]]", "<!ENTITY a 'b'>", "[", "\ud800"),
    ]
)
_WRITABLE = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
)


@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_fields_or_malformed(body: bytes) -> None:
    with contextlib.suppress(Malformed):
        parse(body)


@given(st.lists(_PIECES, max_size=20).map("".join))
def test_arbitrary_markup_is_fields_or_malformed(body: str) -> None:
    with contextlib.suppress(Malformed):
        read(parse(f"<xml>{body}</xml>".encode("utf-8", "surrogatepass")))


@given(st.binary(max_size=200), st.sampled_from(["utf-16", "utf-32", "utf-8-sig", "gb18030"]))
def test_other_encodings_are_fields_or_malformed(inner: bytes, encoding: str) -> None:
    body = f"<xml><a>{inner.hex()}张</a></xml>".encode(encoding)
    with contextlib.suppress(Malformed):
        parse(body + inner)


@given(st.dictionaries(st.sampled_from(["a", "MsgType", "C-1", "张"]), _WRITABLE, min_size=1))
def test_what_was_written_is_read(fields: dict[str, str]) -> None:
    inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in fields.items())
    assert parse(f"<xml>{inner}</xml>".encode()) == fields


@given(st.binary(max_size=120))
def test_a_sealed_body_of_any_bytes_is_opened_or_malformed(plain: bytes) -> None:
    gate = Gate(Account("wx0000000000000000", "t" * 16, "a" * 43, "safe"))
    assert gate._crypto is not None
    with contextlib.suppress(Malformed):
        gate._crypto.unseal(plain.decode("latin-1"), "wx0000000000000000")


def test_a_message_ends_at_64_kilobytes() -> None:
    frame = len("<xml><a></a></xml>")
    fits = f"<xml><a>{'x' * (MAX_BYTES - frame)}</a></xml>".encode()
    assert len(text(parse(fits), "a")) == MAX_BYTES - frame
    with pytest.raises(Malformed):
        parse(fits.replace(b"x", b"xx", 1))


def test_nested_lists_are_lists_and_flat_fields_stay_text() -> None:
    fields = parse(b"<xml><P><I><M>1</M></I><I><M>2</M></I><I/></P><T>x<!-- y --></T></xml>")
    assert fields == {"P": {"I": [{"M": "1"}, {"M": "2"}, ""]}, "T": "x"}
    assert (text(fields, "P", "none"), text(fields, "missing")) == ("none", "")
