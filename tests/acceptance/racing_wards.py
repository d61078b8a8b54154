"""Fifty processes want the last bed of a ward, eight lay one patient down, eight tables name one bed. Prints one line of JSON."""

import json
import sys

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from lianfang.care import services as care  # noqa: E402
from lianfang.care.errors import BedNotFree, BedTaken, NoBedFree, PatientElsewhere  # noqa: E402
from lianfang.care.models import Bed, BedRequest, CareLevel, Stay, Upkeep, Ward  # noqa: E402
from lianfang.cases import services as cases  # noqa: E402
from lianfang.cases.models import Case  # noqa: E402
from lianfang.core.access.actor import Actor  # noqa: E402
from lianfang.core.access.selectors import actor_for  # noqa: E402
from lianfang.intake.models import Batch  # noqa: E402
from lianfang.intake.services import accept_batch  # noqa: E402
from tests.acceptance.race import race  # noqa: E402
from tests.apps.intake.importing import desk_of  # noqa: E402
from tests.world import NOON, World, a_person, build_world  # noqa: E402

BY = Actor.system("race")
N_BED, N_PATIENT = 50, 8
REFUSED = (NoBedFree, BedNotFree, BedTaken, PatientElsewhere)


def a_case(world: World) -> Case:
    return cases.open_case(
        person=a_person(world),
        disease="covid_19_cn_2020",
        place=world.places["420106"],
        diagnosis="confirmed",
        by=BY,
        at=NOON,
    )


def get(pk: int) -> str:
    """A bed desk gives the last bed of the ward to a request."""
    ward = Ward.objects.get(name="last")
    care.give_bed(request=BedRequest.objects.get(pk=pk), ward=ward, by=BY, at=NOON)
    return "given"


def lie(pk: int) -> str:
    """A ward lays a patient, without having asked for a bed, in whatever bed of an empty ward it finds."""
    bed = Bed.objects.free_at(NOON).filter(ward__name="empty").order_by("?").first()
    care.lay_down(case=Case.objects.get(pk=pk), bed=bed, lies_from=NOON, by=BY, at=NOON)
    return "lies"


def arrive(pk: int) -> str:
    """A table says that the patient lies in the one bed of a ward; it is accepted, and its rows written or parked."""
    batch = Batch.objects.select_related("by").get(pk=pk)
    assert batch.by is not None
    report = accept_batch(batch=batch, by=actor_for(batch.by, NOON), at=NOON)
    return "written" if report.created else "parked"


def tables(world: World) -> list[int]:
    """Return batches, each of which lays another patient in the one bed of the ward."""
    desk, found = desk_of(world), []
    for _ in range(N_PATIENT):
        row = f"{a_case(world).number},420106-hosp,by table,01,2020-02-12 18:00,"
        batch = desk.receive(
            f"case_number,facility,ward,bed,lies_from,lies_until\n{row}\n".encode(), "bed_stay"
        )
        desk.confirm(batch)
        found.append(batch.pk)
    return found


def main() -> None:
    call_command("migrate", verbosity=0)
    world = build_world()
    for name, n in (("last", 1), ("empty", N_PATIENT), ("by table", 1)):
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
    last_bed = race(asked, get, REFUSED)
    patient = race([a_case(world).pk] * N_PATIENT, lie, REFUSED)
    told = {
        "last_bed": last_bed,
        "patient": patient,
        "kept": Upkeep.objects.current().filter(bed__ward__name="last").count(),
        "lying": Stay.objects.current().at(NOON).count(),
        "by_table": race(tables(world), arrive, REFUSED),
        "lying_by_table": Stay.objects.current().filter(bed__ward__name="by table").count(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    sys.exit(main())
