"""Media ids in replies: those of the library must be of the kind that the reply is."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.media import KIND_NAMES, Media
from content.media_wechat import WechatMedia
from content.reply_items import Item
from kernel.refusals import Invalid


def require(session: Session, items: Sequence[Item]) -> None:
    """Raises Invalid, which names the reply; what the library does not know may be anything."""
    wanted = {item.values["media_id"] for item in items if "media_id" in item.values}
    if not wanted:
        return
    query = select(WechatMedia.wechat_id, Media).join(Media, Media.id == WechatMedia.media_id)
    rows = session.execute(query.where(WechatMedia.wechat_id.in_(wanted)))
    known = {row[0]: row[1] for row in rows}
    for number, item in enumerate(items, 1):
        found = known.get(item.values.get("media_id", ""))
        if found is not None and found.kind != item.kind:
            is_it, should = KIND_NAMES[found.kind], KIND_NAMES[item.kind]
            reason = f"第 {number} 条回复：“{found.name}”是{is_it}，请换成{should}"
            raise Invalid(field="replies", reason=reason)
