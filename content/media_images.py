"""Pictures that people upload: decoded for real, their notes stripped, written anew.

Whatever else a file held (scripts behind the picture, places in its notes) is not in what is
kept. Sizes: material/add_material takes pictures up to 10 MB, media/uploadimg JPEG and PNG below
1 MB (developers.weixin.qq.com/doc/service/api/material/permanent/).
"""

import hashlib
import io
import struct
import warnings
from dataclasses import dataclass

from PIL import Image, ImageOps, ImageSequence

from kernel.file_store import FileStore
from kernel.refusals import Invalid

MOST_BYTES = 10 * 1024 * 1024
MOST_PIXELS = 40_000_000
MOST_FRAMES = 300
BODY_BYTES = 1024 * 1024
_LONGEST = 1600
_SMALL = 320
_FORMATS = {
    "JPEG": (b"\xff\xd8\xff", "image/jpeg", ("jpg", "jpeg")),
    "PNG": (b"\x89PNG\r\n\x1a\n", "image/png", ("png",)),
    "GIF": (b"GIF8", "image/gif", ("gif",)),
}
MIMES = {mime for _, mime, _ in _FORMATS.values()}
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, IndexError, TypeError)


@dataclass(frozen=True)
class Picture:
    """A picture as it is kept; `small` is a JPEG of it for lists, 320 pixels at most."""

    content: bytes
    mime: str
    width: int
    height: int
    small: bytes = b""

    @property
    def digest(self) -> str:
        """The name of its bytes."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def small_digest(self) -> str:
        """The name of the small one's bytes."""
        return hashlib.sha256(self.small).hexdigest()

    def keep(self, files: FileStore) -> None:
        """Put the bytes into the store: before the row that names them, in no transaction."""
        files.put(self.digest, self.content)
        files.put(self.small_digest, self.small)


def prepare(raw: bytes, filename: str) -> Picture:
    """The picture in an uploaded file. Raises Invalid, which says why it is none for us."""
    if not raw:
        raise _no("文件是空的")
    if len(raw) > MOST_BYTES:
        raise _no("图片超过 10 MB，请压缩后再上传")
    kind = _kind(raw, filename)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return _rewritten(raw, kind)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        raise _too_large() from None
    except _BROKEN:
        raise _no("图片打不开，可能已损坏") from None


def for_body(picture: Picture) -> Picture:
    """The same as WeChat takes it in bodies of articles: JPEG or PNG below 1 MB."""
    if picture.mime != "image/gif" and len(picture.content) < BODY_BYTES:
        return picture
    with Image.open(io.BytesIO(picture.content)) as opened:
        image = opened.convert("RGB")
    image.thumbnail((_LONGEST, _LONGEST))
    for quality in (85, 70, 55):
        content = _written(image, "JPEG", quality)
        if len(content) < BODY_BYTES:
            break
    return Picture(content, "image/jpeg", *image.size)


def _kind(raw: bytes, filename: str) -> str:
    extension = filename.rpartition(".")[2].lower() if "." in filename else ""
    for kind, (magic, _, extensions) in _FORMATS.items():
        if raw.startswith(magic):
            if extension not in extensions:
                raise _no(f"文件内容是 {kind}，与扩展名“{extension[:8]}”不符")
            return kind
    raise _no("只收 JPEG、PNG、GIF 图片，MP3、AMR 语音和 MP4 视频")


def _rewritten(raw: bytes, kind: str) -> Picture:
    with Image.open(io.BytesIO(raw), formats=[kind]) as image:
        _check_size(image)
        frames = getattr(image, "n_frames", 1) if kind == "GIF" else 1
        if frames > 1:
            content = _animation(image, frames)
            size = image.size
        else:
            image.load()
            upright = ImageOps.exif_transpose(image)
            content, size = _still(upright, kind), upright.size
        small = _small(image if frames > 1 else upright)
    if len(content) > MOST_BYTES:
        raise _no("图片解开后超过 10 MB，请压缩后再上传")
    return Picture(content, _FORMATS[kind][1], *size, small)


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise _too_large()
    if min(width, height) < 1:
        raise _no("图片没有大小")


def _still(image: Image.Image, kind: str) -> bytes:
    modes = {"JPEG": ("L", "RGB"), "PNG": ("1", "L", "LA", "P", "RGB", "RGBA"), "GIF": ("L", "P")}
    if image.mode not in modes[kind]:
        clear = kind == "PNG" and image.has_transparency_data
        image = image.convert("RGBA" if clear else "RGB")
    clean = image.copy()
    # Notes, comments, profiles and what hides in them; how a palette is clear is no note.
    kept = clean.info.get("transparency") if kind != "JPEG" else None
    clean.info = {} if kept is None else {"transparency": kept}
    return _written(clean, kind, 88)


def _animation(image: Image.Image, frames: int) -> bytes:
    width, height = image.size
    if frames > MOST_FRAMES or frames * width * height > 2 * MOST_PIXELS:
        raise _no("动图太大，请减少帧数或尺寸")
    pages, waits = [], []
    for page in ImageSequence.Iterator(image):
        waits.append(min(max(int(page.info.get("duration", 100)), 20), 10_000))
        pages.append(page.convert("RGBA"))
        pages[-1].info = {}  # comments live there too
    out = io.BytesIO()
    pages[0].save(
        out, "GIF", save_all=True, append_images=pages[1:], duration=waits, loop=0, disposal=2
    )
    return out.getvalue()


def _small(image: Image.Image) -> bytes:
    page = image.convert("RGBA")
    page.thumbnail((_SMALL, _SMALL))
    shown = Image.new("RGB", page.size, "white")
    shown.paste(page, mask=page)
    return _written(shown, "JPEG", 80)


def _written(image: Image.Image, kind: str, quality: int) -> bytes:
    out = io.BytesIO()
    if kind == "JPEG":
        image.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    else:
        image.save(out, kind, optimize=True)
    return out.getvalue()


def _too_large() -> Invalid:
    return _no(f"图片超过 {MOST_PIXELS // 1_000_000}00 万像素，请缩小后再上传")


def _no(reason: str) -> Invalid:
    return Invalid(field="file", reason=reason)
