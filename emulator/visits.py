"""Visits of the mini-site with one user's identity, as the web view inside WeChat makes them."""

import re
from dataclasses import dataclass
from urllib.parse import urljoin

import requests

from emulator.authorize import CONSENT_HEADER
from emulator.pages import USER_COOKIE
from emulator.platform import Platform
from emulator.state import Json

AGENT = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/126.0 Mobile Safari/537.36 MicroMessenger/8.0.50.2701(0x2800325B) "
    "WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64"
)
TIMEOUT_SECONDS = 15
TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class Visit:
    """A page asked for by a user; `fresh` forgets the cookies of earlier visits."""

    openid: str
    url: str
    consents: bool = True
    fresh: bool = False
    method: str = "GET"
    form: dict[str, str] | None = None


def visit(platform: Platform, wanted: Visit) -> Json:
    """`{"url", "status", "text", "title", "content_type", "hops"}` of the page at the end.

    Redirects are followed, web login included; the consent page is answered by `consents`.
    Cookies are kept per user, as the web view keeps them. Status 0 and `problem` tell of a
    page that could not be reached.
    """
    try:
        return browse(platform, wanted)
    except requests.RequestException as error:
        nothing = {"title": "", "content_type": "", "hops": [], "text": ""}
        return {"url": wanted.url, "status": 0, "problem": type(error).__name__, **nothing}


def browse(platform: Platform, wanted: Visit) -> Json:
    """The visit itself; raises `requests.RequestException`."""
    with requests.Session() as session:
        session.trust_env = False
        session.headers["User-Agent"] = AGENT
        if not wanted.fresh:
            load_cookies(platform, wanted.openid, session)
        # Without a domain it goes to every host, and one of them is this emulator.
        session.cookies.set(USER_COOKIE, wanted.openid)
        response = session.request(
            wanted.method, wanted.url, data=wanted.form, timeout=TIMEOUT_SECONDS
        )
        hops = [each.url for each in response.history]
        if CONSENT_HEADER in response.headers:
            hops.append(response.url)
            response = answer_consent(session, response, wanted.consents)
            hops += [each.url for each in response.history]
        save_cookies(platform, wanted.openid, session)
    return describe(response, hops)


def answer_consent(
    session: requests.Session, page: requests.Response, consents: bool
) -> requests.Response:
    """Press 允许 or 拒绝."""
    target = urljoin(page.url, page.headers[CONSENT_HEADER])
    decision = {"decision": "allow" if consents else "refuse"}
    return session.post(target, data=decision, timeout=TIMEOUT_SECONDS)


def describe(response: requests.Response, hops: list[str]) -> Json:
    """What came of the visit."""
    response.encoding = response.encoding if "charset" in content_type(response) else "utf-8"
    title = TITLE.search(response.text)
    return {
        "url": response.url,
        "status": response.status_code,
        "text": response.text,
        "title": title.group(1).strip() if title else "",
        "content_type": content_type(response),
        "hops": hops,
    }


def content_type(response: requests.Response) -> str:
    """The header, "" where there is none."""
    return response.headers.get("Content-Type", "")


def load_cookies(platform: Platform, openid: str, session: requests.Session) -> None:
    """Put the web view's cookies into the session."""
    for cookie in platform.cookies.get(openid, []):
        session.cookies.set(**cookie)


def save_cookies(platform: Platform, openid: str, session: requests.Session) -> None:
    """Keep them for the next visit, in memory only."""
    platform.cookies[openid] = [
        {
            "name": cookie.name,
            "value": cookie.value,
            "domain": cookie.domain,
            "path": cookie.path,
            "secure": cookie.secure,
            "expires": cookie.expires,
        }
        for cookie in session.cookies
        if cookie.name != USER_COOKIE
    ]
