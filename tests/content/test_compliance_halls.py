"""What the demo hall says and gives is itself compliant: nothing red."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from content import compliance, coupon_works
from content.compliance import Passage, Setting, Work
from content.hall_files import load_hall
from kernel.yaml import load_strict
from loyalty.coupon_batches import Form
from promotions import campaign_works
from promotions.campaigns import Campaign
from pushes import push_works
from tests.pushes.lane import mass_push
from tests.world import ROOT

HALL = ROOT / "halls" / "tietong"
AT = datetime(2026, 11, 21, 4, tzinfo=UTC)
SETTING = Setting("https://hall.test", ("hall.test", "mp.weixin.qq.com"), AT)
_SLOT = re.compile(r"\{(\w+)\}")


def texts_of(value: object, place: str) -> Iterator[Passage]:
    """Every text in a file of the hall, with the way to it."""
    if isinstance(value, str):
        yield Passage(place, value)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts_of(inner, f"{place}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from texts_of(inner, f"{place}.{number}")


@pytest.mark.parametrize("path", sorted(HALL.glob("*.yaml")), ids=lambda path: path.stem)
def test_no_text_of_the_hall_is_red(path: Path) -> None:
    for passage in texts_of(load_strict(path), path.stem):
        facts: dict[str, object] = {"slots": _SLOT.findall(passage.text)}
        if ".phrasings." in passage.place:
            continue  # what customers ask with
        # An article may be longer than one reply; its page holds the rest.
        kind: compliance.Kind = "article" if path.stem == "articles" else "reply"
        found = compliance.inspect(Work(kind, (passage,), facts=facts), SETTING)
        assert [one for one in found if one.severity == "red"] == []


def test_its_batches_and_campaigns_may_go_out() -> None:
    hall = load_hall(HALL)
    for entry in hall.coupon_batches:
        form = Form(
            code=entry.code, title=entry.title, kind=entry.kind, worth=entry.worth,
            terms=entry.terms, stock=entry.stock, starts_at=AT, ends_at=AT.replace(year=2027),
        )  # fmt: skip
        assert compliance.inspect(coupon_works.work_of(form), SETTING) == []
    for one in hall.campaigns:
        campaign = Campaign(
            code=one.code, title=one.title, summary=one.summary, body=one.body,
            starts_at=AT, ends_at=AT.replace(year=2027),
        )  # fmt: skip
        assert compliance.inspect(campaign_works.work_of(campaign), SETTING) == []


def test_a_batch_says_where_it_is_wrong() -> None:
    form = Form(
        code="x", title="最佳话费券", kind="bill_credit", worth="10 元", terms="",
        stock=1, starts_at=AT, ends_at=AT,
    )  # fmt: skip

    found = compliance.inspect(coupon_works.work_of(form), SETTING)

    assert {(one.rule, one.place) for one in found} == {
        ("ad-superlative", "券名"),
        ("rules-missing", "规则"),
        ("window-wrong", "活动时间"),
    }


def test_a_campaign_names_its_paragraph() -> None:
    campaign = Campaign(
        code="x", title="冬季活动", summary="办理有礼", starts_at=AT,
        ends_at=AT.replace(year=2027),
        body="第一段写规则，每户一次。\n\n第二段：转发朋友圈领红包。",
    )  # fmt: skip

    found = compliance.inspect(campaign_works.work_of(campaign), SETTING)

    assert [(one.rule, one.place) for one in found] == [("share-to-get", "正文第 2 段")]


def test_a_push_knows_the_quota() -> None:
    (work,) = push_works.works_of(mass_push("元旦快乐"), AT, 4)

    assert [one.rule for one in compliance.inspect(work, SETTING)] == ["mass-quota"]
