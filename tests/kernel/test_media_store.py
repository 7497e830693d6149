"""Taking files in: what they really are, how large they may be, and that nothing personal is left in them."""

from __future__ import annotations

import contextlib
import io
import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mahalla.kernel.identity.models import User
from mahalla.kernel.media import audio, images, operations, queries, sniff
from mahalla.kernel.media.models import Asset
from mahalla.kit.errors import Invalid
from tests.kernel import media_samples as samples

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _private_disk(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def amal() -> User:
    return User.objects.create_user(phone="+966500000001", name="Amal")


def keep(data: bytes, owner: User, purpose: str = "task_photo", *, name: str = "photo.jpg") -> Asset:
    upload = io.BytesIO(data)
    upload.name = name
    return operations.store(upload, owner=owner, purpose=purpose, now=NOW)


def refusal(data: bytes, owner: User, purpose: str = "task_photo") -> Invalid:
    with pytest.raises(Invalid) as caught:
        keep(data, owner, purpose)
    assert set(caught.value.fields) == {"file"}
    assert not Asset.objects.exists()
    return caught.value


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_a_photo_of_each_kind_is_encoded_anew(amal: User, kind: str) -> None:
    asset = keep(samples.image(kind), amal, name="whatever.bin")
    assert (asset.kind, asset.mime, asset.width, asset.height) == ("image", "image/webp", 640, 480)
    full = queries.open_for(amal, asset.pk, "full", now=NOW)
    assert Image.open(io.BytesIO(full.data)).size == (640, 480)
    thumb = queries.open_for(amal, asset.pk, "thumb", now=NOW)
    assert Image.open(io.BytesIO(thumb.data)).size == (320, 240)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_place_and_camera_are_read_and_then_absent_from_the_served_bytes(amal: User, kind: str) -> None:
    sent = samples.image(kind, with_exif=True)
    assert samples.GPS_MARK in sent  # the positive control: what was sent does carry it
    asset = keep(sent, amal)
    assert asset.meta["lat"] == pytest.approx(24.7136, abs=1e-5)
    assert asset.meta["lng"] == pytest.approx(46.6753, abs=1e-5)
    assert asset.meta["taken_local"] == "2026-03-02T10:15:30"
    assert asset.meta["taken_at"] == "2026-03-02T07:15:30+00:00"
    for variant in ("full", "thumb"):
        served = queries.open_for(amal, asset.pk, variant, now=NOW).data
        picture = Image.open(io.BytesIO(served))
        assert not picture.getexif()
        assert not {"exif", "xmp", "icc_profile"} & set(picture.info)
        assert samples.GPS_MARK not in served and b"Exif" not in served


def test_a_turned_photo_is_served_upright(amal: User) -> None:
    # 6: the camera was held upright; the sensor's left edge is the picture's top
    asset = keep(samples.image(with_exif=True, orientation=6), amal)
    assert (asset.width, asset.height) == (480, 640)
    picture = Image.open(io.BytesIO(queries.open_for(amal, asset.pk, "full", now=NOW).data)).convert("RGB")
    top, bottom = picture.getpixel((240, 20)), picture.getpixel((240, 620))
    assert top[0] > 200 and bottom[2] > 200


def test_a_large_photo_is_made_smaller(amal: User) -> None:
    asset = keep(samples.image(size=(4000, 3000)), amal)
    assert (asset.width, asset.height) == (2048, 1536)


def test_a_transparent_drawing_stands_on_white(amal: User) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (50, 50), (0, 0, 0, 0)).save(out, "PNG")
    asset = keep(out.getvalue(), amal)
    picture = Image.open(io.BytesIO(queries.open_for(amal, asset.pk, "full", now=NOW).data))
    assert picture.convert("RGB").getpixel((25, 25)) == (255, 255, 255)


MARKUP = [
    b"<!DOCTYPE html><script>alert(1)</script>",
    b"\xef\xbb\xbf  \n<html><body onload=alert(1)>",
    b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    b"<SVG/onload=alert(1)>",
]


@pytest.mark.parametrize("page", MARKUP)
@pytest.mark.parametrize("purpose", ["task_photo", "chat", "document"])
def test_a_page_named_jpg_is_refused_by_what_it_is(amal: User, page: bytes, purpose: str) -> None:
    error = refusal(page, amal, purpose)
    assert error.code == "file_is_markup"
    assert "web page" in str(error)


@pytest.mark.parametrize(
    "data",
    [b"GIF89a" + bytes(50), b"MZ" + bytes(99), b"PK\x03\x04" + bytes(99), b"\xff\xfeh\x00i\x00", b"text"],
)
def test_other_files_are_refused_whatever_their_name(amal: User, data: bytes) -> None:
    assert refusal(data, amal).code == "file_type"


def test_each_purpose_takes_its_kinds_only(amal: User) -> None:
    assert refusal(samples.pdf(), amal, "task_photo").code == "file_type"
    assert refusal(samples.wav(1), amal, "task_photo").code == "file_type"
    assert refusal(samples.pdf(), amal, "chat").code == "file_type"
    assert refusal(samples.wav(1), amal, "document").code == "file_type"
    assert keep(samples.pdf(), amal, "document").mime == "application/pdf"


