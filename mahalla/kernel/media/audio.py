"""How long a voice note is, from its container: webm, ogg, mp4, wav and mpeg, as browsers and phones record them.

The length is measured from the frames wherever a container has them and not only from its header: browsers leave the
header's length out when they record live, and a header can lie. Every container that we take gives a length, so the
sender is never asked for one. Pictures hidden as sound (a video track) are refused.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator


class BadAudio(Exception):
    """Not a sound file of the type that it begins as, or one with no measurable length."""


def duration_s(data: bytes, mime: str) -> float:
    """Seconds of sound. Raises ``BadAudio``."""
    try:
        seconds = _READERS[mime](data)
    except (struct.error, IndexError, ValueError, ZeroDivisionError, RecursionError) as error:
        raise BadAudio(str(error)) from error
    if not 0 < seconds < math.inf:
        raise BadAudio("no length")
    return seconds


def stripped(data: bytes, mime: str) -> bytes:
    """The same sound without the tags that may name a place or a person (MP4 ``udta``/``meta``, ID3)."""
    if mime == "audio/mp4":
        return _mp4_without_tags(data)
    if mime == "audio/mpeg":
        data = data[_id3_length(data) :]
        return data[:-128] if data[-128:-125] == b"TAG" else data
    return data


# -- WAV ------------------------------------------------------------------------------------------------------------


def _wav(data: bytes) -> float:
    at, rate, size = 12, 0, 0
    while at + 8 <= len(data):
        name, length = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if name == b"fmt ":
            rate = struct.unpack_from("<I", data, at + 16)[0]
        elif name == b"data":
            size += min(length, len(data) - at - 8)  # a recorder that was cut off leaves 0xFFFFFFFF here
        at += 8 + length + length % 2
    return float(size / rate)


# -- Ogg (Opus, Vorbis) ---------------------------------------------------------------------------------------------


def _ogg(data: bytes) -> float:
    """The last page's position over the sample rate; the first page says which codec and rate."""
    at, rate, skip, last, first = 0, 0, 0, 0, True
    while at < len(data):
        if data[at : at + 4] != b"OggS":
            raise BadAudio("a page is broken")
        position = struct.unpack_from("<q", data, at + 6)[0]
        segments = data[at + 26]
        body = at + 27 + segments
        length = sum(data[at + 27 : body])
        if body + length > len(data):
            raise BadAudio("the last page is cut off")
        if first:
            rate, skip = _ogg_codec(data[body : body + length])
            first = False
        last = max(last, position)
        at = body + length
    return (last - skip) / rate


def _ogg_codec(head: bytes) -> tuple[int, int]:
    if head.startswith(b"OpusHead"):
        return 48_000, struct.unpack_from("<H", head, 10)[0]
    if head.startswith(b"\x01vorbis"):
        return struct.unpack_from("<I", head, 12)[0], 0
    raise BadAudio("neither Opus nor Vorbis")


# -- MP4 (AAC, from phones and Safari) ------------------------------------------------------------------------------

_CONTAINERS = {b"moov", b"trak", b"mdia", b"mvex", b"moof", b"traf"}


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
    """``(type, box start, body start, body end)`` of each box, containers' children after them."""
    at = start
    while at + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, at)
        body = at + 8
        if size == 1:
            size = struct.unpack_from(">Q", data, body)[0]
            body += 8
        elif size == 0:
            size = end - at
        if size < body - at or at + size > end:
            raise BadAudio("a box does not fit its place")
        yield name, at, body, at + size
        if name in _CONTAINERS:
            yield from _boxes(data, body, at + size)
        at += size


def _mp4(data: bytes) -> float:
    scale, whole, media_scale, fragments, default, handlers = 0, 0, 0, 0, 0, set()
    for name, _at, body, end in _boxes(data, 0, len(data)):
        if name == b"mvhd":
            scale, whole = _scale_and_length(data, body)
        elif name == b"mdhd":
            media_scale, _ = _scale_and_length(data, body)
        elif name == b"hdlr":
            handlers.add(data[body + 8 : body + 12])
        elif name == b"trex":
            default = struct.unpack_from(">I", data, body + 12)[0]
        elif name == b"tfhd":
            default = _tfhd_default(data, body, default)
        elif name == b"trun":
            fragments += _trun_length(data, body, end, default)
    if b"vide" in handlers or b"soun" not in handlers:
        raise BadAudio("not sound alone")
    return max(whole / scale, fragments / media_scale if media_scale else 0.0)


def _scale_and_length(data: bytes, body: int) -> tuple[int, int]:
    layout, at = (">IQ", body + 20) if data[body] == 1 else (">II", body + 12)
    scale, length = struct.unpack_from(layout, data, at)
    unknown = (1 << (64 if data[body] == 1 else 32)) - 1
    return scale, 0 if length == unknown else length


def _tfhd_default(data: bytes, body: int, default: int) -> int:
    flags = int.from_bytes(data[body + 1 : body + 4], "big")
    at = body + 8 + (8 if flags & 0x01 else 0) + (4 if flags & 0x02 else 0)
    return int(struct.unpack_from(">I", data, at)[0]) if flags & 0x08 else default


