"""What is known of a treatment, from stays, departures and treatments on file to the page that says it."""

from datetime import timedelta

import numpy as np
import pytest
from django.test import Client
from tests.apps.outlook.story import settle
from tests.world import NOON, World, a_person, build_world

from lianfang.care.derive import severities_at_first
from lianfang.care.models import Bed, Comorbidities, Departure, Round, Stay, Treatment, Ward
from lianfang.cases.models import Case
from lianfang.cases.services import open_case
from lianfang.core.access.actor import Actor
from lianfang.outlook.models import Study
from lianfang.outlook.selectors import treatments_known
from lianfang.outlook.treatments import refresh

pytestmark = pytest.mark.django_db

DISEASE = "covid_19_cn_2020"
BY = Actor.system("test")
DAY = timedelta(days=1)
NOW = NOON + 80 * DAY  # the patients are admitted while an edition of severity is in force


@pytest.fixture
def world() -> World:
    return build_world()


def a_hospital(world: World, n: int) -> list[Bed]:
    place = world.places["420106"]
    ward = Ward.objects.create(
        unit=world.units["420106-hosp"], name="one", level=1, rooms_shared=False, place=place, path=place.path
    )
    return Bed.objects.bulk_create(Bed(ward=ward, label=str(k), from_at=NOW - 200 * DAY) for k in range(n))


def admitted(world: World, n: int) -> list[Case]:
    """Patients of whom the older die more; the treatment comes after days, and does nothing."""
    dice = np.random.default_rng(4)
    template = open_case(
        person=a_person(world), disease=DISEASE, place=world.places["420106"], diagnosis="confirmed",
        by=BY, at=NOW - 100 * DAY,
    )  # fmt: skip
    beds, begun = a_hospital(world, n), NOW - 90 * DAY
    cases = [template]
    for k in range(1, n):
        case = Case.objects.get(pk=template.pk)
        case.pk, case.number, case.person = None, f"T-{k}", a_person(world)
        cases.append(case)
    Case.objects.bulk_create(cases[1:])
    stays, departures, treatments, rounds = [], [], [], []
    for k, case in enumerate(cases):
        age = 1930 + int(dice.integers(0, 60))
        case.person.birth_year = age
        case.person.save(update_fields=["birth_year"])
        wait, death, home = (
            dice.exponential(6),
            dice.exponential(14 if age < 1950 else 30),
            dice.exponential(25),
        )
        end = begun + timedelta(days=float(min(death, home)))
        base = {"case": case, "path": case.path, "source_path": case.path, "recorded_at": end}
        stays.append(
            Stay(
                **base,
                person=case.person,
                bed=beds[k],
                occurred_at=begun,
                until_at=end,
                first_round_on=begun.date(),
            )
        )
        departures.append(Departure(**base, how="died" if death < home else "discharged", occurred_at=end))
        seen = base | {"occurred_at": begun + DAY, "on": (begun + DAY).date(), "recorded_at": NOW}
        rounds.append(Round(**seen, imaging=["ground_glass_opacity"]))
        if wait < min(death, home):
            treatments.append(
                Treatment(**base, what="qingfei", occurred_at=begun + timedelta(days=float(wait)))
            )
    for model, rows in (
        (Stay, stays),
        (Departure, departures),
        (Treatment, treatments),
        (Round, rounds),
    ):
        model.objects.bulk_create(rows)
    return cases


