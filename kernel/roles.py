"""What each role of the console may do; a route names a permission, never a role."""

_SEES = frozenset(
    {
        "members.read", "points.read", "coupons.read", "rewards.read", "programme.read",
        "pushes.read", "menus.read", "content.read",
    }
)  # fmt: skip
_KEEPS_MEMBERS = frozenset(
    {
        "members.staff", "members.tag", "members.block", "members.merge", "members.erase",
        "members.export", "members.import", "members.reveal", "points.adjust", "points.reverse",
    }
)  # fmt: skip
_SERVES = frozenset(
    {
        "coupons.give", "rewards.ship", "applications.read", "applications.move", "books.read",
        "inbox.read", "inbox.answer",
    }
)  # fmt: skip
_MARKETS = frozenset(
    {
        "members.tag", "coupons.write", "rewards.write", "programme.write", "pushes.write",
        "pushes.run", "menus.write", "content.write", "books.read",
    }
)  # fmt: skip
_APPROVES = frozenset(
    {
        "points.approve", "pushes.approve", "pushes.run", "pushes.stop", "menus.approve",
        "content.approve", "books.read",
    }
)  # fmt: skip
_BRANCH = frozenset({"redemptions.read", "applications.read", "applications.move"})

ROLES: dict[str, frozenset[str]] = {
    "owner": _SEES
    | _KEEPS_MEMBERS
    | _SERVES
    | _MARKETS
    | _APPROVES
    | {
        "menus.publish", "amnesties.declare", "audit.read", "operators.manage",
        "redemptions.read", "redemptions.undo",
    },
    "marketer": _SEES | _MARKETS | {"menus.publish"},
    "approver": _SEES | _APPROVES,
    "operations": (_SEES - {"menus.read"})
    | _KEEPS_MEMBERS
    | _SERVES
    | {"amnesties.declare", "redemptions.read", "redemptions.undo"}
    | {"pushes.run", "pushes.stop"},
    "branch_manager": _BRANCH | {"redemptions.undo"},
    "branch_staff": _BRANCH,
    "auditor": _SEES | {"books.read", "audit.read", "redemptions.read", "inbox.read"},
}  # fmt: skip
ROLE_NAMES = {
    "owner": "负责人",
    "marketer": "市场专员",
    "approver": "审核人",
    "operations": "运营专员",
    "branch_manager": "营业厅经理",
    "branch_staff": "营业员",
    "auditor": "审计",
}
# These see what belongs to their own branch, and nothing else.
BRANCH_ROLES = frozenset({"branch_manager", "branch_staff"})
