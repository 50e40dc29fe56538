"""Articles: the list by state, a new topic, the calendar, and the page of one."""

from datetime import date

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from content import article_revisions, article_sync, article_writing, articles
from content.article_lists import Filter
from content.article_writing import Plan, Topic
from kernel.clock import business_day
from kernel.refusals import Invalid
from web.console import article_choices, article_sheets
from web.console.fields import Fields, Shown, again
from web.console.guards import operator_id, operator_required
from web.console.paging import asked_id
from web.console.reviews import hand
from web.console.settling import settle, words_of
from web.wiring import now, read, transaction

bp = Blueprint("articles", __name__, url_prefix="/articles")

# The tabs of the list: states of what is being written, and of articles.
TABS = {
    "": "全部",
    **{
        state: article_revisions.STATE_NAMES[state]
        for state in ("topic", "writing", "review", "approved", "trial", "scheduled")
    },
    "published": "已发布",
    "withdrawn": "已下线",
}


@bp.get("")
@operator_required("content.read")
def show_list() -> ResponseReturnValue:
    """Articles in a state of the workflow, newest first."""
    asked, today = _asked(), business_day(now())
    found = read(lambda db: article_sheets.lines(db, asked, asked_id(), today))
    return render_template(
        "console/articles/list.html",
        found=found,
        asked=asked,
        tabs=TABS,
        kinds=articles.KIND_NAMES,
        names=article_revisions.STATE_NAMES,
        article_names=articles.STATE_NAMES,
        today=today,
        me=operator_id(),
    )


@bp.get("/new")
@operator_required("content.write")
def show_new() -> ResponseReturnValue:
    """An empty topic."""
    due_on = request.args.get("due_on", "")[:10]
    return _form(Shown({"kind": "article", "assignee_id": operator_id(), "due_on": due_on}))


@bp.post("")
@operator_required("content.write")
def create() -> ResponseReturnValue:
    """Propose a topic; what is refused comes back with what was typed."""

    def work(db: Session) -> int:
        fields = Fields(request.form)
        code, kind, title = (fields.text(name) for name in ("code", "kind", "title"))
        topic = Topic(code, kind, title, plan_of(fields))
        return article_writing.propose(db, topic, hand()).article_id

    try:
        article_id = transaction(work)
    except Invalid as refused:
        return _form(again(request.form, refused)), 422
    except article_writing.ArticleCodeTaken as refused:
        return _form(Shown(request.form, "code", words_of(refused))), 409
    flash("article_proposed", "success")
    return redirect(url_for(".show", article_id=article_id), 303)


@bp.get("/calendar")
@operator_required("content.read")
def show_calendar() -> ResponseReturnValue:
    """A month: what is due, scheduled and published on which day."""
    today = business_day(now())
    first = _month(request.args.get("month", ""), today)
    weeks = read(lambda db: article_sheets.month(db, first))
    return render_template("console/articles/calendar.html", weeks=weeks, first=first, today=today)


@bp.get("/<row:article_id>")
@operator_required("content.read")
def show(article_id: int) -> ResponseReturnValue:
    """An article as it stands: the revision that is worked on, else the live one."""
    return page(article_id, 0)


@bp.post("/<row:article_id>/plan")
@operator_required("content.write")
def plan(article_id: int) -> ResponseReturnValue:
    """Say who writes it until when, what about, and whether WeChat gets it too."""

    def work(db: Session) -> None:
        revision_id = worked_on(db, article_id).id
        article_writing.plan(db, revision_id, plan_of(Fields(request.form)), hand())

    return settle(work, "article_planned", url_for(".show", article_id=article_id))


def page(article_id: int, revision_id: int) -> str:
    """The page of an article, about one revision or, with 0, the one that matters now."""

    def work(db: Session) -> tuple[article_sheets.Sheet, list[tuple[int, str]]]:
        article = article_sheets.find(db, article_id)
        sheet = article_sheets.sheet(db, article, revision_id, operator_id(), now())
        return sheet, article_choices.writers(db)

    sheet, writers = read(work)
    return render_template(
        "console/articles/show.html",
        sheet=sheet,
        article=sheet.article,
        revision=sheet.revision,
        plan=_planned(sheet.revision),
        writers=writers,
        names=article_revisions.STATE_NAMES,
        sync_names=article_sync.STATE_NAMES,
        kinds=articles.KIND_NAMES,
        today=business_day(now()),
        may=g.operator.may("content.write"),
    )


def worked_on(session: Session, article_id: int) -> article_revisions.ArticleRevision:
    """The article's open revision. Raises ArticleState when there is none, NotFound."""
    article = article_sheets.find(session, article_id)
    revision = article_revisions.open_of(session, article_id)
    if revision is None:
        state = articles.STATE_NAMES[article.state]
        raise article_revisions.ArticleState(id=article_id, state=state)
    return revision


def plan_of(fields: Fields) -> Plan:
    """The plan that a form means. Raises Invalid."""
    assignee = fields.text("assignee_id")
    return Plan(
        brief=fields.text("brief"),
        due_on=fields.day("due_on") if fields.text("due_on") else None,
        assignee_id=fields.row_id("assignee_id") if assignee else None,
        to_wechat=fields.flag("to_wechat"),
    )


def _planned(revision: article_revisions.ArticleRevision | None) -> Shown:
    if revision is None:
        return Shown({})
    return Shown(
        {
            "brief": revision.brief,
            "due_on": revision.due_on.isoformat() if revision.due_on else "",
            "assignee_id": revision.assignee_id or "",
            "to_wechat": revision.to_wechat,
        }
    )


def _form(form: Shown) -> str:
    return render_template(
        "console/articles/new.html",
        form=form,
        kinds=list(articles.KIND_NAMES.items()),
        writers=read(article_choices.writers),
    )


def _asked() -> Filter:
    given = request.args
    state, kind = given.get("state", ""), given.get("kind", "")
    return Filter(
        words=given.get("q", "").replace("\x00", "").strip()[:60],
        kind=kind if kind in articles.KIND_NAMES else "",
        state=state if state in TABS else "",
        assignee_id=operator_id() if given.get("mine") else None,
    )


def _month(text: str, today: date) -> date:
    try:
        first = date.fromisoformat(f"{text[:7]}-01")
    except ValueError:
        return today.replace(day=1)
    return first if 2000 <= first.year <= 2100 else today.replace(day=1)
