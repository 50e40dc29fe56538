"""People of the console for the tests: spare operators, invitations, branches with their rows."""

from dataclasses import dataclass
from datetime import timedelta

import pyotp
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from content.branches import Branch
from kernel import operator_invitations, second_factors
from kernel.operator_invitations import Invitation
from kernel.operators import Operator, Place
from kernel.vault import Vault
from loyalty import claims, redemptions, staff
from loyalty.coupons import Coupon
from loyalty.redemptions import Redemption
from products import applications
from products.applications import Application, Form
from products.catalogue import Product
from tests.console import loyalty_seeds, seeds
from tests.console.house import NOON, PASSWORD, Browser, House


@dataclass(frozen=True)
class BranchRows:
    """A branch, and the numbers of what belongs to it."""

    code: str
    application: str
    redemption_id: int


def add_operator(session: Session, login: str, role: str, branch: str | None = None) -> int:
    """One more operator, whose password is everybody's and cheap to check."""
    person = Operator(
        login=login,
        name=f"{login} person",
        role=role,
        branch=branch,
        password_hash=seeds.CHEAP_HASH,
        active=True,
        created_at=NOON,
    )
    session.add(person)
    session.flush()
    return person.id


def add_redemption(session: Session, vault: Vault, member_id: int, branch: str) -> int:
    """The member's coupon, redeemed a moment ago by a clerk of the branch."""
    clerk = f"oClerk-{branch}"
    staff.appoint(session, clerk, f"{branch} 店员", branch, NOON)
    batch_id = loyalty_seeds.add_batch(session, f"counter-{branch}")
    coupon = claims.claim(session, batch_id, member_id, NOON)
    code, _ = redemptions.show_code(vault, session.get_one(Coupon, coupon.id), NOON)
    redemptions.redeem(session, vault, code, staff.get(session, clerk), NOON)
    taken = select(Redemption.id).where(Redemption.standing_coupon_id == coupon.id)
    return session.scalars(taken).one()


def add_branch_rows(session: Session, vault: Vault, code: str, number: int) -> BranchRows:
    """A branch in a district of its own, an application from there, a redemption there."""
    found = session.scalar(select(Branch).where(Branch.code == code))
    district = found.district if found else f"{code} 区"
    if found is None:
        session.add(
            Branch(
                code=code,
                name=f"{code} 营业厅",
                district=district,
                address="1 号",
                phone="1",
                hours="9:00–17:00",
                latitude=38.9,
                longitude=121.6,
            )
        )
    member = seeds.add_member(session, vault, number)
    visit_on = (NOON + timedelta(days=3)).date()
    form = Form(_product(session), "300M 宽带", district, "海港街 18 号", visit_on, "上午")
    application: Application = applications.submit(session, vault, member.id, form, NOON)
    redemption_id = add_redemption(session, vault, member.id, code)
    return BranchRows(code, application.number, redemption_id)


def _product(session: Session) -> int:
    found = session.scalar(select(Product).where(Product.code == "b300"))
    if found is None:
        found = Product(
            code="b300", family="broadband", name="300M 宽带", speed="300M", price_fen=7900,
            period="月", summary="-", terms="-",
        )  # fmt: skip
        session.add(found)
        session.flush()
    return found.id


def furnish(session: Session, vault: Vault, member_id: int) -> dict[str, str]:
    """An operator to do things to, an invitation, a redemption; what to put into paths."""
    person_id = add_operator(session, "spare", "marketer")
    who = Invitation("newcomer", "新同事", Place("marketer"))
    token = operator_invitations.invite(session, who, NOON, None)
    standing = operator_invitations.find(session, token, NOON)
    return {
        "person_id": str(person_id),
        "token": token,
        "invitation_id": str(standing.id),
        "redemption_id": str(add_redemption(session, vault, member_id, "zhongshan")),
        "mark": "0" * 64,
    }


def add_more(session: Session, vault: Vault, member_id: int) -> None:
    """One more of each thing, named after the member, so that lists grow."""
    add_operator(session, f"person{member_id}", "auditor")
    who = Invitation(f"guest{member_id}", "新同事", Place("marketer"))
    operator_invitations.invite(session, who, NOON, None)
    add_redemption(session, vault, member_id, f"b{member_id}")


def enrol(house: House, login: str) -> pyotp.TOTP:
    """Give the operator a second factor; returns his phone. The present code is not used up."""

    def work(session: Session) -> str:
        number = session.scalars(select(Operator.id).where(Operator.login == login)).one()
        second_factors.begin(session, house.vault, number, NOON)
        factor = second_factors.find(session, number)
        assert factor is not None
        factor.confirmed_at = NOON
        return second_factors.secret_of(house.vault, factor)

    return pyotp.TOTP(house.database.transaction(work))


def code_now(house: House, phone: pyotp.TOTP, steps: int = 0) -> str:
    """What the phone shows, or will show so many steps later."""
    return phone.at(int(house.clock.now().timestamp()) + 30 * steps)


def sign_in(browser: Browser, login: str, password: str = PASSWORD) -> TestResponse:
    """The first step."""
    return browser.post("/console/sign-in", login=login, password=password)
