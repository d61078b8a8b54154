"""Wards of the demo world's hospitals: most confirmed cases lie in them, some wait, a few are ready to leave."""

from datetime import datetime, timedelta

from lianfang.care.derive import derive_pathways
from lianfang.care.models import Bed, CareLevel, Round, Stay, Ward
from lianfang.care.services import change_beds, request_bed, set_up_ward
from lianfang.cases.models import Case
from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Unit, UnitKind

_WAITS = 9  # of so many confirmed cases one waits for a bed
_SEEN = 4  # of so many in a bed one has not been seen on today's round
_SPARE = 1.15
_BY = Actor.system("demo")


def fill_wards(*, at: datetime) -> int:
    """Set up wards in every hospital and lay the confirmed cases of its county in them; return how many lie there."""
    laid: list[Stay] = []
    waiting: list[Case] = []
    for hospital in Unit.objects.filter(kind=UnitKind.HOSPITAL).order_by("pk"):
        cases = list(
            Case.objects.filter(
                path__within=hospital.path, confirmed_at__isnull=False, confirmed_at__lt=at, outcome=""
            )
            .exclude(classification="asymptomatic")
            .select_related("person")
            .order_by("confirmed_at", "pk")
        )
        beds = _wards(hospital, len(cases), at=at)
        for n, case in enumerate(cases):
            if n % _WAITS == _WAITS - 1 or not beds:
                waiting.append(case)
            else:
                laid.append(_stay(case, beds.pop(), at))
    Stay.objects.bulk_create(laid, batch_size=500)
    Round.objects.bulk_create(
        [row for n, stay in enumerate(laid) for row in _rounds(n, stay, at)], batch_size=500
    )
    derive_pathways([stay.case_id for stay in laid], at=at, by=_BY)
    for n, case in enumerate(waiting):
        level = CareLevel.SEVERE if n % 4 == 3 else CareLevel.ORDINARY
        request_bed(case=case, level=level, by=_BY, at=at - timedelta(hours=1 + n % 9))
    return len(laid)


def _wards(hospital: Unit, n_cases: int, *, at: datetime) -> list[Bed]:
    """Set up an ordinary and a severe ward of single rooms; return the beds of the ordinary one, to be taken from the end."""
    opened = at - timedelta(days=60)
    sizes = {
        "普通病区": (CareLevel.ORDINARY, "Ordinary ward", max(4, round(n_cases * _SPARE))),
        "重症病区": (CareLevel.SEVERE, "Severe ward", 6),
    }
    for name, (level, name_en, n) in sizes.items():
        ward = set_up_ward(
            unit=hospital, name=name, name_en=name_en, level=level, rooms_shared=False, by=_BY, at=opened
        )
        change_beds(ward=ward, n=n, from_at=opened, by=_BY, at=opened)
    ordinary = Ward.objects.get(unit=hospital, level=CareLevel.ORDINARY)
    return list(Bed.objects.filter(ward=ordinary).select_related("ward").order_by("-pk"))


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
                spo2=92 if n % 11 == 0 and fever else 97,
                respiratory="unchanged" if fever else "clearly_improved",
                imaging=["ground_glass_opacity"] if day == 0 else [],
                path=stay.path,
                source_path=stay.source_path,
                occurred_at=seen_at,
                recorded_at=seen_at,
            )
        )
    return rows
