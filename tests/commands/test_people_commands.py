"""`flask operators …`: invitations, branches, and help for whoever is locked out."""

import re

from sqlalchemy.orm import Session

from kernel import operator_invitations, operators, second_factors, sign_in_locks
from kernel.operators import Operator
from tests.commands.test_hall_commands import run
from tests.world import Hall


def find(hall: Hall, login: str) -> Operator:
    found = hall.database.read(lambda db: operators.find(db, login))
    assert found is not None
    return found


def test_people_of_a_branch_are_made_with_it(hall: Hall) -> None:
    words = ["operators", "add", "lin", "--name", "林晓", "--role", "branch_staff"]
    assert "必须选择营业厅" in run(hall, *words).output
    assert "没有这个营业厅" in run(hall, *words, "--branch", "nowhere").output

    assert run(hall, *words, "--branch", "xihu").exit_code == 0

    assert find(hall, "lin").branch == "xihu"
    assert run(hall, "operators", "list").output == "lin\t林晓\t营业员\txihu\n"


def test_a_link_is_printed_and_works(hall: Hall) -> None:
    words = ["operators", "invite", "lin", "--name", "林晓", "--role", "marketer"]
    result = run(hall, *words)
    link = re.fullmatch(r"http\S+/console/invitations/(\S+)\n", result.output)
    assert link

    found = hall.database.read(lambda db: operator_invitations.find(db, link[1], hall.clock.now()))

    assert (found.login, found.role) == ("lin", "marketer")
    again = run(hall, *words)
    assert again.exit_code != 0
    assert "已有未使用的邀请" in again.output


def test_whoever_is_locked_out_is_helped(hall: Hall) -> None:
    run(hall, "operators", "add", "lin", "--name", "林晓", "--role", "marketer")
    number = find(hall, "lin").id

    def lock_out(db: Session) -> None:
        for _ in range(5):
            sign_in_locks.take_try(db, "lin", hall.clock.now())
        second_factors.begin(db, hall.vault, number, hall.clock.now())

    hall.database.transaction(lock_out)

    assert run(hall, "operators", "unlock", "lin").exit_code == 0
    assert "已重置" in run(hall, "operators", "reset-second-factor", "lin").output
    assert "没有绑定" in run(hall, "operators", "reset-second-factor", "lin").output
    link = run(hall, "operators", "reset-password", "lin").output

    def left(db: Session) -> tuple[object, object]:
        return (
            sign_in_locks.locked_until(db, "lin", hall.clock.now()),
            second_factors.find(db, number),
        )

    assert hall.database.read(left) == (None, None)
    assert "/console/invitations/" in link
    assert run(hall, "operators", "unlock", "nobody").exit_code != 0
