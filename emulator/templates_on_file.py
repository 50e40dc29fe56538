"""The message templates a new account already has, so that a demo can send at once.

A real account picks them in the console; ids there are 43 random characters.
"""

from emulator.state import State, Template

SEEDS = (
    Template(
        "weiting-progress-000000000000000000000000001",
        "业务办理进度通知",
        "template",
        {
            "thing1": "业务名称",
            "character_string2": "业务单号",
            "phrase3": "办理状态",
            "time4": "更新时间",
        },
    ),
    Template(
        "weiting-install-0000000000000000000000000002",
        "上门安装预约通知",
        "template",
        {"thing1": "安装地址", "time2": "预约时间", "name3": "安装人员", "phone_number4": "电话"},
    ),
    Template(
        "weiting-bill-0000000000000000000000000000003",
        "账单提醒",
        "template",
        {"character_string1": "宽带账号", "amount2": "账单金额", "date3": "缴费截止"},
    ),
    Template(
        "weiting-checkin-0000000000000000000000000004",
        "签到提醒",
        "once",
        {"thing1": "活动名称", "number2": "已连续签到天数", "thing3": "温馨提示"},
    ),
    Template(
        "weiting-festival-000000000000000000000000005",
        "节日活动通知",
        "once",
        {"thing1": "活动名称", "date2": "活动时间", "thing3": "活动说明"},
    ),
    Template(
        "weiting-expiry-00000000000000000000000000006",
        "积分到期提醒",
        "once",
        {"number1": "到期积分", "date2": "到期日期", "thing3": "温馨提示"},
    ),
    Template(
        "weiting-coupon-00000000000000000000000000007",
        "优惠券到期提醒",
        "once",
        {"thing1": "优惠券名称", "date2": "到期日期", "thing3": "温馨提示"},
    ),
)


def seed_templates(state: State) -> None:
    """Put the seeds into a state that has no templates yet."""
    if not state.templates:
        for seed in SEEDS:
            state.templates[seed.id] = Template(seed.id, seed.title, seed.kind, dict(seed.keys))
