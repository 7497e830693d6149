"""Who reads a file, how it is served, how documents lie on the disk, and that a removed file is gone from it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from mahalla.kernel.events import outbox
from mahalla.kernel.events.models import Event
from mahalla.kernel.identity.models import User
from mahalla.kernel.media import operations, policies, queries, vault
from mahalla.kernel.media.models import Asset
from mahalla.kit.actors import SYSTEM, Actor
from mahalla.kit.errors import Denied, NotFound
from tests.kernel import media_samples as samples

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def disk(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture(autouse=True)
def _rules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(policies, "_rules", {})
    yield


@pytest.fixture
def amal() -> User:
    return User.objects.create_user(phone="+966500000001", name="Amal")


@pytest.fixture
def basil() -> User:
    return User.objects.create_user(phone="+966500000002", name="Basil")


@pytest.fixture
def omar() -> User:
    """The outsider."""
    return User.objects.create_user(phone="+966500000009", name="Omar")


def keep(owner: User, purpose: str, data: bytes = b"") -> Asset:
    return operations.store(io.BytesIO(data or samples.image()), owner=owner, purpose=purpose, now=NOW)


def files(disk: Path) -> list[Path]:
    return [path for path in disk.rglob("*") if path.is_file()]


def test_without_a_rule_only_the_owner_sees_a_file(amal: User, omar: User) -> None:
    photo = keep(amal, "task_photo")
    assert queries.asset_for(amal, photo.pk) == photo
    with pytest.raises(NotFound):
        queries.asset_for(omar, photo.pk)
    with pytest.raises(NotFound):
        queries.open_for(omar, photo.pk, "thumb", now=NOW)


def test_a_purposes_rule_lets_its_people_in_and_nobody_else(amal: User, basil: User, omar: User) -> None:
    photo, other = keep(amal, "task_photo"), keep(amal, "evidence")
    policies.register("task_photo", lambda viewer, asset: viewer == basil)
    assert queries.asset_for(basil, photo.pk) == photo
    for viewer, pk in ((omar, photo.pk), (basil, other.pk), (basil, 10**9)):
        with pytest.raises(NotFound):
            queries.asset_for(viewer, pk)


def test_a_banned_owner_reads_nothing(amal: User) -> None:
    photo = keep(amal, "task_photo")
    amal.status = User.Status.BANNED
    with pytest.raises(NotFound):
        queries.asset_for(amal, photo.pk)


def test_the_page_serves_privately_and_an_outsider_gets_404(client: Client, amal: User, omar: User) -> None:
    photo = keep(amal, "task_photo")
    assert client.get(photo.url).status_code == 404
    client.force_login(omar)
    assert client.get(photo.url).status_code == 404
    client.force_login(amal)
    served = client.get(photo.thumb_url)
    assert served.status_code == 200
    assert served["Content-Type"] == "image/webp"
    assert served["X-Content-Type-Options"] == "nosniff"
    assert served["Content-Disposition"] == f'inline; filename="{photo.pk}-thumb.webp"'
    assert "sandbox" in served["Content-Security-Policy"]
    assert served["Cache-Control"].startswith("private")
    assert "Cookie" in served["Vary"]
    assert client.get(f"/media/{photo.pk}/original/").status_code == 404
    assert client.post(photo.url).status_code == 405


def test_a_voice_note_is_served_in_ranges(client: Client, amal: User) -> None:
    sound = samples.wav(2)
    note = keep(amal, "chat", sound)
    client.force_login(amal)
    part = client.get(note.url, headers={"Range": "bytes=0-1"})
    assert (part.status_code, part.content) == (206, sound[:2])
    assert part["Content-Range"] == f"bytes 0-1/{len(sound)}"
    assert client.get(note.url, headers={"Range": "bytes=-4"}).content == sound[-4:]
    assert client.get(note.url, headers={"Range": f"bytes={len(sound)}-"}).status_code == 416
    assert client.get(note.url, headers={"Range": "bytes=0-1,4-5"}).status_code == 200


@pytest.mark.spec("KH-SEC-04")
def test_an_identity_document_is_sealed_restricted_and_its_reading_logged(
    client: Client, disk: Path, amal: User, basil: User, omar: User
) -> None:
    data = samples.pdf(b"/Title(National ID 1023456789)")
    document = keep(amal, "document", data)
    assert document.encrypted
    assert files(disk) and all(b"1023456789" not in path.read_bytes() for path in files(disk))

    agent = User.objects.create_user(phone="+966500000003", name="Support agent", is_staff=True)
    verifier = User.objects.create_user(phone="+966500000004", name="Verifier", is_staff=True)
    policies.register("document", lambda viewer, asset: viewer == verifier)
    client.force_login(agent)
    assert client.get(document.url).status_code == 403
    with pytest.raises(Denied):
        queries.open_for(agent, document.pk, "full", now=NOW)
    client.force_login(omar)
    assert client.get(document.url).status_code == 404
    assert not Event.objects.filter(name="document.viewed").exists()

    client.force_login(verifier)
    served = client.get(document.url)
    assert served.content == data
    assert served["Content-Disposition"].startswith("attachment")
    assert served["Cache-Control"] == "private, no-store"
    viewed = Event.objects.get(name="document.viewed")
    assert (viewed.subject_id, viewed.actor_id, viewed.role) == (document.pk, verifier.pk, "staff")
    assert viewed.payload["owner"] == amal.pk


def test_a_sealed_photo_and_its_small_one_are_no_pictures_on_the_disk(disk: Path, amal: User) -> None:
    document = keep(amal, "document")
    assert len(files(disk)) == 2
    assert all(b"WEBP" not in path.read_bytes()[:64] for path in files(disk))
    assert queries.open_for(amal, document.pk, "thumb", now=NOW).data[8:12] == b"WEBP"


def test_a_sealed_file_opens_only_in_its_place_unchanged_and_with_its_key(settings: Any) -> None:
    settings.MAHALLA_FIELD_KEY = "old-key"
    sealed = vault.seal(b"1023456789", context="a")
    assert vault.unseal(sealed, context="a") == b"1023456789"
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for broken, place in ((sealed, "b"), (changed, "a"), (b"", "a"), (b"plain", "a")):
        with pytest.raises(vault.CannotOpen):
            vault.unseal(broken, context=place)
    settings.MAHALLA_FIELD_KEY = "new-key, old-key"
    assert vault.unseal(sealed, context="a") == b"1023456789"
    settings.MAHALLA_FIELD_KEY = "new-key"
    with pytest.raises(vault.CannotOpen):
        vault.unseal(sealed, context="a")


def test_names_on_the_disk_say_nothing(disk: Path, amal: User) -> None:
    first, second = keep(amal, "avatar"), keep(amal, "avatar")
    assert first.path != second.path
    assert first.sha256 == second.sha256
    assert "amal" not in first.path.lower() and "avatar" not in first.path


@pytest.mark.django_db(transaction=True)
def test_a_removed_file_is_gone_from_the_disk(disk: Path, amal: User) -> None:
    photo = keep(amal, "task_photo", samples.image(with_exif=True))
    assert len(files(disk)) == 2
    operations.remove(photo, actor=Actor(amal.pk, "client"), now=NOW)
    with pytest.raises(NotFound):
        queries.asset_for(amal, photo.pk)
    outbox.run_due(NOW)
    assert files(disk) == []
    operations.remove(photo, actor=Actor(amal.pk, "client"), now=NOW)
    assert Event.objects.filter(name="media.removed").count() == 1
    gone = Asset.objects.get(pk=photo.pk)
    assert (gone.path, gone.meta, gone.removed_at) == ("", {}, NOW)


@pytest.mark.django_db(transaction=True)
def test_a_removal_that_is_undone_keeps_the_file(disk: Path, amal: User) -> None:
    photo = keep(amal, "task_photo")
    with pytest.raises(RuntimeError), transaction.atomic():
        operations.remove(photo, actor=SYSTEM, now=NOW)
        raise RuntimeError
    outbox.run_due(NOW)
    assert len(files(disk)) == 2
    assert queries.open_for(amal, photo.pk, "full", now=NOW).data


def test_all_of_a_persons_documents_go_at_once_and_others_stay(disk: Path, amal: User, basil: User) -> None:
    for owner, purpose in ((amal, "document"), (amal, "avatar"), (basil, "document")):
        keep(owner, purpose)
    later = NOW + timedelta(days=30)
    assert (
        operations.remove_all(owner_id=amal.pk, purpose="document", before=NOW, actor=SYSTEM, now=later) == 0
    )
    assert operations.remove_all(owner_id=amal.pk, purpose="document", actor=SYSTEM, now=later) == 1
    outbox.run_due(later)
    assert len(files(disk)) == 4
    assert operations.remove_all(owner_id=amal.pk, actor=SYSTEM, now=later) == 1


def test_files_of_undone_uploads_are_swept_after_a_day(disk: Path, amal: User) -> None:
    kept = keep(amal, "task_photo")
    with pytest.raises(RuntimeError), transaction.atomic():
        keep(amal, "task_photo")
        raise RuntimeError
    assert len(files(disk)) == 4
    today = datetime.now(UTC)
    assert operations.sweep(now=today) == 0
    assert operations.sweep(now=today + timedelta(days=2)) == 2
    assert queries.open_for(amal, kept.pk, "full", now=NOW).data
