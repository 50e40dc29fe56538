"""The page of one's own WeChat."""

import re

from pushes import duty
from tests.console.house import House


def test_a_code_is_shown_once_and_the_binding_can_be_ended(house: House) -> None:
    approver = house.enter("approver")
    assert "未绑定" in approver.text("/console/account/duty")
    shown = approver.post("/console/account/duty/code")
    found = re.search(r"绑定值班 (\d{6})<", shown.text)
    assert found
    assert found[1] not in approver.text("/console/account/duty")
    digest, now = house.vault.digest, house.clock.now()
    bound = house.database.transaction(lambda db: duty.bind(db, digest, "oAnna", found[1], now))
    assert bound is not None
    assert bound.login == "approver"
    assert "已绑定" in approver.text("/console/account/duty")
    approver.post("/console/account/duty/unbinding")
    assert "未绑定" in approver.text("/console/account/duty")


def test_only_who_may_stop_pushes_has_the_page(house: House) -> None:
    marketer = house.enter("marketer")
    assert marketer.get("/console/account/duty").status_code == 403
    assert "值班微信" not in marketer.text("/console/account")
    assert "值班微信" in house.enter("operations").text("/console/account")
