"""Whoever closes his WeChat account, or becomes another member, leaves nothing in any package."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.inbox import InboxMessage
from content.reviews import Hand
from handlers.departures import ERASE_STEPS, MERGE_STEPS
from kernel import idempotency, outbox
from kernel.idempotency import IdempotencyKey
from kernel.operators import NewOperator, Operator, create
from kernel.outbox import OutboxMessage
from loyalty import erasure, followers, members, merges, phone_codes, staff
from loyalty.merges import Decision
from loyalty.phone_codes import Claim
from loyalty.staff import Staff
from products import applications, catalogue
from products.applications import Actor, Application, ApplicationEvent
from pushes import drafts, snapshots
from pushes.attention import Moment
from pushes.deliveries import Delivery
from pushes.settings import PushRules
from tests.databases import traces
from tests.world import Hall, event_xml

PLATFORM = "oPlatform-0000000000000000_00"
NOTE = "客户电话里说家里有狗"


def closed(hall: Hall, openid: str) -> str:
    """WeChat says that an account was closed: the sender is the platform itself."""
    inner = f"<OpenID><![CDATA[{openid}]]></OpenID><AppID><![CDATA[wx]]></AppID>"
    return hall.push(event_xml(hall, PLATFORM, "user_authorization_cancellation", inner))


def furnish(hall: Hall, openid: str, other: str) -> int:
    """A member who has left a trace in every package; the number of the application."""
    member, _ = hall.member(openid), hall.member(other)
    for said in ("会员", "光猫红灯一直闪", "有用", "人工", f"我是 {openid}"):
        hall.say(openid, said)
    hall.employee(openid)

    def live(session: Session) -> int:
        now = hall.clock.now()
        followers.follow(session, openid, now)
        product = catalogue.every(session, "broadband")[0]
        form = applications.Form(
            product.id,
            product.name,
            "西湖区",
            "文三路 1 号 2 幢",
            now.date().replace(day=25),
            "上午",
        )
        name = (f"member:{member.id}:apply", "k1")
        number = idempotency.once(
            session, name, {}, now,
            lambda: applications.submit(session, hall.vault, member.id, form, now).number,
        )  # fmt: skip
        found = applications.get_of_member(session, number, member.id)
        for wanted in ("accepted", "scheduled", "visiting"):
            applications.move(session, found.id, wanted, now, Actor("林晓", note=NOTE))
        for login in ("author", "approver"):
            create(session, NewOperator(login, login, "owner", "a-long-password"), now)
        ids = list(session.scalars(select(Operator.id).order_by(Operator.id)))
        greeting = drafts.text_form("端午", "安康")
        push = drafts.write(session, greeting, Hand(ids[0], now))
        snapshots.freeze(session, Moment(push, now, PushRules()))
        phone_codes.send(session, hall.vault, Claim(openid, "13700137000"), now, "{code}")
        return found.id

    return hall.database.transaction(live)


def test_closing_the_account_erases_from_every_package(
    hall_everywhere: Hall, anna: str, boris: str
) -> None:
    hall = hall_everywhere
    application = furnish(hall, anna, boris)
    assert closed(hall, anna) == ""

    def look(session: Session) -> None:
        # The event itself must be known again when WeChat delivers it again: by its key alone.
        assert traces(session, anna) == []
        assert traces(session, NOTE) == []
        found = session.get_one(Application, application)
        assert (found.state, found.address_sealed) == ("cancelled", "")
        assert applications.address_of(hall.vault, found) == ""
        moves = session.scalars(select(ApplicationEvent.to_state).order_by(ApplicationEvent.id))
        assert moves.all()[-2:] == ["scheduled", "cancelled"]
        assert session.scalars(select(IdempotencyKey.key)).all() == []
        assert session.scalars(select(Delivery.state).order_by(Delivery.id)).all() == [
            "skipped", "pending",
        ]  # fmt: skip
        assert session.scalars(select(Staff.active)).all() == [False]
        sms = select(OutboxMessage.state, OutboxMessage.payload)
        assert [tuple(row) for row in session.execute(sms)] == [("failed", {})]

    hall.database.read(look)
    assert closed(hall, anna) == ""  # delivered again, with another time: nothing to do


def test_a_stranger_who_closes_the_account_is_forgotten_too(hall: Hall, anna: str) -> None:
    hall.event(anna, "subscribe")
    hall.say(anna, "帮助")
    assert hall.database.read(lambda session: traces(session, anna))
    closed(hall, anna)
    assert hall.database.read(lambda session: traces(session, anna)) == []


def test_an_event_without_a_person_erases_nobody(hall: Hall, anna: str) -> None:
    member = hall.member(anna)
    hall.event(PLATFORM, "user_authorization_cancellation")
    hall.event(PLATFORM, "user_authorization_revoke", OpenID=anna, RevokeInfo="205")
    hall.event(PLATFORM, "user_info_modified", OpenID=anna, RevokeInfo="205")
    state = hall.database.read(lambda session: members.get_by_id(session, member.id).state)
    assert state == "active"


def test_a_merge_takes_the_applications_and_the_desk_along(
    hall_everywhere: Hall, anna: str, boris: str
) -> None:
    hall = hall_everywhere
    application = furnish(hall, anna, boris)

    def merge(session: Session) -> int:
        source, target = (members.get(session, one).id for one in (anna, boris))
        by = session.scalars(select(Operator.id)).first() or 0
        decision = Decision(source, target, "同一个人")
        merges.merge(session, decision, hall.clock.now(), by=by, steps=MERGE_STEPS)
        assert session.get_one(Application, application).member_id == target
        assert staff.find(session, anna) is None
        assert staff.get(session, boris).active
        assert traces(session, anna) == ["follower.openid"]  # that account still follows us
        return target

    target = hall.database.transaction(merge)

    def erase(session: Session) -> None:
        erasure.erase(session, target, hall.clock.now(), steps=ERASE_STEPS)
        assert traces(session, boris) == []
        assert session.get_one(Application, application).address_sealed == ""

    hall.database.transaction(erase)


def test_what_was_withdrawn_is_not_sent(hall: Hall) -> None:
    now = hall.clock.now()

    def post(session: Session) -> list[int]:
        for number in (1, 2):
            outbox.post(session, "sms", f"phone-code:{number}", {"sealed": "x"}, now)
        assert outbox.withdraw(session, ["phone-code:1"], now) == 1
        return outbox.due(session, now)

    assert len(hall.database.transaction(post)) == 1
    count = select(func.count()).select_from(InboxMessage)
    assert hall.database.read(lambda session: session.scalar(count)) == 0
