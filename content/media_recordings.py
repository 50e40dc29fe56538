"""Voices and videos that people upload, known by their real bytes whatever the file is called.

Sizes: a voice of 2 MB and 60 seconds as AMR or MP3, a video of 10 MB as MP4
(developers.weixin.qq.com/doc/service/api/material/). Tags of MP3 files (names, pictures, places)
are not kept; an MP4 is kept as it is, once its boxes fill the file and hold a picture track.
"""

import hashlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kernel.file_store import FileStore
from kernel.refusals import Invalid

VOICE_BYTES = 2 * 1024 * 1024
VIDEO_BYTES = 10 * 1024 * 1024
VOICE_SECONDS = 60
AMR, MP3, MP4 = "audio/amr", "audio/mpeg", "video/mp4"
EXTENSIONS = {AMR: "amr", MP3: "mp3", MP4: "mp4"}
_AMR_MAGIC = b"#!AMR\n"
# Bytes of a frame of 20 ms by its type, the head included; 0 is no type that is written.
_AMR_FRAMES = (13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1)
_AMR_SECONDS = 0.02
# Of layer III: kbit/s by index for MPEG 1 and for 2 and 2.5, samples a second for MPEG 1.
_RATES = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_SAMPLES = (44_100, 48_000, 32_000)
_FEWEST_FRAMES = 3
_BOXES = frozenset(
    {
        b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pdin", b"moof", b"mfra", b"sidx",
        b"styp", b"udta", b"meta", b"uuid", b"emsg",
    }
)  # fmt: skip
_BRANDS = (b"iso", b"mp4", b"avc", b"M4V", b"dash", b"MSNV", b"3gp")


@dataclass(frozen=True)
class Recording:
    """A voice or video as it is kept. It has no small picture and no size in pixels."""

    content: bytes
    mime: str
    width: int = 0
    height: int = 0

    @property
    def digest(self) -> str:
        """The name of its bytes."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def small_digest(self) -> str:
        """The same: there is nothing smaller of it."""
        return self.digest

    def keep(self, files: FileStore) -> None:
        """Put the bytes into the store: before the row that names them, in no transaction."""
        files.put(self.digest, self.content)


def kind_of(mime: str) -> str:
    """What WeChat calls files of that type: image, voice or video."""
    return {AMR: "voice", MP3: "voice", MP4: "video"}.get(mime, "image")


def find(raw: bytes, filename: str) -> Recording | None:
    """The recording in an uploaded file, None when it is none. Raises Invalid when it is one that
    WeChat does not take, is broken, or has the wrong ending."""
    for looks, read in _KINDS:
        if looks(raw):
            made = read(raw)
            extension = filename.rpartition(".")[2].lower() if "." in filename else ""
            if extension != EXTENSIONS[made.mime]:
                real = EXTENSIONS[made.mime].upper()
                raise _no(f"文件内容是 {real}，与扩展名“{extension[:8]}”不符")
            return made
    return None


def _amr(raw: bytes) -> Recording:
    _check_bytes(raw, VOICE_BYTES, "语音超过 2 MB，请剪短后再上传")
    at, frames = len(_AMR_MAGIC), 0
    while at < len(raw):
        length = _AMR_FRAMES[(raw[at] >> 3) & 0xF]
        if not length or raw[at] & 0x83 or at + length > len(raw):
            raise _broken()
        at, frames = at + length, frames + 1
    _check_seconds(frames * _AMR_SECONDS, frames)
    return Recording(raw, AMR)


def _mp3(raw: bytes) -> Recording:
    _check_bytes(raw, VOICE_BYTES, "语音超过 2 MB，请剪短后再上传")
    begin, end = _id3_length(raw), len(raw) - (128 if raw[-128:-125] == b"TAG" else 0)
    at, frames, seconds = begin, 0, 0.0
    while at < end:
        length, lasts = _mp3_frame(raw[at : at + 4])
        if not length:
            raise _broken()
        at, frames, seconds = at + length, frames + 1, seconds + lasts
    _check_seconds(seconds, frames)
    return Recording(raw[begin:end], MP3)


def _id3_length(raw: bytes) -> int:
    if not raw.startswith(b"ID3") or len(raw) < 10:
        return 0
    if any(part & 0x80 for part in raw[6:10]):
        raise _broken()
    size = raw[6] << 21 | raw[7] << 14 | raw[8] << 7 | raw[9]
    return 10 + size + (10 if raw[5] & 0x10 else 0)


def _mp3_frame(head: bytes) -> tuple[int, float]:
    """(bytes, seconds) of the frame that begins so; (0, 0) for what is no frame of layer III."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return 0, 0.0
    version, rate, sampling = (head[1] >> 3) & 3, head[2] >> 4, (head[2] >> 2) & 3
    if version == 1 or rate in {0, 15} or sampling == 3:
        return 0, 0.0
    first = version == 3
    samples = _SAMPLES[sampling] // {3: 1, 2: 2, 0: 4}[version]
    bits = _RATES[0 if first else 1][rate] * 1000
    length = (144 if first else 72) * bits // samples + ((head[2] >> 1) & 1)
    return length, (1152 if first else 576) / samples


