"""Named filters of beds, stays and requests at a moment."""

from datetime import datetime
from typing import Any, ClassVar, Self

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from lianfang.core.access.permissions import Permission
from lianfang.core.access.visibility import VisibleQuerySet
from lianfang.core.facts import FactQuerySet


def _during(at: datetime, start: str) -> Q:
    return Q(**{f"{start}__lte": at}) & (Q(until_at__isnull=True) | Q(until_at__gt=at))


def _model(name: str) -> Any:
    return apps.get_model("care", name)


class IntervalQuerySet(FactQuerySet):
    """Facts that last from `occurred_at` until `until_at`."""

    def at(self, at: datetime) -> Self:
        """Keep those that run at a moment."""
        return self.filter(_during(at, "occurred_at"))


class PatientQuerySet(IntervalQuerySet, VisibleQuerySet):  # type: ignore[override]  # the stubs type as_manager by class
    """What concerns a patient is seen by the area of the case and by that of the facility."""

    area_fields: ClassVar[tuple[str, ...]] = ("path", "source_path")
    view_permission: ClassVar[Permission] = Permission.CARE_VIEW


class TallyQuerySet(FactQuerySet, VisibleQuerySet):  # type: ignore[override]
    """Tallies of beds."""

    view_permission: ClassVar[Permission] = Permission.BED_VIEW


class RequestQuerySet(VisibleQuerySet):
    """Requests for a bed."""

    area_fields: ClassVar[tuple[str, ...]] = ("path", "source_path")
    view_permission: ClassVar[Permission] = Permission.CARE_VIEW

    def open(self) -> Self:
        """Keep those that are neither met nor withdrawn."""
        return self.filter(met_at__isnull=True, withdrawn_at__isnull=True)


class BedQuerySet(QuerySet[Any]):
    """Beds by what they are at a moment: open, and among these occupied, kept (cleaning, repair, reserved), or free."""

    def open_at(self, at: datetime) -> Self:
        """Keep the beds in use at a moment, in wards that are not closed."""
        return self.filter(_during(at, "from_at"), ward__closed_at__isnull=True)

    def with_state(self, at: datetime) -> Self:
        """Mark each bed `is_occupied` and `is_kept` at a moment, and `why` it is kept (null: it is not)."""
        stays = _model("Stay").objects.current().at(at).filter(bed_id=OuterRef("pk"))
        kept = _model("Upkeep").objects.current().at(at).filter(bed_id=OuterRef("pk"))
        why = Subquery(kept.order_by("pk").values("why")[:1])
        return self.annotate(is_occupied=Exists(stays), is_kept=Exists(kept), why=why)

    def free_at(self, at: datetime) -> Self:
        """Keep the beds that can be given at a moment."""
        return self.open_at(at).with_state(at).filter(is_occupied=False, is_kept=False)

    def held_from(self, at: datetime) -> Self:
        """Keep the beds that somebody has, or for which something is noted, at `at` or later."""
        later = Q(until_at__isnull=True) | Q(until_at__gt=at)
        stays = _model("Stay").objects.current().filter(later, bed_id=OuterRef("pk"))
        kept = _model("Upkeep").objects.current().filter(later, bed_id=OuterRef("pk"))
        return self.filter(Exists(stays) | Exists(kept))
