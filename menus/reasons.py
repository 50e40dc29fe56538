"""What WeChat's error codes about menus mean, in a sentence for whoever publishes."""

_REASONS = {
    40018: "一级菜单名称过长",
    40025: "二级菜单名称过长",
    40033: "菜单内容的编码不被接受",
    40054: "二级菜单的链接不被接受",
    40055: "一级菜单的链接不被接受",
    40007: "素材编号无效，可能已被删除",
    40119: "账号没有使用这种按钮的权限",
    40120: "账号没有使用这种按钮的权限",
    45009: "今天调用菜单接口的次数已用完，明天再发布",
    45010: "菜单接口的次数已到上限",
    45056: "微信账号的标签已满 100 个，请先在微信后台删除不用的标签",
    45064: "小程序没有与公众号关联",
    45157: "微信上已有同名的标签，或名称不可用",
    45159: "微信上没有这个标签，可能被人删除",
    48001: "账号没有菜单接口的权限，认证可能已过期",
    48004: "接口因违规被封禁，请登录微信后台查看通知",
    50002: "账号的接口被限制",
    53600: "图文编号无效，可能没有发布或已被删除",
    65303: "微信上没有默认菜单，不能设置个性化菜单",
    65305: "个性化菜单的套数已到上限",
    65309: "微信后台没有开启个性化菜单",
    65316: "个性化菜单的链接指向了太多域名",
}


def explain(reason: str | None) -> str:
    """The reason of a failed call in words; a code that is not listed is told as it is."""
    if reason is None:
        return ""
    if reason.isdecimal() or reason.startswith("-"):
        known = _REASONS.get(int(reason))
        return f"微信返回 {reason}：{known}" if known else f"微信返回 {reason}"
    if reason == "TokenRefused":
        return "拿不到微信的访问凭据"
    return "连不上微信" if reason == "Unreachable" else reason


def errcode(reason: str | None) -> int | None:
    """The code that WeChat answered, if it answered one."""
    text = reason or ""
    return int(text) if text.lstrip("-").isdecimal() else None
