"""Drafts in the test box: whether one would answer a message if it were approved as it is."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import conversations, reply_book
from content.reply_decisions import Asked, consider
from content.reply_rules import ReplyRule
from content.reply_traces import Question, Step, Trace
from web.wiring import transaction

# What a message is called by rules.
_KINDS = {"event.subscribe": "follow", "event.scan": "scan"}
_FIRST = frozenset({"context"})  # what comes before any rule
_LAST = frozenset({"default"})  # what answers where nothing else does
_MOST = 100


@dataclass(frozen=True)
class Draft:
    """A draft that was considered: would it answer, and what fits or does not."""

    rule_id: int
    name: str
    wins: bool
    why: str


class _Undone(Exception):
    """Carries the answer out of a transaction that is given up."""

    def __init__(self, drafts: list[Draft]) -> None:
        super().__init__()
        self.drafts = drafts


def fitting(question: Question, openid: str, at: datetime, trace: Trace) -> list[Draft]:
    """Every draft, with what it would do to the message."""

    def rehearse(session: Session) -> None:
        raise _Undone(_considered(session, _asked(session, question, openid, at), trace))

    try:
        transaction(rehearse)
    except _Undone as undone:
        return undone.drafts
    return []


def _asked(session: Session, question: Question, openid: str, at: datetime) -> Asked:
    scene = question.scene.removeprefix("qrscene_")
    return Asked(
        session=session,
        kind=_KINDS.get(question.kind, question.kind),
        openid=openid,
        at=at,
        text=question.text,
        scene=scene,
        is_talking=lambda: conversations.find_open(session, openid) is not None,
    )


def _considered(session: Session, asked: Asked, trace: Trace) -> list[Draft]:
    if asked.kind == "event.click":
        return []  # a menu names its rule
    query = (
        select(ReplyRule)
        .where(ReplyRule.state.in_(("draft", "in_review")))
        .order_by(ReplyRule.priority.desc(), ReplyRule.id.desc())
        .limit(_MOST)
    )
    drafts = list(session.scalars(query))
    winner = trace.winner
    standing = session.get(ReplyRule, winner.rule_id) if winner and winner.rule_id else None
    found = [_judge(draft, asked, (winner, standing)) for draft in drafts]
    return sorted(found, key=lambda one: not one.wins)


def _judge(draft: ReplyRule, asked: Asked, first: tuple[Step | None, ReplyRule | None]) -> Draft:
    rule = _as_if_live(draft)
    if asked.kind not in rule.kinds and "default" in rule.kinds:
        return _judge_default(draft, asked, first)
    against, fits = consider(rule, asked)
    if against:
        return Draft(draft.id, draft.name, wins=False, why=against)
    winner, standing = first
    if winner and winner.stage in _FIRST:
        return Draft(draft.id, draft.name, wins=False, why=f"{fits}，但先接着刚才的问题回答")
    if standing and asked.kind in standing.kinds and _stands_before(standing, draft):
        return Draft(draft.id, draft.name, wins=False, why=f"{fits}，但“{standing.name}”在它前面")
    return Draft(draft.id, draft.name, wins=True, why=fits)


def _judge_default(
    draft: ReplyRule, asked: Asked, first: tuple[Step | None, ReplyRule | None]
) -> Draft:
    winner, standing = first
    by_default = standing is not None and asked.kind not in standing.kinds
    if winner and winner.stage not in _LAST and not by_default:
        return Draft(draft.id, draft.name, wins=False, why="默认回复：前面已有别的回答")
    if standing and _stands_before(standing, draft):
        return Draft(draft.id, draft.name, wins=False, why=f"默认回复“{standing.name}”在它前面")
    as_default = Asked(asked.session, "default", asked.openid, asked.at)
    against, fits = consider(_as_if_live(draft), as_default)
    return Draft(draft.id, draft.name, wins=not against, why=against or fits)


def _as_if_live(draft: ReplyRule) -> reply_book.Rule:
    return replace(reply_book.read(draft), paused=False)


def _stands_before(standing: ReplyRule, draft: ReplyRule) -> bool:
    # The next revision of a rule takes its place, so it does not stand in its own way.
    if standing.code == draft.code:
        return False
    return (standing.priority, standing.id) > (draft.priority, draft.id)