def _trun_length(data: bytes, body: int, end: int, default: int) -> int:
    flags = int.from_bytes(data[body + 1 : body + 4], "big")
    count = struct.unpack_from(">I", data, body + 4)[0]
    if not flags & 0x100:
        return int(count * default)
    at = body + 8 + (4 if flags & 0x01 else 0) + (4 if flags & 0x04 else 0)
    width = 4 * bin(flags & 0xF00).count("1")
    if at + count * width > end:
        raise BadAudio("a run is cut off")
    return sum(struct.unpack_from(">I", data, at + index * width)[0] for index in range(count))


def _mp4_without_tags(data: bytes) -> bytes:
    """Tag boxes become ``free`` boxes of zeros in place, so that no offset into the sound moves."""
    out = bytearray(data)
    for name, at, body, end in _boxes(data, 0, len(data)):
        if name in {b"udta", b"meta"}:
            out[at + 4 : at + 8] = b"free"
            out[body:end] = bytes(end - body)
    return bytes(out)


# -- WebM (Opus, from Chrome and Firefox) ---------------------------------------------------------------------------

_SEGMENT, _INFO, _TRACKS, _TRACK, _CLUSTER, _GROUP = (
    0x18538067,
    0x1549A966,
    0x1654AE6B,
    0xAE,
    0x1F43B675,
    0xA0,
)
_SCALE, _LENGTH, _TRACK_TYPE, _CLUSTER_TIME, _BLOCKS = 0x2AD7B1, 0x4489, 0x83, 0xE7, (0xA3, 0xA1)
_PARENTS = {_SEGMENT, _INFO, _TRACKS, _TRACK, _CLUSTER, _GROUP}
_OPUS_FRAME_MS = 20


def _vint(data: bytes, at: int, *, keep_marker: bool) -> tuple[int, int, bool]:
    """An EBML number: its value, where it ends, and whether it says "unknown"."""
    first = data[at]
    if first == 0:
        raise BadAudio("a number is too long")
    length = 9 - first.bit_length()
    raw = int.from_bytes(data[at : at + length], "big")
    value = raw if keep_marker else raw & ((1 << (7 * length)) - 1)
    return value, at + length, value == (1 << (7 * length)) - 1


def _webm(data: bytes) -> float:
    """The last block's time. Elements of unknown length (live recording) are entered, never skipped."""
    at, scale_ns, header, cluster, last, types = 0, 1_000_000, 0.0, 0, -1, set()
    while at < len(data):
        name, at, _ = _vint(data, at, keep_marker=True)
        size, at, unknown = _vint(data, at, keep_marker=False)
        if name in _PARENTS:
            continue
        if unknown or at + size > len(data):
            raise BadAudio("an element is cut off")
        body = data[at : at + size]
        if name == _SCALE:
            scale_ns = int.from_bytes(body, "big")
        elif name == _LENGTH:
            header = struct.unpack(">f" if size == 4 else ">d", body)[0]
        elif name == _TRACK_TYPE:
            types.add(int.from_bytes(body, "big"))
        elif name == _CLUSTER_TIME:
            cluster = int.from_bytes(body, "big")
        elif name in _BLOCKS:
            _, after, _ = _vint(data, at, keep_marker=False)
            last = max(last, cluster + struct.unpack_from(">h", data, after)[0])
        at += size
    if types != {2}:
        raise BadAudio("not sound alone")
    measured = (last * scale_ns / 1e9 + _OPUS_FRAME_MS / 1000) if last >= 0 else 0.0
    return max(measured, header * scale_ns / 1e9)


# -- MPEG audio -----------------------------------------------------------------------------------------------------

_RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_KBPS_V1 = {
    3: (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    2: (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    1: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
}
_KBPS_V2 = {
    3: (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    2: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    1: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def _id3_length(data: bytes) -> int:
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    size = 0
    for byte in data[6:10]:  # seven bits a byte
        size = size << 7 | byte & 0x7F
    return 10 + size


def _mpeg(data: bytes) -> float:
    """Frame by frame: constant or variable rate makes no difference."""
    at, seconds, frames = _id3_length(data), 0.0, 0
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] & 0xE0 == 0xE0:
        version, layer = data[at + 1] >> 3 & 3, data[at + 1] >> 1 & 3
        index, padding = data[at + 2] >> 4, data[at + 2] >> 1 & 1
        if version == 1 or layer == 0 or index in {0, 15} or data[at + 2] >> 2 & 3 == 3:
            break
        rate = _RATES[version][data[at + 2] >> 2 & 3]
        bitrate = (_KBPS_V1 if version == 3 else _KBPS_V2)[layer][index] * 1000
        samples = 384 if layer == 3 else 576 if layer == 1 and version != 3 else 1152
        slot = 4 if layer == 3 else 1
        at += (samples // 8 // slot * bitrate // rate + padding) * slot
        seconds += samples / rate
        frames += 1
    if frames < 2:
        raise BadAudio("no frames")
    return seconds


_READERS: dict[str, Callable[[bytes], float]] = {
    "audio/wav": _wav,
    "audio/ogg": _ogg,
    "audio/mp4": _mp4,
    "audio/webm": _webm,
    "audio/mpeg": _mpeg,
}
