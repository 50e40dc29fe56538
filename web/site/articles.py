"""Articles on the mini-site: their pages, counted; and what a page tells of a share."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request, session
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from content import (
    article_checks,
    article_reads,
    article_trials,
    articles,
    page_html,
    slots,
)
from content.article_trials import Reader, Shown
from content.facts import Facts, MediaFact
from products import facts
from web.guards import public
from web.wiring import now, read, transaction, wiring

bp = Blueprint("articles", __name__, url_prefix="/articles")


@dataclass(frozen=True)
class Page:
    """An article made ready to be shown."""

    shown: Shown
    title: str
    digest: str
    body: Markup
    cover: MediaFact | None


@bp.get("")
@public
def show_all() -> ResponseReturnValue:
    """The newest articles."""
    return render_template("site/articles/list.html", articles=read(articles.newest))


@bp.get("/<code>")
@public
def show(code: str) -> ResponseReturnValue:
    """An article, as whoever looks may see it."""
    reader, at = Reader(session.get("openid"), wiring().menu_rules.trial_tag), now()
    page = read(lambda db: _page(db, article_trials.shown(db, code, reader)))
    if not page.shown.on_trial and not article_reads.is_robot(request.user_agent.string):
        mark = request.args.get("from", "")[:20]
        transaction(lambda db: article_reads.read(db, page.shown.id, at, mark))
    return render_template("site/articles/article.html", page=page)


@bp.post("/<code>/shares")
@public
def note_share(code: str) -> ResponseReturnValue:
    """The page was told that it was shared, by WeChat's JS-SDK or the phone's own sheet."""
    at = now()
    article = read(lambda db: articles.get(db, code))
    transaction(lambda db: article_reads.share(db, article.id, at))
    return "", 204


def _page(db: Session, shown: Shown) -> Page:
    content = shown.content
    known: Facts = facts.of_content(db, content, now())
    return Page(
        shown=shown,
        title=slots.fill(content.title, known),
        digest=slots.fill(content.digest, known),
        body=page_html.render(article_checks.framed(db, content), known),
        cover=known.media.get(content.cover_id) if content.cover_id is not None else None,
    )
