"""Users and the roles they hold in areas."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from lianfang.core.access.actor import Actor
from lianfang.core.access.errors import LoginTaken, NotHeldNow, OwnRole, WeakPassword
from lianfang.core.access.events import AccessEvent
from lianfang.core.access.models import ApiToken, Grant, User
from lianfang.core.access.permissions import Permission, Role
from lianfang.core.audit.services import record

if TYPE_CHECKING:
    from lianfang.core.registry.models import Place, Unit


@transaction.atomic
def create_user(
    *, login: str, name: str, unit: "Unit | None", by: Actor, at: datetime, password: str = "", **details: str
) -> User:
    """Create a user, who sees nothing until a role is given; without a password only a key can sign in.

    `details` are `email` and `language`.
    """
    _require_over(by, unit)
    if User.objects.filter(login=login).exists():
        raise LoginTaken(login=login)
    user = User(login=login, name=name, unit=unit, **details)
    _put_password(user, password)
    user.save()
    record(AccessEvent.USER_CREATED, by=by, at=at, subject=user, path=_path(unit), after={"login": login})
    return user


@transaction.atomic
def change_user(*, user: User, by: Actor, at: datetime, **changes: Any) -> User:
    """Set name, unit, email or language of a user."""
    _require_over(by, user.unit)
    unknown = set(changes) - {"name", "unit", "email", "language"}
    if unknown:
        raise ValueError(f"changes must be among name, unit, email, language. Got {sorted(unknown)}.")
    if "unit" in changes:
        _require_over(by, changes["unit"])
    for field, value in changes.items():
        setattr(user, field, value)
    user.save(update_fields=list(changes))
    record(
        AccessEvent.USER_CHANGED,
        by=by,
        at=at,
        subject=user,
        path=_path(user.unit),
        after={field: str(value) for field, value in changes.items()},
    )
    return user


@transaction.atomic
def set_password(*, user: User, password: str, by: Actor, at: datetime) -> User:
    """Set a password: one's own, or that of a user of a unit in one's area."""
    if by.user_id != user.pk:
        _require_over(by, user.unit)
    if not password:
        raise WeakPassword(reason="it is empty")
    _put_password(user, password)
    user.save(update_fields=["password"])
    record(AccessEvent.PASSWORD_SET, by=by, at=at, subject=user, path=_path(user.unit))
    return user


@transaction.atomic
def close_user(*, user: User, by: Actor, at: datetime, reason: str = "") -> User:
    """Let a user sign in no more: roles end, keys are revoked; what the user did stays on record."""
    _require_over(by, user.unit)
    user.is_active = False
    user.save(update_fields=["is_active"])
    Grant.objects.filter(user=user, until_at__isnull=True, from_at__lt=at).update(until_at=at)
    ApiToken.objects.filter(user=user, revoked_at__isnull=True).update(revoked_at=at)
    record(AccessEvent.USER_CLOSED, by=by, at=at, subject=user, path=_path(user.unit), reason=reason)
    return user


@transaction.atomic
def grant_role(
    *, user: User, role: Role, place: "Place", by: Actor, at: datetime, until_at: datetime | None = None
) -> Grant:
    """Give a role in an area, for good or until a moment; one that is held there already is returned as it is."""
    by.require(Permission.ACCESS_GRANT, place.path)
    if by.user_id == user.pk:
        raise OwnRole
    held = Grant.objects.filter(user=user, role=role, place=place, until_at=until_at, from_at__lte=at).first()
    if held is not None:
        return held
    grant = Grant.objects.create(
        user=user, role=role, place=place, path=place.path, from_at=at, until_at=until_at
    )
    after = {"user": user.pk, "role": str(role), "until": until_at.isoformat() if until_at else None}
    record(AccessEvent.ROLE_GRANTED, by=by, at=at, subject=grant, after=after)
    return grant


@transaction.atomic
def revoke_grant(*, grant: Grant, by: Actor, at: datetime, reason: str = "") -> Grant:
    """Take a role back from now on; a grant that began this very second is removed."""
    by.require(Permission.ACCESS_GRANT, grant.path)
    if grant.until_at is not None and grant.until_at <= at:
        raise NotHeldNow
    after = {"user": grant.user_id, "role": grant.role}
    record(AccessEvent.ROLE_REVOKED, by=by, at=at, subject=grant, reason=reason, after=after)
    if grant.from_at is None or grant.from_at >= at:
        grant.delete()
        return grant
    grant.until_at = at
    grant.save(update_fields=["until_at"])
    return grant


def _require_over(by: Actor, unit: "Unit | None") -> None:
    """Users are administered in the area of their unit; those without one by whoever administers everywhere."""
    by.require(Permission.ACCESS_GRANT, _path(unit))


def _path(unit: "Unit | None") -> str:
    return unit.path if unit is not None else ""


def _put_password(user: User, password: str) -> None:
    if not password:
        user.set_unusable_password()
        return
    try:
        validate_password(password, user)
    except ValidationError as problem:
        raise WeakPassword(reason=" ".join(problem.messages)) from None
    user.set_password(password)
