"""What others read of care: the board of beds, who waits, and the numbers of an area."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext

from lianfang.care.models import (
    Bed,
    BedKind,
    BedRequest,
    BedTally,
    CareLevel,
    Cohort,
    Pathway,
    Stage,
    Upkeep,
    Ward,
)
from lianfang.cases.models import Case, Classification
from lianfang.common.paths import code_of
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.rules import site_rules
from lianfang.rulebook.kinds.care import BedLevelParameters


@dataclass(frozen=True, kw_only=True)
class BedState:
    """Beds at a moment, each counted once: usable = occupied + reserved + cleaning + repair + free."""

    usable: int = 0
    occupied: int = 0
    reserved: int = 0
    cleaning: int = 0
    repair: int = 0

    @property
    def kept(self) -> int:
        """Beds that nobody lies in and that cannot be given."""
        return self.reserved + self.cleaning + self.repair

    @property
    def free(self) -> int:
        """Beds that can be given."""
        return self.usable - self.occupied - self.kept

    @property
    def spare_percent(self) -> float | None:
        """The share of usable beds that can be given; None where there are none."""
        return 100 * self.free / self.usable if self.usable else None


@dataclass(frozen=True, kw_only=True)
class BedCount(BedState):
    """Beds of one kind and level. `target_percent` of the usable should be free: `target` beds."""

    kind: str
    level: int | None
    target_percent: float | None = None

    @property
    def target(self) -> int:
        """How many should be free."""
        return ceil(self.usable * (self.target_percent or 0) / 100)

    @property
    def is_short(self) -> bool:
        """Whether fewer are free than the target asks for."""
        return self.free < self.target


_STATES: dict[str, Any] = {
    "usable": Count("pk"),
    "occupied": Count("pk", filter=Q(is_occupied=True)),
    **{
        why: Count("pk", filter=Q(is_occupied=False, why=why))
        for why in (Upkeep.Why.RESERVED, Upkeep.Why.CLEANING, Upkeep.Why.REPAIR)
    },
}


def wards(actor: Actor, path: str = "") -> QuerySet[Ward]:
    """Return the wards that the actor sees in an area."""
    rows: QuerySet[Ward] = Ward.objects.visible_in(actor, path)
    return rows


def bed_board(actor: Actor, *, at: datetime, path: str = "") -> list[BedCount]:
    """Return the beds of an area by kind and level: single beds, and for the rest the latest tally of each facility."""
    visible = wards(actor, path)
    open_beds = Bed.objects.open_at(at).filter(ward__in=visible).with_state(at)
    rows = open_beds.values(kind=F("ward__kind"), level=F("ward__level")).annotate(**_STATES)
    found = {(row.pop("kind"), row.pop("level")): row for row in rows}
    for tally in latest_tallies(actor, at=at, path=path):
        sums = found.setdefault((tally.kind, tally.level), dict.fromkeys(_STATES, 0))
        # Beds that nobody told of cannot be given: only those occupied are known to be there.
        sums["usable"] += tally.occupied if tally.usable is None else tally.usable
        sums["occupied"] += tally.occupied
    spare = (
        site_rules().resolve("bed_levels", at=at, place=code_of(path)).of(BedLevelParameters).spare_percent
    )
    order = list(BedKind.values)
    return [
        BedCount(
            kind=kind, level=level, target_percent=None if level is None else spare.get(level, 0), **sums
        )
        for (kind, level), sums in sorted(
            found.items(), key=lambda item: (order.index(item[0][0]), item[0][1] or 0)
        )
    ]


def ward_states(shown: Iterable[Ward], at: datetime) -> dict[int, BedState]:
    """Return how many beds of each ward are occupied, kept and free; wards without an open bed are not in it."""
    beds = Bed.objects.open_at(at).filter(ward__in=[ward.pk for ward in shown]).with_state(at)
    rows = beds.values("ward_id").annotate(**_STATES)
    return {row.pop("ward_id"): BedState(**row) for row in rows}


def capacity_ahead(ward: Ward, at: datetime) -> list[tuple[datetime, int]]:
    """Return the moments from `at` on at which the number of beds of a ward changes, and how many there are from then on."""
    beds = list(Bed.objects.filter(ward=ward).values_list("from_at", "until_at"))
    moments = {moment for bed in beds for moment in bed if moment is not None and moment > at}
    return [
        (moment, sum(begins <= moment and (ends is None or ends > moment) for begins, ends in beds))
        for moment in sorted(moments)
    ]


def latest_tallies(actor: Actor, *, at: datetime, path: str = "") -> list[BedTally]:
    """Return the latest tally of each facility (or area), kind and level that was counted by `at`."""
    seen = BedTally.objects.visible_in(actor, path)
    rows = seen.current().filter(occurred_at__lte=at).order_by("occurred_at", "pk")
    return list({(row.unit_id or -row.place_id, row.kind, row.level): row for row in rows}.values())


def waiting_list(actor: Actor, *, path: str = "") -> QuerySet[BedRequest]:
    """Return the open requests without a bed, the most severe first, then the longest waiting."""
    open_rows = BedRequest.objects.visible_in(actor, path).open().filter(ward__isnull=True)
    return open_rows.select_related("case__person", "case__pathway", "from_unit", "place").order_by(
        "-level", "asked_at", "pk"
    )


def patients(actor: Actor, *, path: str = "", stages: Iterable[str] = ()) -> QuerySet[Pathway]:
    """Return the patients of an area by where they stand."""
    rows: QuerySet[Pathway] = Pathway.objects.visible_in(actor, path)
    if stages:
        rows = rows.filter(stage__in=list(stages))
    return rows.select_related("case__person", "case__place").order_by("-severity_at", "pk")


def stage_counts(actor: Actor, *, path: str = "") -> dict[str, int]:
    """Return how many patients stand at each stage."""
    rows = patients(actor, path=path).order_by().values_list("stage").annotate(n=Count("pk"))
    counted: dict[str, int] = dict.fromkeys(Stage.values, 0)
    counted.update(dict(rows))
    return counted


def beds_of(ward: Ward, at: datetime) -> list[Any]:
    """Return the open beds of a ward with whether somebody lies there and `why` they are kept, in order of label."""
    return list(Bed.objects.open_at(at).filter(ward=ward).with_state(at).order_by("label"))


def open_request(case: Case) -> BedRequest | None:
    """Return the request for a bed that stands open for a patient, if one does."""
    rows = BedRequest.objects.open().filter(case=case)
    row: BedRequest | None = rows.select_related("ward__unit", "from_unit").first()
    return row


def beds_to_lie_in(actor: Actor, request: BedRequest | None, at: datetime) -> QuerySet[Any]:
    """Return the beds in which the actor may lay a patient: the one kept for the request first, then the free ones."""
    mine = Q(upkeep__request=request) if request is not None else Q(pk__in=[])
    standing = Q(upkeep__until_at__isnull=True, upkeep__superseded_at__isnull=True)
    here = Ward.objects.visible_to(actor, Permission.CARE_EDIT)
    kept = Bed.objects.filter(mine & standing).values("pk")
    rows = Bed.objects.open_at(at).with_state(at).filter(ward__in=here, is_occupied=False)
    rows = rows.annotate(is_for_request=Q(pk__in=kept)).filter(Q(is_kept=False) | Q(is_for_request=True))
    ordered: QuerySet[Any] = rows.select_related("ward__unit").order_by("-is_for_request", "ward", "label")
    return ordered


def n_unasked(actor: Actor, path: str = "") -> int:
    """Return how many patients of an area wait for a bed that nobody has asked for."""
    asked = BedRequest.objects.open().filter(case_id=OuterRef("case_id"))
    rows = Pathway.objects.visible_in(actor, path).filter(stage=Stage.WAITING)
    return int(rows.filter(~Exists(asked)).count())


def wards_for(actor: Actor, request: BedRequest, at: datetime) -> list[tuple[Ward, int]]:
    """Return the wards in which the actor may give this patient a bed, with how many are free there, the nearest level first."""
    seen = Ward.objects.visible_to(actor, Permission.BED_ASSIGN).filter(closed_at__isnull=True)
    free = Bed.objects.free_at(at).filter(ward__in=seen).values("ward_id").annotate(n=Count("pk"))
    n_free = dict(free.values_list("ward_id", "n"))
    rows = seen.filter(pk__in=n_free).select_related("unit", "place")
    suiting = [ward for ward in rows if not why_unsuitable(ward, request.case)]
    suiting.sort(key=lambda ward: (ward.level < request.level, abs(ward.level - request.level), ward.pk))
    return [(ward, n_free[ward.pk]) for ward in suiting]


def why_unsuitable(ward: Ward, case: Case) -> str:
    """Return why a ward does not suit a patient by cohort and sex, or an empty text. Single rooms suit all."""
    if ward.closed_at is not None:
        return gettext("the ward is closed")
    if not ward.rooms_shared:
        return ""
    confirmed = case.classification in {Classification.CONFIRMED, Classification.ASYMPTOMATIC}
    if ward.cohort == Cohort.CONFIRMED and not confirmed:
        return gettext("the patient is not confirmed and must lie alone")
    if ward.sex and case.person.sex and ward.sex != case.person.sex:
        return gettext("the ward takes patients of the other sex")
    return ""


def level_words() -> dict[int, Any]:
    """Return the words for the levels of care."""
    return dict(CareLevel.choices)
