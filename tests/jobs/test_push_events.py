"""What WeChat tells of sends afterwards, as the callback takes it and the job brings it home."""

from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from handlers.push_events import match_push_events
from kernel import operators
from kernel.operators import NewOperator
from pushes import chunks, credits, push_events, pushes
from pushes.chunks import PushChunk
from pushes.deliveries import Delivery
from pushes.push_events import Failure, PushEvent
from pushes.pushes import Push
from tests.jobs.house import House
from tests.jobs.push_rows import TEMPLATE, Sending, Sent, put
from tests.world import Hall, event_xml

CORPUS = Path(__file__).parents[1] / "data" / "callbacks" / "messages"
ANNA, BORIS = "oAnna-000000000000000000_001", "oBoris-00000000000000000_002"


def standing(session: Session, push_id: int) -> dict[str, tuple[str, str | None]]:
    """Every recipient's state and reason."""
    rows = session.scalars(select(Delivery).where(Delivery.push_id == push_id))
    return {row.openid: (row.state, row.reason) for row in rows}


def parked(session: Session) -> int:
    """How many events wait."""
    return session.scalar(select(func.count(PushEvent.id))) or 0


def staffed(hall: Hall) -> None:
    """An author and an approver."""

    def make(session: Session) -> None:
        for login in ("marketer", "approver"):
            new = NewOperator(login, login, login, "a long enough password 7")
            operators.create(session, new, hall.clock.now())

    hall.database.transaction(make)


def template_event(hall: Hall, openid: str, message_id: int, status: str) -> None:
    """TEMPLATESENDJOBFINISH as the emulator writes it."""
    inner = f"<MsgID>{message_id}</MsgID><Status><![CDATA[{status}]]></Status>"
    assert hall.push(event_xml(hall, openid, "TEMPLATESENDJOBFINISH", inner)) == ""


def test_a_template_message_that_did_not_arrive_is_failed_and_counted(hall: Hall) -> None:
    staffed(hall)
    rows = [Sent(ANNA, message_id=11), Sent(BORIS, message_id=12), Sent("oC", message_id=13)]
    push = hall.database.transaction(lambda session: put(session, Sending(rows)))
    template_event(hall, ANNA, 11, "failed:user block")
    template_event(hall, BORIS, 12, "failed: system failed")
    template_event(hall, "oC", 13, "success")
    tools_match(hall)
    with Session(hall.database.engine) as session:
        assert standing(session, push.id) == {
            ANNA: ("failed", "user block"),
            BORIS: ("failed", "system failed"),
            "oC": ("sent", None),
        }
        lines = chunks.progress(session, pushes.get(session, push.id))
        assert chunks.by_state(lines) == {"failed": 2, "sent": 1}
        assert parked(session) == 0


def tools_match(hall: Hall) -> None:
    """One run of the job on the hall's database."""
    at = hall.clock.now()
    hall.database.transaction(lambda session: push_events.match(session, at))


def test_an_event_that_comes_before_our_settle_is_matched_later(house: House) -> None:
    at = house.clock.now()
    rows = [Sent(ANNA, state="sending"), Sent(BORIS, message_id=8)]
    push = house.database.transaction(
        lambda session: put(session, Sending(rows, chunk_state="leased"))
    )
    failure = Failure("template", ANNA, 2**63 - 1, "user block")
    house.do(lambda session: push_events.note_failure(session, failure, at))
    house.do(lambda session: push_events.note_failure(session, failure, at))
    match_push_events(house.tools)
    assert house.database.read(parked) == 1

    def settle(session: Session) -> None:
        row = session.scalars(select(Delivery).where(Delivery.openid == ANNA)).one()
        row.state, row.message_id = "sent", 2**63 - 1

    house.do(settle)
    match_push_events(house.tools)
    assert house.rows(push.id)[0].state == "sent", "not looked at again at once"
    house.clock.move(seconds=6)
    match_push_events(house.tools)
    assert house.rows(push.id)[0].reason == "user block"
    # The chunk is open: whoever closes it now may have counted before, so the event stays.
    assert house.database.read(parked) == 1

    def close(session: Session) -> None:
        chunk = session.scalars(select(PushChunk)).one()
        chunk.state, chunk.tally = "closed", [["sent", "template", 0, None, 2]]

    house.do(close)
    house.clock.move(seconds=13)
    match_push_events(house.tools)
    assert house.counts(push.id) == {"failed": 1, "sent": 1}
    assert house.database.read(parked) == 0


