"""What pages and the interface read of resumption: firms by trade, help, charters, stranded people."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum

from lianfang.core.access.actor import Actor
from lianfang.resumption.models import Arrival, Charter, Firm, HelpRequest, Reopening, Stranded, Trade

_SHOWN = timedelta(days=14)


@dataclass(frozen=True, kw_only=True)
class TradeLine:
    """Firms of one trade: how many, open, waiting for a permit, refused; workers and those who are back."""

    trade: str
    title: str
    n: int
    n_open: int
    n_waiting: int
    n_refused: int
    workers: int
    back: int


def firms(actor: Actor, path: str) -> QuerySet[Firm]:
    """Return the firms of an area with what they declared, those that declared nothing first."""
    held = Reopening.objects.current().filter(firm_id=OuterRef("pk"))
    rows: QuerySet[Firm] = Firm.objects.visible_in(actor, path)
    return (
        rows.select_related("place")
        .annotate(
            n_back=Subquery(held.values("n_back")[:1]),
            closed_at=Subquery(held.values("closed_at")[:1]),
            is_open=Subquery(held.values("is_open")[:1]),
            needs_permit=Subquery(held.values("needs_permit")[:1]),
            n_asking=Count("help_requests", filter=Q(help_requests__answered_at__isnull=True)),
        )
        .order_by("needs_permit", "is_open", "trade", "name")
    )


def by_trade(actor: Actor, path: str) -> list[TradeLine]:
    """Return the firms of an area by trade."""
    counted = {
        row["trade"]: row
        for row in Firm.objects.visible_in(actor, path)
        .order_by()
        .values("trade")
        .annotate(n=Count("pk"), workers=Sum("n_workers"))
    }
    held = (
        Reopening.objects.visible_in(actor, path)
        .current()
        .filter(closed_at__isnull=True)
        .order_by()
        .values("firm__trade")
    )
    said = {
        row["firm__trade"]: row
        for row in held.annotate(
            open=Count("pk", filter=Q(is_open=True)),
            waiting=Count("pk", filter=Q(is_open__isnull=True)),
            refused=Count("pk", filter=Q(is_open=False)),
            back=Sum("n_back", filter=Q(is_open=True)),
        )
    }
    none: dict[str, int] = {}
    return [
        TradeLine(
            trade=trade.value,
            title=str(trade.label),
            n=counted[trade]["n"],
            n_open=said.get(trade, none).get("open", 0),
            n_waiting=said.get(trade, none).get("waiting", 0),
            n_refused=said.get(trade, none).get("refused", 0),
            workers=counted[trade]["workers"] or 0,
            back=said.get(trade, none).get("back", 0) or 0,
        )
        for trade in Trade
        if trade in counted
    ]


def reopenings_waiting(actor: Actor, path: str) -> QuerySet[Reopening]:
    """Return the firms that wait for a permit, the longest first."""
    rows: QuerySet[Reopening] = Reopening.objects.visible_in(actor, path).current()
    return (
        rows.filter(is_open__isnull=True, closed_at__isnull=True)
        .select_related("firm", "place")
        .order_by("occurred_at", "pk")
    )


def help_open(actor: Actor, path: str) -> QuerySet[HelpRequest]:
    """Return what firms asked for and nobody has answered, the longest first."""
    rows: QuerySet[HelpRequest] = HelpRequest.objects.visible_in(actor, path).filter(answered_at__isnull=True)
    return rows.select_related("firm", "place").order_by("asked_at", "pk")


def charters(actor: Actor, path: str, at: datetime) -> QuerySet[Charter]:
    """Return the journeys that begin or end in an area: to come, on the way, and of the last two weeks."""
    rows: QuerySet[Charter] = Charter.objects.visible_to(actor).filter(
        Q(path__within=path) | Q(source_path__within=path)
    )
    return (
        rows.filter(Q(received_at__isnull=True) | Q(received_at__gt=at - _SHOWN))
        .filter(Q(called_off_at__isnull=True) | Q(called_off_at__gt=at - _SHOWN))
        .select_related("from_place", "to_place")
        .annotate(n_listed=Count("travellers"), n_fit=Count("travellers", filter=Q(travellers__is_fit=True)))
        .order_by("departs_at", "pk")
    )


def arrivals(actor: Actor, path: str, at: datetime) -> QuerySet[Arrival]:
    """Return the people who come to an area or leave it alone: not met yet, and those met in the last two weeks."""
    rows: QuerySet[Arrival] = Arrival.objects.visible_to(actor).filter(
        Q(path__within=path) | Q(source_path__within=path)
    )
    return (
        rows.filter(Q(met_at__isnull=True) | Q(met_at__gt=at - _SHOWN))
        .select_related("person", "from_place", "place", "met_by")
        .order_by("met_at", "expected_at", "pk")
    )


def stranded_in(actor: Actor, path: str) -> QuerySet[Stranded]:
    """Return the stranded people of an area whom nobody has looked after, the longest first."""
    rows: QuerySet[Stranded] = Stranded.objects.visible_in(actor, path).filter(settled_at__isnull=True)
    return rows.select_related("person", "place").order_by("found_at", "pk")