def _mp4(raw: bytes) -> Recording:
    _check_bytes(raw, VIDEO_BYTES, "视频超过 10 MB，请压缩后再上传")
    if not raw[8:12].startswith(_BRANDS):
        raise _no("只收 MP4 视频，请转换格式后再上传")
    boxes = dict(_boxes(raw, 0, len(raw)))
    if not boxes.keys() <= _BOXES or not {b"moov", b"mdat"} <= boxes.keys():
        raise _broken()
    begin, end = boxes[b"moov"]
    if not any(name == b"trak" and _shows(raw, *span) for name, span in _boxes(raw, begin, end)):
        raise _no("文件里没有画面；只有声音的请传 MP3 语音")
    return Recording(raw, MP4)


def _boxes(raw: bytes, at: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """The boxes that fill the span, each with the span of what is in it."""
    while at < end:
        if end - at < 8:
            raise _broken()
        length, name, head = struct.unpack(">I", raw[at : at + 4])[0], raw[at + 4 : at + 8], 8
        if length == 1 and end - at >= 16:
            length, head = struct.unpack(">Q", raw[at + 8 : at + 16])[0], 16
        elif length == 0:
            length = end - at
        if length < head or at + length > end:
            raise _broken()
        yield name, (at + head, at + length)
        at += length


def _shows(raw: bytes, begin: int, end: int) -> bool:
    for name, (inner, until) in _boxes(raw, begin, end):
        if name == b"mdia":
            handlers = (span for one, span in _boxes(raw, inner, until) if one == b"hdlr")
            return any(raw[start + 8 : start + 12] == b"vide" for start, _ in handlers)
    return False


def _looks_like_mp3(raw: bytes) -> bool:
    return raw.startswith(b"ID3") or _mp3_frame(raw[:4])[0] > 0


_KINDS: tuple[tuple[Callable[[bytes], bool], Callable[[bytes], Recording]], ...] = (
    (lambda raw: raw.startswith(_AMR_MAGIC), _amr),
    (lambda raw: raw[4:8] == b"ftyp", _mp4),
    (_looks_like_mp3, _mp3),
)


def _check_bytes(raw: bytes, most: int, reason: str) -> None:
    if len(raw) > most:
        raise _no(reason)


def _check_seconds(seconds: float, frames: int) -> None:
    if frames < _FEWEST_FRAMES:
        raise _broken()
    if seconds > VOICE_SECONDS:
        raise _no(f"语音有 {int(seconds)} 秒，微信最多 {VOICE_SECONDS} 秒，请剪短后再上传")


def _broken() -> Invalid:
    return _no("文件打不开，可能已损坏")


def _no(reason: str) -> Invalid:
    return Invalid(field="file", reason=reason)
