"""Fifty processes want the last bed of an isolation site, eight place one person. Prints what came of it as one line of JSON."""

import json
import sys
from datetime import date

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from lianfang.cases import services as cases  # noqa: E402
from lianfang.contacts import services as contacts  # noqa: E402
from lianfang.contacts.errors import AlreadyIsolated, NoFreeBed  # noqa: E402
from lianfang.contacts.models import Contact, IsolationSite, Stay  # noqa: E402
from lianfang.core.access.actor import Actor  # noqa: E402
from tests.acceptance.race import race  # noqa: E402
from tests.world import NOON, World, a_person, build_world  # noqa: E402

BY = Actor.system("race")
N_BED, N_PERSON = 50, 8
REFUSED = (NoFreeBed, AlreadyIsolated)


def a_contact(world: World) -> int:
    case = cases.open_case(
        person=a_person(world),
        disease="covid_19_cn_2020",
        place=world.places["420106"],
        diagnosis="confirmed",
        by=BY,
        at=NOON,
    )
    row = contacts.name_contact(
        person=a_person(world), case=case, last_contact_on=date(2020, 2, 10), by=BY, at=NOON
    )
    return int(row.pk)


def place(pk: int) -> str:
    site = IsolationSite.objects.get()
    contacts.place_contact(contact=Contact.objects.get(pk=pk), site=site, by=BY, at=NOON)
    return "placed"


def main() -> None:
    call_command("migrate", verbosity=0)
    world = build_world()
    site = contacts.open_site(name="东山宾馆", place=world.places["420106001"], by=BY, at=NOON)
    contacts.add_beds(site=site, room="101", n=1, from_at=NOON, by=BY, at=NOON)
    last_bed = race([a_contact(world) for _ in range(N_BED)], place, REFUSED)
    contacts.add_beds(site=site, room="102", n=N_PERSON, from_at=NOON, by=BY, at=NOON)
    person = race([a_contact(world)] * N_PERSON, place, REFUSED)
    print(json.dumps({"last_bed": last_bed, "person": person, "stays": Stay.objects.current().count()}))


if __name__ == "__main__":
    sys.exit(main())
