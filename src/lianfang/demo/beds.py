"""Wards and beds of a hospital of the demo world."""

from datetime import datetime, timedelta

from lianfang.care.models import Bed, CareLevel
from lianfang.care.services import change_beds, set_up_ward
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Unit

_BY = Actor.system("demo")
_OPEN_FOR = timedelta(days=100)
_WARDS = {
    CareLevel.ORDINARY: ("普通病区", "Ordinary ward"),
    CareLevel.SEVERE: ("重症病区", "Severe ward"),
}


def open_beds(hospital: Unit, *, ordinary: int, severe: int, at: datetime) -> dict[CareLevel, list[Bed]]:
    """Set up an ordinary and a severe ward of single rooms; return their beds by level."""
    opened = at - _OPEN_FOR
    found = {}
    for level, n in ((CareLevel.ORDINARY, ordinary), (CareLevel.SEVERE, severe)):
        name, name_en = _WARDS[level]
        ward = set_up_ward(
            unit=hospital, name=name, name_en=name_en, level=level, rooms_shared=False, by=_BY, at=opened
        )
        change_beds(ward=ward, n=n, from_at=opened, by=_BY, at=opened)
        found[level] = list(Bed.objects.filter(ward=ward).select_related("ward").order_by("pk"))
    return found
