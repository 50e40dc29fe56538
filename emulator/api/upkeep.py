"""Quotas, addresses and the network check."""

from emulator.api.calls import OK, Call, Endpoint
from emulator.errcodes import Refused
from emulator.quotas import clear_quotas, describe_quota
from emulator.state import Json

CHECK_ACTIONS = {"all", "dns", "ping"}
OPERATORS = {"DEFAULT", "CHINANET", "UNICOM", "CAP"}


def read_path(call: Call) -> str:
    """cgi_path; refuses with 76003 (form) and 76022 (no API of a service account)."""
    path = call.text("cgi_path")
    if not path.startswith("/"):
        raise Refused(76003)
    if path.startswith("/sns"):
        raise Refused(76022)
    return path


def build_upkeep(known: dict[str, Endpoint]) -> dict[str, Endpoint]:
    """The quota calls, which must know the limits of all others."""

    def find_limit(call: Call) -> tuple[str, int]:
        path = read_path(call)
        if path not in known:
            raise Refused(76022)
        return path, known[path].daily

    def get_quota(call: Call) -> Json:
        """POST /cgi-bin/openapi/quota/get `{"cgi_path"}`."""
        return {**OK, "quota": describe_quota(call.platform, *find_limit(call))}

    def clear_one(call: Call) -> Json:
        """POST /cgi-bin/openapi/quota/clear `{"cgi_path"}`."""
        clear_quotas(call.platform, find_limit(call)[0])
        return OK

    return {
        "/cgi-bin/openapi/quota/get": Endpoint(get_quota, daily=1_000_000),
        "/cgi-bin/openapi/quota/clear": Endpoint(clear_one, daily=1_000_000),
    }


def clear_all(call: Call) -> Json:
    """POST /cgi-bin/clear_quota `{"appid"}`: ten times a month (48006); 40013."""
    if call.text("appid") != call.platform.account.app_id:
        raise Refused(40013)
    clear_quotas(call.platform)
    return OK


def list_addresses(_call: Call) -> Json:
    """GET /cgi-bin/getcallbackip and get_api_domain_ip: this machine."""
    return {"ip_list": ["127.0.0.1"]}


def check_network(call: Call) -> Json:
    """POST /cgi-bin/callback/check; refuses with 40201, 40202."""
    action = call.text("action")
    if action not in CHECK_ACTIONS:
        raise Refused(40201)
    if call.text("check_operator") not in OPERATORS:
        raise Refused(40202)
    found: Json = {}
    if action in {"all", "dns"}:
        found["dns"] = [{"ip": "127.0.0.1", "real_operator": "UNICOM"}]
    if action in {"all", "ping"}:
        ping = {"ip": "127.0.0.1", "from_operator": "UNICOM", "package_loss": "0%"}
        found["ping"] = [{**ping, "time": "0.100ms"}]
    return found


ENDPOINTS = {
    "/cgi-bin/clear_quota": Endpoint(clear_all, daily=1_000_000),
    "/cgi-bin/getcallbackip": Endpoint(list_addresses, "GET", daily=10_000, body="none"),
    "/cgi-bin/get_api_domain_ip": Endpoint(list_addresses, "GET", daily=10_000, body="none"),
    "/cgi-bin/callback/check": Endpoint(check_network, daily=1000),
}
