"""The platform's refusals: error codes and the texts that go with them.

Texts are those of captured answers where we have them; nobody should match on them.
"""

from emulator.state import Json

STALE = (
    "invalid credential, access_token is invalid or not latest, could get access_token by "
    "getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r"
)

TEXTS = {
    -1: "system error",
    40001: STALE,
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40005: "invalid file type",
    40006: "invalid meida size",
    40007: "invalid media_id",
    40008: "invalid message type",
    40009: "invalid image size",
    40013: "invalid appid",
    40014: "invalid access_token",
    40015: "invalid menu type",
    40016: "invalid button size",
    40018: "invalid button name size",
    40019: "invalid button key size",
    40020: "invalid button url size",
    40022: "invalid sub button level",
    40023: "invalid sub button size",
    40024: "invalid sub button type",
    40025: "invalid sub button name size",
    40026: "invalid sub button key size",
    40027: "invalid sub button url size",
    40029: "invalid code",
    40030: "invalid refresh_token",
    40032: "invalid openid list size",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40035: "invalid parameter",
    40037: "invalid template_id",
    40053: "invalid action info, please check document",
    40054: "invalid sub button url domain",
    40055: "invalid button url domain",
    40066: "invalid url",
    40097: "invalid args",
    40125: "invalid appsecret",
    40130: "invalid openid list size, at least two openid",
    40137: "invalid image format",
    40163: "code been used",
    40201: "invalid action",
    40202: "invalid check_operator",
    41001: "access_token missing",
    41002: "appid missing",
    41003: "refresh_token missing",
    41004: "appsecret missing",
    41005: "media data missing",
    41006: "media_id missing",
    41008: "missing code",
    41009: "missing openid",
    41030: "invalid page",
    42001: "access_token expired",
    42002: "refresh_token expired",
    42003: "code expired",
    43001: "require GET method",
    43002: "require POST method",
    43004: "require subscribe",
    43019: "require remove blacklist",
    43101: "user refuse to accept the msg",
    44002: "empty post data",
    44003: "empty news data",
    44004: "empty content",
    45001: "media size out of limit",
    45002: "content size out of limit",
    45003: "title size out of limit",
    45004: "description size out of limit",
    45008: "article size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45026: "template num exceeds limit",
    45028: "has no masssend quota",
    45047: "out of response count limit",
    45056: "too many tag now, no need to add new",
    45058: "can't modify sys tag",
    45059: "can't add this tag to a user more than 20",
    45064: "no permission to use weapp in menu",
    45065: "clientmsgid exist",
    45067: "clientmsgid size out of limit",
    45072: "invalid command",
    45080: "need user message in last 30 seconds",
    45083: "invalid speed value",
    45157: "invalid tag name",
    45158: "tag name too long",
    45159: "invalid tag id",
    46003: "menu no exist",
    47001: "data format error",
    47003: "argument invalid!",
    48001: "api unauthorized",
    48002: "user block all message",
    48004: "api forbidden for irregularities",
    48005: "api forbidden for the material is in use",
    48006: "forbid to clear quota because of reaching the limit",
    49003: "not match openid with appid",
    53500: "publish is banned",
    53501: "publish too often",
    53502: "invalid publish_id",
    53600: "Article ID 无效",
    65301: "no such menuid",
    65302: "no such user",
    65303: "there is no selfmenu, please create selfmenu first",
    65304: "match rule empty",
    65308: "button without type",
    65316: "too many domains in the menu",
    65320: "matchrule field is not supported any more",
    76003: "invalid cgi_path",
    76022: "could not use this cgi_path, no permission",
}


class Refused(Exception):
    """A call the platform refuses, answered with HTTP 200 and this errcode.

    `text` replaces the usual errmsg; `facts` are further fields of the answer.
    """

    def __init__(self, errcode: int, text: str = "", **facts: object) -> None:
        self.errcode = errcode
        self.text = text or TEXTS.get(errcode, "error")
        self.facts = facts
        super().__init__(f"{errcode} {self.text}")

    def describe(self, rid: str) -> Json:
        """The answer's body."""
        return {"errcode": self.errcode, "errmsg": f"{self.text} rid: {rid}", **self.facts}
