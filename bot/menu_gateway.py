"""The calls about menus and about followers' tags: cgi-bin/menu/*, cgi-bin/tags/*."""

from collections.abc import Sequence
from typing import Any

from bot.client import Client
from bot.reactions import Reaction, reaction_to
from bot.tokens import TokenRefused
from bot.transport import GatewayError, OutcomeUnknown, Unreachable
from kernel.outcomes import CallFailed, Outcome

_NO_MENU = 46003
_NO_SUCH_MENUID = 65301
_VERDICTS = {Reaction.RETRY: "again", Reaction.DROP: "refused", Reaction.FIX: "refused"}


class MenuGateway:
    """What menus ask of WeChat; every method raises CallFailed."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def read(self) -> dict[str, Any] | None:
        """The answer of menu/get; None when there is no menu."""
        return self._get("menu/get", {_NO_MENU})

    def read_current(self) -> dict[str, Any]:
        """The answer of get_current_selfmenu_info."""
        return self._get("get_current_selfmenu_info", set()) or {}

    def create(self, body: dict[str, Any]) -> None:
        """Replace everybody's menu."""
        self._post("menu/create", body)

    def add_conditional(self, body: dict[str, Any]) -> str:
        """Add a conditional menu; its menuid."""
        answer = self._post("menu/addconditional", body)
        menuid = answer.get("menuid")
        if isinstance(menuid, bool) or not isinstance(menuid, str | int) or not str(menuid):
            raise CallFailed(Outcome("unknown", "menu/addconditional: no menuid"))
        return str(menuid)

    def delete_conditional(self, menuid: str) -> None:
        """Delete a conditional menu; one that is gone already is no failure."""
        self._post("menu/delconditional", {"menuid": menuid}, {_NO_SUCH_MENUID})

    def match(self, openid: str) -> list[Any]:
        """The buttons that this follower sees; empty when there is no menu."""
        answer = self._post("menu/trymatch", {"user_id": openid}, {_NO_MENU})
        menu = answer.get("menu")
        buttons = menu.get("button") if isinstance(menu, dict) else answer.get("button")
        return buttons if isinstance(buttons, list) else []

    def tags(self) -> dict[str, int]:
        """The account's tags, name → id."""
        tags = (self._get("tags/get", set()) or {}).get("tags")
        return {
            str(tag.get("name")): int(tag["id"])
            for tag in (tags if isinstance(tags, list) else [])
            if isinstance(tag, dict) and str(tag.get("id")).isdecimal()
        }

    def create_tag(self, name: str) -> int:
        """Make a tag; its id."""
        tag = self._post("tags/create", {"tag": {"name": name}}).get("tag")
        number = str(tag.get("id")) if isinstance(tag, dict) else ""
        if not number.isdecimal():
            raise CallFailed(Outcome("unknown", "tags/create: no id"))
        return int(number)

    def put_tag(self, wechat_id: int, openids: Sequence[str]) -> None:
        """Tag at most 50 followers: all of them or none."""
        body = {"openid_list": list(openids), "tagid": wechat_id}
        self._post("tags/members/batchtagging", body)

    def take_tag(self, wechat_id: int, openids: Sequence[str]) -> None:
        """Take the tag from at most 50 followers."""
        body = {"openid_list": list(openids), "tagid": wechat_id}
        self._post("tags/members/batchuntagging", body)

    def _get(self, path: str, fine: set[int]) -> dict[str, Any] | None:
        return self._call("get", path, {}, fine)

    def _post(
        self, path: str, body: dict[str, Any], fine: set[int] | None = None
    ) -> dict[str, Any]:
        return self._call("post", path, {"data": body}, fine or set()) or {}

    def _call(
        self, method: str, path: str, sent: dict[str, Any], fine: set[int]
    ) -> dict[str, Any] | None:
        call = self._client.get if method == "get" else self._client.post
        try:
            answer: dict[str, Any] = call(path, **sent)
        except GatewayError as error:
            if error.code in fine:
                return None
            raise CallFailed(_outcome(error)) from error
        except (TokenRefused, Unreachable) as error:
            raise CallFailed(Outcome("again", type(error).__name__)) from error
        except OutcomeUnknown as error:
            raise CallFailed(Outcome("unknown", str(error)[:80])) from error
        return answer


def _outcome(error: GatewayError) -> Outcome:
    verdict = _VERDICTS.get(reaction_to(error.code), "stop")
    return Outcome(verdict, str(error.code))  # type: ignore[arg-type]
