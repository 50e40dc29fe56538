"""Publishing drafts: freepublish/*, and PUBLISHJOBFINISH when the job is through.

developers.weixin.qq.com/doc/subscription/api/public/: what is published leaves the drafts and
shows in the account's profile; nobody is notified. A title that holds 审核不通过 is refused by
the emulator's audit, one with 发布失败 fails, so that both can be seen.
"""

from flask import Blueprint, Response, current_app, render_template

from emulator.api.calls import OK, Call, Endpoint
from emulator.api.drafts import find, read_page, without_content
from emulator.deliveries import build_push, deliver
from emulator.errcodes import Refused
from emulator.identifiers import make_media_id
from emulator.pages import protect
from emulator.platform import Platform
from emulator.state import Json, Publication

RUNNING, FAILED, REFUSED, DELETED = 1, 3, 4, 5
_FATES = {"审核不通过": REFUSED, "发布失败": FAILED}

blueprint = Blueprint("publications", __name__)


@blueprint.get("/s/<article_id>/<int:index>")
def show(article_id: str, index: int) -> Response:
    """A published article, as mp.weixin.qq.com/s shows it; what it may load is pictures."""
    platform: Platform = current_app.extensions["platform"]
    found = next((one for one in out(platform) if one.article_id == article_id), None)
    if found is None or not 1 <= index <= len(found.articles):
        return Response("该内容已被发布者删除", status=404, mimetype="text/plain")
    page = render_template(
        "article.html", account=platform.account, article=found.articles[index - 1]
    )
    response = protect(Response(page))
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )
    return response


def out(platform: Platform) -> list[Publication]:
    """What is published, newest first."""
    found = [one for one in platform.state.publications.values() if one.status == 0]
    return sorted(found, key=lambda one: one.at, reverse=True)


def address(platform: Platform, article_id: str, index: int) -> str:
    """Where a published article is read."""
    return f"http://127.0.0.1:{platform.settings.port}/s/{article_id}/{index}"


def describe_articles(platform: Platform) -> list[Json]:
    """The account's published articles as its profile lists them, newest first."""
    return [
        {"title": each["title"], "url": address(platform, one.article_id, number)}
        for one in out(platform)[:20]
        for number, each in enumerate(one.articles, 1)
    ]


def submit(call: Call) -> Json:
    """POST /cgi-bin/freepublish/submit `{"media_id"}` → `{"publish_id"}`; 40007, 53501."""
    draft = find(call)
    media_id = call.text("media_id")
    running = [one for one in call.state.publications.values() if one.status == RUNNING]
    if any(one.draft_id == media_id for one in running):
        raise Refused(53501)
    job = Publication(
        publish_id=str(call.platform.take_id()),
        draft_id=media_id,
        status=RUNNING,
        at=call.now,
        article_id="",
        articles=draft["articles"],
    )
    call.state.publications[job.publish_id] = job
    call.platform.store.touch()
    call.platform.background.hand_over(lambda: finish(call.platform, job))
    return {**OK, "publish_id": job.publish_id, "msg_data_id": call.platform.take_id()}


def finish(platform: Platform, job: Publication) -> None:
    """The job is through: the draft leaves the box, and the callback is told."""
    with platform.store.lock:
        if job.status != RUNNING:
            return
        titles = " ".join(str(each["title"]) for each in job.articles)
        job.status = next((fate for word, fate in _FATES.items() if word in titles), 0)
        if job.status == 0:
            job.article_id = make_media_id()
            platform.state.drafts.pop(job.draft_id, None)
        sender = next(iter(platform.state.users), "oPlatform")
        told = {"Event": "PUBLISHJOBFINISH", "PublishEventInfo": describe_event(platform, job)}
        push = build_push(platform, sender, "event", **told)
        platform.store.touch()
    deliver(platform, push)


def describe_event(platform: Platform, job: Publication) -> Json:
    """PublishEventInfo of the event."""
    info: Json = {"publish_id": job.publish_id, "publish_status": job.status}
    if job.status == 0:
        items = [
            {"idx": number, "article_url": address(platform, job.article_id, number)}
            for number in range(1, len(job.articles) + 1)
        ]
        info |= {
            "article_id": job.article_id,
            "article_detail": {"count": len(items), "item": items},
        }
    elif job.status in {REFUSED, 2}:
        info |= {"fail_idx": list(range(1, len(job.articles) + 1))}
    return info


def get(call: Call) -> Json:
    """POST /cgi-bin/freepublish/get `{"publish_id"}`; 53502."""
    job = call.state.publications.get(call.text("publish_id"))
    if job is None:
        raise Refused(53502)
    return {"fail_idx": [], **describe_event(call.platform, job)}


def list_some(call: Call) -> Json:
    """POST /cgi-bin/freepublish/batchget `{"offset", "count": 1–20, "no_content"}`."""
    rows = out(call.platform)
    shown, bare = read_page(call, len(rows))
    items = [
        {
            "article_id": one.article_id,
            "content": {"news_item": without_content(describe(call, one), bare=bare)},
            "update_time": int(one.at),
        }
        for one in rows[shown]
    ]
    return {"total_count": len(rows), "item_count": len(items), "item": items}


def describe(call: Call, job: Publication) -> list[Json]:
    """Its articles with their addresses."""
    return [
        {**each, "url": address(call.platform, job.article_id, number), "is_deleted": False}
        for number, each in enumerate(job.articles, 1)
    ]


def require_article(call: Call) -> Publication:
    """The publication of an article_id; 53600."""
    wanted = call.text("article_id")
    found = next((one for one in out(call.platform) if one.article_id == wanted), None)
    if found is None:
        raise Refused(53600)
    return found


def get_article(call: Call) -> Json:
    """POST /cgi-bin/freepublish/getarticle `{"article_id"}`; 53600."""
    return {"news_item": describe(call, require_article(call))}


def delete(call: Call) -> Json:
    """POST /cgi-bin/freepublish/delete `{"article_id", "index"?}`; 53600."""
    require_article(call).status = DELETED
    call.platform.store.touch()
    return OK


ENDPOINTS = {
    "/cgi-bin/freepublish/submit": Endpoint(submit, daily=100),
    "/cgi-bin/freepublish/get": Endpoint(get, daily=100_000),
    "/cgi-bin/freepublish/batchget": Endpoint(list_some, daily=100_000),
    "/cgi-bin/freepublish/getarticle": Endpoint(get_article, daily=100_000),
    "/cgi-bin/freepublish/delete": Endpoint(delete, daily=100),
}
