"""Short messages from the outbox: sent at most once, and the truth about each is kept."""

import threading

import pytest
from sqlalchemy import select

from handlers.actors import send_message, sweep_outbox
from kernel import outbox, sms
from kernel.outbox import OutboxMessage
from kernel.sms import Sms, SmsRefused, SmsUnknown
from tests.jobs.house import House, Killed

PHONE = "13812345678"
MESSAGE = Sms("您的验证码是 471100，5 分钟内有效", "code", {"code": "471100"})


def post(house: House, reference: str = "phone-code:1") -> None:
    """A domain function leaves a message."""
    payload = {"sealed": sms.seal(house.vault, PHONE, MESSAGE)}
    house.do(lambda db: outbox.post(db, "sms", reference, payload, house.clock.now()))


def message(house: House) -> OutboxMessage:
    """The one message."""
    return house.database.read(lambda db: db.scalars(select(OutboxMessage)).one())


def test_a_message_is_sent_once_and_its_text_is_forgotten(house: House) -> None:
    post(house)
    post(house)  # a repeat of its cause
    assert PHONE not in str(message(house).payload)
    for _ in range(3):
        sweep_outbox(house.tools)
        house.work()
    assert house.texts.sent == [(PHONE, MESSAGE)]
    row = message(house)
    assert (row.state, row.payload, row.reason) == ("sent", {}, None)
    assert row.settled_at == house.clock.now()


@pytest.mark.parametrize(
    ("fails", "state"), [(SmsRefused("402"), "failed"), (SmsUnknown("ReadTimeout"), "unknown")]
)
def test_what_the_provider_did_not_take_is_not_tried_again(
    house: House, fails: Exception, state: str
) -> None:
    post(house)
    house.texts.fails = fails
    sweep_outbox(house.tools)
    house.work()
    row = message(house)
    assert (row.state, row.reason, row.payload) == (state, str(fails), {})
    house.settle_everything()
    assert len(house.texts.sent) == 1


def test_a_worker_lost_in_the_call_leaves_unknown(house: House) -> None:
    post(house)
    house.texts.fails = Killed()
    with pytest.raises(Killed):
        send_message(house.tools, message(house).id)
    assert message(house).state == "sending"
    house.clock.move(seconds=59)
    sweep_outbox(house.tools)
    assert message(house).state == "sending"
    house.clock.move(seconds=1)
    sweep_outbox(house.tools)
    row = message(house)
    assert (row.state, row.reason, row.payload) == ("unknown", "worker lost", {})
    house.work()
    assert len(house.texts.sent) == 1


def test_of_eight_workers_one_sends(house: House) -> None:
    post(house)
    message_id = message(house).id
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        send_message(house.tools, message_id)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(house.texts.sent) == 1
    assert message(house).state == "sent"


def test_what_is_not_due_waits(house: House) -> None:
    later = house.clock.now()
    house.clock.move(hours=-1)
    house.do(lambda db: outbox.post(db, "sms", "x", {"sealed": "-"}, later))
    sweep_outbox(house.tools)
    assert house.waiting == []


def test_a_message_that_cannot_be_read_is_never_sent_and_ends(quick_house: House) -> None:
    house = quick_house
    house.do(lambda db: outbox.post(db, "sms", "x", {"sealed": "k9:AAAA"}, house.clock.now()))
    sweep_outbox(house.tools)
    house.work()
    row = message(house)
    assert (row.state, row.reason, row.payload) == ("failed", "unreadable: k9", {})
    assert house.texts.sent == []
