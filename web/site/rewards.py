"""The rewards shop (积分商城): what points buy, to whom, and the exchange itself."""

from dataclasses import dataclass, replace
from typing import Self

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from kernel.idempotency import KeyReused
from kernel.refusals import Invalid, NotFound, Refused
from loyalty import points, reward_exchanges, rewards, tier_ladder, why
from loyalty.members import PHONE_PLACE
from loyalty.reasons import Condition
from loyalty.reward_exchanges import Wish
from loyalty.reward_orders import Receiver
from loyalty.rewards import Reward
from web.errors import STATUSES
from web.guards import member_required
from web.site import request_keys
from web.site.messages import tell
from web.wiring import now, read, transaction, wiring

bp = Blueprint("rewards", __name__, url_prefix="/rewards")


@dataclass(frozen=True)
class Filled:
    """The exchange form as it was filled in; `key` makes a double tap one order."""

    name: str = ""
    phone: str = ""
    address: str = ""
    key: str = ""

    @classmethod
    def read(cls, form: MultiDict[str, str]) -> Self:
        """The fields of a posted form; unknown ones are not looked at."""
        return cls(
            name=form.get("name", "")[:60],
            phone=form.get("phone", "")[:40],
            address=form.get("address", "")[:200].strip(),
            key=request_keys.read(form.get("key", "")),
        )


@dataclass(frozen=True)
class Counter:
    """A reward on the counter, and what this member brings for it."""

    reward: Reward
    conditions: list[Condition]
    balance: int

    @property
    def left(self) -> int:
        """How many pieces are left."""
        return max(0, self.reward.stock - self.reward.taken)

    @property
    def is_ready(self) -> bool:
        """Whether an exchange would be granted."""
        return all(condition.met for condition in self.conditions)


@bp.get("")
@member_required
def show_all() -> ResponseReturnValue:
    """The shop window."""
    member_id, at = g.member_id, now()

    def work(session: Session) -> tuple[list[Reward], int, dict[int, str]]:
        names = {tier.level: tier.name for tier in tier_ladder.every(session)}
        found = rewards.open_at(session, at)
        # What is gone comes last.
        found.sort(key=lambda reward: reward.taken >= reward.stock)
        return found, points.balance_of(session, member_id), names

    found, balance, names = read(work)
    return render_template("site/rewards/list.html", rewards=found, balance=balance, tiers=names)


@bp.get("/<code>")
@member_required
def show(code: str) -> ResponseReturnValue:
    """One reward: what it is, why (not) for this member, and the form."""
    counter = read(lambda db: _counter(db, code))
    return _page(counter, Filled(name=g.member.name, key=request_keys.new()), {})


@bp.post("/<code>/orders")
@member_required
def create(code: str) -> ResponseReturnValue:
    """Exchange; sent twice with one key, it is one order."""
    filled, at, policy = Filled.read(request.form), now(), wiring().policy
    counter = read(lambda db: _counter(db, code))
    wish = Wish(counter.reward.id, g.member_id, filled.key, _receiver(counter.reward, filled))

    def work(session: Session) -> str:
        return reward_exchanges.exchange(session, wiring().vault, wish, at, policy).no

    try:
        number = transaction(work)
    except Refused as refused:
        return _refused(code, filled, refused)
    tell("site_exchanged" if counter.reward.kind == "physical" else "site_exchanged_coupon")
    return redirect(url_for("site.reward_orders.show", no=number))


def _counter(session: Session, code: str) -> Counter:
    reward = rewards.get_by_code(session, code[:40])
    if not reward.active:
        raise NotFound
    deed, policy = why.Exchange(reward.id), wiring().policy
    stated = why.explain(session, deed, g.member_id, now(), policy)
    return Counter(reward, stated, points.balance_of(session, g.member_id))


def _receiver(reward: Reward, filled: Filled) -> Receiver | None:
    if reward.kind != "physical":
        return None
    sealed = g.member.phone_sealed
    # Nobody has to type again what he has proven.
    own = wiring().vault.open(sealed, PHONE_PLACE) if sealed and not filled.phone.strip() else ""
    return Receiver(filled.name, own or filled.phone, filled.address)


def _refused(code: str, filled: Filled, refused: Refused) -> ResponseReturnValue:
    if isinstance(refused, KeyReused):
        filled = replace(filled, key=request_keys.new())
    field = str(refused.facts["field"]) if isinstance(refused, Invalid) else "form"
    errors = {field: wiring().texts.refuse(refused)}
    page = _page(read(lambda db: _counter(db, code)), filled, errors)
    return page, STATUSES.get(refused.code, 409)


def _page(counter: Counter, filled: Filled, errors: dict[str, str]) -> str:
    return render_template(
        "site/rewards/reward.html", counter=counter, filled=filled, errors=errors
    )
