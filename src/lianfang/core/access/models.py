"""Users, the roles they hold in areas, emergency access, and the views of lists that they keep."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q

from lianfang.common.fields import MomentField, PathField
from lianfang.core.access.permissions import Permission, Role
from lianfang.core.access.visibility import VisibleQuerySet


class UserManager(BaseUserManager[Any]):
    """Makes users; a user without a role sees nothing."""

    def get_by_natural_key(self, username: str | None) -> Any:
        return self.get(login=username)


class User(AbstractBaseUser):
    """A person who signs in."""

    login = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    unit = models.ForeignKey("registry.Unit", models.PROTECT, null=True, blank=True, related_name="users")
    email = models.EmailField(blank=True)
    language = models.CharField(max_length=10, blank=True)
    is_active = models.BooleanField(default=True)

    USERNAME_FIELD = "login"
    objects = UserManager()

    def __str__(self) -> str:
        return self.name


class Grant(models.Model):
    """A user holds a role in an area for a time."""

    user = models.ForeignKey(User, models.CASCADE, related_name="grants")
    role = models.CharField(max_length=20, choices=Role)
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField()
    from_at = MomentField()
    until_at = MomentField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until_at__isnull=True) | Q(until_at__gt=F("from_at")), name="grant_ends_later"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role} in {self.path}"


class BreakGlassQuerySet(VisibleQuerySet):
    """Emergencies are seen by those who review them in the area that was opened."""

    view_permission: ClassVar[Permission] = Permission.ACCESS_REVIEW


class BreakGlass(models.Model):
    """Emergency access to another area: a reason, three hours, reported to that area's supervisor."""

    user = models.ForeignKey(User, models.PROTECT, related_name="emergencies")
    place = models.ForeignKey("registry.Place", models.PROTECT, related_name="+")
    path = PathField(db_index=True)
    reason = models.TextField()
    from_at = MomentField()
    until_at = MomentField()
    reviewed_at = MomentField(null=True, blank=True)
    reviewed_by = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="+")
    justified = models.BooleanField(null=True, blank=True)
    review = models.TextField(blank=True)

    objects = BreakGlassQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.user} in {self.path} until {self.until_at}"


class ApiToken(models.Model):
    """A key by which a machine signs in as a user; only its hash is kept."""

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=60)
    digest = models.CharField(max_length=64, unique=True)
    created_at = MomentField()
    revoked_at = MomentField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} of {self.user}"


class SignInFailure(models.Model):
    """How often signing in under a name has failed in a row, and until when it must wait; also for names of nobody."""

    login = models.CharField(max_length=60, unique=True)
    n_failures = models.PositiveIntegerField(default=0)
    last_at = MomentField()
    wait_until = MomentField()

    def __str__(self) -> str:
        return f"{self.n_failures} failures of {self.login}"


class SavedView(models.Model):
    """A list as somebody narrowed it, kept under a name: for themselves, or for their whole unit."""

    user = models.ForeignKey(User, models.CASCADE, related_name="views")
    page = models.CharField(max_length=30)  # name of the page whose list it narrows
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500, blank=True)  # without the area: a view follows the reader's area
    is_shared = models.BooleanField(default=False)
    saved_at = MomentField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "page", "name"], name="view_once")]

    def __str__(self) -> str:
        return f"{self.page}: {self.name}"


class RequestKey(models.Model):
    """What was answered to a request that may come twice; kept for a day, and sealed, since an answer may name people."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    key = models.CharField(max_length=120)  # chosen by the sender, once for each act
    digest = models.CharField(
        max_length=64
    )  # of what was asked: another question under the same key is refused
    at = MomentField()
    status = models.PositiveSmallIntegerField(null=True)  # null while the first request has not been answered
    content_type = models.CharField(max_length=120, blank=True)
    sealed_answer = models.BinaryField(default=bytes)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="request_key_once")]

    def __str__(self) -> str:
        return f"{self.key} of {self.user_id}"
