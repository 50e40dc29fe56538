"""Results: whom a push reached, who tapped, and what people did more than those held back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from sqlalchemy import ColumnElement, Select, and_, func, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from loyalty.checkin_days import CheckIn
from loyalty.coupons import Coupon
from loyalty.members import Member
from loyalty.redemptions import Redemption
from products.applications import Application
from pushes import chunks
from pushes.clicks import PushClick
from pushes.deliveries import Delivery
from pushes.proportions import Difference, Share, difference
from pushes.pushes import Push

DAYS, MOST_DAYS = 7, 30
# What people may do after a push → how it is called, and how it is counted.
GOALS = {
    "registered": ("注册", "期内注册成为会员"),
    "checked_in": ("签到", "期内签到过（补签不算）"),
    "claimed": ("领券", "期内自己领过优惠券"),
    "redeemed": ("核销", "期内用掉过优惠券，撤销的不算"),
    "applied": ("申办", "期内提交过产品申办"),
}


@dataclass(frozen=True)
class Reached:
    """Recipients of one text by one channel, by state."""

    variant: int
    channel: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Clicks:
    """Taps on the link of one text: people, where each has a link of his own, and all taps."""

    variant: int
    people: Share
    taps: int


@dataclass(frozen=True)
class Lift:
    """One goal: the share of those who were sent to, of those held back, and the difference."""

    goal: str
    sent: Share
    held: Share
    difference: Difference | None


@dataclass(frozen=True)
class Contest:
    """Two texts compared by one goal (`click` among them)."""

    goal: str
    one: int
    other: int
    shares: tuple[Share, Share]
    difference: Difference


@dataclass(frozen=True)
class Results:
    """Everything that is known of a push, with the window in which people were watched."""

    begins: datetime
    ends: datetime
    reached: list[Reached]
    clicks: list[Clicks]
    lifts: list[Lift]
    contests: list[Contest]


def of_push(session: Session, push: Push, days: int = DAYS) -> Results | None:
    """The results of a push that began, over so many days from its start; None before.

    Compared is everybody who was to be sent it, arrived or not, with everybody held back: both
    groups were drawn by lot from the same people, whereas those whom it reached are other people
    than those whom it did not.
    """
    if push.started_at is None:
        return None
    begins = push.started_at
    ends = begins + timedelta(days=days)
    reached = _reached(session, push)
    clicked = _clicks(session, push, reached)
    did = {name: _did(session, push, members) for name, members in _goals(begins, ends).items()}
    groups = _groups(reached)
    lifts = [_lift(name, counts, groups) for name, counts in did.items()]
    return Results(begins, ends, reached, clicked, lifts, _contests(did, clicked, groups))


def _reached(session: Session, push: Push) -> list[Reached]:
    by: dict[tuple[int, str], dict[str, int]] = {}
    for state, channel, variant, _reason, count in chunks.progress(session, push):
        counts = by.setdefault((int(variant), channel), {})
        counts[state] = counts.get(state, 0) + int(count)
    return [Reached(variant, channel, by[variant, channel]) for variant, channel in sorted(by)]


_Groups = dict[tuple[int, bool], int]


def _groups(reached: Sequence[Reached]) -> _Groups:
    """People by (text, held back), without those whom no channel reaches."""
    groups: _Groups = {}
    for one in reached:
        for state, count in one.counts.items():
            if state != "skipped":
                key = (one.variant, state == "held")
                groups[key] = groups.get(key, 0) + count
    return groups


def _clicks(session: Session, push: Push, reached: Sequence[Reached]) -> list[Clicks]:
    people: dict[int, int] = {}
    for one in reached:
        if one.channel != "mass":  # whose link is the same for all
            sent = one.counts.get("sent", 0) + one.counts.get("unknown", 0)
            people[one.variant] = people.get(one.variant, 0) + sent
    taps = session.execute(
        select(
            PushClick.variant,
            func.count(PushClick.delivery_id.distinct()).label("people"),
            func.count().label("taps"),
        )
        .where(PushClick.push_id == push.id)
        .group_by(PushClick.variant)
    )
    tapped = {row.variant: (int(row.people), int(row.taps)) for row in taps}
    return [
        Clicks(
            number,
            Share(
                min(tapped.get(number, (0, 0))[0], people.get(number, 0)), people.get(number, 0)
            ),
            tapped.get(number, (0, 0))[1],
        )
        for number in range(len(push.variants))
    ]


def _goals(begins: datetime, ends: datetime) -> dict[str, Select[int]]:
    """The numbers of the members who reached each goal within the window."""

    def within(instant: InstrumentedAttribute[datetime]) -> ColumnElement[bool]:
        return and_(instant >= begins, instant < ends)

    redeemed = (
        select(Coupon.member_id)
        .join(Redemption, Redemption.standing_coupon_id == Coupon.id)
        .where(within(Redemption.redeemed_at))
    )
    # The day has an index, the instant has none.
    checked_in = select(CheckIn.member_id).where(
        CheckIn.kind == "daily",
        within(CheckIn.created_at),
        CheckIn.day >= begins.date() - timedelta(days=1),
        CheckIn.day <= ends.date() + timedelta(days=1),
    )
    return {
        "registered": select(Member.id).where(within(Member.registered_at)),
        "checked_in": checked_in,
        "claimed": select(Coupon.member_id).where(
            within(Coupon.claimed_at), Coupon.seq.is_not(None)
        ),
        "redeemed": redeemed,
        "applied": select(Application.member_id).where(within(Application.created_at)),
    }


def _did(session: Session, push: Push, members: Select[int]) -> _Groups:
    """How many recipients are among these members, by (text, held back); one grouped query.

    Who became a member only after the list was made is known by his openid.
    """
    is_held = (Delivery.state == "held").label("held")
    drawn = and_(Delivery.push_id == push.id, Delivery.state != "skipped")
    listed = select(Delivery.variant, is_held, Delivery.member_id.label("person")).where(
        drawn, Delivery.member_id.is_not(None)
    )
    later = (
        select(Delivery.variant, is_held, Member.id.label("person"))
        .join(Member, Member.openid == Delivery.openid)
        .where(drawn, Delivery.member_id.is_(None))
    )
    people = union_all(listed, later).subquery("people")
    rows = session.execute(
        select(people.c.variant, people.c.held, func.count())
        .where(people.c.person.in_(members))
        .group_by(people.c.variant, people.c.held)
    )
    return {(int(row[0]), bool(row[1])): int(row[2]) for row in rows}


def _lift(goal: str, did: _Groups, groups: _Groups) -> Lift:
    sent, held = (
        Share(
            sum(count for (_, is_held), count in did.items() if is_held is side),
            sum(count for (_, is_held), count in groups.items() if is_held is side),
        )
        for side in (False, True)
    )
    return Lift(goal, sent, held, difference(sent, held))


def _contests(
    did: Mapping[str, _Groups], clicked: Sequence[Clicks], groups: _Groups
) -> list[Contest]:
    """Each text with each other, by taps and by goals that anybody reached."""
    pairs = list(combinations(range(len(clicked)), 2))
    sides: dict[str, Callable[[int], Share]] = {"click": lambda number: clicked[number].people}
    for goal, counts in did.items():
        sides[goal] = _side(counts, groups)
    contests = []
    for goal, side in sides.items():
        for one, other in pairs:
            shares = (side(one), side(other))
            found = difference(*shares, looks=len(pairs))
            if found is not None and (shares[0].hits or shares[1].hits):
                contests.append(Contest(goal, one, other, shares, found))
    return contests


def _side(counts: _Groups, groups: _Groups) -> Callable[[int], Share]:
    return lambda number: Share(counts.get((number, False), 0), groups.get((number, False), 0))


def days_left(results: Results, at: datetime) -> int:
    """How many days the window still has, begun ones as whole ones; 0 when it is over."""
    return max(0, -((at - results.ends) // timedelta(days=1)))