def test_what_nobody_knows_is_dropped_after_a_week(quick_house: House) -> None:
    house = quick_house
    failure = Failure("template", ANNA, 1, "user block")
    house.do(lambda session: push_events.note_failure(session, failure, house.clock.now()))
    for hours in (1, 24, 6 * 24 - 2):
        house.clock.move(hours=hours)
        match_push_events(house.tools)
        assert house.database.read(parked) == 1
    house.clock.move(days=8)
    match_push_events(house.tools)
    assert house.database.read(parked) == 0


def mass_event(hall: Hall, message_id: int, status: str, *counts: int) -> None:
    """MASSSENDJOBFINISH, whose sender is no recipient."""
    names = ("TotalCount", "FilterCount", "SentCount", "ErrorCount")
    inner = f"<MsgID>{message_id}</MsgID><Status><![CDATA[{status}]]></Status>" + "".join(
        f"<{name}>{count}</{name}>" for name, count in zip(names, counts, strict=True)
    )
    hall.push(event_xml(hall, "oPlatform", "MASSSENDJOBFINISH", inner))


def test_the_count_of_a_mass_send_is_kept_and_a_refusal_of_it_fails_all(hall: Hall) -> None:
    staffed(hall)
    two = [Sent(ANNA, "mass"), Sent(BORIS, "mass")]

    def both(session: Session) -> list[Push]:
        return [put(session, Sending(two, message_id=n)) for n in (1000001625, 1000001626)]

    good, bad = hall.database.transaction(both)
    mass_event(hall, 1000001625, "send success", 2, 2, 1, 1)
    mass_event(hall, 1000001626, "err(20001)", 0, 0, 0, 0)
    tools_match(hall)
    with Session(hall.database.engine) as session:
        results = session.scalars(select(PushChunk.result).order_by(PushChunk.push_id)).all()
        assert results[0] == {
            "status": "send success", "total": 2, "filter": 2, "sent": 1, "error": 1,
        }  # fmt: skip
        assert standing(session, good.id)[ANNA] == ("sent", None)
        assert standing(session, bad.id)[ANNA] == ("failed", "err(20001)")
        assert chunks.by_state(chunks.progress(session, pushes.get(session, bad.id))) == {
            "failed": 2
        }


def test_a_notice_that_failed_is_found_by_its_template_when_it_has_no_number(hall: Hall) -> None:
    staffed(hall)
    rows = [Sent(ANNA, "notice"), Sent(BORIS, "notice", message_id=5)]
    push = hall.database.transaction(lambda session: put(session, Sending(rows)))
    for openid, number, code in ((ANNA, 1700827132819554304, 43101), (BORIS, 5, 0)):
        hall.push(
            event_xml(
                hall, openid, "subscribe_msg_sent_event",
                f"<SubscribeMsgSentEvent><List><TemplateId><![CDATA[{TEMPLATE}]]></TemplateId>"
                f"<MsgID>{number}</MsgID><ErrorCode>{code}</ErrorCode>"
                "<ErrorStatus><![CDATA[x]]></ErrorStatus></List></SubscribeMsgSentEvent>",
            )
        )  # fmt: skip
    tools_match(hall)
    with Session(hall.database.engine) as session:
        assert standing(session, push.id) == {ANNA: ("failed", "43101"), BORIS: ("sent", None)}


def test_choices_in_the_pop_up_and_in_the_settings_are_credits(hall: Hall) -> None:
    openid = "otFpruAK8D-E6EfStSYonYSBZ8_4"
    first = "VRR0UEO9VJOLs0MHlU0OilqX6MVFDwH3_3gz3Oc0NIc"
    popup = "060-event-subscribe_msg_popup_event-wechatpy.xml"
    change = "061-event-subscribe_msg_change_event-wechatpy.xml"
    hall.push((CORPUS / popup).read_text())
    assert hall.database.read(lambda session: credits.of(session, openid)) == {first: 1}
    hall.push((CORPUS / popup).read_text())  # delivered twice, allowed once
    assert hall.database.read(lambda session: credits.of(session, openid)) == {first: 1}
    hall.push((CORPUS / change).read_text())  # one entry: no list of them
    assert hall.database.read(lambda session: credits.of(session, openid)) == {first: 0}
