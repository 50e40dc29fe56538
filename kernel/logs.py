"""Logs: one JSON object a line, with a request id, without secrets, phones or tokens."""

import logging
import re
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

_HIDDEN_NAMES = re.compile(r"secret|token|password|aes_key|phone|authorization|cookie|code$", re.I)
_PHONE = re.compile(r"(?<!\d)((?:86)?1[3-9]\d)\d{4}(\d{4})(?!\d)")
# requests puts the whole address, with the token or the secret in it, into its exceptions.
_IN_ADDRESS = re.compile(
    r"((?:access_token|secret|appsecret|code|refresh_token|ticket|signature)=)[^&\s'\"]+", re.I
)
_IN_OBJECT = re.compile(
    r"""((?:token|secret|ticket|password|aes_key)["']: ?["'])[^"']*""", re.I
)  # a body that is quoted in an error


def redact(value: Any) -> Any:
    """The value with phones and address parameters that carry secrets made unreadable."""
    if isinstance(value, bytes | BaseException):
        value = repr(value)  # what the formatter would make of it, after us
    if isinstance(value, str):
        value = _IN_OBJECT.sub(r"\1***", _PHONE.sub(r"\1****\2", value))
        return _IN_ADDRESS.sub(r"\1***", value)
    if isinstance(value, dict):
        return {
            key: "***" if _HIDDEN_NAMES.search(str(key)) else redact(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact(item) for item in value]
    return value


def _redact_event(_logger: Any, _method: str, event: EventDict) -> EventDict:
    hidden: dict[str, Any] = redact(dict(event))
    return hidden


def configure(level: str = "INFO") -> None:
    """Send every log line, ours and the libraries', through one redacting JSON formatter."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _redact_event,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for chatty in ("apscheduler", "alembic"):
        logging.getLogger(chatty).setLevel("WARNING")
