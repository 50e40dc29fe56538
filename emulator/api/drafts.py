"""Drafts of articles: draft/*.

As developers.weixin.qq.com/doc/subscription/api/draftbox/ has it.
"""

import re
from collections.abc import Mapping

from emulator.api.calls import OK, Call, Endpoint, read_list
from emulator.errcodes import Refused
from emulator.identifiers import make_media_id
from emulator.state import Json

MOST_ARTICLES = 8
MOST_LETTERS = 20_000
MOST_BYTES = 1_000_000
MOST_A_PAGE = 20
_TITLE, _AUTHOR, _DIGEST = 64, 16, 128
_SCRIPT = re.compile(r"<script\b.*?(?:</script\s*>|$)", re.IGNORECASE | re.DOTALL)
_HANDLER = re.compile(r"\son\w+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE)
_IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
_SOURCE = re.compile(r"\bsrc\s*=\s*[\"']([^\"']*)", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")


def add(call: Call) -> Json:
    """POST /cgi-bin/draft/add `{"articles": […]}` → `{"media_id"}`; 44003, 45008 and of each."""
    articles = [each for each in read_list(call.body.get("articles")) if isinstance(each, dict)]
    if not articles:
        raise Refused(44003)
    if len(articles) > MOST_ARTICLES:
        raise Refused(45008)
    kept = [read_article(call, each) for each in articles]
    media_id = make_media_id()
    call.state.drafts[media_id] = {"articles": kept, "at": int(call.now), "changed": int(call.now)}
    call.platform.store.touch()
    return {"media_id": media_id}


def read_article(call: Call, given: Mapping[str, object]) -> Json:
    """An article as the draft keeps it: 45003, 45004, 45002, 40007.

    Scripts and strange pictures go. The cover must be a permanent picture; without a digest the
    first 54 letters stand for it.
    """
    title, author, digest, content = (
        str(given.get(name) or "") for name in ("title", "author", "digest", "content")
    )
    if not 0 < len(title) <= _TITLE or len(author) > _AUTHOR:
        raise Refused(45003)
    if len(digest) > _DIGEST:
        raise Refused(45004)
    if not content:
        raise Refused(44004)
    if len(content) >= MOST_LETTERS or len(content.encode()) >= MOST_BYTES:
        raise Refused(45002)
    cover = str(given.get("thumb_media_id") or "")
    media = call.state.media.get(cover)
    if given.get("article_type", "news") == "news" and (media is None or media.expires_at):
        raise Refused(40007)
    clean = strip(call, content)
    return {
        "article_type": str(given.get("article_type") or "news"),
        "title": title,
        "author": author,
        "digest": digest or _TAG.sub("", clean)[:54],
        "content": clean,
        "content_source_url": str(given.get("content_source_url") or ""),
        "thumb_media_id": cover,
        "need_open_comment": int(given.get("need_open_comment") == 1),
        "only_fans_can_comment": int(given.get("only_fans_can_comment") == 1),
    }


def strip(call: Call, content: str) -> str:
    """The content without scripts, and without pictures that media/uploadimg does not know."""
    content = _HANDLER.sub("", _SCRIPT.sub("", content))

    def keep(match: re.Match[str]) -> str:
        source = _SOURCE.search(match[0])
        name = source[1].rpartition("/media/")[2] if source else ""
        return match[0] if name in call.state.media else ""

    return _IMAGE.sub(keep, content)


def find(call: Call) -> Json:
    """The draft of a media_id; 40007."""
    draft = call.state.drafts.get(call.text("media_id"))
    if draft is None:
        raise Refused(40007)
    return draft


def get(call: Call) -> Json:
    """POST /cgi-bin/draft/get → `{"news_item": […]}`; 40007."""
    draft = find(call)
    return {
        "news_item": draft["articles"],
        "create_time": draft["at"],
        "update_time": draft.get("changed", draft["at"]),
    }


def update(call: Call) -> Json:
    """POST /cgi-bin/draft/update `{"media_id", "index", "articles": {…}}`; 40007, 40035."""
    draft = find(call)
    index = call.body.get("index", 0)
    if not isinstance(index, int) or not 0 <= index < len(draft["articles"]):
        raise Refused(40035)
    draft["articles"][index] = read_article(call, call.table("articles"))
    draft["changed"] = int(call.now)
    call.platform.store.touch()
    return OK


def delete(call: Call) -> Json:
    """POST /cgi-bin/draft/delete; 40007."""
    find(call)
    del call.state.drafts[call.text("media_id")]
    call.platform.store.touch()
    return OK


def count(call: Call) -> Json:
    """GET /cgi-bin/draft/count."""
    return {"total_count": len(call.state.drafts)}


def list_some(call: Call) -> Json:
    """POST /cgi-bin/draft/batchget `{"offset", "count": 1–20, "no_content"}`, newest first."""
    rows = sorted(call.state.drafts.items(), key=lambda pair: pair[1]["at"], reverse=True)
    shown, bare = read_page(call, len(rows))
    items = [
        {
            "media_id": media_id,
            "content": {"news_item": without_content(draft["articles"], bare=bare)},
            "update_time": draft.get("changed", draft["at"]),
        }
        for media_id, draft in rows[shown]
    ]
    return {"total_count": len(rows), "item_count": len(items), "item": items}


def read_page(call: Call, total: int) -> tuple[slice, bool]:
    """Which rows are asked for, and whether without their contents; 40097."""
    offset, count = call.body.get("offset"), call.body.get("count")
    if not isinstance(offset, int) or not isinstance(count, int) or offset < 0:
        raise Refused(40097)
    if not 1 <= count <= MOST_A_PAGE:
        raise Refused(40097)
    return slice(offset, min(offset + count, total)), call.body.get("no_content") == 1


def without_content(articles: list[Json], *, bare: bool) -> list[Json]:
    """The articles, or all of them but their contents."""
    return [{**each, "content": ""} if bare else each for each in articles]


ENDPOINTS = {
    "/cgi-bin/draft/add": Endpoint(add, daily=1000),
    "/cgi-bin/draft/get": Endpoint(get, daily=1000),
    "/cgi-bin/draft/update": Endpoint(update, daily=1000),
    "/cgi-bin/draft/delete": Endpoint(delete, daily=1000),
    "/cgi-bin/draft/count": Endpoint(count, "GET", daily=1000, body="none"),
    "/cgi-bin/draft/batchget": Endpoint(list_some, daily=1000),
}
