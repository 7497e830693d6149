"""People: one account a phone number, with the roles that the market gives."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class UserManager(BaseUserManager["User"]):
    def create_user(self, phone: str | None = None, password: str | None = None, **fields: Any) -> User:
        user = self.model(phone=phone, **fields)
        if password:
            user.set_password(password)
        else:
            user.set_unusable_password()
        user.save(using=self._db)
        return user

    def create_superuser(self, phone: str, password: str, **fields: Any) -> User:
        return self.create_user(phone, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser):
    """A person. ``phone`` is E.164 or, before a number is known and after erasure, null.

    ``deactivated_at`` and ``deletion_requested_at`` (which starts the days until erasure) are the owner's own wishes:
    a suspension in between does not undo them, signing in does.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        DEACTIVATED = "deactivated", _("Deactivated")
        SUSPENDED = "suspended", _("Suspended")
        BANNED = "banned", _("Banned")
        DELETED = "deleted", _("Deleted")

    phone = models.CharField(max_length=20, unique=True, null=True, blank=True)
    phone_verified_at = models.DateTimeField(null=True, blank=True)
    email = models.EmailField(blank=True)
    name = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=8, default="en")
    status = models.CharField(max_length=12, choices=Status, default=Status.ACTIVE)
    status_reason = models.CharField(max_length=500, blank=True)
    suspended_until = models.DateTimeField(null=True, blank=True)
    deactivated_at = models.DateTimeField(null=True, blank=True)
    deletion_requested_at = models.DateTimeField(null=True, blank=True)
    is_staff = models.BooleanField(default=False)
    is_superuser = models.BooleanField(default=False)
    date_joined = models.DateTimeField(null=True, blank=True)

    USERNAME_FIELD = "phone"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(status="deleted") | Q(phone=None, name="", email=""),
                name="erased_user_is_nameless",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"#{self.pk}"

    def get_full_name(self) -> str:
        """What Django's own frames ask for."""
        return self.name

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Whether a session of this person counts; a deactivated person comes back by signing in."""
        return self.status in {self.Status.ACTIVE, self.Status.DEACTIVATED}

    def has_role(self, *codes: str) -> bool:
        """Whether the person holds any of these roles."""
        if not hasattr(self, "_roles"):
            self._roles = set(self.grants.values_list("role", flat=True))
        return bool(self._roles & set(codes))

    def forget_roles(self) -> None:
        """Drop the remembered roles, after a grant changed."""
        self.__dict__.pop("_roles", None)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.is_active and self.is_superuser

    def has_perms(self, perms: Any, obj: Any = None) -> bool:
        return self.is_active and self.is_superuser

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_superuser


class RoleGrant(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=32)
    granted_at = models.DateTimeField()
    granted_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "role"], name="role_once_per_user")]

    def __str__(self) -> str:
        return f"{self.role} of {self.user_id}"


class PhoneCode(models.Model):
    """A one-time code sent to a number; only its keyed hash is kept. At most one a number and purpose is live."""

    class Purpose(models.TextChoices):
        SIGN_IN = "sign_in", _("Signing in")
        CHANGE_PHONE = "change_phone", _("Changing the phone number")

    phone = models.CharField(max_length=20)
    purpose = models.CharField(max_length=20, choices=Purpose)
    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    digest = models.CharField(max_length=64)
    address = models.GenericIPAddressField(null=True, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    replaced_at = models.DateTimeField(null=True, blank=True)
    proof_digest = models.CharField(max_length=64, blank=True)
    proof_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["phone", "purpose"],
                condition=Q(used_at=None, replaced_at=None),
                name="one_live_code_per_phone",
            ),
            models.UniqueConstraint(
                fields=["proof_digest"], condition=~Q(proof_digest=""), name="proof_names_one_code"
            ),
        ]
        indexes = [
            models.Index(fields=["phone", "created_at"], name="code_by_phone"),
            models.Index(fields=["address", "created_at"], name="code_by_address"),
            models.Index(fields=["created_at"], name="code_by_age"),
        ]

    def __str__(self) -> str:
        return f"code {self.pk} ({self.purpose})"


class CodeTry(models.Model):
    """One attempt to enter a secret for a number; counted over every code sent to it."""

    phone = models.CharField(max_length=20)
    purpose = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["phone", "purpose", "at"], name="try_by_phone"),
            models.Index(fields=["at"], name="try_by_age"),
        ]

    def __str__(self) -> str:
        return f"try {self.pk} ({self.purpose})"


class Consent(models.Model):
    """A document's version that a person accepted, when and in which language they read it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="consents")
    document = models.CharField(max_length=32)
    version = models.CharField(max_length=32)
    language = models.CharField(max_length=8)
    accepted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "document", "version"], name="consent_once_per_version")
        ]

    def __str__(self) -> str:
        return f"{self.document} {self.version} by {self.user_id}"


class ApiToken(models.Model):
    """A bearer token of a person's app; only its hash is kept, and it ends like a session does."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    digest = models.CharField(max_length=64, unique=True)
    client = models.CharField(max_length=200, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"token {self.pk} of {self.user_id}"


class BanMark(models.Model):
    """A keyed hash of a phone number or document that may not come back; it outlives the account."""

    class Kind(models.TextChoices):
        PHONE = "phone", _("Phone number")
        DOCUMENT = "document", _("Identity document")

    kind = models.CharField(max_length=10, choices=Kind)
    digest = models.CharField(max_length=64)
    reason = models.CharField(max_length=500, blank=True)
    banned_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "digest"], name="banned_once")]

    def __str__(self) -> str:
        return f"banned {self.kind} {self.pk}"
