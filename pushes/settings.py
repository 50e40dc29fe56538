"""What a hall lays down for all its pushes."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Annotated

from pydantic import Field

from kernel.clock import SHANGHAI
from kernel.fields import Number, Section, TimeOfDay


@dataclass(frozen=True)
class PushRules:
    """Numbers of the house; `app.py` fills them from the configuration.

    `chunk` recipients are leased to a worker at once; a mass send takes `mass_chunk` a call.
    `rate` is the most a second over all workers, 0 for no limit; `window_most` the most within
    `window_minutes`, 0 for none. A marketing push skips whom `frequency_most` of them reached
    within `frequency_days`.
    """

    chunk: int = 5_000
    mass_chunk: int = 9_999
    lanes: int = 4
    in_flight: int = 256
    rate: int = 0
    window_most: int = 0
    window_minutes: int = 60
    quiet_from: time = time(21, 0)
    quiet_until: time = time(8, 0)
    grace_minutes: int = 60
    frequency_days: int = 7
    frequency_most: int = 3
    error_percent: int = 30
    error_sample: int = 50
    most_attempts: int = 5
    sms_fen: int = 5
    sms_signature: str = ""

    def is_quiet(self, at: datetime) -> bool:
        """Whether marketing must not go out at `at`, by the clock of Shanghai."""
        now = at.astimezone(SHANGHAI).time()
        begins, ends = self.quiet_from, self.quiet_until
        if begins <= ends:
            return begins <= now < ends
        return now >= begins or now < ends

    def quiet_ends_at(self, at: datetime) -> datetime:
        """The first instant from `at` on at which marketing may go out."""
        if not self.is_quiet(at):
            return at
        local = at.astimezone(SHANGHAI)
        end = local.replace(
            hour=self.quiet_until.hour, minute=self.quiet_until.minute, second=0, microsecond=0
        )
        return end if end > local else end + timedelta(days=1)


class PushesSection(Section):
    """`pushes:` of config.yaml."""

    chunk: Annotated[Number, Field(ge=10, le=20_000)] = 5_000
    mass_chunk: Annotated[Number, Field(ge=2, le=9_999)] = 9_999
    lanes: Annotated[Number, Field(ge=1, le=64)] = 4
    in_flight: Annotated[Number, Field(ge=1, le=2_000)] = 256
    rate: Annotated[Number, Field(ge=0, le=10_000)] = 0
    window_most: Annotated[Number, Field(ge=0)] = 0
    window_minutes: Annotated[Number, Field(ge=1, le=1_440)] = 60
    quiet_from: TimeOfDay = time(21, 0)
    quiet_until: TimeOfDay = time(8, 0)
    grace_minutes: Annotated[Number, Field(ge=1, le=1_440)] = 60
    frequency_days: Annotated[Number, Field(ge=1, le=31)] = 7
    frequency_most: Annotated[Number, Field(ge=0, le=31)] = 3
    error_percent: Annotated[Number, Field(ge=1, le=100)] = 30
    error_sample: Annotated[Number, Field(ge=10, le=1_000)] = 50
    most_attempts: Annotated[Number, Field(ge=1, le=20)] = 5
    sms_fen: Annotated[Number, Field(ge=0, le=1_000)] = 5
    sms_signature: str = Field(default="", max_length=12)
    propose_days: Annotated[Number, Field(ge=0, le=60)] = 21

    def rules(self) -> PushRules:
        """The numbers as the engine of pushes takes them."""
        return PushRules(**self.model_dump(exclude={"propose_days"}))
