"""Looking at a member's whole phone: a reason, an entry in the log, so many an hour."""

import pytest

from loyalty import reveals
from loyalty.members import Member
from tests.console import seeds
from tests.console.acts import acts
from tests.console.house import PASSWORD, Browser, House

PATH = "/console/members/{}/reveals"
PHONE, SHOWN = seeds.phone_of(1), "138 0000 0001"


def test_the_page_masks_the_phone_until_a_reason_is_given(
    house: House, owner: Browser, wang: Member
) -> None:
    before = owner.text(f"/console/members/{wang.id}")
    answer = owner.post(PATH.format(wang.id), reason="客户投诉，需要回电")
    after = owner.text(f"/console/members/{wang.id}")

    assert SHOWN not in before
    assert PHONE not in before
    assert answer.status_code == 200
    assert SHOWN in answer.text
    assert 'data-hides="60"' in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert SHOWN not in after
    act = acts(house)[-1]
    assert (act.action, act.subject, act.login) == (
        "member.revealed",
        f"member:{wang.id}",
        "owner",
    )
    assert act.details == {"reason": "客户投诉，需要回电"}
    assert act.address == "127.0.0.1"


def test_htmx_is_given_the_fragment_only(owner: Browser, wang: Member) -> None:
    headers = {"HX-Request": "true"}
    form = {"csrf_token": owner.token(), "reason": "客户投诉，需要回电"}
    shown = owner.client.post(PATH.format(wang.id), data=form, headers=headers)
    again = owner.client.post(PATH.format(wang.id), data=form | {"reason": "看"}, headers=headers)

    assert SHOWN in shown.text
    assert "<html" not in shown.text
    assert "请写清查看的原因" in again.text
    assert 'value="看"' in again.text


def test_the_password_is_asked_for_again(house: House, owner: Browser, wang: Member) -> None:
    house.clock.move(minutes=6)
    page = f"http://localhost/console/members/{wang.id}"
    form = {"csrf_token": owner.token(), "reason": "客户投诉，需要回电"}
    asked = owner.client.post(PATH.format(wang.id), data=form, headers={"Referer": page})

    assert asked.location == f"/console/confirm?next=/console/members/{wang.id}"
    within = {"HX-Request": "true", "Referer": page}
    fragment = owner.client.post(PATH.format(wang.id), data=form, headers=within)
    assert (fragment.headers["HX-Redirect"], fragment.text) == (asked.location, "")
    assert [act.action for act in acts(house)] == []
    owner.post(asked.location, password=PASSWORD)
    assert SHOWN in owner.post(PATH.format(wang.id), reason="客户投诉，需要回电").text


@pytest.mark.parametrize("reason", ["", "看看", "  a  b ", "长" * 101, "\x00\x00\x00\x00\x00"])
def test_without_a_reason_nothing_is_shown_or_written(
    house: House, owner: Browser, wang: Member, reason: str
) -> None:
    answer = owner.post(PATH.format(wang.id), reason=reason)

    assert answer.status_code == 422
    assert SHOWN not in answer.text
    assert "请写清查看的原因" in answer.text
    assert [act.action for act in acts(house)] == []


def test_nobody_looks_at_more_than_so_many_an_hour(
    house: House, owner: Browser, wang: Member
) -> None:
    colleague = house.enter("operations")
    form = {"csrf_token": owner.token(), "reason": "逐个回访客户"}
    for _ in range(reveals.MOST_AN_HOUR):
        assert owner.client.post(PATH.format(wang.id), data=form).status_code == 200
    refused = owner.client.post(PATH.format(wang.id), data=form)

    assert refused.status_code == 422
    assert "too_many_reveals" in refused.text
    assert SHOWN not in refused.text
    assert colleague.post(PATH.format(wang.id), reason="逐个回访客户").status_code == 200
    house.clock.move(minutes=61)
    owner = house.enter("owner")
    assert owner.post(PATH.format(wang.id), reason="逐个回访客户").status_code == 200


def test_who_may_not_reveal_is_not_asked_for_a_reason(house: House, wang: Member) -> None:
    marketer = house.enter("marketer")

    assert "reveal-reason" not in marketer.text(f"/console/members/{wang.id}")
    assert marketer.post(PATH.format(wang.id), reason="想看看手机号").status_code == 403


def test_a_member_without_a_phone_has_none_to_show(
    house: House, owner: Browser, wang: Member
) -> None:
    def forget(session: object) -> None:
        member = session.get(Member, wang.id)  # type: ignore[attr-defined]
        member.phone_sealed = member.phone_digest = member.phone_hint = None

    house.database.transaction(forget)

    assert "reveal-reason" not in owner.text(f"/console/members/{wang.id}")
    assert owner.post(PATH.format(wang.id), reason="客户投诉回电").status_code == 404
