"""Custom menus: the default one and the personalised ones."""

from emulator.api.calls import OK, Call, Endpoint
from emulator.api.menu_limits import check_buttons, check_domains
from emulator.errcodes import Refused
from emulator.platform import Platform
from emulator.state import ConditionalMenu, Json, User

GONE_RULES = {"sex", "gender", "country", "province", "city", "language"}
PLATFORMS = {"1", "2", "3"}  # iOS, Android, others
DEFAULT_MENUID = 208_396_938


def create_menu(call: Call) -> Json:
    """POST /cgi-bin/menu/create `{"button": […]}`."""
    buttons = check_buttons(call.body.get("button"), call.platform.account.linked_apps)
    call.state.menu = [fill_in(button) for button in buttons]
    call.platform.store.touch()
    return OK


def fill_in(button: Json) -> Json:
    """As menu/get returns it: every button carries sub_button, if only an empty one."""
    subs = [fill_in(sub) for sub in button.get("sub_button") or []]
    return {**button, "sub_button": subs}


def get_menu(call: Call) -> Json:
    """GET /cgi-bin/menu/get; refuses with 46003 where there is no menu."""
    if call.state.menu is None:
        raise Refused(46003)
    if not call.state.conditional_menus:
        return {"menu": {"button": call.state.menu}}
    conditional = [
        {"button": each.buttons, "matchrule": each.rule, "menuid": each.menuid}
        for each in call.state.conditional_menus
    ]
    menu = {"button": call.state.menu, "menuid": DEFAULT_MENUID}
    return {"menu": menu, "conditionalmenu": conditional}


def delete_menu(call: Call) -> Json:
    """GET /cgi-bin/menu/delete: the default menu and all personalised ones."""
    call.state.menu = None
    call.state.conditional_menus.clear()
    call.platform.store.touch()
    return OK


def describe_selfmenu(call: Call) -> Json:
    """GET /cgi-bin/get_current_selfmenu_info: the same menu in its other shape."""
    buttons = [describe_button(button) for button in call.state.menu or []]
    return {
        "is_menu_open": 0 if call.state.menu is None else 1,
        "selfmenu_info": {"button": buttons},
    }


def describe_button(button: Json) -> Json:
    """Sub-buttons sit in a `list`, leaves carry none."""
    shown = {name: value for name, value in button.items() if name != "sub_button"}
    if button.get("sub_button"):
        shown["sub_button"] = {"list": [describe_button(sub) for sub in button["sub_button"]]}
    return shown


def add_conditional(call: Call) -> Json:
    """POST /cgi-bin/menu/addconditional → `{"menuid": "…"}`; newest first matches."""
    if call.state.menu is None:
        raise Refused(65303)
    buttons = check_buttons(call.body.get("button"), call.platform.account.linked_apps)
    rule = check_rule(call)
    check_domains(buttons)
    menuid = 400_000_000 + call.platform.take_id() % 100_000_000
    filled = [fill_in(button) for button in buttons]
    call.state.conditional_menus.insert(0, ConditionalMenu(menuid, filled, rule))
    call.platform.store.touch()
    return {"menuid": str(menuid)}


def check_rule(call: Call) -> Json:
    """The match rule; refuses with 65304, 65320 (fields withdrawn), 45159, 40035."""
    rule = {name: str(value) for name, value in call.table("matchrule").items() if value}
    if GONE_RULES & rule.keys():
        raise Refused(65320)
    if not {"tag_id", "client_platform_type"} & rule.keys():
        raise Refused(65304)
    if "tag_id" in rule and rule["tag_id"] not in {str(tag) for tag in call.state.tags}:
        raise Refused(45159)
    if rule.get("client_platform_type", "1") not in PLATFORMS:
        raise Refused(40035)
    return rule


def delete_conditional(call: Call) -> Json:
    """POST /cgi-bin/menu/delconditional `{"menuid"}`; refuses with 65301."""
    menuid = call.text("menuid")
    menus = call.state.conditional_menus
    kept = [menu for menu in menus if str(menu.menuid) != menuid]
    if len(kept) == len(menus):
        raise Refused(65301)
    call.state.conditional_menus = kept
    call.platform.store.touch()
    return OK


def try_match(call: Call) -> Json:
    """POST /cgi-bin/menu/trymatch `{"user_id"}` → `{"button": […]}`; 65302, 46003."""
    user = call.state.users.get(call.text("user_id"))
    if user is None:
        raise Refused(65302)
    buttons = choose_menu(call.platform, user)
    if buttons is None:
        raise Refused(46003)
    return {"button": buttons}


def choose_menu(platform: Platform, user: User) -> list[Json] | None:
    """The menu this user sees, on a phone that is Android."""
    return choose(platform, user)[1]


def choose(platform: Platform, user: User) -> tuple[int, list[Json] | None]:
    """The same with its menuid."""
    for menu in platform.state.conditional_menus:
        tag = menu.rule.get("tag_id")
        if tag and int(tag) not in user.tags:
            continue
        if menu.rule.get("client_platform_type", "2") == "2":
            return menu.menuid, menu.buttons
    return DEFAULT_MENUID, platform.state.menu


ENDPOINTS = {
    "/cgi-bin/menu/create": Endpoint(create_menu, daily=1000),
    "/cgi-bin/menu/get": Endpoint(get_menu, "GET", daily=10_000, body="none"),
    "/cgi-bin/menu/delete": Endpoint(delete_menu, "GET", daily=1000, body="none"),
    "/cgi-bin/get_current_selfmenu_info": Endpoint(
        describe_selfmenu, "GET", daily=10_000, body="none"
    ),
    "/cgi-bin/menu/addconditional": Endpoint(add_conditional, daily=2000),
    "/cgi-bin/menu/delconditional": Endpoint(delete_conditional, daily=2000),
    "/cgi-bin/menu/trymatch": Endpoint(try_match, daily=20_000),
}
