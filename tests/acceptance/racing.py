"""Many processes want the last bed, or to place one person, at the same moment. Prints what came of it as one line of JSON."""

import json
import multiprocessing
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from lianfang.cases import services as cases  # noqa: E402
from lianfang.contacts import services as contacts  # noqa: E402
from lianfang.contacts.errors import AlreadyIsolated, NoFreeBed  # noqa: E402
from lianfang.contacts.models import Contact, IsolationSite, Stay  # noqa: E402
from lianfang.core.access.actor import Actor  # noqa: E402
from tests.world import NOON, World, a_person, build_world  # noqa: E402

BY = Actor.system("race")
N_BED, N_PERSON = 50, 8


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


def try_to_place(pk: int, start: Any, told: Any) -> None:
    start.wait()
    try:
        site = IsolationSite.objects.get()
        contacts.place_contact(contact=Contact.objects.get(pk=pk), site=site, by=BY, at=NOON)
        told.put("placed")
    except (NoFreeBed, AlreadyIsolated) as error:
        told.put(type(error).__name__)
    except Exception as error:  # noqa: BLE001 - told to the test, which fails on it
        told.put(repr(error))


def race(pks: list[int], attempt: Callable[[int, Any, Any], None] = try_to_place) -> list[str]:
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    start, told = fork.Barrier(len(pks)), fork.Queue()
    processes = [fork.Process(target=attempt, args=(pk, start, told)) for pk in pks]
    for process in processes:
        process.start()
    words = [told.get(timeout=200) for _ in pks]
    for process in processes:
        process.join()
    return sorted(words)


def main() -> None:
    call_command("migrate", verbosity=0)
    world = build_world()
    site = contacts.open_site(name="东山宾馆", place=world.places["420106001"], by=BY, at=NOON)
    contacts.add_beds(site=site, room="101", n=1, from_at=NOON, by=BY, at=NOON)
    last_bed = race([a_contact(world) for _ in range(N_BED)])
    contacts.add_beds(site=site, room="102", n=N_PERSON, from_at=NOON, by=BY, at=NOON)
    person = race([a_contact(world)] * N_PERSON)
    print(json.dumps({"last_bed": last_bed, "person": person, "stays": Stay.objects.current().count()}))


if __name__ == "__main__":
    sys.exit(main())
