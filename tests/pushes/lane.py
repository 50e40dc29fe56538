"""A lane that answers at once, and what pushes say in tests."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from kernel.outcomes import Outcome
from pushes.channels import Call
from pushes.drafts import Form
from pushes.pushes import Push

TEMPLATE = "tpl-0123456789"
CONTENTS = {
    "mass": {"kind": "text", "text": "中秋安康"},
    "customer": {"kind": "text", "text": "{称呼}，中秋安康"},
    "notice": {"template_id": TEMPLATE, "data": {"thing1": "{称呼}的中秋礼"}},
    "template": {"template_id": TEMPLATE, "data": {"thing1": "宽带检修"}},
    "sms": {"text": "{称呼}，中秋安康"},
}
Answer = Outcome | type[BaseException]


@dataclass
class Lane:
    """Takes calls: `answers` by receiver in their order, then `else_`."""

    answers: dict[str, list[Answer]] = field(default_factory=dict)
    else_: Outcome = field(default_factory=lambda: Outcome("sent", message_id=7))
    calls: list[Call] = field(default_factory=list)
    # Called before each call, such as to move the clock.
    before: Callable[[Call], object] = lambda _call: None
    lock: threading.Lock = field(default_factory=threading.Lock)
    landed: "threading.local" = field(default_factory=threading.local)

    def submit(self, calls: Iterable[Call]) -> None:
        """Answer each."""
        for call in calls:
            self.before(call)
            with self.lock:
                self.calls.append(call)
                waiting = self.answers.get(call.to)
                answer = waiting.pop(0) if waiting else self.else_
            if isinstance(answer, type):
                raise answer
            self._mine().append((call.delivery_id, answer))

    def collect(self, seconds: float) -> list[tuple[int, Outcome]]:
        """What was answered since, to this thread."""
        landed = list(self._mine())
        self._mine().clear()
        return landed

    def close(self) -> None:
        """Nothing to give back."""
        self._mine().clear()

    def _mine(self) -> list[tuple[int, Outcome]]:
        if not hasattr(self.landed, "of"):
            self.landed.of = []
        found: list[tuple[int, Outcome]] = self.landed.of
        return found

    @property
    def reached(self) -> Counter[str]:
        """How often each receiver was called."""
        return Counter(call.to for call in self.calls)


def mass_push(text: str) -> Push:
    """A push of one text by mass send, in no database."""
    variants = [{"share": 100, "contents": {"mass": {"kind": "text", "text": text}}}]
    return Push(channels=["mass"], variants=variants, service=False, link="")


def form(*channels: str, **given: object) -> Form:
    """A push by these channels; `contents` may say something else."""
    contents = {name: CONTENTS[name] for name in channels}
    values: dict[str, object] = {
        "title": "中秋", "channels": channels,
        "variants": [{"share": 100, "contents": contents}],
        "service": "template" in channels,
    }  # fmt: skip
    return Form(**{**values, **given})  # type: ignore[arg-type]
