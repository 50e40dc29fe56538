"""The lane of short messages: a provider's calls one by one, several at a time."""

import queue
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from kernel.outcomes import Outcome
from kernel.sms import Sms, SmsRefused, SmsSender, SmsUnknown
from kernel.vault import Unreadable, Vault
from loyalty.members import PHONE_PLACE
from pushes.channels import Call

_AT_ONCE = 8


class SmsLane:
    """Short messages of one thread that sends."""

    def __init__(self, sender: SmsSender, vault: Vault) -> None:
        self._sender, self._vault = sender, vault
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="sms")
        self._landed: queue.SimpleQueue[tuple[int, Outcome]] = queue.SimpleQueue()

    def submit(self, calls: Iterable[Call]) -> None:
        """Begin these calls."""
        for call in calls:
            self._pool.submit(self._send, call)

    def collect(self, seconds: float) -> list[tuple[int, Outcome]]:
        """What has ended; waits for the first so long."""
        landed = []
        try:
            landed.append(self._landed.get(timeout=seconds))
            while True:
                landed.append(self._landed.get_nowait())
        except queue.Empty:
            return landed

    def close(self) -> None:
        """Let calls that have begun end."""
        self._pool.shutdown(wait=True)

    def _send(self, call: Call) -> None:
        outcome = send_sms(self._sender, self._vault, call.to, call.body)
        self._landed.put((call.delivery_id, outcome))


def send_sms(sender: SmsSender, vault: Vault, sealed: str, body: Mapping[str, Any]) -> Outcome:
    """Send one body of a push to a member's sealed phone; whatever happens has an outcome."""
    try:
        phone = vault.open(sealed, PHONE_PLACE)
        sender.send(phone, Sms(body["text"], body["template"], body["params"]))
    except Unreadable:
        return Outcome("refused", "unreadable phone")
    except SmsRefused as error:
        return Outcome("refused", str(error)[:80])
    except SmsUnknown as error:
        return Outcome("unknown", str(error)[:80])
    except Exception as error:  # a lane that lost an answer would wait for it for ever
        return Outcome("unknown", type(error).__name__)
    return Outcome("sent")
