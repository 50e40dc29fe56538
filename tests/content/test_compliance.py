"""The rules of 合规预检 on the corpus, one by one, and on what wants to break them."""

import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from content import compliance
from content.compliance import Passage, Setting, Work
from content.compliance_cases import MOST_CHARS
from content.compliance_privacy import is_bank_card, is_id_card
from kernel.yaml import load_strict
from tests.content.corpus import SETTING, Sample, samples

RULES = {rule.id: rule for rule in compliance.rules()}
LEAST = 0.9


def reply(text: str, place: str = "文字") -> Work:
    return Work("reply", (Passage(place, text),))


def found(work: Work, setting: Setting | None = None) -> list[str]:
    return [one.rule for one in compliance.inspect(work, setting)]


def test_the_corpus_is_large_and_mixed() -> None:
    clean = [sample for sample in samples() if not sample.expected]

    assert len(samples()) >= 150
    assert len(clean) / len(samples()) >= 0.4
    assert {sample.work.kind for sample in samples()} == set(compliance.KINDS)


def test_precision_and_recall(capsys: pytest.CaptureFixture[str]) -> None:
    right = wrong = missed = 0
    for sample in samples():
        right += len(sample.found & sample.expected)
        wrong += len(sample.found - sample.expected)
        missed += len(sample.expected - sample.found)
    precision, recall = right / (right + wrong), right / (right + missed)
    with capsys.disabled():
        print(  # noqa: T201 - the figures are what people want to read
            f"\ncompliance: {len(samples())} samples, {len(RULES)} rules,"
            f" precision {precision:.3f}, recall {recall:.3f}"
        )

    assert precision >= LEAST
    assert recall >= LEAST


def test_every_name_in_the_corpus_is_a_rule() -> None:
    named = {rule for sample in samples() for rule in sample.expected | sample.near}

    assert named <= set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_has_a_hit_and_a_near_miss(rule: str) -> None:
    def says(sample: Sample) -> bool:
        return rule in sample.found

    assert any(says(sample) for sample in samples() if rule in sample.expected)
    near = [sample for sample in samples() if rule in sample.near]
    assert near
    assert not any(says(sample) for sample in near)


def test_no_text_stands_twice() -> None:
    counted = Counter((one.work.kind, one.work.passages, str(one.work.facts)) for one in samples())

    assert [work for work, count in counted.items() if count > 1] == []


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_says_why_and_what_to_do(rule: compliance.Rule) -> None:
    for text in (rule.title, rule.why, rule.fix, rule.source):
        assert len(text) >= 2
        assert "{" not in text
    assert rule.severity in {"red", "amber"}
    assert set(rule.kinds) <= set(compliance.KINDS)


def test_there_are_many_rules() -> None:
    assert len(RULES) >= 30
    assert {rule.severity for rule in RULES.values()} == {"red", "amber"}


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("本地最佳选择", "最佳"),
        ("本地最 佳选择", "最 佳"),
        ("本地最*佳选择", "最*佳"),
        ("本地最\u200b佳选择", "最\u200b佳"),
        ("本地最👍佳选择", "最👍佳"),
        ("本地蕞佳选择", "蕞佳"),
        ("國家級标准", "國家級"),
        ("排名ＮＯ．１的宽带", "ＮＯ．１"),
    ],
)
def test_what_was_written_is_quoted_however_it_hides(text: str, quote: str) -> None:
    (finding,) = compliance.inspect(reply(text))

    assert (finding.quote, finding.place, finding.severity) == (quote, "文字", "red")


def test_words_do_not_join_over_the_end_of_a_thought() -> None:
    assert found(reply("他比我最。佳节快乐")) == []
    assert found(reply("家里我最\n佳节快乐")) == []


def test_a_finding_names_its_own_place_and_stands_once() -> None:
    work = Work("article", (Passage("标题", "好"), Passage("正文第 3 段", "顶级，顶级，顶级")))

    assert [(one.rule, one.place) for one in compliance.inspect(work)] == [
        ("ad-national", "正文第 3 段")
    ]


def test_red_comes_before_amber() -> None:
    work = reply("请联系13812345678，本店最终解释权。领先品牌。")

    severities = [one.severity for one in compliance.inspect(work)]
    assert severities == sorted(severities, reverse=True)
    assert set(severities) == {"red", "amber"}


def test_a_measured_finding_says_the_measure() -> None:
    tree = [{"name": "六个汉字菜单", "entries": []}]
    work = Work("menu", (), facts={"tree": tree})

    (finding,) = compliance.inspect(work)
    assert finding.place == "六个汉字菜单"
    assert "现有 18 字节，最多 16" in finding.why


@pytest.mark.parametrize(
    ("clock", "is_quiet"),
    [
        ("2026-12-01T12:59:59", False),  # 20:59:59 in Shanghai
        ("2026-12-01T13:00:00", True),
        ("2026-12-01T23:59:59", True),
        ("2026-12-02T00:00:00", False),
    ],
)
def test_quiet_hours_are_those_of_shanghai(clock: str, is_quiet: bool) -> None:
    at = datetime.fromisoformat(clock).replace(tzinfo=UTC)
    work = Work("push", (Passage("内容", "您好"),), facts={"at": at})

    assert ("quiet-hours" in found(work)) == is_quiet


