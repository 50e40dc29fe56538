"""The form of a push: what was typed as `drafts.Form`, and a push as the form shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from kernel.refusals import Invalid
from pushes import drafts, messages
from pushes.channels import NAMES
from pushes.messages import MOST_VARIANTS
from pushes.pushes import Push
from web.console.fields import Fields, Shown, again
from web.console.filters import as_typed

LETTERS = "abc"[:MOST_VARIANTS]
USUAL_HOLDOUT = 5
TEMPLATED = ("notice", "template")
_ROWS = 3
_MOST_ROWS = 20


@dataclass(frozen=True)
class Desk:
    """What reading a form needs from elsewhere: the titles of articles that lie in WeChat's
    drafts by id, and the push that is changed."""

    articles: Mapping[int, str]
    push: Push | None = None


def read(form: MultiDict[str, str], desk: Desk) -> drafts.Form:
    """What was typed. Raises Invalid with the field of the form."""
    fields = Fields(form)
    channels = chosen(form)
    if not channels:
        raise Invalid(field="channels", reason="请选择至少一个渠道")
    old = desk.push
    return drafts.Form(
        title=fields.text("title"),
        channels=channels,
        variants=[_variant(form, letter, channels, desk) for letter in letters(form)],
        audience=audience(form, old),
        freeze_at=fields.text("freeze_at") or "start",
        holdout_percent=fields.number("holdout_percent", 0),
        service=fields.flag("service"),
        link=fields.text("link"),
        rate=fields.number("rate", 0),
        grace_minutes=fields.number("grace_minutes", 60),
        send_at=_send_at(fields),
        occasion=old.occasion if old else None,
        occurs_on=old.occurs_on if old else None,
    )


def chosen(form: MultiDict[str, str]) -> list[str]:
    """The channels that are ticked, in the order of the page."""
    return [name for name in dict.fromkeys(form.getlist("channel")) if name in NAMES]


def letters(form: Mapping[str, str]) -> str:
    """The texts that are in use: a, ab or abc."""
    count = form.get("variant_count", "1")
    return LETTERS[: int(count) if count in {"1", "2", "3"} else 1]


def unchecked(form: MultiDict[str, str], articles: Mapping[int, str]) -> Push:
    """The push as far as it is typed, never saved and not held against anything."""
    fields, channels = Fields(form), chosen(form)
    try:
        send_at = _send_at(fields)
    except Invalid:
        send_at = None  # still being typed
    variants = [
        {"contents": {one: content(form, letter, one, articles) for one in channels}}
        for letter in letters(form)
    ]
    return Push(
        channels=channels,
        variants=variants,
        audience={"kind": fields.text("audience_kind") or "members"},
        service=fields.flag("service"),
        link=fields.text("link"),
        send_at=send_at,
    )


def audience(form: Mapping[str, str], old: Push | None) -> dict[str, Any]:
    """Whom the form means, not yet held against what there is. Raises Invalid."""
    fields = Fields(form)
    kind = fields.text("audience_kind")
    if kind == "trigger" and old is not None and old.audience["kind"] == "trigger":
        return dict(old.audience)
    if kind == "tag":
        by_tag = {"by_tag": True} if fields.flag("audience_by_tag") else {}
        return {"kind": kind, "tag": fields.text("audience_tag"), **by_tag}
    if kind == "segment":
        return {"kind": kind, "segment": fields.text("audience_segment")}
    if kind == "list":
        if not fields.text("audience_list"):
            raise Invalid(field="audience", reason="请选择名单")
        return {"kind": kind, "list": fields.row_id("audience_list")}
    if kind not in {"members", "followers"}:
        raise Invalid(field="audience", reason="请选择发给谁")
    return {"kind": kind}


def _send_at(fields: Fields) -> datetime | None:
    return fields.moment("send_at") if fields.text("when") == "later" else None


def _variant(
    form: MultiDict[str, str], letter: str, channels: list[str], desk: Desk
) -> dict[str, Any]:
    several = len(letters(form)) > 1
    share = Fields(form).number(f"{letter}.share", 0) if several else 100
    contents = {}
    for channel in channels:
        typed = content(form, letter, channel, desk.articles)
        try:
            contents[channel] = messages.check(channel, typed)
        except Invalid as refused:
            name = ".".join(str(refused.facts["field"]).split(".")[:2])
            key = str(refused.facts["field"]).removeprefix(f"{channel}.data").strip(".")
            item = f"{key} " if "data" in name and key else ""
            which = f"版本 {letter.upper()} 的{NAMES[channel]}" if several else NAMES[channel]
            reason = f"{which}：{item}{refused.facts['reason']}"
            raise Invalid(field=f"{letter}.{name}", reason=reason) from None
    return {"share": share, "contents": contents}


def content(
    form: MultiDict[str, str], letter: str, channel: str, articles: Mapping[int, str]
) -> dict[str, Any]:
    """What was typed for one channel of one text, as it is; not checked."""
    fields, head = Fields(form), f"{letter}.{channel}"
    if channel in TEMPLATED:
        return {"template_id": fields.text(f"{head}.template_id"), "data": dict(rows(form, head))}
    found: dict[str, Any] = {
        name: fields.text(f"{head}.{name}")
        for name in ("kind", "text", "title", "description", "picture", "template")
    }
    if channel == "mass" and found["kind"] == "article":
        number = fields.text(f"{head}.article_id")
        article_id = int(number) if number.isascii() and number.isdigit() else 0
        title = articles.get(article_id)
        return {"kind": "article", "article_id": article_id if title else None, "title": title}
    return found


def rows(form: MultiDict[str, str], head: str) -> list[tuple[str, str]]:
    """The keys and values of a template that were typed; lines without a key are none."""
    keys, values = form.getlist(f"{head}.key"), form.getlist(f"{head}.value")
    pairs = zip(keys[:_MOST_ROWS], values[:_MOST_ROWS], strict=False)
    clean = ((key.replace("\x00", "").strip(), value.replace("\x00", "")) for key, value in pairs)
    return [(key, value.strip()) for key, value in clean if key]


def mark(push: Push) -> str:
    """Names the push as it stands: another one says that a colleague has changed it since."""
    return push.changed_at.isoformat()


def typed(form: MultiDict[str, str], refused: Invalid) -> Shown:
    """The form as it was sent, with the fault."""
    values: dict[str, Any] = dict(form)
    values["channels"] = chosen(form)
    for letter in LETTERS:
        for channel in TEMPLATED:
            values[f"{letter}.{channel}.rows"] = _filled(rows(form, f"{letter}.{channel}"))
    return again(values, refused)


def blank(grace_minutes: int) -> Shown:
    """The form of a new push."""
    return Shown(
        {
            "channels": ["mass"], "audience_kind": "members", "variant_count": "1",
            "a.share": 50, "b.share": 50, "c.share": 0, "holdout_percent": USUAL_HOLDOUT,
            "freeze_at": "start", "grace_minutes": grace_minutes, "rate": 0, "when": "now",
            **_empty_rows(),
        }
    )  # fmt: skip


def shown(push: Push) -> Shown:
    """A push as the form shows it."""
    kind = push.audience["kind"]
    values: dict[str, Any] = {
        **_empty_rows(),
        "title": push.title,
        "channels": push.channels,
        "audience_kind": kind,
        f"audience_{kind}": push.audience.get(kind, ""),
        "audience_by_tag": push.audience.get("by_tag", False),
        "variant_count": str(len(push.variants)),
        "when": "later" if push.send_at else "now",
        "send_at": as_typed(push.send_at),
    }
    names = ("service", "link", "freeze_at", "holdout_percent", "rate", "grace_minutes")
    values |= {name: getattr(push, name) for name in names}
    for letter, variant in zip(LETTERS, push.variants, strict=False):
        values[f"{letter}.share"] = variant["share"]
        for channel, kept in variant["contents"].items():
            values |= _content_values(f"{letter}.{channel}", kept)
    return Shown(values)


def _content_values(head: str, kept: Mapping[str, Any]) -> dict[str, Any]:
    values = {f"{head}.{name}": value for name, value in kept.items() if name != "data"}
    if "data" in kept:
        values[f"{head}.rows"] = _filled(list(kept["data"].items()))
    return values


def _empty_rows() -> dict[str, Any]:
    return {f"{letter}.{channel}.rows": _filled([]) for letter in LETTERS for channel in TEMPLATED}


def _filled(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The lines with empty ones after them, so that there is room without a script."""
    return pairs + [("", "")] * max(1, _ROWS - len(pairs) if not pairs else 1)
