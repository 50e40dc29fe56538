"""How an answer came about, step by step: what the test box shows of one message."""

from dataclasses import dataclass, field
from typing import Any

STAGES = {
    "context": "刚才的问题",
    "rule": "回复规则",
    "function": "内置功能",
    "phrase": "领券口令",
    "conversation": "人工对话",
    "faq": "常见问题",
    "default": "默认回复",
}


@dataclass(frozen=True)
class Question:
    """A message for the test box.

    `kind` as in the inbox: text, image, voice, video, location, link, event.subscribe, event.scan,
    event.click. `scene` goes with following and scanning, `key` with a menu key.
    """

    kind: str = "text"
    text: str = ""
    scene: str = ""
    key: str = ""


@dataclass(frozen=True)
class Step:
    """One thing that was considered.

    `outcome`: won, passed (it does not fit, `why` says so), unreached (something before it won).
    """

    stage: str
    title: str
    outcome: str
    why: str = ""
    rule_id: int | None = None


@dataclass
class Trail:
    """The steps of one decision, written down while it is made."""

    steps: list[Step] = field(default_factory=list)

    def passed(self, stage: str, why: str, title: str = "") -> None:
        """This did not answer, and why."""
        self.steps.append(Step(stage, title or STAGES[stage], "passed", why))

    def won(self, stage: str, why: str = "", title: str = "") -> None:
        """This answers."""
        self.steps.append(Step(stage, title or STAGES[stage], "won", why))


@dataclass(frozen=True)
class Trace:
    """A decision and what came of it: replies as plain data, the first one passive."""

    steps: tuple[Step, ...]
    reply: dict[str, Any]
    further: tuple[dict[str, Any], ...] = ()

    @property
    def winner(self) -> Step | None:
        """What answered."""
        return next((step for step in self.steps if step.outcome == "won"), None)
