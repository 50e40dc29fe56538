"""The servers that a hall runs on, as config.yaml names them."""

from kernel.fields import DatabaseAddress, QueueAddress, RedisAddress, Section


class DatabaseSection(Section):
    """`database:` of config.yaml."""

    url: DatabaseAddress = ""


class RedisSection(Section):
    """`redis:` of config.yaml."""

    url: RedisAddress = ""


class QueueSection(Section):
    """`queue:` of config.yaml."""

    url: QueueAddress = ""
