"""Plain values of a configuration: what people write, taken exactly or refused with a reason."""

import re
from datetime import time
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


class Section(BaseModel):
    """A part of a configuration; a key it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _plain_number(value: object) -> object:
    # "022" would quietly become 22, and `yes` is not a number of anything.
    if isinstance(value, bool) or (
        isinstance(value, str) and not re.fullmatch(r"0|[1-9]\d*", value)
    ):
        raise ValueError("must be a whole number in plain digits")
    return value


def _plain_switch(value: object) -> object:
    if isinstance(value, str) and value not in {"true", "false"}:
        raise ValueError("must be true or false")
    return value


def _address(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", value):
        raise ValueError("must be an address that starts with http:// or https://")
    return value.rstrip("/")


def _database(value: str) -> str:
    if value and not re.match(r"(sqlite|postgresql\+psycopg|(mysql|mariadb)\+pymysql)://", value):
        raise ValueError("must begin with postgresql+psycopg://, mysql+pymysql:// or sqlite://")
    return value


def _redis(value: str) -> str:
    if value and not re.match(r"(rediss?|unix)://", value):
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return value


def _queue(value: str) -> str:
    if value and not re.match(r"amqps?://", value):
        raise ValueError("must begin with amqp:// or amqps://, or be empty for Redis")
    return value


def _time_of_day(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        return time.fromisoformat(value)
    raise ValueError("must be a time of day as HH:MM, such as 08:30")


TimeOfDay = Annotated[time, BeforeValidator(_time_of_day)]
Number = Annotated[int, BeforeValidator(_plain_number)]
Port = Annotated[Number, Field(ge=1, le=65535)]
Count = Annotated[Number, Field(ge=1, le=1_000_000)]
Switch = Annotated[bool, BeforeValidator(_plain_switch)]
DatabaseAddress = Annotated[str, AfterValidator(_database)]
RedisAddress = Annotated[str, AfterValidator(_redis)]
QueueAddress = Annotated[str, AfterValidator(_queue)]
Address = Annotated[str, AfterValidator(_address)]
MaybeAddress = Annotated[str, AfterValidator(lambda value: _address(value) if value else "")]
