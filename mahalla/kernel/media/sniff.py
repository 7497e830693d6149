"""What a file really is, from its first bytes. Neither its name nor the sender's claim is asked."""

from __future__ import annotations

HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"heif"}
AUDIO_BRANDS = {b"M4A ", b"M4B ", b"mp41", b"mp42", b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"dash"}
MARKUP = (b"<!doctype", b"<html", b"<head", b"<body", b"<script", b"<svg", b"<?xml", b"<!--", b"<iframe")

IMAGES = frozenset({"image/jpeg", "image/png", "image/webp", "image/heic"})
AUDIO = frozenset({"audio/webm", "audio/ogg", "audio/mp4", "audio/wav", "audio/mpeg"})
DOCUMENTS = frozenset({"application/pdf"})


def sniff(data: bytes) -> str:
    """The MIME type of one of the kinds we take, ``"text/html"`` for any markup, ``""`` for all else."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(data[8:12], "")
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        return "image/heic" if brand in HEIF_BRANDS else "audio/mp4" if brand in AUDIO_BRANDS else ""
    if data.startswith(b"\x1a\x45\xdf\xa3"):
        return "audio/webm"
    if data.startswith(b"OggS"):
        return "audio/ogg"
    if data.startswith(b"%PDF-"):
        return "application/pdf"
    if data.startswith(b"ID3") or _mpeg_frame(data):
        return "audio/mpeg"
    return "text/html" if _is_markup(data) else ""


def _mpeg_frame(data: bytes) -> bool:
    # eleven sync bits, then a version and a layer that exist (a UTF-16 mark, FF FE, has neither)
    return len(data) > 3 and data[0] == 0xFF and data[1] & 0xE6 == 0xE2 and data[1] & 0x18 != 0x08


def _is_markup(data: bytes) -> bool:
    head = data[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return head.startswith(MARKUP)
