"""Many at once: one order of publications, one sender, each batch and each tap once."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest

from handlers import menu_jobs
from kernel.refusals import Refused
from menus import approvals, publications, sendings, tag_sync, versions
from menus.conditional import Face
from menus.publications import MenuPublication
from menus.versions import MenuChanged, MenuVersion
from tests.menus.house import APPROVER, BASE, MARKETER, OTHER, RULES, House, menu, variant
from tests.menus.test_clicks import rows, tap


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Do all of it at the same moment; results and refusals."""
    barrier, results = threading.Barrier(len(acts)), [object()] * len(acts)

    def run(number: int, act: Callable[[], object]) -> None:
        barrier.wait()
        try:
            results[number] = act()
        except Refused as refused:
            results[number] = refused

    threads = [threading.Thread(target=run, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def test_two_publish_at_once_and_the_newest_is_live(server_house: House) -> None:
    house = server_house
    numbers = [house.approved(menu(name)) for name in ("甲", "乙", "丙", "丁")]
    ordered = at_once(*(lambda number=number: house.order(number) for number in numbers))
    assert len(set(ordered)) == 4  # each has its place in one order
    at_once(*[house.send] * 4)
    newest = max(int(str(one)) for one in ordered)
    last = house.publication(newest)
    assert (last.state, house.live()) == ("done", last.version_id)
    states = Counter(state for _, _, state in house.log())
    assert states == {"done": 1, "overtaken": 3}
    assert house.wechat.calls.count("create") == 1


def test_publishing_one_version_twice_at_once_orders_it_once(server_house: House) -> None:
    house = server_house
    number = house.approved(menu("甲"))
    results = at_once(*[lambda: house.order(number)] * 4)
    assert sum(isinstance(one, int) for one in results) == 1
    assert len(house.log()) == 1


def test_one_worker_sends_while_the_others_go_home(server_house: House) -> None:
    house = server_house
    house.order(house.approved(menu("甲")))
    now = house.clock.now()
    claimed = at_once(*[lambda: house.do(lambda db: sendings.claim(db, now, RULES))] * 4)
    assert sum(one is not None for one in claimed) == 1


def test_of_two_that_save_one_is_told(server_house: House) -> None:
    house = server_house
    number = house.do(lambda db: versions.draft(db, Face(menu("甲")), "", house.hand(MARKETER))).id

    def save(name: str, by: int) -> MenuVersion:
        content = (Face(menu(name)), name)
        return house.do(lambda db: versions.save(db, number, 1, content, house.hand(by)))

    results = at_once(lambda: save("乙", MARKETER), lambda: save("丙", OTHER))
    assert sum(isinstance(one, MenuChanged) for one in results) == 1
    saved = house.version(number)
    assert saved.revision == 2
    assert versions.menu_of(saved) == menu(saved.note)


def test_of_two_that_decide_one_does(server_house: House) -> None:
    house = server_house
    number = house.do(lambda db: versions.draft(db, Face(menu("甲")), "", house.hand(MARKETER))).id
    house.do(lambda db: approvals.ask(db, number, house.hand(MARKETER), BASE))
    results = at_once(
        lambda: house.do(lambda db: approvals.approve(db, number, house.hand(APPROVER), "好")),
        lambda: house.do(lambda db: approvals.refuse(db, number, house.hand(OTHER), "不好")),
    )
    assert sum(isinstance(one, Refused) for one in results) == 1
    assert house.state(number) in {"approved", "draft"}


def test_a_cancel_and_a_sender_agree(server_house: House) -> None:
    house = server_house
    house.publish(menu("甲"))
    number = house.approved(menu("乙"))
    house.order(number)
    results = at_once(
        house.send,
        lambda: house.do(lambda db: publications.cancel(db, number, house.hand(MARKETER))),
    )
    sent = isinstance(results[1], Refused)
    assert house.state(number) == ("published" if sent else "approved")
    assert house.wechat.names == (["乙"] if sent else ["甲"])


def test_two_workers_get_two_batches_of_tags(server_house: House) -> None:
    house = server_house
    house.tag("vip", "贵宾")
    house.publish(Face(menu("甲"), (variant("贵宾", "vip", "乙"),)))
    openids = {house.member(number, "vip") for number in range(120)}
    menu_jobs.compare_tags(house.tools)
    at_once(*[lambda: menu_jobs.sync_tags(house.tools)] * 3)
    menu_jobs.sync_tags(house.tools)
    assert house.wechat.tagged[house.wechat.named["贵宾"]] == openids
    assert house.wechat.calls.count("put_tag") == 3
    assert house.database.read(lambda db: tag_sync.counts(db, "vip")) == {"done": 120}


def test_taps_are_counted_once_by_however_many(server_house: House) -> None:
    house = server_house
    house.publish(menu("甲"))
    house.clock.move(minutes=1)
    for _ in range(7):
        tap(house, "prices")
    house.clock.move(hours=2)
    at_once(*[lambda: menu_jobs.count_clicks(house.tools)] * 4)
    assert sum(rows(house).values()) == 7


@pytest.mark.parametrize("times", [3])
def test_rollbacks_at_once_are_one_step_back(server_house: House, times: int) -> None:
    house = server_house
    first = house.publish(menu("甲"))
    house.publish(menu("乙"))

    def roll_back() -> MenuPublication:
        return house.do(lambda db: publications.roll_back(db, house.hand(MARKETER)))

    at_once(*[roll_back] * times)
    house.send()
    assert house.live() == first
