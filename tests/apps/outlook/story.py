"""Cases with a story: who fell ill when, who is said to have infected whom, who lives together."""

from datetime import date, timedelta
from typing import Any

from tests.world import NOON, World, a_person

from lianfang.cases import services as cases
from lianfang.cases.models import Case
from lianfang.contacts.services import name_contact
from lianfang.loop.worker import sweep, turn
from lianfang.outlook.models import Run, Study

DISEASE = "covid_19_cn_2020"
FIRST = date(2020, 1, 20)


def a_case(world: World, day: int | None, by: str = "alice", county: str = "420106", **fields: Any) -> Case:
    """Open a confirmed case that fell ill `day` days after 20 January (None: no onset known)."""
    actor = world.actor(by, NOON)
    home = fields.pop("home", county)
    case = cases.open_case(
        person=a_person(world, home),
        disease=DISEASE,
        place=world.places[county],
        diagnosis=fields.pop("diagnosis", "confirmed"),
        diagnosed_at=NOON - timedelta(days=1),
        by=actor,
        at=NOON,
        **fields,
    )
    if day is not None:
        cases.record_signs(
            case=case,
            signs={"fever": True},
            seen_at=NOON,
            onset_on=FIRST + timedelta(days=day),
            by=actor,
            at=NOON,
        )
    case.refresh_from_db()
    return case


def named(world: World, source: Case, case: Case, by: str = "alice") -> None:
    """An investigation names the source of a case."""
    cases.record_epi_link(
        case=case, kind="contact_with_infected", source_case=source, by=world.actor(by, NOON), at=NOON
    )


def listed(world: World, source: Case, case: Case, by: str = "alice", **fields: Any) -> None:
    """The source had listed the person of the later case as a contact."""
    name_contact(
        person=case.person,
        case=source,
        last_contact_on=source.onset_on or FIRST,
        by=world.actor(by, NOON),
        at=NOON,
        **fields,
    )


def settle(at: Any = NOON) -> None:
    """Let the loop work off everything."""
    turn(at=at)
    sweep(at=at)
    turn(at=at)


def latest(method: str, path: str = "CN.42.4201.") -> Run:
    """The latest run of a method in an area."""
    run = Study.objects.get(method=method, disease=DISEASE, path=path).latest
    assert run is not None
    return run
