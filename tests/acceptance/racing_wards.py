"""Many processes want the last bed of a ward, for fifty patients or for one. Prints what came of it as one line of JSON."""

import json
import sys
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from lianfang.care import services as care  # noqa: E402
from lianfang.care.errors import BedNotFree, BedTaken, NoBedFree, PatientElsewhere  # noqa: E402
from lianfang.care.models import Bed, BedRequest, CareLevel, Stay, Upkeep, Ward  # noqa: E402
from lianfang.cases import services as cases  # noqa: E402
from lianfang.cases.models import Case  # noqa: E402
from lianfang.core.access.actor import Actor  # noqa: E402
from tests.acceptance.racing import race  # noqa: E402
from tests.world import NOON, World, a_person, build_world  # noqa: E402

BY = Actor.system("race")
N_BED, N_PATIENT = 50, 8
_REFUSED = (NoBedFree, BedNotFree, BedTaken, PatientElsewhere)


def a_case(world: World) -> Case:
    return cases.open_case(
        person=a_person(world),
        disease="covid_19_cn_2020",
        place=world.places["420106"],
        diagnosis="confirmed",
        by=BY,
        at=NOON,
    )


def try_to_get(pk: int, start: Any, told: Any) -> None:
    """A bed desk gives the last bed of the ward to a request."""
    start.wait()
    try:
        care.give_bed(
            request=BedRequest.objects.get(pk=pk), ward=Ward.objects.get(name="last"), by=BY, at=NOON
        )
        told.put("given")
    except _REFUSED as error:
        told.put(type(error).__name__)
    except Exception as error:  # noqa: BLE001 - told to the test, which fails on it
        told.put(repr(error))


def try_to_lie(pk: int, start: Any, told: Any) -> None:
    """A ward lays a patient, without having asked for a bed, in whatever bed of an empty ward it finds."""
    start.wait()
    try:
        case = Case.objects.get(pk=pk)
        bed = Bed.objects.free_at(NOON).filter(ward__name="empty").order_by("?").first()
        care.lay_down(case=case, bed=bed, lies_from=NOON, by=BY, at=NOON)
        told.put("lies")
    except _REFUSED as error:
        told.put(type(error).__name__)
    except Exception as error:  # noqa: BLE001
        told.put(repr(error))


def main() -> None:
    call_command("migrate", verbosity=0)
    world = build_world()
    for name, n in (("last", 1), ("empty", N_PATIENT)):
        ward = care.set_up_ward(
            unit=world.units["420106-hosp"],
            name=name,
            level=CareLevel.ORDINARY,
            rooms_shared=False,
            by=BY,
            at=NOON,
        )
        care.change_beds(ward=ward, n=n, from_at=NOON, by=BY, at=NOON)
    asked = [care.request_bed(case=a_case(world), level=1, by=BY, at=NOON).pk for _ in range(N_BED)]
    last_bed = race(asked, try_to_get)
    patient = race([a_case(world).pk] * N_PATIENT, try_to_lie)
    kept = Upkeep.objects.current().filter(bed__ward__name="last").count()
    lying = Stay.objects.current().at(NOON).count()
    print(json.dumps({"last_bed": last_bed, "patient": patient, "kept": kept, "lying": lying}))


if __name__ == "__main__":
    sys.exit(main())