def test_from_the_records_to_the_page(world: World) -> None:
    admitted(world, 300)
    study = Study.objects.create(method="treatments", disease=DISEASE, place=world.places["CN"], path="CN.")
    assert refresh(study, NOW) == NOW + DAY
    fang = world.actor("fang")
    (known,) = treatments_known(fang)
    assert known.what == "qingfei"
    assert known.effect["n"] == 300
    assert known.effect["adjusted_for"] == ["age"], (
        "all are women of one severity: nothing to adjust for there"
    )
    assert known.effect["ever_never"] < 0.75, "the trap, shown as the mistake that it is"
    assert known.low is not None
    assert known.high is not None
    assert known.low < 1 < known.high
    assert known.sureness == "unclear"
    before = study.latest_id
    refresh(study, NOW)
    assert study.latest_id == before, "the same facts make no second run"
    assert treatments_known(world.actor("bao")) == []
    client = Client(headers={"accept-language": "en"})
    client.force_login(world.users["fang"])
    assert "no difference beyond chance" in client.get(f"/treatments/{DISEASE}/qingfei").content.decode()
    assert "qingfei" in client.get("/treatments").content.decode()
    # a name with a stroke in it is a name like any other
    for row in Treatment.objects.all():
        Treatment.objects.filter(pk=row.pk).update(what="lopinavir/ritonavir")
    refresh(study, NOW)
    assert "lopinavir/ritonavir" in client.get("/treatments").content.decode()
    shown = client.get(f"/treatments/{DISEASE}/lopinavir/ritonavir")
    assert "no difference beyond chance" in shown.content.decode()
    told = client.get(f"/api/treatments/{DISEASE}/lopinavir/ritonavir")
    assert told.json()["what"] == "lopinavir/ritonavir"


def test_a_treatment_given_marks_the_study_and_what_is_not_known_says_nothing(world: World) -> None:
    from tests.apps.care.conftest import Hospital

    from lianfang.care.services import start_treatment

    hospital = Hospital(world)
    hospital.ward("one")
    case = hospital.case()
    hospital.lay(case, hospital.bed("one"))
    hospital.at = NOON + DAY
    start_treatment(case=case, what="oxygen", from_at=hospital.at, by=hospital.fang, at=hospital.at)
    settle(NOON + 2 * DAY)
    (known,) = treatments_known(hospital.fang)
    assert (known.effect["refused"], known.sureness) == ("missing", "refused"), "nobody saw how ill they were"


def test_severity_is_what_was_seen_in_the_first_two_days_whenever_it_was_written_down(world: World) -> None:
    (case,) = admitted(world, 1)
    begun = NOW - 90 * DAY

    def known() -> dict[int, str]:
        return severities_at_first({case.pk: begun}, within=2 * DAY)

    assert known() == {case.pk: "ordinary"}
    worse = {"path": case.path, "source_path": case.path, "recorded_at": NOW, "on": begun.date(), "spo2": 90}
    Round.objects.create(case=case, occurred_at=begun + 3 * DAY, **worse)
    assert known() == {case.pk: "ordinary"}, "the first that is known, not the worst"
    Round.objects.create(case=case, occurred_at=begun + timedelta(hours=2), **worse)
    assert known() == {case.pk: "severe"}
    Round.objects.exclude(occurred_at=begun + 3 * DAY).delete()
    assert known() == {}, "what was seen later may be an effect of the treatment"


@pytest.mark.parametrize(("asked", "adjusted"), [(0.7, False), (0.85, True)])
def test_what_patients_were_ill_with_before_is_adjusted_for_where_most_were_asked(
    world: World, asked: float, *, adjusted: bool
) -> None:
    """Four fifths asked is the bound; where fewer were, everybody is compared without."""
    cases = admitted(world, 120)
    n = round(asked * len(cases))
    Comorbidities.objects.bulk_create(
        Comorbidities(
            case=case, path=case.path, source_path=case.path, occurred_at=NOW - 90 * DAY,
            recorded_at=NOW - 90 * DAY, conditions=["diabetes", "hypertension"][: k % 3],
        )
        for k, case in enumerate(cases[:n])
    )  # fmt: skip
    study = Study.objects.create(method="treatments", disease=DISEASE, place=world.places["CN"], path="CN.")
    refresh(study, NOW)
    (known,) = treatments_known(world.actor("fang"))
    assert ("comorbidities" in known.effect["adjusted_for"]) is adjusted
    assert known.effect["n"] == (n if adjusted else len(cases))
    study.refresh_from_db()
    assert study.latest.inputs["n_comorbidities_known"] == n
