"""`flask loyalty …`: the books, the runs of the night by hand, lists."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from content.promises import PROMISES
from kernel.clock import business_day
from loyalty import checkins, coupons, points, tag_definitions, tags
from loyalty.ledger import PointsAccount
from loyalty.points import Credit
from loyalty.tag_definitions import Draft
from pushes import push_proofs
from tests.commands.test_hall_commands import run
from tests.loyalty.coupon_books import hold, redeem
from tests.loyalty.ladder import earn
from tests.loyalty.people import POLICY
from tests.world import NOON, Hall


def work(hall: Hall, deed: object) -> None:
    hall.database.transaction(deed)  # type: ignore[arg-type]


def test_every_promise_can_be_read_by_people() -> None:
    assert set(PROMISES) == {proof.code for proof in push_proofs.EVERY}


def test_books_in_order_are_proved(hall_everywhere: Hall) -> None:
    hall_everywhere.member("oOne")
    result = run(hall_everywhere, "loyalty", "prove")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "✓ L1  账户余额等于全部流水之和"
    assert len(lines) == len(push_proofs.EVERY) + 1
    assert lines[-1].startswith(f"账目一致：{len(push_proofs.EVERY)} 项全部成立")


def test_broken_books_fail_the_command(hall: Hall) -> None:
    member = hall.member("oOne").id
    work(hall, lambda session: session.execute(update(PointsAccount).values(balance=7)))
    result = run(hall, "loyalty", "prove")
    assert result.exit_code == 1
    assert f"✗ L1  账户余额等于全部流水之和\n      {member}\n" in result.output
    assert result.output.splitlines()[-1].startswith("Error: 账目不一致：2 项不成立")


def test_points_expire_by_hand(hall: Hall) -> None:
    member = hall.member("oOne").id
    credit = Credit(9, "gift", "礼")
    work(hall, lambda session: points.earn(session, member, [credit], NOON, NOON))
    assert run(hall, "loyalty", "expire").output == "已清零 1 位会员的 9 分到期积分。\n"
    assert run(hall, "loyalty", "expire").output == "已清零 0 位会员的 0 分到期积分。\n"


def test_tiers_and_tags_are_settled_by_hand(hall: Hall) -> None:
    member = hall.member("oOne").id
    rule = {"field": "points.balance", "op": ">=", "value": 100}

    def prepare(session: Session) -> None:
        earn(session, member, 20_000)
        tag_definitions.define(session, Draft("rich", "积分大户", rule), NOON, by=None)

    work(hall, prepare)
    assert (
        run(hall, "loyalty", "tiers").output == "共 1 位会员：升级 1，保级 0，宽限 0，降级 0。\n"
    )
    assert "积分大户：新增 1 位，移除 0 位。" in run(hall, "loyalty", "tags").output
    assert "积分大户：新增 0 位，移除 0 位。" in run(hall, "loyalty", "tags").output
    found = hall.database.read(lambda session: tags.of_member(session, member))
    assert "rich" in {tag.code for tag, _ in found}


def test_the_liability_is_printed(hall: Hall) -> None:
    member = hall.member("oOne").id
    earn_at = NOON - timedelta(days=3)
    work(hall, lambda session: earn(session, member, 30, earn_at))
    output = run(hall, "loyalty", "liability").output
    assert "未使用积分\t30\n" in output
    assert "2026-01-01 以来获得\t30\n" in output
    assert "2027-11-20 到期\t30\n" in output
    since = run(hall, "loyalty", "liability", "--since", "2026-11-18").output
    assert "2026-11-18 以来获得\t0\n" in since


def test_an_amnesty_is_shown_first_and_done_with_yes(hall: Hall) -> None:
    member = hall.member("oOne").id
    run(hall, "operators", "add", "lin", "--name", "林晓", "--role", "owner")
    yesterday = str(business_day(NOON) - timedelta(days=1))
    work(
        hall,
        lambda session: checkins.check_in(session, member, NOON - timedelta(days=2), POLICY),
    )
    words = ["loyalty", "amnesty", yesterday, "--reason", "系统维护", "--operator", "lin"]
    shown = run(hall, *words)
    assert "将保护 1 位会员的连签" in shown.output
    assert shown.output.endswith("未执行；确认后加 --yes 再运行。\n")
    assert run(hall, *words, "--yes").output.endswith("已保护 1 位会员。\n")
    assert "将保护 0 位会员" in run(hall, *words).output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["amnesty", "2026-11-20", "--reason", "x", "--operator", "lin"], "只能保护过去"),
        (["amnesty", "2026-11-19", "--reason", "x", "--operator", "no"], "没有登录名为 no"),
        (["batch", "figures", "nothing"], "没有编码为 nothing 的券批次"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(hall: Hall, words: list[str], told: str) -> None:
    run(hall, "operators", "add", "lin", "--name", "林晓", "--role", "owner")
    result = run(hall, "loyalty", *words)
    assert result.exit_code == 1
    assert told in result.output
    assert "Traceback" not in result.output


def test_programmes_and_batches_are_listed(hall: Hall) -> None:
    assert "2026-01-01 起，长期" in run(hall, "loyalty", "programme", "list").output

    def use(session: Session) -> str:
        coupon = hold(session)
        redeem(session, coupon, order_fen=9_900)
        return coupons.get_batch(session, coupon.batch_id).code

    code = hall.database.transaction(use)
    output = run(hall, "loyalty", "batch", "figures", code).output
    assert "领取\t1\n" in output
    assert "使用率\t100.0%\n" in output
    assert "订单金额\t99.00 元\n" in output
    assert "zhongshan\t核销 1 张\n" in output
