"""Blocks: what is accepted, and that nothing typed ever becomes markup."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from content import block_text, blocks, inline, links, page_html, slots, wechat_html
from content.facts import BranchFact, CouponFact, Facts, MediaFact, ProductFact
from kernel.refusals import Invalid

TAGS = {
    "h2", "h3", "p", "strong", "a", "br", "ul", "ol", "li", "blockquote", "figure", "img",
    "figcaption", "hr", "div", "table", "thead", "tbody", "tr", "th", "td", "b", "span", "section",
}  # fmt: skip
ATTRIBUTES = {
    "href", "rel", "class", "src", "width", "height", "alt", "loading", "scope", "tabindex",
    "style",
}  # fmt: skip
NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&{{7*7}}"
FACTS = Facts(
    products={"x": ProductFact("x", NASTY, NASTY, NASTY, NASTY)},
    branches={"x": BranchFact("x", NASTY, NASTY, NASTY, NASTY)},
    coupons={"x": CouponFact("x", NASTY, NASTY, "/site/coupon-batches/1")},
    house={"x": NASTY},
    media={1: MediaFact(1, "a" * 64, 10, 10, NASTY)},
)
ACCOUNT = wechat_html.Account("https://hall.example.cn", True, {1: "https://mmbiz.qpic.cn/1"})


class Reader(HTMLParser):
    """Notes every tag, attribute and address of a page, as a browser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name in {"href", "src"}:
                self.addresses.append(value or "")


def look(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def prove_harmless(html: str) -> None:
    seen = look(html)
    assert seen.tags <= TAGS
    assert seen.attributes <= ATTRIBUTES
    own = ("https://", "/site/")
    assert all(address.startswith(own) for address in seen.addresses), seen.addresses


words = st.text(max_size=60) | st.sampled_from([NASTY, "{{price:x}}", "{{fact:x}}", "a\nb"])
leads = st.sampled_from(
    ["javascript:alert(1)", "data:text/html,x", "https://ok.cn/x", "/site/x", "//evil.cn", "x y"]
)
spans = st.lists(
    st.fixed_dictionaries(
        {"text": words}, optional={"bold": st.booleans(), "link": leads | words}
    ),
    min_size=1,
    max_size=4,
)
codes = st.sampled_from(["x", "gone"]) | words
anything = st.one_of(
    st.fixed_dictionaries({"type": st.just("heading"), "text": words}),
    st.fixed_dictionaries({"type": st.sampled_from(["paragraph", "quote"]), "spans": spans}),
    st.fixed_dictionaries({"type": st.just("list"), "items": st.lists(spans, max_size=3)}),
    st.fixed_dictionaries(
        {"type": st.just("image"), "media": st.integers(0, 2), "caption": words}
    ),
    st.fixed_dictionaries(
        {
            "type": st.just("table"),
            "head": st.lists(words, min_size=2, max_size=2),
            "rows": st.lists(st.lists(words, min_size=2, max_size=2), min_size=1, max_size=2),
        }
    ),
    st.fixed_dictionaries({"type": st.sampled_from(["product", "branch"]), "code": codes}),
    st.fixed_dictionaries({"type": st.just("coupon"), "code": codes, "label": words}),
    st.fixed_dictionaries({"type": st.just("button"), "label": words, "link": leads | words}),
    st.just({"type": "divider"}),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(anything, max_size=5))
def test_nothing_that_is_accepted_becomes_markup(given_blocks: list[dict[str, Any]]) -> None:
    accepted = []
    for block in given_blocks:
        try:
            accepted += blocks.check([block])
        except Invalid:
            continue
    prove_harmless(str(page_html.render(accepted, FACTS)))
    prove_harmless(str(wechat_html.render(accepted, FACTS, ACCOUNT)))
    assert blocks.check(accepted) == accepted  # what was accepted once is accepted as it is


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_any_text_reads_as_harmless_blocks(text: str) -> None:
    try:
        read = block_text.read(text)
    except Invalid:
        return
    prove_harmless(str(page_html.render(read, FACTS)))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=20), st.sampled_from(["", "bold", "link"])),
        max_size=5,
    )
)
def test_spans_survive_being_typed(parts: list[tuple[str, str]]) -> None:
    made: list[inline.Span] = []
    for typed, mark in parts:
        text = inline.clean(typed)
        if not text:
            continue
        span: inline.Span = {"text": text}
        if mark == "bold":
            span["bold"] = True
        elif mark == "link":
            span["link"] = "/site/x"
        elif made and len(made[-1]) == 1:
            continue  # two plain ones beside each other are one
        made.append(span)
    assert inline.read(inline.write(made)) == made


