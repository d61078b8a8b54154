"""Lists and counts of an area: whichever way the rows are read, they are the rows that the reader may see, in order."""

from collections import Counter
from datetime import timedelta
from itertools import product

import pytest
from tests.world import NOON, World, a_person, build_world

from lianfang.cases.models import Case
from lianfang.cases.selectors import CaseFilter, counts_by_classification, epidemic_curve, list_cases
from lianfang.common import listing
from lianfang.common.clock import local_day

PLACES = ("420106001", "420106002", "420107001", "420205")
CLASSES = ("confirmed", "suspected", "asymptomatic", "excluded")


@pytest.fixture
def world(db: None) -> World:
    world = build_world()
    person = a_person(world)
    rows = []
    for n in range(120):
        place, home = world.places[PLACES[n % 4]], world.places[PLACES[n * 7 % 4]]
        at = NOON - timedelta(hours=5 * (n * 37 % 120))
        sure = CLASSES[n % 3] != "suspected"
        rows.append(
            Case(
                number=f"{'AB'[n % 2]}{n:03}",
                person=person,
                disease="covid_19",
                place=place,
                path=place.path,
                residence_path=home.path,
                opened_at=at,
                reported_at=at - at.minute * timedelta(minutes=1),
                classification=CLASSES[n % 3],
                confirmed_at=at if sure else None,
                investigated_at=at if n % 5 else None,
            )
        )
    Case.objects.bulk_create(rows)
    return world


@pytest.mark.parametrize("few", [0, 1000])
@pytest.mark.parametrize("name", ["alice", "chen", "dina", "hana", "jia", "stranger", "nobody"])
def test_a_page_holds_the_visible_rows_of_the_area_in_order(
    world: World, name: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_FEW", few)
    actor = world.actor(name)
    filters = (
        {},
        {"classification": "suspected"},
        {"number": "A0"},
        {"uninvestigated": True},
    )
    recent = Case.objects.visible_to(actor, of_few=True).filter(confirmed_at__gte=NOON - timedelta(days=14))
    assert set(recent) == {
        case
        for case in Case.objects.visible_to(actor)
        if case.confirmed_at and case.confirmed_at >= NOON - timedelta(days=14)
    }
    for code, extra in product((None, "42", "420106", "420107"), filters):
        path = world.places[code].path if code else ""
        seen = {case.pk for case in Case.objects.visible_to(actor)}
        wanted = [
            case
            for case in Case.objects.order_by("-reported_at", "-pk")
            if case.pk in seen
            and case.path.startswith(path)
            and (case.classification == extra.get("classification", case.classification))
            and case.number.startswith(extra.get("number", ""))
            and not (extra.get("uninvestigated") and (case.investigated_at or not case.confirmed_at))
        ]
        first = list_cases(actor, CaseFilter(path=path, **extra), limit=7)
        assert first == wanted[:7]
        if first:
            after = int(first[-1].reported_at.timestamp()), first[-1].pk
            assert list_cases(actor, CaseFilter(path=path, **extra), after=after, limit=200) == wanted[7:]


@pytest.mark.parametrize("name", ["alice", "chen", "stranger", "nobody"])
@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Kathmandu", "America/New_York"])
def test_counts_are_those_of_the_visible_rows_by_local_day(
    world: World, name: str, zone: str, settings: object
) -> None:
    settings.TIME_ZONE = zone  # type: ignore[attr-defined]
    actor = world.actor(name)
    for code in (None, "42", "420106"):
        path = world.places[code].path if code else ""
        seen = [case for case in Case.objects.visible_to(actor) if case.path.startswith(path)]
        days = Counter(local_day(case.confirmed_at) for case in seen if case.confirmed_at)
        assert dict(epidemic_curve(actor, path=path)) == days
        since = local_day(NOON) - timedelta(days=10)
        recent = {day: n for day, n in days.items() if day >= since}
        assert dict(epidemic_curve(actor, path=path, since=since)) == recent
        assert recent != days or not days
        counts = Counter(case.classification for case in seen)
        assert {word: n for word, n in counts_by_classification(actor, path).items() if n} == counts
