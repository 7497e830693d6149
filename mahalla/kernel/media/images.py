"""Pictures: decoded under limits, turned upright, freed of everything but pixels, and encoded anew."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pillow_heif
from PIL import Image, ImageCms, ImageOps
from PIL.ExifTags import GPS, IFD, Base

pillow_heif.register_heif_opener()

MAX_PIXELS = 50_000_000
MAX_EDGE = 2048
THUMB_EDGE = 320
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP", "image/heic": "HEIF"}


class BadImage(Exception):
    """The bytes are not a whole picture of the type that they begin as."""


class TooManyPixels(Exception):
    """More pixels than we decode, however small the file."""


@dataclass(frozen=True, slots=True)
class Picture:
    """``full`` and ``thumb`` are WebP without metadata; ``meta`` is what the original's EXIF said."""

    full: bytes
    thumb: bytes
    width: int
    height: int
    meta: dict[str, Any]


def process(data: bytes, mime: str) -> Picture:
    """Decode ``data`` as exactly ``mime`` and encode it anew.

    The pixel count is read from the header before anything is decoded, so that a small file cannot fill the memory;
    JPEGs are decoded at a reduced scale where that is enough. Raises ``BadImage`` and ``TooManyPixels``.
    """
    try:
        with Image.open(io.BytesIO(data), formats=[FORMATS[mime]]) as image:
            if image.width * image.height > MAX_PIXELS:
                raise TooManyPixels
            meta = read_exif(image)
            upright = _flatten(image)
            full = _encode(upright, MAX_EDGE, quality=84)
            thumb = _encode(upright, THUMB_EDGE, quality=76)
            return Picture(full[0], thumb[0], full[1], full[2], meta)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooManyPixels from None
    except TooManyPixels:
        raise
    except (
        Exception
    ) as error:  # decoders meet hostile bytes and raise nearly anything; all of it means "not a picture"
        raise BadImage(f"{type(error).__name__}: {error}") from error


def _flatten(image: Image.Image) -> Image.Image:
    """Upright RGB pixels in sRGB, transparent parts on white, with no metadata left on the object."""
    profile = image.info.get("icc_profile")
    image.draft("RGB", (MAX_EDGE, MAX_EDGE))
    image.load()
    upright = ImageOps.exif_transpose(image)
    upright = _to_srgb(upright, profile)
    if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info:
        rgba = upright.convert("RGBA")
        upright = Image.new("RGB", rgba.size, "white")
        upright.paste(rgba, mask=rgba.getchannel("A"))
    clean = Image.new("RGB", upright.size)
    clean.paste(upright.convert("RGB"))
    return clean


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if not profile or image.mode != "RGB":
        return image
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError):
        return image  # a broken colour profile is no reason to refuse the photo
    return turned or image


def _encode(image: Image.Image, edge: int, *, quality: int) -> tuple[bytes, int, int]:
    sized = image.copy()
    sized.thumbnail((edge, edge), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    sized.save(out, "WEBP", quality=quality, method=4)
    return out.getvalue(), sized.width, sized.height


def read_exif(image: Image.Image) -> dict[str, Any]:
    """Where and when the camera says the picture was taken; keys are left out when it does not say.

    ``lat``/``lng`` degrees, ``taken_local`` the camera's wall time, ``taken_at`` the instant in UTC. A claim of the
    sender's device: it can be forged, so it supports other evidence and proves nothing alone.
    """
    meta: dict[str, Any] = {}
    try:
        exif = image.getexif()
        detail, gps = exif.get_ifd(IFD.Exif), exif.get_ifd(IFD.GPSInfo)
        meta |= _position(gps)
        meta |= _instant(detail, exif, gps)
    except Exception:  # broken EXIF says nothing
        return meta
    return meta


def _position(gps: dict[int, Any]) -> dict[str, float]:
    try:
        lat = _degrees(gps[GPS.GPSLatitude]) * (-1 if gps.get(GPS.GPSLatitudeRef) == "S" else 1)
        lng = _degrees(gps[GPS.GPSLongitude]) * (-1 if gps.get(GPS.GPSLongitudeRef) == "W" else 1)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return {}
    return {"lat": round(lat, 6), "lng": round(lng, 6)} if abs(lat) <= 90 and abs(lng) <= 180 else {}


def _degrees(parts: Any) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    return degrees + minutes / 60 + seconds / 3600


def _instant(detail: dict[int, Any], exif: Any, gps: dict[int, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    text = detail.get(Base.DateTimeOriginal) or exif.get(Base.DateTime)
    try:
        local = datetime.strptime(str(text).strip("\x00 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - wall time
    except ValueError:
        local = None
    if local:
        found["taken_local"] = local.isoformat()
        offset = _offset(detail.get(Base.OffsetTimeOriginal))
        if offset is not None:
            found["taken_at"] = local.replace(tzinfo=offset).astimezone(UTC).isoformat()
    try:
        hours, minutes, seconds = (int(float(part)) for part in gps[GPS.GPSTimeStamp])
        day = datetime.strptime(str(gps[GPS.GPSDateStamp]).strip("\x00 "), "%Y:%m:%d").replace(tzinfo=UTC)
        found["taken_at"] = day.replace(hour=hours, minute=minutes, second=seconds).isoformat()
    except (KeyError, TypeError, ValueError):
        pass
    return found


def _offset(text: Any) -> timezone | None:
    try:
        sign, hours, minutes = str(text)[0], int(str(text)[1:3]), int(str(text)[4:6])
        return timezone((-1 if sign == "-" else 1) * timedelta(hours=hours, minutes=minutes))
    except (ValueError, IndexError):
        return None
