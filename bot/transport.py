"""One call to WeChat's API: bounded in time, and read strictly."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from kernel.metrics import GATEWAY_CALLS

TIMEOUT_SECONDS = (2.0, 5.0)  # connect, read
UPLOAD_SECONDS = (2.0, 60.0)  # only workers upload
_NUMBER = re.compile(r"-?\d{1,12}", re.ASCII)
# Old nicknames hold control characters, and the header names no charset.
_DECODER = json.JSONDecoder(strict=False)


class GatewayError(Exception):
    """WeChat answered with an error code: the call was surely not carried out."""

    def __init__(self, code: int, message: str, body: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.body = dict(body or {})


class Unreachable(Exception):
    """No connection came about: the call was surely not carried out."""


class OutcomeUnknown(Exception):
    """No clear answer: the call may have been carried out, so it is not repeated by itself."""


class Transport:
    """Calls below one base address. Safe to share between threads."""

    def __init__(self, base: str, note: Callable[[str, str], object] | None = None) -> None:
        """`note` is told of each call that was refused or had no clear answer: path, errcode."""
        self._base = base
        self._note = note or (lambda *_: None)
        self._http = requests.Session()
        self._http.mount("http://", HTTPAdapter(pool_maxsize=32))
        self._http.mount("https://", HTTPAdapter(pool_maxsize=32))

    def get(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        """GET and read the JSON object. Raises GatewayError, Unreachable, OutcomeUnknown."""
        return self._call("GET", path, params=params)

    def post(
        self, path: str, params: Mapping[str, str], body: Mapping[str, Any]
    ) -> dict[str, Any]:
        """POST an object and read one. Raises GatewayError, Unreachable, OutcomeUnknown.

        The body is raw UTF-8: escapes such as \\u4f60 are refused (40033) or shown as they are.
        """
        raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return self._call("POST", path, params=params, data=raw)

    def upload(
        self, path: str, params: Mapping[str, str], files: Mapping[str, tuple[Any, ...]]
    ) -> dict[str, Any]:
        """POST a form: files as (name, bytes, MIME type), fields as (None, bytes). Raises as
        `post`."""
        return self._call("POST", path, params=params, files=files, timeout=UPLOAD_SECONDS)

    def _call(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        try:
            return self._ask(method, path, **sent)
        except GatewayError as error:
            self._note(path, str(error.code))
            raise
        except (Unreachable, OutcomeUnknown) as error:
            self._note(path, type(error).__name__)
            raise

    def _ask(self, method: str, path: str, **sent: Any) -> dict[str, Any]:
        sent.setdefault("timeout", TIMEOUT_SECONDS)
        try:
            answer = self._http.request(method, self._base + path, allow_redirects=False, **sent)
        except requests.ConnectTimeout:
            raise Unreachable(path) from None
        except requests.ConnectionError as error:
            raise _lost(error, path) from None
        except requests.RequestException as error:
            # Its text holds the address with token or secret; only the kind is kept.
            raise OutcomeUnknown(f"{path}: {type(error).__name__}") from None
        return _read(path, answer)


def _lost(error: requests.ConnectionError, path: str) -> Exception:
    # urllib3 tells "could not connect" from "was cut off" only by the class inside.
    refused = "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
    return Unreachable(path) if refused else OutcomeUnknown(f"{path}: connection lost")


def _read(path: str, answer: requests.Response) -> dict[str, Any]:
    body = read_object(answer.content) if answer.status_code == 200 else None
    if body is None:
        GATEWAY_CALLS.labels(path, "unclear").inc()
        raise OutcomeUnknown(f"{path}: HTTP {answer.status_code}, not a JSON object")
    code = errcode_of(body.get("errcode", 0))
    GATEWAY_CALLS.labels(path, str(code)).inc()
    if code is None:
        raise OutcomeUnknown(f"{path}: errcode is not a number")
    if code != 0:
        raise GatewayError(code, str(body.get("errmsg", "")), body)
    return body


def read_object(raw: bytes | bytearray) -> dict[str, Any] | None:
    """The JSON object of an answer; None when it is anything else."""
    try:
        body = _DECODER.decode(raw.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) and body else None


def errcode_of(value: object) -> int | None:
    """The number of an `errcode` field; None when it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else None
