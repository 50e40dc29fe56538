"""`flask loyalty …` with files: members in, codes in, one person's data out."""

import json
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.audit import AuditEntry
from loyalty import coupon_batches, coupons
from loyalty.members import Member
from tests.commands.test_hall_commands import run
from tests.loyalty.people import offer
from tests.world import Hall

PEOPLE = "姓名,手机\n王芳,13900000001\n李强,13900000002\n赵,123\n王芳,13900000001\n"


def hire(hall: Hall) -> None:
    run(hall, "operators", "add", "lin", "--name", "林晓", "--role", "owner")


def test_members_come_in_from_a_file_and_only_once(hall_everywhere: Hall, tmp_path: Path) -> None:
    hall, file = hall_everywhere, tmp_path / "会员.csv"
    hire(hall)
    file.write_text(PEOPLE)
    words = ["loyalty", "import-members", str(file), "--operator", "lin"]
    dry = run(hall, *words, "--dry-run")
    assert dry.output == (
        "第 4 行：手机号有误，请把该列设为文本格式\n第 5 行：手机号在文件中重复\n"
        "会新增 2 行，已存在 0 行，错误 2 行\n以上为试运行，没有写入。\n"
    )
    assert names(hall) == []
    assert run(hall, *words).output.splitlines()[-1] == "会新增 2 行，已存在 0 行，错误 2 行"
    assert names(hall) == ["王芳", "李强"]
    assert run(hall, *words).output == ("这个文件已导入过：新增 2，已存在 0，错误 2。\n")
    assert names(hall) == ["王芳", "李强"]
    assert run(hall, "loyalty", "prove").exit_code == 0


def names(hall: Hall) -> list[str]:
    query = select(Member.name).order_by(Member.id)
    return list(hall.database.read(lambda session: session.scalars(query).all()))


def test_a_file_that_is_none_begins_nothing(hall: Hall, tmp_path: Path) -> None:
    hire(hall)
    file = tmp_path / "members.csv"
    file.write_text("什么,也没有\n1,2\n")
    for _ in range(2):  # the second time is not told that an import is running
        result = run(hall, "loyalty", "import-members", str(file), "--operator", "lin")
        assert result.exit_code == 1
        assert "表头没有“姓名”列" in result.output


def test_a_persons_data_is_handed_out_and_that_is_written_down(hall: Hall, tmp_path: Path) -> None:
    hire(hall)
    member, out = hall.member("oOne", phone="13912345678"), tmp_path / "data.json"
    words = ["--operator", "lin", "--out", str(out)]
    result = run(hall, "loyalty", "member-data", str(member.id), *words)
    assert result.output == f"会员 {member.id} 的全部资料已写入 {out}，请妥善保管。\n"
    found = json.loads(out.read_text())
    assert found["会员"]["手机"] == "13912345678"
    assert found["业务申办"] == []
    assert out.stat().st_mode & 0o077 == 0
    act = hall.database.read(lambda session: session.scalars(select(AuditEntry)).all())[-1]
    assert (act.action, act.subject) == ("member.exported", f"member:{member.id}")
    assert run(hall, "loyalty", "member-data", "999999", *words).exit_code == 1


def test_partner_codes_fill_their_pool(hall: Hall, tmp_path: Path) -> None:
    hire(hall)

    def make(session: Session) -> str:
        batch = offer(session, 1, kind="partner", worth="视频会员")
        return coupons.get_batch(session, batch).code

    code = hall.database.transaction(make)
    file = tmp_path / "codes.csv"
    file.write_text("券码\nABCDEF-1\nABCDEF-2\nABCDEF-1\nshort\n")
    words = ["loyalty", "partner-codes", code, str(file), "--operator", "lin"]
    assert run(hall, *words).output == "新增券码 2 个\n文件内重复 1 个\n太短 1 个\n"
    assert run(hall, *words).output == "以前导入过 3 个\n太短 1 个\n"
    batch = hall.database.read(lambda session: coupon_batches.find(session, code))
    assert batch is not None
    assert batch.stock == 2
    result = run(hall, "loyalty", "partner-codes", "welcome-10", str(file), "--operator", "lin")
    assert result.exit_code == 1
