"""What stands around pushes: test sends, kill switches, uploaded lists, the member's attention."""

import io
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from handlers.lanes import send_sms
from kernel.outcomes import Outcome
from kernel.sms import SmsRefused, SmsUnknown
from loyalty import staff
from loyalty.members import PHONE_PLACE, Member
from pushes import credits, drafts, switches
from pushes.audiences import PushList, PushListMember
from pushes.deliveries import Delivery
from tests.console import push_desk, seeds
from tests.console.acts import acts
from tests.console.house import NOON, Browser, House
from tests.console.push_desk import MASS, NOTICE, SMS, TEMPLATE
from tests.jobs.house import Texts
from tests.loyalty.people import VAULT, join
from tests.loyalty.test_member_files import write_xlsx

LISTS = "/console/push-lists"
SWITCHES = "/console/push-channels"


@dataclass
class Preview:
    """Takes what a colleague is sent."""

    calls: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    def preview(self, openid: str, body: dict[str, Any]) -> Outcome:
        self.calls.append(("preview", openid, body))
        return Outcome("sent")

    def send_one(self, path: str, openid: str, body: dict[str, Any]) -> Outcome:
        self.calls.append((path, openid, body))
        return Outcome("refused", "43101")


@pytest.fixture
def preview(house: House) -> Preview:
    """A push by three channels, a colleague, and the pretended WeChat."""

    def work(db: Session) -> None:
        staff.appoint(db, "oClerk", "店员小李", "zhongshan", NOON)
        contents = {"mass": MASS, "notice": NOTICE, "sms": SMS}
        given = drafts.Form("试发", list(contents), [{"share": 100, "contents": contents}],
                            link="/site/coupons")  # fmt: skip
        drafts.write(db, given, seeds.hand_of(db, "marketer"))

    house.database.transaction(work)
    found = Preview()
    wiring = house.app.extensions["weiting"]
    house.app.extensions["weiting"] = replace(wiring, push_preview=found)
    return found


def test_a_colleague_gets_it_and_it_is_no_delivery(house: House, preview: Preview) -> None:
    marketer = house.enter("marketer")
    assert "店员小李" in marketer.text("/console/pushes/1")

    answer = marketer.post("/console/pushes/1/trials", staff="1")

    assert [(path, openid) for path, openid, _ in preview.calls] == [
        ("preview", "oClerk"), ("message/subscribe/bizsend", "oClerk"),
    ]  # fmt: skip
    notice = preview.calls[1][2]
    assert notice["data"]["thing2"]["value"] == "店员小李，请查收"
    assert notice["page"] == "http://hall.test/site/coupons"  # and not a link that counts
    for words in ("已送到手机", "没有允许这个订阅通知", "对方不是会员，没有手机号可发"):
        assert words in answer.text
    act = acts(house)[-1]
    assert (act.action, act.subject) == ("push.tested", "push:1")
    assert act.details == {"people": ["店员小李"], "taken": 1, "tried": 3}
    assert house.database.read(lambda db: db.scalar(select(func.count(Delivery.id)))) == 0


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (None, "已送到手机"),
        (SmsRefused("余额不足"), "短信网关没有接受（余额不足）"),
        (SmsUnknown("504"), "没有得到明确答复，请看看手机有没有收到"),
    ],
)
def test_a_colleague_who_is_a_member_gets_the_short_message(
    house: House, preview: Preview, failure: Exception | None, words: str
) -> None:
    del preview
    clerk = house.database.transaction(lambda db: join(db, "oClerk"))
    sender = Texts(fails=failure)
    wiring = house.app.extensions["weiting"]
    house.app.extensions["weiting"] = replace(
        wiring,
        sms_trial=partial(send_sms, sender, VAULT),
        push_rules=replace(wiring.push_rules, sms_signature="铁通"),
    )

    answer = house.enter("marketer").post("/console/pushes/1/trials", staff="1")

    assert words in answer.text
    sealed = house.database.read(lambda db: db.get_one(Member, clerk).phone_sealed)
    [(phone, message)] = sender.sent
    assert phone == VAULT.open(sealed or "", PHONE_PLACE)
    link = "http://hall.test/site/coupons"  # and not one that counts
    assert message.text == f"【铁通】店员小李您好，礼券已到账 {link} 拒收请回复R"
    assert message.params == {"name": "店员小李", "link": link}


def test_only_colleagues_are_sent_a_test(house: House, preview: Preview) -> None:
    marketer = house.enter("marketer")
    for odd in ([], ["424242"], ["x"], ["1"] * 3 + [str(n) for n in range(2, 9)], ["٣"]):
        assert marketer.post("/console/pushes/1/trials", staff=odd).status_code == 422, odd
    assert preview.calls == []
    assert len(acts(house)) == 1


def test_a_channel_is_stopped_and_let_on(house: House) -> None:
    duty = house.enter("operations")
    assert "请写明原因" in _after(duty, f"{SWITCHES}/sms/stops", reason=" ")
    assert "没有这个渠道" in _after(duty, f"{SWITCHES}/pigeon/stops", reason="飞走了")
    assert "投诉增多" in _after(duty, f"{SWITCHES}/sms/stops", reason="投诉增多")
    assert list(house.database.read(switches.stopped)) == ["sms"]
    assert "恢复" in duty.text(SWITCHES)

    duty.post(f"{SWITCHES}/sms/resumptions")
    assert house.database.read(switches.stopped) == {}
    assert "本来就是开着的" in _after(duty, f"{SWITCHES}/sms/resumptions")
    assert [act.action for act in acts(house)] == ["channel.stopped", "channel.resumed"]
    assert "停用</button>" not in house.enter("marketer").text(SWITCHES)


