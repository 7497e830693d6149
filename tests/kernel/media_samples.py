"""Files made for the tests: honest ones of every kind, and hostile ones."""

from __future__ import annotations

import io
import struct
import wave
import zlib

import pillow_heif
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

GPS_MARK = b"MAHALLA-SECRET-CAMERA"


def exif(*, orientation: int = 1) -> Image.Exif:
    """A photo of 2026-03-02 10:15:30 in Riyadh (UTC+3) at 24.7136 N 46.6753 E."""
    found = Image.Exif()
    found[Base.Orientation] = orientation
    found[Base.Make] = GPS_MARK.decode()
    found[IFD.Exif] = {Base.DateTimeOriginal: "2026:03:02 10:15:30", Base.OffsetTimeOriginal: "+03:00"}
    found[IFD.GPSInfo] = {
        GPS.GPSLatitudeRef: "N",
        GPS.GPSLatitude: (24.0, 42.0, 48.96),
        GPS.GPSLongitudeRef: "E",
        GPS.GPSLongitude: (46.0, 40.0, 31.08),
    }
    return found


def image(
    kind: str = "JPEG", size: tuple[int, int] = (640, 480), *, with_exif: bool = False, orientation: int = 1
) -> bytes:
    """Left half red, right half blue, so that a turned picture shows."""
    picture = Image.new("RGB", size, "blue")
    picture.paste("red", (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    extra = {"exif": exif(orientation=orientation)} if with_exif else {}
    if kind == "HEIF":
        held = pillow_heif.from_pillow(picture)
        held.save(out, exif=extra["exif"].tobytes() if extra else None)
    else:
        picture.save(out, kind, **extra)
    return out.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes whose header promises ``width`` x ``height`` pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(bytes(100_000), 9)), chunk(b"IEND", b"")]
    )


def wav(seconds: float, rate: int = 8000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(rate)
        sound.writeframes(b"\x80" * int(seconds * rate))
    return out.getvalue()


def ogg(seconds: float) -> bytes:
    """An Opus stream of one page a second, in the shape of Firefox's recorder."""

    def page(position: int, number: int, body: bytes) -> bytes:
        lacing = bytes([255] * (len(body) // 255) + [len(body) % 255])
        head = struct.pack("<4sBBqIIIB", b"OggS", 0, 0, position, 7, number, 0, len(lacing))
        return head + lacing + body

    skip = 312
    pages = [
        page(0, 0, struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, skip, 48000, 0, 0)),
        page(0, 1, b"OpusTags"),
    ]
    marks = [*range(1, int(seconds) + 1), seconds] if seconds % 1 else range(1, int(seconds) + 1)
    for number, mark in enumerate(marks, 2):
        pages.append(page(skip + int(mark * 48000), number, b"\x08" * 300))
    return b"".join(pages)


def _box(name: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return struct.pack(">I4s", len(body) + 8, name) + body


def mp4(seconds: float, *, handler: bytes = b"soun", fragmented: bool = False, place: bytes = b"") -> bytes:
    scale, length = 1000, 0 if fragmented else int(seconds * 1000)
    mvhd = _box(b"mvhd", struct.pack(">IIIII", 0, 0, 0, scale, length), bytes(80))
    mdhd = _box(b"mdhd", struct.pack(">IIIII", 0, 0, 0, scale, length), bytes(4))
    hdlr = _box(b"hdlr", bytes(8), handler, bytes(13))
    parts = [mvhd, _box(b"trak", _box(b"mdia", mdhd, hdlr))]
    if place:
        parts.append(_box(b"udta", _box(b"\xa9xyz", place)))
    out = _box(b"ftyp", b"M4A ", bytes(4), b"isom") + _box(b"moov", *parts)
    if fragmented:
        count = int(seconds * 10)  # samples of 100 ms
        trun = _box(b"trun", struct.pack(">II", 0x100, count), struct.pack(">I", 100) * count)
        out += _box(b"moof", _box(b"traf", _box(b"tfhd", struct.pack(">II", 0, 1)), trun))
    return out + _box(b"mdat", bytes(64))


def _ebml(name: int, body: bytes, *, unknown: bool = False) -> bytes:
    ident = name.to_bytes((name.bit_length() + 7) // 8, "big")
    size = b"\x01" + b"\xff" * 7 if unknown else (len(body) | 1 << 28).to_bytes(4, "big")
    return ident + size + body


def webm(seconds: float, *, track: int = 2, claims_s: float | None = None) -> bytes:
    """As Chrome records: no length in the header, segment and clusters of unknown size, a block each 20 ms."""
    info = _ebml(0x2AD7B1, (1_000_000).to_bytes(3, "big"))
    if claims_s is not None:
        info += _ebml(0x4489, struct.pack(">d", claims_s * 1000))
    out = _ebml(0x1549A966, info) + _ebml(0x1654AE6B, _ebml(0xAE, _ebml(0x83, bytes([track]))))
    for start in range(0, int(seconds * 1000), 10_000):
        blocks = _ebml(0xE7, start.to_bytes(4, "big"))
        for at in range(start, min(start + 10_000, int(seconds * 1000)), 20):
            blocks += _ebml(0xA3, b"\x81" + struct.pack(">hB", at - start, 0x80) + b"\xfc\xff")
        out += _ebml(0x1F43B675, blocks, unknown=True)
    return _ebml(0x1A45DFA3, _ebml(0x4282, b"webm")) + _ebml(0x18538067, out, unknown=True)


def mp3(seconds: float, *, tag: bytes = b"") -> bytes:
    """MPEG-1 layer III at 32 kbit/s and 32 kHz: 144 bytes and 36 ms a frame."""
    frame = b"\xff\xfb\x18\xc0" + bytes(140)
    id3 = b"ID3\x04\x00\x00" + bytes([0, 0, len(tag) >> 7, len(tag) & 0x7F]) + tag if tag else b""
    return id3 + frame * round(seconds / 0.036)


def pdf(extra: bytes = b"") -> bytes:
    return b"%PDF-1.7\n1 0 obj<</Type/Catalog" + extra + b">>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