def test_an_empty_and_a_too_large_file_are_refused_with_the_limit(amal: User) -> None:
    assert refusal(b"", amal).code == "file_empty"
    too_large = refusal(samples.image() + bytes(10 * 1024 * 1024), amal)
    assert too_large.code == "file_too_large"
    assert "10 MB" in str(too_large)


@pytest.mark.parametrize("size", [(20_000, 20_000), (50_001, 1000), (65_000, 65_000)])
def test_a_small_file_with_huge_dimensions_is_refused_undecoded(amal: User, size: tuple[int, int]) -> None:
    bomb = samples.huge_png(*size)
    assert len(bomb) < 10_000
    assert refusal(bomb, amal).code == "too_many_pixels"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_a_cut_off_picture_is_refused(amal: User, kind: str) -> None:
    whole = samples.image(kind)
    assert refusal(whole[: len(whole) // 2], amal).code == "file_damaged"
    assert refusal(whole[:20], amal).code == "file_damaged"


@pytest.mark.parametrize(
    "tail", [b"<script>alert(1)</script>", samples.pdf(b"/JavaScript"), b"PK\x05\x06" + bytes(18)]
)
def test_a_file_of_two_natures_keeps_only_its_pixels(amal: User, tail: bytes) -> None:
    asset = keep(samples.image() + tail, amal)
    for variant in ("full", "thumb"):
        assert tail not in queries.open_for(amal, asset.pk, variant, now=NOW).data


def test_a_pdf_with_a_program_or_without_an_end_is_refused(amal: User) -> None:
    assert refusal(samples.pdf(b"/OpenAction<</S/JavaScript/JS(app.alert(1))>>"), amal, "document").code == (
        "active_document"
    )
    assert refusal(samples.pdf()[:30], amal, "document").code == "file_damaged"


RECORDINGS = {
    "audio/wav": samples.wav,
    "audio/ogg": samples.ogg,
    "audio/mp4": samples.mp4,
    "audio/webm": samples.webm,
    "audio/mpeg": samples.mp3,
}


@pytest.mark.parametrize("mime", sorted(RECORDINGS))
def test_a_voice_note_of_30_s_is_kept_and_one_of_121_s_refused(amal: User, mime: str) -> None:
    note = keep(RECORDINGS[mime](30), amal, "chat", name="note.jpg")
    assert (note.kind, note.mime) == ("audio", mime)
    assert note.duration_s == pytest.approx(30, abs=0.1)
    note.delete()
    assert keep(RECORDINGS[mime](120), amal, "chat").duration_s == pytest.approx(120, abs=0.1)
    Asset.objects.all().delete()
    error = refusal(RECORDINGS[mime](121), amal, "chat")
    assert error.code == "voice_note_too_long"
    assert "120 seconds" in str(error)


def test_lengths_are_measured_not_believed(amal: User) -> None:
    assert refusal(samples.webm(200, claims_s=5), amal, "chat").code == "voice_note_too_long"
    assert refusal(samples.mp4(300, fragmented=True), amal, "chat").code == "voice_note_too_long"
    assert keep(samples.mp4(12, fragmented=True), amal, "chat").duration_s == 12


@pytest.mark.parametrize("film", [samples.mp4(5, handler=b"vide"), samples.webm(5, track=1)])
def test_a_film_is_not_a_voice_note(amal: User, film: bytes) -> None:
    assert refusal(film, amal, "chat").code == "file_damaged"


def test_the_place_in_a_recording_is_removed_without_moving_the_sound(amal: User) -> None:
    sent = samples.mp4(5, place=b"+24.7136+046.6753/")
    served = queries.open_for(amal, keep(sent, amal, "chat").pk, "full", now=NOW).data
    assert b"+24.7136" in sent and b"+24.7136" not in served
    assert served.index(b"mdat") == sent.index(b"mdat")
    tagged = samples.mp3(5, tag=b"TPE1 Amal of Olaya street")
    assert b"Olaya" not in queries.open_for(amal, keep(tagged, amal, "chat").pk, "full", now=NOW).data


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(RECORDINGS)), st.data())
def test_broken_recordings_never_break_the_reader(mime: str, data: st.DataObject) -> None:
    sound = bytearray(RECORDINGS[mime](1))
    for _ in range(data.draw(st.integers(1, 4))):
        sound[data.draw(st.integers(0, min(len(sound), 300) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(sound[: data.draw(st.integers(0, len(sound)))])
    with contextlib.suppress(audio.BadAudio):
        assert math.isfinite(audio.duration_s(cut, mime))


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"]),
)
def test_any_bytes_are_sniffed_and_refused_in_words(noise: bytes, head: bytes) -> None:
    mime = sniff.sniff(head + noise)
    if mime in sniff.IMAGES:
        with pytest.raises((images.BadImage, images.TooManyPixels)):
            images.process(head + noise, mime)