def _after(browser: Browser, path: str, **form: str) -> str:
    answer = browser.post(path, **form)
    assert answer.status_code == 303
    return browser.text(answer.location)


def upload(browser: Browser, content: bytes, name: str = "people.csv", title: str = "到期") -> Any:
    return browser.post(LISTS, name=title, file=(io.BytesIO(content), name))


def test_a_list_says_which_lines_name_nobody(house: House) -> None:
    house.database.transaction(lambda db: seeds.add_members(db, house.vault, range(1, 4)))
    lines = ["姓名,手机号", f"甲,{seeds.phone_of(1)}", f"乙,+86 {seeds.phone_of(2)}",
             f"丙,{seeds.phone_of(1)}", "丁,13900000000", "戊,1390000000"]  # fmt: skip
    marketer = house.enter("marketer")

    answer = upload(marketer, "\n".join(lines).encode("gb18030"))

    assert "名单里有 2 位会员" in answer.text
    for words in (
        "第 4 行 138****0001：重复",
        "第 5 行 139****0000：没有这位会员",
        "第 6 行 139…：看不懂",
    ):
        assert words in answer.text
    assert "13900000000" not in answer.text
    kept = house.database.read(lambda db: db.scalars(select(PushList)).one())
    assert (kept.name, kept.size, kept.lost) == ("到期", 2, 3)
    act = acts(house)[-1]
    assert (act.action, act.details) == ("push_list.made", {"size": 2, "lost": 3})

    drafted = push_desk.form(audience_kind="list", audience_list=str(kept.id))
    assert marketer.post("/console/pushes", **drafted).status_code == 303
    assert "名单“到期”" in marketer.text("/console/pushes/1")


def test_member_numbers_and_bare_columns_are_read_as_well(house: House) -> None:
    house.database.transaction(lambda db: seeds.add_members(db, house.vault, range(1, 3)))
    marketer = house.enter("marketer")

    upload(marketer, "会员号\n1\n2\n３\n".encode())
    upload(marketer, f"{seeds.phone_of(1)}\n2\n".encode(), title="没有表头")

    sizes = house.database.read(
        lambda db: db.execute(
            select(PushListMember.list_id, func.count()).group_by(PushListMember.list_id)
        ).all()
    )
    assert {row[0]: row[1] for row in sizes} == {1: 2, 2: 2}


def test_a_workbook_is_read_as_it_stands(house: House, tmp_path: Path) -> None:
    house.database.transaction(lambda db: seeds.add_members(db, house.vault, range(1, 3)))
    rows: list[list[object]] = [["姓名", "手机"], ["甲", int(seeds.phone_of(1))],
                                ["乙", seeds.phone_of(2)], ["丙", "=1+1"]]  # fmt: skip
    content = write_xlsx(tmp_path, rows).read_bytes()

    answer = upload(house.enter("marketer"), content, "名单.xlsx")

    assert "名单里有 2 位会员" in answer.text
    assert "第 4 行" in answer.text


def test_a_list_that_is_none_is_refused(house: House) -> None:
    marketer = house.enter("marketer")
    for content, name, title, words in (
        ("姓名\n甲".encode(), "a.csv", "名", "手机号"),
        (b"", "a.csv", "名", "空的"),
        ("手机号\n".encode(), "a.csv", "名", "没有名单"),
        ("手机号\n13900000000".encode(), "a.csv", "名", "没有一行"),
        ("手机号,手机号\n1,2".encode(), "a.csv", "名", "出现两次"),
        (f"手机号\n{seeds.phone_of(1)}".encode(), "a.exe", "名", "XLSX"),
        (b"PK\x03\x04", "a.xlsx", "名", "不完整"),
        (b"1", "a.csv", "", "请填写名单名称"),
    ):
        answer = upload(marketer, content, name, title)
        assert answer.status_code == 422, words
        shown = answer.text
        assert words in shown or "refused: file_refused" in shown, words
    assert house.database.read(lambda db: db.scalar(select(func.count(PushList.id)))) == 0


def test_the_member_page_says_what_he_may_still_get_and_why_not(house: House) -> None:
    def work(db: Session) -> None:
        for number in (1, 2):
            seeds.add_member(db, house.vault, number)
        credits.allow(db, f"oMember{1:021d}", TEMPLATE, NOON)
        seeds.run_push(db, "marketer")
        contents = {"notice": NOTICE, "sms": SMS}
        given = drafts.Form("下一个", list(contents), [{"share": 100, "contents": contents}])
        drafts.write(db, given, seeds.hand_of(db, "marketer"))
        db.execute(Delivery.__table__.update().values(state="sent", settled_at=NOON))  # type: ignore[attr-defined]

    house.database.transaction(work)
    auditor = house.enter("auditor")
    page = auditor.text("/console/members/1/pushes")
    for words in (
        "3 / 4 条",
        "48 小时内没有来过消息",
        "TplN…0001",
        "1 / 3 次",
        "冬至祝福",
        "已送出",
    ):
        assert words in page
    reached = auditor.text("/console/members/1/pushes?push=2")
    assert "会用<b>订阅通知</b>发给他" in reached
    assert "未同意接收营销信息" in reached
    assert "没有一个渠道能送到" in auditor.text("/console/members/2/pushes?push=2")
    assert auditor.get("/console/members/1/pushes?push=424242").status_code == 404
    assert auditor.get("/console/members/1/pushes?push=x").status_code == 200
