"""The menu on its way to WeChat: publications, looks for drift, tags of followers, clicks.

Each call stands between two transactions: what is to be sent was committed before it, what came
of it is written after it.
"""

from datetime import datetime
from functools import partial

import structlog
from sqlalchemy.orm import Session

from handlers.tools import Tools
from kernel.outcomes import CallFailed, Outcome
from menus import clicks, drift, publisher, reasons, sendings, tag_sync, wechat_tags
from menus.publisher import Result
from menus.sendings import Order

log = structlog.get_logger(__name__)

_SENDINGS_A_RUN = 5
_BATCHES_A_RUN = 40
_SPANS_A_TICK = 48
_NO_SUCH_TAG = "45159"


def look_for_menus(tools: Tools) -> None:
    """Hand publications that are due to the queue."""
    if tools.database.read(partial(sendings.due, now=tools.clock.now())):
        tools.put("send_menus", 0)


def send_menus(tools: Tools, _item_id: int = 0) -> None:
    """Carry out what is due, one publication after another."""
    for _ in range(_SENDINGS_A_RUN):
        if send_one(tools) is None:
            break


def send_one(tools: Tools) -> Outcome | None:
    """Carry out the next publication; None when nothing is due or another worker is at it."""
    rules = tools.menu_rules
    order = tools.database.transaction(
        lambda session: sendings.claim(session, tools.clock.now(), rules)
    )
    if order is None:
        return None
    result = publisher.carry_out(tools.menus, order, rules.base_url)
    now = tools.clock.now()
    tools.database.transaction(lambda session: _settle(session, order, result, now))
    log.info("menu_sent", publication=order.publication_id, verdict=result.outcome.verdict)
    return result.outcome


def _settle(session: Session, order: Order, result: Result, now: datetime) -> None:
    for code, wechat_id in sorted(result.tags.items()):
        wechat_tags.keep(session, code, wechat_id, now)
    if result.outcome.reason == _NO_SUCH_TAG:
        wechat_tags.forget(session, list(order.tag_names))
    sendings.settle(session, order.publication_id, result.outcome, now)


def look_at_menu(tools: Tools) -> None:
    """Ask for a look at WeChat's menu when it is time."""
    if tools.database.read(partial(drift.due, now=tools.clock.now())):
        tools.put("check_menu", 0)


def compare_menu(tools: Tools) -> list[str] | None:
    """Hold WeChat's menu against ours; the differences, None when that was not possible."""
    rules = tools.menu_rules
    expected = tools.database.read(lambda session: drift.expect(session, tools.clock.now(), rules))
    if expected is None:
        return None
    try:
        reading = publisher.reading_of(tools.menus.read())
    except CallFailed as failed:
        told = reasons.explain(failed.outcome.reason)
        tools.database.transaction(
            lambda session: drift.keep_problem(session, told, tools.clock.now())
        )
        return None
    found = tools.database.transaction(
        lambda session: drift.keep(session, expected, reading, tools.clock.now(), rules.base_url)
    )
    if found:
        log.warning("menu_drifted", differences=found)
    return found


def check_menu(tools: Tools, _item_id: int = 0) -> None:
    """The same, for the queue: the result is a row."""
    compare_menu(tools)


def compare_tags(tools: Tools) -> None:
    """Write down whose tags WeChat must be told of, a page of each tag, and ask for the calls."""
    codes = tools.database.read(lambda session: tag_sync.codes_in_use(session, tools.menu_rules))
    for code in codes:
        now = tools.clock.now()
        tools.database.transaction(partial(tag_sync.compare, code=code, now=now))
    if tools.database.read(tag_sync.waits):
        tools.put("sync_tags", 0)


def sync_tags(tools: Tools, _item_id: int = 0) -> None:
    """Tell WeChat of tags in batches of 50, until nothing waits or the account is refused."""
    if not _know_tags(tools):
        return
    for _ in range(_BATCHES_A_RUN):
        batch = tools.database.transaction(
            lambda session: tag_sync.claim(session, tools.clock.now())
        )
        if batch is None:
            return
        call = tools.menus.put_tag if batch.wanted else tools.menus.take_tag
        outcome = Outcome("sent")
        try:
            call(batch.wechat_id, batch.openids)
        except CallFailed as failed:
            outcome = failed.outcome
        now = tools.clock.now()
        tools.database.transaction(partial(tag_sync.settle, batch=batch, outcome=outcome, now=now))
        if outcome.verdict in {"again", "unknown"} or tag_sync.is_of_account(outcome):
            log.warning("tags_stopped", tag=batch.tag_id, reason=outcome.reason)
            return


def _know_tags(tools: Tools) -> bool:
    """Find or make the tags at WeChat that have no id yet; False when that failed."""
    wanted = tools.database.read(tag_sync.without_id)
    if not wanted:
        return True
    found: dict[str, int | None] = dict.fromkeys(wanted)
    try:
        found.update(publisher.find_tags(tools.menus, {}, wanted))
    except CallFailed as failed:
        told = reasons.explain(failed.outcome.reason)
        log.warning("tags_not_made", reason=failed.outcome.reason)
    else:
        told = ""
    now = tools.clock.now()

    def keep(session: Session) -> None:
        for code in sorted(found):
            wechat_tags.keep(session, code, found[code], now, told)

    tools.database.transaction(keep)
    return not told


def count_clicks(tools: Tools) -> None:
    """Add up the taps of the minutes that are closed."""
    for _ in range(_SPANS_A_TICK):
        now = tools.clock.now()
        roll_up = partial(clicks.roll_up, now=now, rules=tools.menu_rules)
        if tools.database.transaction(roll_up) is None:
            break