def test_the_page_has_no_inline_style_and_wechat_no_class() -> None:
    body = block_text.read("## 头\n正文 **重点**\n- 一\n- 二\n\n> 引用\n\n---")
    body += blocks.check([{"type": "table", "head": ["a"], "rows": [["b"]]}])
    assert "style" not in look(str(page_html.render(body, FACTS))).attributes
    assert look(str(wechat_html.render(body, FACTS, ACCOUNT))).attributes == {"style"}


def test_links_stay_words_where_the_account_may_not_use_them() -> None:
    body = block_text.read("看[这里](https://ok.example.cn/a)和[那里](/site/products)")
    silent = wechat_html.Account("https://hall.example.cn")
    assert look(str(wechat_html.render(body, FACTS, silent))).addresses == []
    assert look(str(wechat_html.render(body, FACTS, ACCOUNT))).addresses == [
        "https://ok.example.cn/a",
        "https://hall.example.cn/site/products",
    ]
    http = wechat_html.Account("http://127.0.0.1:8000", takes_links=True)
    assert "127.0.0.1" not in str(wechat_html.render(body, FACTS, http))


def test_pictures_that_wechat_does_not_know_are_left_out() -> None:
    body = blocks.check([{"type": "image", "media": 1}, {"type": "image", "media": 2}])
    assert look(str(wechat_html.render(body, FACTS, ACCOUNT))).addresses == [
        "https://mmbiz.qpic.cn/1"
    ]


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "http://a.cn",
        "//evil.cn", "/\\evil.cn", "https://", "https://user@evil.cn", "https://a.cn:8443/",
        "https://127.0.0.1/", "https://[::1]/", "https://localhost/", "https://a.cn/\n", " https://a.cn",
        "/site/../console", "/site//evil", "/console", "https://a.cn/" + "x" * 500, "https://a.cn\\@b.cn",
    ],
)  # fmt: skip
def test_where_nothing_may_lead(link: str) -> None:
    assert not links.is_allowed(link)
    with pytest.raises(Invalid, match=r"^invalid$"):
        blocks.check([{"type": "button", "label": "x", "link": link}])


@pytest.mark.parametrize(
    "link",
    ["/site", "/site/products/broadband?from=x#top", "https://mp.weixin.qq.com/s/a?b=c&d=1"],
)
def test_where_it_may(link: str) -> None:
    assert links.is_allowed(link)


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"type": "script"}, "类型不认识"),
        ("text", "类型不认识"),
        ({"type": ["heading"]}, "类型不认识"),
        ({"type": "heading", "text": ""}, "请填写小标题"),
        ({"type": "paragraph", "spans": "x" * 5001}, "最多 5000 字"),
        ({"type": "paragraph", "spans": [{"text": 5}]}, "格式不对"),
        ({"type": "paragraph", "spans": [{"text": "x"}] * 201}, "格式太多"),
        ({"type": "list", "items": []}, "1 至 60 项"),
        ({"type": "image", "media": True}, "素材库"),
        ({"type": "image", "media": "../x"}, "素材库"),
        ({"type": "table", "head": ["a"], "rows": [["a", "b"]]}, "每行要有 1 格"),
        ({"type": "table", "head": ["a"] * 7, "rows": []}, "1 至 6 列"),
        ({"type": "product", "code": "../x"}, "请选择"),
    ],
)
def test_a_fault_is_named_by_its_block(block: object, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        blocks.check([{"type": "divider"}, block])
    reason = str(refused.value.facts["reason"])
    assert reason.startswith("第 2 段")
    assert said in reason


def test_a_body_has_its_limits() -> None:
    with pytest.raises(Invalid, match=r"^invalid$"):
        blocks.check([{"type": "divider"}] * 201)
    with pytest.raises(Invalid, match=r"^invalid$"):
        blocks.check([{"type": "paragraph", "spans": "x" * 4_999}] * 5)
    with pytest.raises(Invalid, match=r"^invalid$"):
        blocks.check({"type": "divider"})


def test_unknown_fields_are_not_kept() -> None:
    assert blocks.check([{"type": "divider", "style": "x", "onclick": "y"}]) == [
        {"type": "divider"}
    ]


def test_slots_are_filled_and_unknown_ones_found() -> None:
    facts = Facts(
        products={"b300": ProductFact("b300", "宽带", "300M", "79 元/月", "")},
        branches={"zs": BranchFact("zs", "中山厅", "路 1 号", "0411-1", "每天 9:00")},
        house={"service": "0590-1"},
    )
    text = "{{price:b300}} {{ hours:zs }} {{phone:service}} {{speed:b300}}"
    assert slots.fill(text, facts) == "79 元/月 每天 9:00 0590-1 300M"
    assert slots.unknown(text, facts) == []
    wrong = "{{price:gone}} {{价格}} {{colour:b300}}"
    assert len(slots.unknown(wrong, facts)) == 3
    assert not re.search(r"[{}]", slots.fill(wrong, facts))
