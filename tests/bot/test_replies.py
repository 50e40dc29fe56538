"""Replies: no text breaks out of the XML, none is too long to be shown."""

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inbound import Account, Gate, Inbound
from bot.replies import (
    TEXT_BYTES,
    Card,
    Nothing,
    Reply,
    Text,
    ToStaff,
    answer,
    cut,
    from_json,
    render,
    to_json,
)
from bot.xml import parse

INBOUND = Inbound("text", "oAnna", "gh_hall", datetime(2026, 11, 20, tzinfo=UTC), "k", {})
GATE = Gate(Account("wx5823bf96d3bd56c7", "t" * 24, "a" * 43, "safe"))
# Anything a database or a person may hand over, and what breaks naive templates.
_BREAKERS = [
    "]]>",
    "]]",
    ">",
    "]",
    "<![CDATA[",
    "\0",
    "\x0b",
    "\ud800",
    "\udfff",
    "\r",
    "汉",
    "👋",
    "é",
]
_NASTY = st.one_of(
    st.text(st.characters(), max_size=30),
    st.lists(st.sampled_from(_BREAKERS), max_size=12).map("".join),
    # Long ones, whose cut falls on each byte of a character in turn.
    st.builds(
        lambda head, unit, count: head + unit * count,
        st.text("ab", max_size=3),
        st.sampled_from(_BREAKERS),
        st.integers(400, 1100),
    ),
)


def readable(value: str) -> str:
    """What XML can carry of a text: no control characters or half pairs, one kind of line end."""
    kept = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", value)
    return kept.replace("\r\n", "\n").replace("\r", "\n")


def read(reply: Reply) -> ET.Element:
    """The rendered reply, parsed by a strict parser."""
    return ET.fromstring(render(reply, INBOUND, 1_795_000_000).encode())


@given(_NASTY)
def test_a_text_comes_out_as_it_went_in_or_cut(content: str) -> None:
    root = read(Text(content))
    assert [child.tag for child in root] == [
        "ToUserName", "FromUserName", "CreateTime", "MsgType", "Content",
    ]  # fmt: skip
    shown = root.findtext("Content") or ""
    assert len(shown.encode()) <= TEXT_BYTES
    whole = readable(content)
    assert (
        shown == whole
        if len(content.encode("utf-8", "ignore")) <= TEXT_BYTES
        else (whole.startswith(shown))
    )


@given(_NASTY, _NASTY, _NASTY, _NASTY)
def test_a_card_is_one_article_whatever_it_holds(
    title: str, description: str, url: str, picture: str
) -> None:
    root = read(Card(title, description, url, picture))
    assert root.findtext("ArticleCount") == "1"
    (item,) = root.findall("Articles/item")
    assert [child.tag for child in item] == ["Title", "Description", "PicUrl", "Url"]
    assert readable(title).startswith(item.findtext("Title") or "")


@given(_NASTY, st.integers(0, 3000))
def test_a_cut_is_on_a_character_and_cuts_no_more_than_it_must(value: str, limit: int) -> None:
    kept = cut(value, limit)
    bare = value.encode("utf-8", "ignore").decode()
    assert len(kept.encode("utf-8", "ignore")) <= limit
    if len(bare.encode()) > limit:
        assert bare.startswith(kept)
        assert len(kept.encode()) > limit - 4


@given(_NASTY)
def test_a_sealed_reply_opens_to_the_same_xml(content: str) -> None:
    inbound = Inbound(**{**INBOUND.__dict__, "encrypted": True})
    sealed = answer(GATE, Text(content), inbound, "1795000000", "n1")
    fields = parse(sealed.encode())
    assert GATE._crypto is not None
    opened = GATE._crypto.unseal(str(fields["Encrypt"]), "wx5823bf96d3bd56c7")
    assert opened.decode() == render(Text(content), INBOUND, 1_795_000_000)
    signed = GATE._sign("1795000000", "n1", str(fields["Encrypt"]))
    assert fields["MsgSignature"] == signed


def test_a_reply_goes_back_to_the_sender() -> None:
    root = read(Text("好"))
    assert (root.findtext("ToUserName"), root.findtext("FromUserName")) == ("oAnna", "gh_hall")
    assert root.findtext("CreateTime") == "1795000000"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [(Text("x"), "text"), (ToStaff(), "transfer_customer_service"), (Card("a", "b", "c"), "news")],
)
def test_kinds_are_the_platform_s_names(reply: Reply, kind: str) -> None:
    assert read(reply).findtext("MsgType") == kind


def test_nothing_is_an_empty_body_even_when_encryption_was_asked_for() -> None:
    inbound = Inbound(**{**INBOUND.__dict__, "encrypted": True})
    assert answer(GATE, Nothing(), inbound, "1795000000", "n1") == ""


@pytest.mark.parametrize(
    "reply", [Text("x]]>"), Card("a", "b", "c", "d"), ToStaff(), Nothing()], ids=repr
)
def test_a_kept_reply_is_the_same_again(reply: Reply) -> None:
    assert from_json(to_json(reply)) == reply
