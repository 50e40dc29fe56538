"""Brings `loyalty.yaml` into the tables: adds what is not there, leaves what is."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from content.hall_files import Entry
from content.programme_files import ProgrammeFile
from kernel.clock import day_start
from loyalty import checkin_programmes, profiles, rewards, tag_definitions, tiers
from loyalty.checkin_programmes import CheckInProgramme, NewProgramme
from loyalty.earn_rules import EarnRule
from loyalty.gifts import Gift
from loyalty.profiles import ProfileField, Question
from loyalty.rewards import Reward
from loyalty.tags import Tag
from loyalty.tier_ladder import Tier

E = TypeVar("E", bound=Entry)


def import_programme(session: Session, file: ProgrammeFile, at: datetime) -> int:
    """Write the items whose codes are new; how many. A second import changes nothing."""
    done = [
        _programmes(session, file, at),
        _tiers(session, file, at),
        _earn_rules(session, file),
        _profile_fields(session, file, at),
        _tags(session, file, at),
        _rewards(session, file, at),
    ]
    session.flush()
    return sum(done)


def _new(session: Session, column: InstrumentedAttribute[str], entries: Iterable[E]) -> list[E]:
    known = set(session.scalars(select(column)))
    return [entry for entry in entries if entry.code not in known]


def _programmes(session: Session, file: ProgrammeFile, at: datetime) -> int:
    new = _new(session, CheckInProgramme.code, file.check_in_programmes)
    for entry in new:
        ends_on = entry.ends_on + timedelta(days=1)
        version = NewProgramme(entry.code, entry.name, entry.starts_on, entry.rules, ends_on)
        checkin_programmes.publish(session, version, at)
    return len(new)


def _tiers(session: Session, file: ProgrammeFile, at: datetime) -> int:
    new = _new(session, Tier.code, file.tiers)
    for entry in new:
        values = entry.model_dump(exclude={"gift"})
        draft = tiers.Draft(**values, gift=entry.gift.gift() or Gift())
        tiers.define(session, draft, at, by=None)
    return len(new)


def _earn_rules(session: Session, file: ProgrammeFile) -> int:
    new = _new(session, EarnRule.code, file.earn_rules)
    for entry in new:
        starts_at, ends_at = entry.window
        values = entry.model_dump(exclude={"starts_on", "ends_on"})
        session.add(EarnRule(**values, starts_at=starts_at, ends_at=ends_at))
    return len(new)


def _profile_fields(session: Session, file: ProgrammeFile, at: datetime) -> int:
    new = _new(session, ProfileField.code, file.profile_fields)
    for position, entry in enumerate(new):
        question = Question(**entry.model_dump(), position=position)
        profiles.define(session, question, at, by=None)
    return len(new)


def _tags(session: Session, file: ProgrammeFile, at: datetime) -> int:
    new = _new(session, Tag.code, file.tags)
    for entry in new:
        draft = tag_definitions.Draft(entry.code, entry.name, entry.rule)
        tag_definitions.define(session, draft, at, by=None)
    return len(new)


def _rewards(session: Session, file: ProgrammeFile, at: datetime) -> int:
    new = _new(session, Reward.code, file.rewards)
    for entry in new:
        values = entry.model_dump(exclude={"price_points", "min_level", "starts_on", "ends_on"})
        draft = rewards.Draft(
            **values,
            points_price=entry.price_points,
            min_tier=entry.min_level,
            starts_at=day_start(entry.starts_on),
            ends_at=day_start(entry.ends_on + timedelta(days=1)),
        )
        rewards.save(session, draft, at, by=None)
    return len(new)
