"""Revisions of an article: one of them as it was, and two beside each other."""

import difflib
from collections.abc import Sequence

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import article_revisions
from content.article_revisions import ArticleRevision, content_of
from content.articles import Article
from kernel.refusals import NotFound
from web.console import article_sheets
from web.console.article_sheets import Compared
from web.console.articles import page
from web.console.guards import operator_required
from web.console.paging import asked_id
from web.wiring import read

bp = Blueprint("article_history", __name__, url_prefix="/articles")


@bp.get("/revisions/<row:revision_id>")
@operator_required("content.read")
def show(revision_id: int) -> ResponseReturnValue:
    """The page of an article about one of its revisions. Raises NotFound."""
    article_id = read(lambda db: article_revisions.get(db, revision_id).article_id)
    return page(article_id, revision_id)


@bp.get("/<row:article_id>/differences")
@operator_required("content.read")
def compare(article_id: int) -> ResponseReturnValue:
    """What the newer of two revisions changed; else of the two newest. Raises NotFound."""
    old_id, new_id = asked_id("old"), asked_id("new")

    def work(
        db: Session,
    ) -> tuple[Article, list[ArticleRevision], list[ArticleRevision], list[Compared]]:
        article = article_sheets.find(db, article_id)
        history = article_revisions.of_article(db, article_id)
        pair = _pair(history, old_id, new_id)
        texts = [article_sheets.texts_of(db, content_of(one)) for one in pair]
        return article, history, pair, differences(*texts) if len(texts) == 2 else []

    article, history, pair, found = read(work)
    return render_template(
        "console/articles/differences.html",
        article=article,
        history=history,
        pair=pair,
        found=found,
        names=article_revisions.STATE_NAMES,
        asked=request.args,
    )


def differences(old: dict[str, list[str]], new: dict[str, list[str]]) -> list[Compared]:
    """The fields that differ, line by line."""
    return [
        Compared(name, _lines(lines, new[name]))
        for name, lines in old.items()
        if lines != new[name]
    ]


def _lines(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, str]]:
    # Whole lines only: finding the letters that differ can take minutes for hostile texts.
    found = []
    for deed, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        if deed == "equal":
            found += [("", line) for line in old[i1:i2]]
        else:
            found += [("-", line) for line in old[i1:i2]]
            found += [("+", line) for line in new[j1:j2]]
    return [(sign, line) for sign, line in found if line]


def _pair(
    history: Sequence[ArticleRevision], old_id: int | None, new_id: int | None
) -> list[ArticleRevision]:
    by_id = {one.id: one for one in history}
    if old_id is None or new_id is None:
        return list(reversed(history[:2]))
    if old_id not in by_id or new_id not in by_id:
        raise NotFound(revision=old_id)
    return [by_id[old_id], by_id[new_id]]
