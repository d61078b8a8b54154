"""Signing in by password or key, slowed down where it fails again and again.

The counter is a row, so that it holds across processes and restarts. It belongs to the login as typed, whether or not
there is such a user: an answer must not tell who exists.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F

from lianfang.core.access.actor import Actor
from lianfang.core.access.errors import NotHeldNow, SignInFailed, TooManyAttempts
from lianfang.core.access.events import AccessEvent
from lianfang.core.access.models import ApiToken, SignInFailure, User
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record

if TYPE_CHECKING:
    from lianfang.core.registry.models import Unit

_FREE = 4  # failures without a wait: typing errors happen
_FIRST_WAIT = 15  # seconds after the fifth; each further failure doubles it
_LONGEST_WAIT = 3600
_TOKEN_BYTES = 32
PREFIX = "lf_"


@dataclass(frozen=True)
class IssuedToken:
    """A key for a machine: `secret` is shown this once and kept nowhere."""

    token: ApiToken
    secret: str


def sign_in(*, login: str, password: str, at: datetime) -> User:
    """Return the user, or raise SignInFailed, or TooManyAttempts before the password is even looked at."""
    _refuse_if_waiting(login, at)
    user: User | None = User.objects.filter(login=login, is_active=True).first()
    if user is None:
        make_password(password)  # takes as long as looking at a real one
    elif user.check_password(password):
        _remember_success(user, at)
        return user
    _remember_failure(login, user, at)
    raise SignInFailed


def _refuse_if_waiting(login: str, at: datetime) -> None:
    waits = SignInFailure.objects.filter(login=login[:60]).values_list("wait_until", flat=True)
    until = waits.first()
    if until is not None and until > at:
        raise TooManyAttempts(seconds=int((until - at).total_seconds()))


@transaction.atomic
def _remember_success(user: User, at: datetime) -> None:
    SignInFailure.objects.filter(login=user.login).delete()
    record(AccessEvent.SIGNED_IN, by=_self(user), at=at, subject=user, path=_path(user.unit))


@transaction.atomic
def _remember_failure(login: str, user: User | None, at: datetime) -> None:
    """Count one more failure; two processes that count at once both count."""
    SignInFailure.objects.bulk_create(
        [SignInFailure(login=login[:60], n_failures=0, last_at=at, wait_until=at)], ignore_conflicts=True
    )
    row = SignInFailure.objects.select_for_update().get(login=login[:60])
    SignInFailure.objects.filter(pk=row.pk).update(n_failures=F("n_failures") + 1, last_at=at)
    row.refresh_from_db()
    row.wait_until = at + timedelta(seconds=wait_after(row.n_failures))
    row.save(update_fields=["wait_until"])
    by = _self(user) if user is not None else Actor(name="nobody")
    after = {"login": login[:60], "failures": row.n_failures}
    record(
        AccessEvent.SIGN_IN_FAILED,
        by=by,
        at=at,
        subject=user,
        path=_path(user.unit if user else None),
        after=after,
    )


def wait_after(failures: int) -> int:
    """Return the seconds to wait after so many failures in a row: 0 up to four, then 15, 30, 60 ... one hour."""
    if failures <= _FREE:
        return 0
    return min(_FIRST_WAIT << min(failures - _FREE - 1, 20), _LONGEST_WAIT)


@transaction.atomic
def issue_token(*, user: User, name: str, by: Actor, at: datetime) -> IssuedToken:
    """Issue a key by which a machine acts as `user`; only its hash is kept."""
    by.require(Permission.ACCESS_GRANT, _path(user.unit))
    secret = PREFIX + secrets.token_urlsafe(_TOKEN_BYTES)
    token = ApiToken.objects.create(user=user, name=name, digest=_token_digest(secret), created_at=at)
    record(
        AccessEvent.TOKEN_ISSUED, by=by, at=at, subject=token, path=_path(user.unit), after={"user": user.pk}
    )
    return IssuedToken(token, secret)


@transaction.atomic
def revoke_token(*, token: ApiToken, by: Actor, at: datetime) -> ApiToken:
    """Let a key sign in no more."""
    by.require(Permission.ACCESS_GRANT, _path(token.user.unit))
    if token.revoked_at is not None:
        raise NotHeldNow
    token.revoked_at = at
    token.save(update_fields=["revoked_at"])
    record(AccessEvent.TOKEN_REVOKED, by=by, at=at, subject=token, path=_path(token.user.unit))
    return token


def user_of_token(secret: str) -> User | None:
    """Return the user of a key that is in force, else None (one query)."""
    if not secret.startswith(PREFIX):
        return None
    rows = ApiToken.objects.filter(
        digest=_token_digest(secret), revoked_at__isnull=True, user__is_active=True
    )
    token = rows.select_related("user").first()
    return None if token is None else token.user


def _token_digest(secret: str) -> str:
    # A random key of 256 bits needs no slow hash: there is nothing to guess.
    return sha256(secret.encode()).hexdigest()


def _self(user: User) -> Actor:
    return Actor(name=user.name, user_id=user.pk, unit_id=user.unit_id)


def _path(unit: "Unit | None") -> str:
    return unit.path if unit is not None else ""
