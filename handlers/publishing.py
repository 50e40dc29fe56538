"""Articles and pictures on their way out: publications at a time, drafts and uploads to WeChat.

Each call stands between two transactions: what is about to be done was committed before it, what
came of it is written after it.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy.orm import Session

from content import (
    article_checks,
    article_revisions,
    article_sync,
    article_workflow,
    articles,
    blocks,
    media,
    media_images,
    media_wechat,
    slots,
    wechat_html,
)
from content.article_revisions import Content, content_of
from content.article_sync import ArticleSync
from content.facts import Facts
from content.media_images import Picture
from content.media_recordings import EXTENSIONS
from content.publishing import RUNNING, STATUSES
from handlers.tools import Tools
from kernel.file_store import FileGone
from kernel.outcomes import CallFailed, Outcome
from products import facts

log = structlog.get_logger(__name__)

_SWEPT_AFTER = 86_400.0
_SURELY_NOT = timedelta(minutes=30)


def publish_articles(tools: Tools) -> None:
    """Publish the articles whose time has come."""
    for revision_id in tools.database.read(
        lambda session: article_workflow.due(session, tools.clock.now())
    ):
        tools.database.transaction(partial(_publish, revision_id=revision_id, tools=tools))


def _publish(session: Session, revision_id: int, tools: Tools) -> None:
    now = tools.clock.now()
    content = content_of(article_revisions.get(session, revision_id))
    known = facts.of_content(session, content, now)
    if not article_workflow.publish_due(session, revision_id, known, now):
        log.warning("article_not_published", revision=revision_id)


def look_for_uploads(tools: Tools) -> None:
    """Hand pictures and articles that wait for WeChat to the queue."""

    def look(session: Session) -> tuple[list[int], list[int]]:
        now = tools.clock.now()
        return media_wechat.due(session, now), article_sync.due(session, now)

    pictures, syncs = tools.database.read(look)
    for row_id in pictures:
        tools.put("send_picture", row_id)
    for sync_id in syncs:
        tools.put("sync_article", sync_id)


def send_picture(tools: Tools, row_id: int) -> None:
    """Upload one picture, voice or video for one use."""

    def claim(session: Session) -> tuple[str, str, str, str] | None:
        row = media_wechat.claim(session, row_id, tools.clock.now())
        if row is None:
            return None
        found = media.get(session, row.media_id)
        return row.use, found.digest, found.mime, found.name

    claimed = tools.database.transaction(claim)
    if claimed is None:
        return
    try:
        wechat_id, url = _upload(tools, *claimed)
    except (CallFailed, FileGone) as error:
        reason, final = _why(error)
        tools.database.transaction(
            lambda session: media_wechat.fail(
                session, row_id, reason, tools.clock.now(), final=final
            )
        )
        return
    tools.database.transaction(
        lambda session: media_wechat.settle(session, row_id, wechat_id, url, tools.clock.now())
    )


def _upload(tools: Tools, use: str, digest: str, mime: str, name: str) -> tuple[str, str]:
    publisher = tools.publishing.publisher
    content = tools.publishing.files.get(digest)
    if use == "body":
        body = media_images.for_body(Picture(content, mime, 0, 0))
        return "", publisher.upload_body_picture(_file(digest, body.content, body.mime))
    file = _file(digest, content, mime)
    if use == "material":
        return publisher.add_material(file, name.rpartition(".")[0] or name)
    return publisher.upload_temporary(file), ""


def _file(digest: str, content: bytes, mime: str) -> tuple[str, bytes, str]:
    extension = EXTENSIONS.get(mime, mime.rpartition("/")[2].replace("jpeg", "jpg"))
    return f"{digest[:16]}.{extension}", content, mime


def _why(error: Exception) -> tuple[str, bool]:
    if isinstance(error, CallFailed):
        outcome = error.outcome
        return f"微信返回 {outcome.reason}", outcome.verdict in {"refused", "stop"}
    return "文件不在素材库的文件夹里", True


def sync_article(tools: Tools, sync_id: int) -> None:
    """Take the steps of one sync until it has to wait."""
    for _ in range(4):
        row = tools.database.transaction(
            lambda session: article_sync.claim(
                session, sync_id, _marker(session, tools, sync_id), tools.clock.now()
            )
        )
        if row is None:
            return
        _STEPS[row.state](tools, row)


def _marker(session: Session, tools: Tools, sync_id: int) -> str:
    row = session.get_one(ArticleSync, sync_id)
    code = session.get_one(articles.Article, row.article_id).code
    return f"{tools.publishing.base_url}/site/articles/{code}?from=wechat-{sync_id}"


def _draft(tools: Tools, row: ArticleSync) -> None:
    article, failures = tools.database.transaction(lambda session: _article(session, tools, row))
    if article is None:
        if failures:
            reason = f"图片未能上传：{failures[0]}"
            _write(tools, partial(article_sync.failed, reason=reason), row)
        else:
            _write(tools, article_sync.wait, row)
        return
    publisher = tools.publishing.publisher
    try:
        draft_id = row.draft_id
        if not draft_id or not publisher.update_draft(draft_id, article):
            draft_id = publisher.add_draft(article)
    except CallFailed as failed:
        _settle(tools, row, failed.outcome)
        return
    _write(tools, partial(article_sync.drafted, draft_id=draft_id), row)


def _article(
    session: Session, tools: Tools, row: ArticleSync
) -> tuple[dict[str, object] | None, list[str]]:
    """The article of draft/add; None while its pictures are not at WeChat, which are asked for,
    with why some of them never will be."""
    now = tools.clock.now()
    content = content_of(article_revisions.get(session, row.revision_id))
    body = article_checks.framed(session, content)
    shown = blocks.media_of(body)
    covers = {content.cover_id} if content.cover_id is not None else set()
    ready = {}
    for ids, use in ((shown, "body"), (covers, "material")):
        ready[use] = media_wechat.ready(session, ids, use, now)
        if ids - set(ready[use]):
            if failures := media_wechat.failures(session, ids, use):
                return None, failures
            media_wechat.want(session, ids - set(ready[use]), use, now)
    if shown - set(ready["body"]) or covers - set(ready["material"]):
        return None, []
    known = facts.of_content(session, content, now)
    site = tools.publishing
    account = wechat_html.Account(site.base_url, site.takes_links, ready["body"])
    html = str(wechat_html.render(body, known, account))
    cover = next(iter(ready["material"].values()), "")
    return _wechat_article(content, known, (html, row.marker, cover)), []


def _wechat_article(
    content: Content, known: Facts, made: tuple[str, str, str]
) -> dict[str, object]:
    html, source_url, cover = made
    return {
        "article_type": "news",
        "title": slots.fill(content.title, known),
        "author": content.byline,
        "digest": slots.fill(content.digest, known),
        "content": html,
        "content_source_url": source_url,
        "thumb_media_id": cover,
        "need_open_comment": 0,
        "only_fans_can_comment": 0,
    }


def _submit(tools: Tools, row: ArticleSync) -> None:
    try:
        publish_id = tools.publishing.publisher.submit(row.draft_id)
    except CallFailed as failed:
        _settle(tools, row, failed.outcome)
        return
    _write(tools, partial(article_sync.submitted, publish_id=publish_id), row)


def _look(tools: Tools, row: ArticleSync) -> None:
    """Ask how the publication goes."""
    try:
        status, article_id, url = tools.publishing.publisher.publication(row.publish_id)
    except CallFailed:
        _write(tools, article_sync.look_later, row)
        return
    if status == RUNNING:
        _write(tools, article_sync.look_later, row)
    else:
        _write(tools, partial(conclude, result=(status, article_id, url)), row)


def conclude(session: Session, sync_id: int, at: datetime, result: tuple[int, str, str]) -> None:
    """Write down how a publication ended, as (status, article id, address)."""
    status, article_id, url = result
    if status == 0:
        article_sync.published(session, sync_id, (article_id, url), at)
    else:
        reason = STATUSES.get(status, f"微信返回状态 {status}")
        article_sync.failed(session, sync_id, reason, at)


def _reconcile(tools: Tools, row: ArticleSync) -> None:
    """Find out what became of a call without a clear answer, by the article's own address."""
    publisher = tools.publishing.publisher
    try:
        out = publisher.find_published(row.marker) if row.step == "submit" else None
        draft_id = None if out else publisher.find_draft(row.marker)
    except CallFailed:
        _write(tools, article_sync.look_later, row)
        return
    if out is not None:
        _write(tools, partial(article_sync.published, article=out), row)
    elif row.step == "draft":
        if draft_id:
            _write(tools, partial(article_sync.drafted, draft_id=draft_id), row)
        else:
            _write(tools, partial(article_sync.again, reason=row.reason), row)
    elif draft_id and _is_past(tools, row):
        # What is published leaves the drafts; what lies there after half an hour was not taken.
        _write(tools, partial(article_sync.again, reason="微信没有收到发布请求"), row)
    else:
        _write(tools, article_sync.look_later, row)


def _is_past(tools: Tools, row: ArticleSync) -> bool:
    return tools.clock.now() - (row.called_at or row.asked_at) > _SURELY_NOT


def _settle(tools: Tools, row: ArticleSync, outcome: Outcome) -> None:
    reason = f"微信返回 {outcome.reason}"
    if outcome.verdict == "again":
        _write(tools, partial(article_sync.again, reason=reason), row)
    elif outcome.verdict == "unknown":
        _write(tools, partial(article_sync.unknown, reason=str(outcome.reason)), row)
    else:
        _write(tools, partial(article_sync.failed, reason=reason), row)


def _write(tools: Tools, deed: Callable[..., None], row: ArticleSync) -> None:
    tools.database.transaction(lambda session: deed(session, row.id, at=tools.clock.now()))


def sweep_media(tools: Tools) -> int:
    """Delete the files that no picture names, a day after they were put there."""
    gone = 0
    for digest in tools.publishing.files.old(_SWEPT_AFTER):
        if tools.database.read(partial(media.is_gone, digest=digest)):
            tools.publishing.files.drop(digest)
            gone += 1
    return gone


_STEPS = {
    "drafting": _draft,
    "submitting": _submit,
    "submitted": _look,
    "unknown": _reconcile,
}
