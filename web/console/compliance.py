"""合规预检 in the console: editors ask while people type, routes before they publish."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from content import compliance
from content.compliance import Finding, Kind, Passage, Work
from kernel.refusals import Invalid
from web.console.fields import Fields
from web.console.guards import operator_required

bp = Blueprint("compliance", __name__, url_prefix="/compliance")

MOST_BYTES = 512 * 1024
_MOST_PASSAGES = 60
_AROUND = 14
_MOMENTS = frozenset({"starts_at", "ends_at", "at"})
_NUMBERS = frozenset({"stock", "sent_this_month"})
_TEXTS = frozenset({"rules", "channel"})


@dataclass(frozen=True)
class Shown:
    """A finding with the words around what it found."""

    finding: Finding
    before: str = ""
    after: str = ""

    def __getattr__(self, name: str) -> object:
        return getattr(self.finding, name)


@bp.post("/check")
@operator_required("content.read")
def check() -> ResponseReturnValue:
    """What stands against the text of an editor, as a fragment. Raises Invalid.

    `compliance_fields` says which field of the form is which place: `title=标题;body=正文`; or the
    form repeats `place` and `text`. `compliance_facts` says the same of facts: `rules=terms`.
    """
    if (request.content_length or 0) > MOST_BYTES:
        abort(413)
    work = _work()
    findings = compliance.inspect(work) if any(one.text.strip() for one in work.passages) else None
    shown = None if findings is None else around(findings, work)
    return render_template("console/compliance/findings.html", findings=shown)


def around(findings: Sequence[Finding], work: Work) -> list[Shown]:
    """The findings with the words around them, as far as the work has those."""
    texts = {passage.place: passage.text for passage in work.passages}
    return [_around(finding, texts.get(finding.place, "")) for finding in findings]


def red(findings: Sequence[Finding]) -> list[Finding]:
    """Those that block."""
    return [finding for finding in findings if finding.severity == "red"]


@bp.app_template_filter("rule_title")
def rule_title(rule_id: str) -> str:
    """What the rule is called; rules of other rooms are called by the place alone."""
    return _titles().get(rule_id, "")


@cache
def _titles() -> dict[str, str]:
    return {rule.id: rule.title for rule in compliance.rules()}


def _around(finding: Finding, text: str) -> Shown:
    at = text.find(finding.quote) if finding.quote else -1
    if at < 0:
        return Shown(finding)
    end = at + len(finding.quote)
    before, after = text[max(0, at - _AROUND) : at], text[end : end + _AROUND]
    return Shown(
        finding,
        ("…" if at > _AROUND else "") + before.rpartition("\n")[2],
        after.partition("\n")[0] + ("…" if len(text) > end + _AROUND else ""),
    )


def _work() -> Work:
    fields = Fields(request.form)
    return Work(_kind(fields), tuple(_passages(fields))[:_MOST_PASSAGES], facts=_facts(fields))


def _kind(fields: Fields) -> Kind:
    for kind in compliance.KINDS:
        if kind == fields.text("compliance_kind"):
            return kind
    raise Invalid(field="compliance_kind", reason="不认识的内容种类")


def _passages(fields: Fields) -> Iterator[Passage]:
    for name, place in _pairs(fields.text("compliance_fields")):
        for text in request.form.getlist(name):
            yield Passage(place, text.replace("\r\n", "\n"))
    places, texts = request.form.getlist("place"), request.form.getlist("text")
    for place, text in zip(places, texts, strict=False):
        yield Passage(place[:40], text.replace("\r\n", "\n"))


def _facts(fields: Fields) -> dict[str, object]:
    facts: dict[str, object] = {}
    for fact, name in _pairs(fields.text("compliance_facts")):
        try:
            if fact in _MOMENTS:
                facts[fact] = fields.moment_or_none(name)
            elif fact in _NUMBERS:
                facts[fact] = fields.number(name, 0)
            elif fact in _TEXTS:
                facts[fact] = fields.text(name)
        except Invalid:
            continue  # still being typed; the form itself says so when it is sent
    return facts


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for pair in text[:2_000].split(";"):
        name, _, value = pair.partition("=")
        if name and value:
            yield name.strip(), value.strip()[:40]
