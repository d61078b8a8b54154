"""Reads of who holds what."""

from datetime import datetime
from typing import Any

from django.db.models import Prefetch, Q, QuerySet

from lianfang.common.errors import NotVisible
from lianfang.core.access.actor import Actor, Scope
from lianfang.core.access.errors import NotHeldNow, UnknownUser
from lianfang.core.access.models import ApiToken, BreakGlass, BreakGlassQuerySet, Grant, SavedView, User
from lianfang.core.access.permissions import HOLDS, Permission

# What emergency access opens: reading, never writing.
EMERGENCY = frozenset(
    {
        Permission.CASE_VIEW,
        Permission.CONTACT_VIEW,
        Permission.PERSON_VIEW,
        Permission.TASK_VIEW,
        Permission.IDENTITY_REVEAL,
    }
)


def actor_for(user: User, at: datetime) -> Actor:
    """Return what `user` may do at `at`: the roles held then and any emergency access still open (2 queries)."""
    if not user.is_active:
        return Actor(name=user.name, user_id=user.pk)
    now = Q(from_at__lte=at) & (Q(until_at__isnull=True) | Q(until_at__gt=at))
    scopes = [
        Scope(path, HOLDS[role])
        for role, path in Grant.objects.filter(now, user=user).values_list("role", "path")
    ]
    scopes += [
        Scope(path, EMERGENCY)
        for path in BreakGlass.objects.filter(now, user=user).values_list("path", flat=True)
    ]
    return Actor(name=user.name, user_id=user.pk, unit_id=user.unit_id, scopes=tuple(scopes))


def emergencies_to_review(actor: Actor) -> BreakGlassQuerySet:
    """Return the emergency accesses to the actor's area that nobody has answered for, the oldest first."""
    rows = BreakGlass.objects.visible_to(actor).filter(reviewed_at__isnull=True).exclude(user=actor.user_id)
    return rows.select_related("user", "user__unit", "place").order_by("from_at", "pk")


def get_emergency(actor: Actor, pk: int) -> BreakGlass:
    """Return an emergency access to the actor's area, or raise NotVisible."""
    rows = BreakGlass.objects.select_related("user", "place")
    emergency: BreakGlass = rows.get_visible(actor, pk=pk)
    return emergency


def own_emergencies(actor: Actor, *, limit: int = 20) -> list[BreakGlass]:
    """Return what the actor opened by emergency, the newest first."""
    rows = BreakGlass.objects.filter(user_id=actor.user_id or 0).select_related("user", "place")
    return list(rows.order_by("-pk")[:limit])


def emergencies_of(user: User, at: datetime) -> list[BreakGlass]:
    """Return the emergency access that a user holds at `at`."""
    return list(
        BreakGlass.objects.filter(user=user, from_at__lte=at, until_at__gt=at).select_related("place")
    )


def views_of(actor: Actor, page: str) -> list[SavedView]:
    """Return the kept views of a page: the actor's own, then those that others of the unit share."""
    if actor.user_id is None:
        return []
    shared = Q(is_shared=True, user__unit_id=actor.unit_id) if actor.unit_id is not None else Q(pk__in=[])
    rows = SavedView.objects.filter(Q(user_id=actor.user_id) | shared, page=page).select_related("user")
    return sorted(rows.order_by("name", "pk"), key=lambda view: view.user_id != actor.user_id)


def users_in(actor: Actor, at: datetime, path: str = "") -> QuerySet[Any]:
    """Return the users of units in the actor's area of administration and within `path`, with the roles held at `at`."""
    rows = User.objects.none()
    paths = actor.paths(Permission.ACCESS_GRANT)
    if paths:
        seen = Q()
        for own in paths:
            seen |= Q(unit__path__within=own)
        if "" in paths:
            seen = Q()
        rows = User.objects.filter(seen)
    if path:
        rows = rows.filter(unit__path__within=path)
    held = Grant.objects.filter(Q(until_at__isnull=True) | Q(until_at__gt=at)).select_related("place")
    return (
        rows.select_related("unit")
        .prefetch_related(Prefetch("grants", held, to_attr="held"))
        .order_by("login")
    )


def get_user(actor: Actor, login: str, at: datetime) -> User:
    """Return a user whom the actor administers, or raise NotVisible."""
    user: User | None = users_in(actor, at).filter(login=login).first()
    if user is None:
        raise NotVisible(thing=User._meta.verbose_name)  # noqa: SLF001 - Django's documented Meta API
    return user


def user_of_login(login: str) -> User:
    """Return the user who signs in under this name, or raise UnknownUser: for whoever is at the machine itself."""
    user: User | None = User.objects.filter(login=login).first()
    if user is None:
        raise UnknownUser(login=login)
    return user


def get_grant(user: User, role: str, area: str, at: datetime) -> Grant:
    """Return the grant of a role in the area (code of the place) that the user holds at `at`, or raise NotHeldNow."""
    now = Q(from_at__lte=at) & (Q(until_at__isnull=True) | Q(until_at__gt=at))
    grant = Grant.objects.filter(now, user=user, role=role, place__code=area).first()
    if grant is None:
        raise NotHeldNow
    return grant


def tokens_in(actor: Actor, at: datetime) -> QuerySet[ApiToken]:
    """Return the keys of the users whom the actor administers, the newest first."""
    users = users_in(actor, at).order_by().values("pk")
    return ApiToken.objects.filter(user__in=users).select_related("user__unit").order_by("-pk")


def get_token(actor: Actor, pk: int, at: datetime) -> ApiToken:
    """Return a key of a user whom the actor administers, or raise NotVisible."""
    token = tokens_in(actor, at).filter(pk=pk).first()
    if token is None:
        raise NotVisible(thing=ApiToken._meta.verbose_name)  # noqa: SLF001 - Django's documented Meta API
    return token
