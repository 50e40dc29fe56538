"""The jobs of the audit log and of the figures: every few seconds, every night, once."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from handlers import audit_jobs, jobs, nightly
from kernel import audit, audit_checks
from kernel.audit import AuditEntry
from kernel.audit_checks import AuditCheck
from kernel.clock import business_day, day_start
from reports import figure_days, figures
from reports.figure_days import FigureDay
from tests.jobs.house import House
from tests.loyalty.people import join
from tests.world import NOON

NIGHT = day_start(NOON.date() + timedelta(days=1)) + timedelta(hours=4)


def write(session: Session) -> None:
    for number in range(3):
        audit.write(session, "tag.put", f"member:{number}", NOON)


def checks(house: House) -> list[AuditCheck]:
    return house.database.read(lambda s: list(s.scalars(select(AuditCheck))))


def test_the_sealer_takes_what_was_committed(house: House) -> None:
    house.do(write)
    audit_jobs.seal_audit(house.tools)
    audit_jobs.seal_audit(house.tools)

    positions = select(AuditEntry.position).order_by(AuditEntry.id)
    assert house.database.read(lambda s: list(s.scalars(positions)))[-3:] == [1, 2, 3]


def test_the_chain_is_checked_once_a_night(house: House) -> None:
    house.do(write)
    audit_jobs.seal_audit(house.tools)
    house.clock.instant = NIGHT - timedelta(hours=2)
    audit_jobs.check_audit(house.tools)
    assert checks(house) == []

    house.clock.instant = NIGHT
    audit_jobs.check_audit(house.tools)
    audit_jobs.check_audit(house.tools)
    assert [(one.position, one.broken) for one in checks(house)] == [(3, None)]

    house.do(lambda s: s.execute(update(AuditEntry).values(address="10.0.0.1")))
    house.clock.move(days=1)
    audit_jobs.check_audit(house.tools)
    found = house.database.read(audit_checks.newest)
    assert found is not None
    assert found.broken is not None
    assert (found.broken["code"], found.broken["position"]) == ("changed", 1)


def test_the_days_before_are_counted_in_the_night(house: House) -> None:
    house.do(join)
    house.clock.instant = NIGHT
    for _ in range(4):
        nightly.run_nightly(house.tools)

    day = business_day(NOON)
    kept = house.database.read(lambda s: figure_days.between(s, day, day))
    assert kept[day]["registered"] == 1
    assert house.database.read(lambda s: figure_days.missing(s, business_day(NIGHT))) == []


def test_the_totals_are_kept_for_the_home_page(house: House) -> None:
    house.do(join)
    jobs.count_totals(house.tools)
    house.do(join)
    jobs.count_totals(house.tools)

    rows = house.database.read(lambda s: list(s.scalars(select(FigureDay))))
    assert {row.name: row.value for row in rows} == {"followers": 0, "members": 2, "points": 0}
    assert {row.name for row in rows} == set(figures.TOTALS)
