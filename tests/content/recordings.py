"""Small voices and videos, byte by byte."""

import struct

AMR = b"#!AMR\n" + (b"\x3c" + bytes(31)) * 50  # one second
MP3_FRAME = b"\xff\xfb\x90\x00" + bytes(413)  # 128 kbit/s, 44.1 kHz, 26 ms
MP3 = MP3_FRAME * 40


def box(name: bytes, *inside: bytes) -> bytes:
    body = b"".join(inside)
    return struct.pack(">I", len(body) + 8) + name + body


def mp4(handler: bytes = b"vide", brand: bytes = b"isom", *more: bytes) -> bytes:
    """A film of no pictures: the boxes are what is looked at."""
    track = box(b"trak", box(b"mdia", box(b"hdlr", bytes(8), handler, bytes(12))))
    head = box(b"ftyp", brand, bytes(4), brand)
    return head + box(b"moov", box(b"mvhd", bytes(100)), track) + box(b"mdat", bytes(64), *more)


MP4 = mp4()
