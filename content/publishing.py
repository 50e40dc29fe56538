"""WeChat as articles and pictures need it: the port that the gateway happens to fit."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from kernel.file_store import FileGone, FileStore
from kernel.outcomes import CallFailed, Outcome

# freepublish/get → publish_status
# (developers.weixin.qq.com/doc/subscription/api/public/api_freepublish_get.html).
STATUSES = {
    0: "成功",
    1: "发布中",
    2: "原创声明未通过",
    3: "发布失败",
    4: "平台审核未通过",
    5: "发布后已被全部删除",
    6: "发布后已被平台封禁",
}
RUNNING = 1


class Publisher(Protocol):
    """Every method raises CallFailed. A file is (name, bytes, MIME type)."""

    def upload_body_picture(self, file: tuple[str, bytes, str]) -> str:
        """media/uploadimg: the address for bodies of articles."""
        ...

    def add_material(self, file: tuple[str, bytes, str], title: str) -> tuple[str, str]:
        """material/add_material: (media id, address); a video shows the title."""
        ...

    def upload_temporary(self, file: tuple[str, bytes, str]) -> str:
        """media/upload: a media id that lives three days."""
        ...

    def add_draft(self, article: dict[str, Any]) -> str:
        """draft/add: the draft's media id."""
        ...

    def update_draft(self, draft_id: str, article: dict[str, Any]) -> bool:
        """draft/update; False when there is no such draft any more."""
        ...

    def find_draft(self, source_url: str) -> str | None:
        """The draft whose 阅读原文 leads there, by draft/batchget."""
        ...

    def submit(self, draft_id: str) -> str:
        """freepublish/submit: the publish id."""
        ...

    def publication(self, publish_id: str) -> tuple[int, str, str]:
        """freepublish/get: (status, article id, address)."""
        ...

    def find_published(self, source_url: str) -> tuple[str, str] | None:
        """(article id, address) of what was published, by freepublish/batchget."""
        ...


class Unplugged:
    """No WeChat: every call surely was not made."""

    def __getattr__(self, name: str) -> Any:
        def refuse(*_args: object) -> None:
            raise CallFailed(Outcome("again", f"{name}: unplugged"))

        return refuse


class NoFiles:
    """A store that keeps nothing."""

    def put(self, digest: str, content: bytes) -> None:
        """Forget it."""

    def get(self, digest: str) -> bytes:
        """Never there. Raises FileGone."""
        raise FileGone(digest)

    def old(self, seconds: float) -> Any:
        """Nothing."""
        del seconds
        return iter(())

    def drop(self, digest: str) -> None:
        """Nothing to delete."""


@dataclass(frozen=True)
class Publishing:
    """What the jobs of articles and pictures work with; `takes_links` with WeChat Pay."""

    publisher: Publisher = field(default_factory=Unplugged)
    files: FileStore = field(default_factory=NoFiles)
    base_url: str = ""
    takes_links: bool = False
