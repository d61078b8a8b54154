"""Reads of who holds what."""

from datetime import datetime

from django.db.models import Q

from lianfang.core.access.actor import Actor, Scope
from lianfang.core.access.models import BreakGlass, BreakGlassQuerySet, Grant, User
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


def emergencies_of(user: User, at: datetime) -> list[BreakGlass]:
    """Return the emergency access that a user holds at `at`."""
    return list(
        BreakGlass.objects.filter(user=user, from_at__lte=at, until_at__gt=at).select_related("place")
    )
