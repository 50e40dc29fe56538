"""How many customer messages are left, against the platform's count as the emulator keeps it."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from content.allowances import Action, Allowance, allowance
from emulator.actions import ACTION_WINDOW, MESSAGE_WINDOW
from tests.world import NOON

SECOND = timedelta(seconds=1)


def left(actions: list[Action], sent: list[datetime], at: datetime) -> int:
    """How many are left."""
    return allowance(actions, sent, at).left


def test_a_message_opens_five_for_two_days() -> None:
    wrote = [Action("text", NOON)]
    until = NOON + timedelta(hours=48)
    assert allowance(wrote, [], NOON) == Allowance(5, until)
    assert allowance(wrote, [NOON] * 4, until - SECOND) == Allowance(1, until)
    assert allowance(wrote, [NOON] * 5, NOON) == Allowance(0, until)
    assert allowance(wrote, [], until) == Allowance(0, None)
    assert allowance([], [], NOON) == Allowance(0, None)


def test_a_new_message_begins_anew() -> None:
    again = NOON + timedelta(hours=1)
    wrote = [Action("text", NOON), Action("image", again)]
    assert left(wrote, [NOON] * 5, again) == 5
    assert left(wrote, [NOON] * 5 + [again], again + SECOND) == 4


def test_a_click_opens_three_for_a_minute() -> None:
    clicked = [Action("event.click", NOON)]
    assert allowance(clicked, [], NOON).left == 3
    assert allowance(clicked, [], NOON + timedelta(minutes=1)).until is None
    assert left([Action("text.tapped", NOON)], [], NOON) == 3
    assert left([Action("event.view", NOON)], [], NOON) == 0
    both = [Action("event.click", NOON + 2 * SECOND), Action("text", NOON)]
    assert left(both, [NOON + SECOND] * 5, NOON + 3 * SECOND) == 3


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["text", "event.click", "event.subscribe", "event.scan", "send", "wait"]),
        st.integers(1, 60_000),
    ),
    max_size=25,
)


@given(STEPS)
def test_nothing_is_promised_that_the_platform_refuses(steps: list[tuple[str, int]]) -> None:
    now, actions, sent = NOON, list[Action](), list[datetime]()
    remaining, expires = 0, NOON
    for what, seconds in steps:
        now += timedelta(seconds=seconds)
        if what == "send":
            if left(actions, sent, now) > 0:
                assert remaining > 0
                assert expires > now
                remaining -= 1
                sent.append(now)
        elif what != "wait":
            actions.append(Action(what, now))
            quota, span = MESSAGE_WINDOW if what == "text" else ACTION_WINDOW
            still = expires > now
            remaining = max(quota, remaining if still else 0)
            ends = now + timedelta(seconds=span)
            expires = max(ends, expires) if still else ends
            assert left(actions, sent, now) >= quota
