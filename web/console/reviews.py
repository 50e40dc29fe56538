"""Reviews: what waits for the second pair of eyes, and what became of one's own submissions.

A kind that is reviewed has its line in `KINDS`; its own routes decide, see `reviews/panel.html`.
"""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, current_app, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from content.reviews import REASON_LENGTH, STATE_NAMES, Hand
from kernel.operators import Operator
from kernel.refusals import Invalid
from web.console import review_lists
from web.console.fields import Fields
from web.console.guards import operator_id, operator_required
from web.console.paging import asked_id
from web.wiring import now, read

bp = Blueprint("reviews", __name__, url_prefix="/reviews")


@dataclass(frozen=True)
class Kind:
    """What people call it, who approves it, and the page of one (endpoint and its argument)."""

    name: str
    permission: str
    endpoint: str = ""
    argument: str = "id"


KINDS = {
    "menu": Kind("菜单", "menus.approve", "console.menu_versions.show", "version_id"),
    "article": Kind("图文", "content.approve", "console.article_history.show", "revision_id"),
    "reply_rule": Kind("回复规则", "content.approve", "console.reply_rules.show", "rule_id"),
    "faq": Kind("问答", "content.approve", "console.faq.show", "entry_id"),
    "push": Kind("推送", "pushes.approve", "console.pushes.show", "push_id"),
    "push_series": Kind("定期推送", "pushes.approve", "console.push_series.show", "series_id"),
    "product": Kind("产品", "content.approve", "console.changes.show", "change_id"),
    "branch": Kind("营业厅", "content.approve", "console.changes.show", "change_id"),
    "branding": Kind("卷首卷尾", "content.approve", "console.changes.show", "change_id"),
    "fact": Kind("公司资料", "content.approve", "console.changes.show", "change_id"),
    "service_phrase": Kind("常用语", "content.approve", "console.changes.show", "change_id"),
    "announcement": Kind(
        "公告", "content.approve", "console.announcements.show", "announcement_id"
    ),
}


@bp.get("")
@operator_required("content.read")
def show_list() -> ResponseReturnValue:
    """What waits for this operator's decision; for those who decide nothing, all that waits."""
    kinds = deciding(g.operator)
    lines, elsewhere = read(
        lambda db: (
            review_lists.waiting(db, kinds or list(KINDS)),
            review_lists.elsewhere(db, g.operator),
        )
    )
    return _page(tab="waiting", lines=lines, elsewhere=elsewhere, decides=bool(kinds))


@bp.get("/mine")
@operator_required("content.read")
def show_mine() -> ResponseReturnValue:
    """What this operator submitted, and the outcome."""
    page = read(lambda db: review_lists.mine(db, operator_id(), asked_id()))
    return _page(tab="mine", lines=page.rows, further=page.further, decides=False)


def deciding(operator: Operator) -> list[str]:
    """The kinds that this operator may approve."""
    return [kind for kind, one in KINDS.items() if operator.may(one.permission)]


def link(kind: str, subject_id: int) -> str:
    """The page of a subject; nothing while its kind has none."""
    known = KINDS.get(kind)
    if known is None or known.endpoint not in current_app.view_functions:
        return ""
    address: dict[str, Any] = {known.argument: subject_id}
    return url_for(known.endpoint, **address)


def hand() -> Hand:
    """Who acts on a review, and when."""
    return Hand(operator_id(), now())


def written(name: str = "reason", needed: str = "") -> str:
    """What the posted form says there. Raises Invalid when too long, or empty while `needed`."""
    text = Fields(request.form).text(name)
    if needed and not text:
        raise Invalid(field=name, reason=needed)
    if len(text) > REASON_LENGTH:
        raise Invalid(field=name, reason=f"最多 {REASON_LENGTH} 字")
    return text


def _page(**shown: object) -> str:
    return render_template(
        "console/reviews/list.html", kinds=KINDS, link=link, state_names=STATE_NAMES, **shown
    )