@pytest.mark.parametrize(
    ("fen", "is_red"), [(5_000_000, False), (5_000_001, True), ("无", False), (None, False)]
)
def test_fifty_thousand_yuan_is_the_most(fen: object, is_red: bool) -> None:
    prizes = [{"name": "头奖", "value_fen": fen, "odds": "1%"}]
    work = Work("campaign", (Passage("标题", "抽奖"),), facts={"prizes": prizes})

    assert ("prize-too-big" in found(work)) == is_red


@pytest.mark.parametrize(
    ("text", "is_red"),
    [
        ("抽奖赢50000元现金", False),
        ("抽奖赢50,001元现金", True),
        ("抽奖赢五万元现金", False),
        ("抽奖赢十二万元现金", True),
        ("抽奖赢5.1万元现金", True),
        ("专线年费8万元", False),
    ],
)
def test_amounts_of_prizes_are_read(text: str, is_red: bool) -> None:
    assert ("prize-too-big" in found(reply(text))) == is_red


def test_our_own_pages_may_be_linked_whatever_their_address() -> None:
    ours = Setting("http://127.0.0.1:8000", ("127.0.0.1",))
    text = '<a href="http://127.0.0.1:8000/site/coupons">领券</a>'

    assert found(reply(text), ours) == []
    assert found(reply("http://127.0.0.1:8000.evil.example/"), ours) == ["link-unsafe"]
    assert found(reply("http://127.0.0.1:80001/"), ours) == ["link-unsafe"]


def test_a_domain_covers_its_own_hosts_only() -> None:
    house = Setting("https://hall.test", ("hall.test",))

    assert found(reply("https://www.hall.test/a"), house) == []
    assert found(reply("https://nothall.test/a"), house) == ["link-domain"]
    assert found(reply("https://hall.test.evil.example/a"), house) == ["link-domain"]


def test_the_setting_of_a_request_holds_within_it_only() -> None:
    text = reply("https://nothall.test/a")

    assert found(text) == []
    with compliance.within(Setting("https://hall.test", ("hall.test",))):
        assert found(text) == ["link-domain"]
    assert found(text) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/", "http://0x7f.1/", "http://[::1]/", "ftp://hall.test/a",
        "https://hall.test:6379/", "https://hall.test@evil.example/", "http://localhost/",
        "http://[::1",
    ],
)  # fmt: skip
def test_odd_addresses_are_unsafe(url: str) -> None:
    house = Setting("https://hall.test", ("hall.test",))
    work = Work("menu", (Passage("一", "一"),), (Passage("一", url),))

    assert found(work, house) == ["link-unsafe"]


def test_check_digits() -> None:
    assert is_id_card("11010519491231002x")
    assert not is_id_card("110105194912310021")
    assert is_bank_card("6222021234567890128")
    assert not is_bank_card("6222021234567890127")
    assert not is_bank_card("0000000000000000")


@pytest.mark.parametrize(
    "text",
    [
        "最好带" * 6_667, "分享" * 10_000, "关注" * 10_000, "“最佳" * 6_667, "1" * 20_000,
        "1-" * 10_000, "{" * 20_000, "最 " * 10_000, "a@" * 10_000, "http://" * 2_800,
        "抽奖9万" * 5_000, "a." * 10_000, "转发领" * 6_000, "集赞" * 10_000, "\u200b" * 20_000,
        "ﷺ" * 20_000, "\ud800\x00" * 10_000, "  " * 10_000, "javascript" + " " * 20_000,
    ],
    ids=range(19),
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    work = Work("article", (Passage("标题", text[:100]), Passage("正文", text)))
    began = time.process_time()

    compliance.inspect(work, SETTING)

    assert time.process_time() - began < 1.0


def test_a_long_article_costs_what_its_parts_cost() -> None:
    text = "关掉电源，提前备份。活动12月31日截止，会员每人限领一张，分享给家人也方便。\n"

    def cost(length: int) -> float:
        work = Work("article", (Passage("正文", (text * 600)[:length]),))
        began = time.process_time()
        assert compliance.inspect(work, SETTING) == []
        return time.process_time() - began

    # Eight times as long: a rule that looks back over the text would take sixty times as long.
    short, long = (min(cost(length) for _ in range(5)) for length in (2_400, 19_200))
    assert long < 24 * short


def test_what_nobody_reads_to_its_end_is_red() -> None:
    work = reply("好" * MOST_CHARS + "最佳")

    assert "text-too-long" in found(work)


def test_odd_facts_break_nothing() -> None:
    facts: dict[str, object] = {
        "tree": "no tree", "prizes": [1, None, {"value_fen": "x"}], "slots": None, "at": "now",
        "ends_at": "soon", "starts_at": 3, "sent_this_month": "many", "odds_published": True,
        "rules": 5, "channel": 7, "stock": "all",
    }  # fmt: skip
    for kind in compliance.KINDS:
        compliance.inspect(Work(kind, (Passage("", ""),), (Passage("", ""),), facts))


def test_a_slot_that_the_hall_fills_is_no_gap() -> None:
    assert found(reply("月费{{price:broadband-300m}}")) == []
    assert found(reply("月费{{价格}}")) == ["placeholder"]


def test_the_data_files_and_the_checks_hold_the_same_rules() -> None:
    folder = Path(compliance.__file__).parent / "data"
    listed = {
        rule
        for path in folder.glob("*.yaml")
        if path.stem != "alike"
        for rule in load_strict(path)
    }

    assert listed == set(RULES)


def test_what_customers_search_with_is_not_ours() -> None:
    assert found(reply("最便宜的宽带", "相似问法 2")) == []
    assert found(reply("最便宜的宽带", "问题")) == ["ad-superlative"]
