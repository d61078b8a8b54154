"""Wards of the demo world's hospitals: most confirmed cases lie in them, some wait, a few are ready to leave; of the old some die."""

from datetime import datetime, timedelta

from lianfang.care.derive import derive_pathways
from lianfang.care.models import Bed, CareLevel, How, Round, Stay
from lianfang.care.services import record_departure, request_bed
from lianfang.cases.models import Case
from lianfang.common.clock import local_day, start_of
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Unit, UnitKind
from lianfang.demo.beds import open_beds

_WAITS = 9  # of so many confirmed cases one waits for a bed
_SEEN = 4  # of so many in a bed one has not been seen on today's round
_SPARE = 1.15
_OLD = 60  # years: from here on patients are severely ill, and die after some days
_HOUR = timedelta(hours=1)
_DIES_AFTER = timedelta(days=7, hours=4)
_BY = Actor.system("demo")


def fill_wards(*, at: datetime) -> int:
    """Set up wards in every hospital and lay the confirmed cases of its county in them; return how many lie there."""
    laid: list[Stay] = []
    waiting: list[Case] = []
    dies_at: dict[int, datetime] = {}  # by case
    # A hospital that has wards has its patients, of an earlier wave.
    for hospital in Unit.objects.filter(kind=UnitKind.HOSPITAL, wards__isnull=True).order_by("pk"):
        cases = list(
            Case.objects.filter(
                path__within=hospital.path, confirmed_at__isnull=False, confirmed_at__lt=at, outcome=""
            )
            .exclude(classification="asymptomatic")
            .select_related("person")
            .order_by("confirmed_at", "pk")
        )
        beds = open_beds(hospital, ordinary=max(4, round(len(cases) * _SPARE)), severe=6, at=at)
        for n, case in enumerate(cases):
            is_old = local_day(at).year - (case.person.birth_year or 0) >= _OLD
            free = beds[CareLevel.SEVERE] if is_old else beds[CareLevel.ORDINARY]
            if n % _WAITS == _WAITS - 1 or not free:
                waiting.append(case)
                continue
            laid.append(_stay(case, free.pop(0), at))
            if is_old and laid[-1].occurred_at < at - _DIES_AFTER:
                dies_at[case.pk] = laid[-1].occurred_at + _DIES_AFTER
    Stay.objects.bulk_create(laid, batch_size=500)
    Round.objects.bulk_create(
        [row for n, stay in enumerate(laid) for row in _rounds(n, stay, dies_at.get(stay.case_id, at))],
        batch_size=500,
    )
    # What was known of them yesterday, what came since, and what is known today: changes of a pathway come in their order.
    eve = start_of(local_day(at)) - 2 * _HOUR
    derive_pathways([stay.case_id for stay in laid if stay.occurred_at < eve], at=eve, by=_BY)
    for stay in laid:
        if moment := dies_at.get(stay.case_id):
            told_at = max(moment, eve + _HOUR)
            record_departure(case=stay.case, how=How.DIED, left_at=moment, by=_BY, at=told_at)
    derive_pathways([stay.case_id for stay in laid], at=at, by=_BY)
    for n, case in enumerate(waiting):
        level = CareLevel.SEVERE if n % 4 == 3 else CareLevel.ORDINARY
        request_bed(case=case, level=level, by=_BY, at=at - timedelta(hours=1 + n % 9))
    return len(laid)


def _stay(case: Case, bed: Bed, at: datetime) -> Stay:
    lies_from = min((case.confirmed_at or at) + timedelta(hours=7), at - timedelta(minutes=10))
    return Stay(
        case=case,
        person_id=case.person_id,
        bed=bed,
        path=bed.ward.path,
        source_path=case.path,
        first_round_on=local_day(lies_from),
        occurred_at=lies_from,
        recorded_at=lies_from,
    )


def _rounds(n: int, stay: Stay, at: datetime) -> list[Round]:
    """Return a round on each day of the stay, but for today's of every fourth patient."""
    first, last = stay.first_round_on, local_day(at)
    severe = stay.bed.ward.level == CareLevel.SEVERE
    rows = []
    for day in range((last - first).days + 1):
        seen_at = min(stay.occurred_at + timedelta(days=day, hours=2), at)
        if local_day(seen_at) == last and n % _SEEN == 0:
            continue
        fever = day < 3 + n % 5
        rows.append(
            Round(
                case_id=stay.case_id,
                on=local_day(seen_at),
                temperature=38.1 if fever else 36.6,
                spo2=91 if severe else 97,
                respiratory_rate=31 if severe else 20,
                respiratory="unchanged" if fever else "clearly_improved",
                imaging=["ground_glass_opacity"] if day == 0 else [],
                path=stay.path,
                source_path=stay.source_path,
                occurred_at=seen_at,
                recorded_at=seen_at,
            )
        )
    return rows
