"""The calls about drafts, their publication and pictures: draft/*, freepublish/*, media, material.

Facts: developers.weixin.qq.com/doc/subscription/api/draftbox/draftmanage/ and …/api/public/.
"""

import json
from collections.abc import Iterator
from typing import Any

from bot.client import Client
from bot.reactions import Reaction, reaction_to
from bot.tokens import TokenRefused
from bot.transport import GatewayError, OutcomeUnknown, Unreachable
from kernel.outcomes import CallFailed, Outcome

File = tuple[str, bytes, str]  # name, bytes, MIME type
_PAGE = 20  # the most that batchget gives
_PAGES = 5  # what is looked for is among the newest
_NO_SUCH_MEDIA = 40007
_VERDICTS = {Reaction.RETRY: "again", Reaction.DROP: "refused", Reaction.FIX: "refused"}


class PublishingGateway:
    """What articles and pictures ask of WeChat; every method raises CallFailed."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def upload_body_picture(self, file: File) -> str:
        """POST media/uploadimg (JPEG or PNG, below 1 MB): the address for bodies of articles."""
        return self._named(self._upload("media/uploadimg", "", file), "url")

    def add_material(self, file: File, title: str) -> tuple[str, str]:
        """POST material/add_material?type=, kept for ever: (media id, address).

        A video needs a title; it goes as a field of its own beside the file.
        """
        answer = self._upload("material/add_material", _kind(file), file, title)
        return self._named(answer, "media_id"), str(answer.get("url") or "")

    def upload_temporary(self, file: File) -> str:
        """POST media/upload?type=, kept three days: the media id."""
        return self._named(self._upload("media/upload", _kind(file), file), "media_id")

    def add_draft(self, article: dict[str, Any]) -> str:
        """POST draft/add with one article: the draft's media id."""
        answer = self._post("draft/add", {"articles": [article]})
        return self._named(answer, "media_id")

    def update_draft(self, draft_id: str, article: dict[str, Any]) -> bool:
        """POST draft/update of a draft's one article; False when the draft is gone."""
        body = {"media_id": draft_id, "index": 0, "articles": article}
        try:
            self._post("draft/update", body)
        except CallFailed as failed:
            if failed.outcome.reason == str(_NO_SUCH_MEDIA):
                return False
            raise
        return True

    def find_draft(self, source_url: str) -> str | None:
        """The draft whose article leads to that address, looked for in draft/batchget."""
        for item in self._newest("draft/batchget"):
            if _leads_to(item, source_url):
                return str(item.get("media_id") or "") or None
        return None

    def submit(self, draft_id: str) -> str:
        """POST freepublish/submit: the publish id; that it was taken is not that it is out."""
        return self._named(self._post("freepublish/submit", {"media_id": draft_id}), "publish_id")

    def publication(self, publish_id: str) -> tuple[int, str, str]:
        """POST freepublish/get: (publish_status, article id, address of the first article)."""
        answer = self._post("freepublish/get", {"publish_id": publish_id})
        status = answer.get("publish_status")
        if isinstance(status, bool) or not isinstance(status, int):
            raise CallFailed(Outcome("unknown", "freepublish/get: no publish_status"))
        return status, str(answer.get("article_id") or ""), _first_address(answer)

    def find_published(self, source_url: str) -> tuple[str, str] | None:
        """(article id, address) of what was published, looked for in freepublish/batchget."""
        for item in self._newest("freepublish/batchget"):
            if found := _leads_to(item, source_url):
                return str(item.get("article_id") or ""), str(found.get("url") or "")
        return None

    def _newest(self, path: str) -> Iterator[dict[str, Any]]:
        for page in range(_PAGES):
            body = {"offset": page * _PAGE, "count": _PAGE, "no_content": 0}
            items = self._post(path, body).get("item")
            found = [item for item in items if isinstance(item, dict)] if items else []
            yield from found
            if len(found) < _PAGE:
                return

    def _upload(self, path: str, kind: str, file: File, title: str = "") -> dict[str, Any]:
        params = {"type": kind} if kind else {}
        parts: dict[str, Any] = {"media": file}
        if kind == "video" and title:
            told = json.dumps({"title": title, "introduction": title}, ensure_ascii=False)
            parts["description"] = (None, told.encode())
        return self._call(path, {"params": params, "files": parts})

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._call(path, {"data": body})

    def _call(self, path: str, sent: dict[str, Any]) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = self._client.post(path, **sent)
        except GatewayError as error:
            verdict = _VERDICTS.get(reaction_to(error.code), "stop")
            raise CallFailed(Outcome(verdict, str(error.code))) from error  # type: ignore[arg-type]
        except (TokenRefused, Unreachable) as error:
            raise CallFailed(Outcome("again", type(error).__name__)) from error
        except OutcomeUnknown as error:
            raise CallFailed(Outcome("unknown", str(error)[:80])) from error
        return answer

    def _named(self, answer: dict[str, Any], name: str) -> str:
        value = answer.get(name)
        if isinstance(value, bool) or not isinstance(value, str | int) or not str(value):
            raise CallFailed(Outcome("unknown", f"no {name} in the answer"))
        return str(value)


def _kind(file: File) -> str:
    return {"audio": "voice", "video": "video"}.get(file[2].partition("/")[0], "image")


def _leads_to(item: dict[str, Any], source_url: str) -> dict[str, Any] | None:
    content = item.get("content")
    news = content.get("news_item") if isinstance(content, dict) else None
    for article in news if isinstance(news, list) else ():
        if isinstance(article, dict) and article.get("content_source_url") == source_url:
            return article
    return None


def _first_address(answer: dict[str, Any]) -> str:
    detail = answer.get("article_detail")
    items = detail.get("item") if isinstance(detail, dict) else None
    first = items[0] if isinstance(items, list) and items else {}
    return str(first.get("article_url") or "") if isinstance(first, dict) else ""
