"""What a member sees of the menu that is live, by our own reckoning; WeChat's own answer is
`MenuPlatform.match`, to be asked outside of any transaction."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from kernel.refusals import NotFound
from loyalty.members import Member
from loyalty.tags import MemberTag, Tag
from menus import conditional, live, publications, sendings
from menus.conditional import Sight
from menus.platform import MenuRules
from menus.wechat_tags import WechatTag, WechatTagging


def of_member(session: Session, member_id: int, platform: str, rules: MenuRules) -> Sight:
    """What a member sees on a platform (`conditional.PLATFORMS`), and why.

    Raises NotFound, NothingToReturnTo while nothing is live.
    """
    member, row = session.get(Member, member_id), live.look(session)
    if member is None:
        raise NotFound(member=member_id)
    if row is None or row.version_id is None:
        raise publications.NothingToReturnTo
    face = sendings.face_after(session, row, None, rules)
    held = session.execute(
        select(Tag.code, Tag.name)
        .join(MemberTag, MemberTag.tag_id == Tag.id)
        .where(MemberTag.member_id == member_id, Tag.active.is_(True))
    ).all()
    names = {one.code: one.name for one in session.execute(select(Tag.code, Tag.name))}
    sight = conditional.see(face, [one.code for one in held], platform, names)
    late = _late(session, member.openid, [one.code for one in held if one.code in face.tags()])
    told = [f"标签“{names[code]}”还没有同步到微信，同步后才会看到" for code in late]
    return Sight(sight.menu, sight.variant, [*sight.why, *told], sight.ambiguous)


def _late(session: Session, openid: str, codes: list[str]) -> list[str]:
    """Those of the member's tags that WeChat does not have on him yet."""
    done = session.scalars(
        select(Tag.code)
        .join(WechatTag, WechatTag.tag_id == Tag.id)
        .join(WechatTagging, WechatTagging.tag_id == Tag.id)
        .where(
            WechatTagging.openid == openid,
            WechatTagging.wanted.is_(True),
            WechatTagging.state == "done",
        )
    ).all()
    return [code for code in codes if code not in done]
