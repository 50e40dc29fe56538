"""Rows for the tests of the console: operators by role, members, applications, pushes."""

from datetime import timedelta

from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.orm import Session

from content.branches import Branch
from content.reviews import Hand
from kernel import operators
from kernel.operators import Operator
from kernel.outcomes import Outcome
from kernel.roles import BRANCH_ROLES, ROLES
from kernel.vault import Vault
from loyalty import followers, members
from loyalty.members import Member, Registration
from loyalty.tags import Tag
from menus import publications, sendings, versions
from menus.platform import MenuRules
from menus.targets import click
from menus.tree import Entry, Hall, Menu
from menus.versions import MenuVersion
from products import applications
from products.applications import Application, Form
from products.catalogue import Product
from pushes import drafts, life, series
from pushes.drafts import Form as PushForm
from pushes.pushes import Push
from pushes.series import PushSeries
from pushes.settings import PushRules
from tests.console.house import NOON, PASSWORD

# A hash says itself what it cost, so checking these is fast.
CHEAP_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def add_operators(session: Session) -> None:
    """One operator a role, whose login is the role's name."""
    session.add_all(
        Operator(
            login=role,
            name=f"{role} person",
            role=role,
            branch="zhongshan" if role in BRANCH_ROLES else None,
            password_hash=CHEAP_HASH,
            active=True,
            created_at=NOON,
        )
        for role in ROLES
    )


def add_branch(session: Session) -> None:
    session.add(
        Branch(
            code="zhongshan",
            name="中山路营业厅",
            district="中山区",
            address="中山路 1 号",
            phone="0411-1",
            hours="9:00–17:00",
            latitude=38.9,
            longitude=121.6,
        )
    )


def phone_of(number: int) -> str:
    return f"138{number:08d}"


def add_member(
    session: Session, vault: Vault, number: int, name: str = "王芳", follows: bool = True
) -> Member:
    """Member `number`, with the phone `phone_of(number)`."""
    openid = f"oMember{number:021d}"
    if follows:
        followers.follow(session, openid, NOON - timedelta(days=1))
    form = Registration(openid, name, phone_of(number), "2026-11")
    return members.admit(session, vault, form, NOON - timedelta(hours=1))


def add_members(session: Session, vault: Vault, numbers: range, name: str = "王芳") -> None:
    """Several who follow."""
    for number in numbers:
        add_member(session, vault, number, name=name)


def add_application(session: Session, vault: Vault, member: Member) -> Application:
    product = session.scalar(select(Product).where(Product.code == "b300"))
    if product is None:
        product = Product(
            code="b300",
            family="broadband",
            name="300M 宽带",
            speed="300M",
            price_fen=7900,
            period="月",
            summary="-",
            terms="-",
        )
        session.add(product)
        session.flush()
    visit_on = (NOON + timedelta(days=3)).date()
    form = Form(product.id, product.name, "中山区", "海港街 18 号 3 单元 502", visit_on, "上午")
    return applications.submit(session, vault, member.id, form, NOON)


def hand_of(session: Session, login: str) -> Hand:
    """That operator, at noon."""
    return Hand(session.scalars(select(Operator.id).where(Operator.login == login)).one(), NOON)


def add_push(
    session: Session, author: str, title: str = "冬至祝福", text: str = "冬至快乐\n记得吃饺子"
) -> Push:
    """A draft by the operator with that role."""
    return drafts.write(session, drafts.text_form(title, text), hand_of(session, author))


def add_series(session: Session, author: str) -> PushSeries:
    """A greeting of every Monday, by the operator with that role."""
    schedule = {"kind": "weekly", "weekdays": [0], "at": "09:30"}
    plan = series.Plan("早安", drafts.text_form("早安", "早上好"), schedule)
    return series.write(session, plan, series.House(), hand_of(session, author))


def submit_push(session: Session, author: str, title: str = "冬至祝福") -> Push:
    """One that waits for the second pair of eyes."""
    push = add_push(session, author, title)
    life.submit(session, push.id, hand_of(session, author))
    return push


def run_push(session: Session, author: str, form: PushForm | None = None) -> Push:
    """One that was approved and is on its way, its people turned into rows."""
    hand = hand_of(session, author)
    form = form or drafts.text_form("冬至祝福", "冬至快乐")
    push = drafts.write(session, form, hand)
    let_go(session, push.id)
    return push


def let_go(session: Session, push_id: int) -> None:
    """Submit it, approve it, begin it."""
    push = session.get_one(Push, push_id)
    life.submit(session, push_id, Hand(push.created_by, NOON))
    approver = hand_of(session, "approver")
    life.approve(session, push_id, approver, "可以发")
    life.schedule(session, push_id, None, approver)
    begun = life.begin(session, push_id, NOON, PushRules())
    assert begun.state == "running", begun


def add_tag(session: Session, code: str) -> None:
    """A tag by hand."""
    session.add(Tag(code=code, name=code, kind="hand", rule=None, active=True, created_at=NOON))
    session.flush()


def add_first_menu(session: Session) -> MenuVersion:
    """The first version, fit to be published."""
    menu = Menu((Hall("业务介绍", (Entry("宽带套餐", click("prices")),)),))
    return versions.add(session, menu, "第一版", NOON, "http://hall.test")


def claim_menu(session: Session) -> None:
    """A worker is sending the next publication."""
    assert sendings.claim(session, NOON, MenuRules("http://hall.test")) is not None


def add_menu(session: Session) -> None:
    """The same, published."""
    version = add_first_menu(session)
    publications.publish_first(session, version.id, NOON)
    order = sendings.claim(session, NOON, MenuRules("http://hall.test"))
    assert order is not None
    sendings.settle(session, order.publication_id, Outcome("sent"), NOON)


def add_person(session: Session, login: str, name: str, role: str) -> None:
    """Another operator."""
    new = operators.NewOperator(login, name, role, PASSWORD)
    operators.create(session, new, NOON)
