"""Runs: all of the last 30 days are kept, then the last of each day; the latest always; what went is recorded."""

from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from tests.apps.outlook.story import DISEASE, a_case, settle
from tests.world import NOON, build_world

from lianfang.core.access.actor import Actor
from lianfang.core.audit.models import Event
from lianfang.loop.worker import sweep
from lianfang.outlook.models import Run, Study
from lianfang.outlook.retention import drop_superseded, superseded

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
DAY = timedelta(days=1)


def a_study(method: str = "chains") -> Study:
    place = build_world().places["4201"]
    return Study.objects.create(method=method, disease=DISEASE, place=place, path=place.path)


def runs(study: Study, *moments: datetime) -> list[Run]:
    made = [
        Run.objects.create(study=study, path=study.path, at=at, version="test", status="done", digest=f"{n}")
        for n, at in enumerate(moments)
    ]
    Study.objects.filter(pk=study.pk).update(latest=made[-1])
    return made


def test_of_each_old_day_the_last_run_stays_and_of_the_last_thirty_all() -> None:
    study = a_study()
    old = NOON - 40 * DAY  # 18 o'clock at the site
    six_hours = timedelta(hours=6)
    first, second, next_day, other = runs(study, old - six_hours, old, old + six_hours, old + 2 * DAY)
    young = runs(study, NOON - 29 * DAY, NOON - 29 * DAY + six_hours / 6)
    assert [run.pk for run in superseded(NOON)] == [first.pk]
    assert next_day.at == old + six_hours, "midnight at the site begins another day"
    assert drop_superseded(at=NOON, by=BY) == 1
    assert set(Run.objects.all()) == {second, next_day, other, *young}
    told = Event.objects.get(tag="outlook.runs_dropped")
    assert (told.after["dropped"], told.after["from"]) == (1, first.at.isoformat())
    assert drop_superseded(at=NOON, by=BY) == 0


def test_two_studies_have_a_day_each_and_the_latest_run_stays_however_old() -> None:
    study = a_study()
    clusters = Study.objects.create(method="clusters", disease=DISEASE, place=study.place, path=study.path)
    old = NOON - 40 * DAY
    [only] = runs(clusters, old)
    _first, last = runs(study, old, old + timedelta(hours=1))
    assert drop_superseded(at=NOON, by=BY) == 1
    assert set(Run.objects.all()) == {only, last}


def test_a_run_is_never_changed_and_the_worker_thins_by_itself() -> None:
    world = build_world()
    a_case(world, 20)
    settle()
    study = Study.objects.get(method="clusters")
    run = Run.objects.get(study=study)
    with pytest.raises(DatabaseError), transaction.atomic():
        Run.objects.filter(pk=run.pk).update(seed=2)
    old = NOON - 40 * DAY
    for n in range(3):
        Run.objects.create(
            study=study,
            path=study.path,
            at=old + n * timedelta(minutes=10),
            version="t",
            status="done",
            digest=f"{n}",
        )
    assert sweep(at=NOON).failed == []
    assert set(Run.objects.filter(study=study).values_list("digest", flat=True)) == {"2", run.digest}
