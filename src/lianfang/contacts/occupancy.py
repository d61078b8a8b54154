"""How full isolation sites are, now and over days. Reads only."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from lianfang.common.clock import end_of, local_day, start_of
from lianfang.common.errors import NotVisible
from lianfang.contacts.models import Bed, IsolationSite, Room, Stay, StayKind
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission


@dataclass(frozen=True, slots=True)
class Filled:
    """One day of a site: the places that were open at its end, and those taken."""

    on: date
    n_beds: int
    n_taken: int


def _standing(at: datetime, start: str) -> Q:
    return Q(**{f"{start}__lte": at}) & (Q(until_at__isnull=True) | Q(until_at__gt=at))


def list_sites(actor: Actor, *, path: str, at: datetime) -> list[Any]:
    """Return the visible sites of the area with their places and people now: three queries."""
    rows = IsolationSite.objects.visible_to(actor).select_related("place", "unit")
    sites = list(rows.filter(path__within=path) if path else rows)
    beds = _by_site(Bed.objects.filter(_standing(at, "from_at"), room__site__in=sites), "room__site")
    stays = Stay.objects.current().filter(_standing(at, "occurred_at"), bed__room__site__in=sites)
    taken = _by_site(stays, "bed__room__site")
    for site in sites:
        site.n_beds, site.n_taken = beds.get(site.pk, 0), taken.get(site.pk, 0)
        site.n_free = site.n_beds - site.n_taken
    return sites


def _by_site(rows: QuerySet[Any], site: str) -> dict[int, int]:
    return dict(rows.order_by().values_list(site).annotate(n=Count("pk")))


def rooms_of(site: IsolationSite, *, at: datetime) -> list[Any]:
    """Return the rooms with their places and people now."""
    rooms: list[Any] = list(Room.objects.filter(site=site).order_by("label"))
    beds = _by_site(Bed.objects.filter(_standing(at, "from_at"), room__in=rooms), "room")
    stays: dict[int, list[Any]] = {}
    current = Stay.objects.current().filter(_standing(at, "occurred_at"), bed__room__in=rooms)
    for stay in current.select_related("person", "bed", "contact").order_by("pk"):
        stays.setdefault(stay.bed.room_id, []).append(stay)
    for room in rooms:
        room.n_beds, room.people = beds.get(room.pk, 0), stays.get(room.pk, [])
    return rooms


def get_site(actor: Actor, pk: int, permission: Permission | None = None) -> IsolationSite:
    """Return the site, or raise NotVisible."""
    site: IsolationSite = IsolationSite.objects.get_visible(actor, permission, pk=pk)
    return site


def get_room(site: IsolationSite, label: str) -> Room:
    """Return the room of a site by its label, or raise NotVisible."""
    room: Room | None = Room.objects.filter(site=site, label=label).first()
    if room is None:
        raise NotVisible(thing=Room._meta.verbose_name)  # noqa: SLF001 - Django's Meta API
    return room


def over_days(site: IsolationSite, *, at: datetime, days: int = 14) -> list[Filled]:
    """Return how full the site was at the end of each of the last days, today as it is now: two queries."""
    beds = list(Bed.objects.filter(room__site=site).values_list("from_at", "until_at"))
    stays = list(Stay.objects.current().filter(bed__room__site=site).values_list("occurred_at", "until_at"))
    filled = []
    for n in range(days - 1, -1, -1):
        on = local_day(at) - timedelta(days=n)
        moment = min(end_of(on), at)
        filled.append(Filled(on, _count(beds, moment), _count(stays, moment)))
    return filled


@dataclass(frozen=True, slots=True)
class Isolated:
    """One day of an area: who was isolated at its end, in centres and at home, and the places of the centres."""

    on: date
    n_beds: int
    n_in_centres: int
    n_at_home: int


def area_over_days(actor: Actor, *, path: str, at: datetime, days: int = 30) -> list[Isolated]:
    """Return who was isolated in the area at the end of each of the last days, today as it is now: two queries."""
    since = start_of(local_day(at) - timedelta(days=days - 1))
    open_since = Q(until_at__isnull=True) | Q(until_at__gt=since)
    sites = IsolationSite.objects.visible_to(actor)
    beds = Bed.objects.filter(open_since, room__site__in=sites.filter(path__within=path) if path else sites)
    stays = Stay.objects.visible_to(actor).filter(open_since, superseded_at__isnull=True)
    stays = stays.filter(path__within=path) if path else stays
    spans: dict[str, list[tuple[datetime, datetime | None]]] = {kind: [] for kind in StayKind.values}
    for kind, first, last in stays.order_by().values_list("kind", "occurred_at", "until_at"):
        spans[kind].append((first, last))
    places = list(beds.order_by().values_list("from_at", "until_at"))
    found = []
    for n in range(days - 1, -1, -1):
        on = local_day(at) - timedelta(days=n)
        moment = min(end_of(on), at)
        counts = (
            _count(places, moment),
            *(_count(spans[kind], moment) for kind in (StayKind.CENTRE, StayKind.HOME)),
        )
        found.append(Isolated(on, *counts))
    return found


def _count(spans: list[tuple[datetime, datetime | None]], at: datetime) -> int:
    return sum(1 for first, last in spans if first <= at and (last is None or last > at))
