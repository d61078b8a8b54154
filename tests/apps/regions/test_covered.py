"""The four "alls" day by day: who should be tested, in a bed, seen, and who is; and the fatality adjusted for delay."""

from datetime import date, timedelta

import numpy as np
import pytest
from tests.apps.outlook.story import DISEASE, a_case, listed
from tests.world import NOON, a_person

from lianfang.analytics.delays import fit_delay
from lianfang.analytics.priors import prior_delay
from lianfang.analytics.severity import case_fatality
from lianfang.care.models import PathwayChange
from lianfang.cases import services as cases
from lianfang.cases.models import Case, Outcome, StatusChange
from lianfang.contacts.models import Contact, Observation
from lianfang.contacts.services import name_contact
from lianfang.regions.death_delays import ENOUGH, delay_laws
from lianfang.regions.fates import fatality_interval, fates_law, with_fates
from lianfang.regions.indicators import INDICATORS
from lianfang.regions.mart import Mart
from lianfang.regions.panel import Panel

DAY = timedelta(days=1)
COUNTY = "CN.42.4201.420106."


def share(code, panel, row=-1):
    return INDICATORS[code].value(panel, row=row)


@pytest.mark.django_db
def test_tested_and_seen_with_their_history(world):
    """Of two cases one is tested a day later and the other is excluded; of two contacts one is seen on the second day."""
    alice = world.actor("alice")
    first, second = a_case(world, 20), a_case(world, 20, diagnosis="suspected")
    cases.record_sample(
        case=first, number="S-1", specimen="nasopharyngeal_swab", taken_at=NOON + DAY, by=alice, at=NOON + DAY
    )
    cases.rule_on_case(case=second, classification="excluded", reason="negative", by=alice, at=NOON + 2 * DAY)
    contacts = [
        name_contact(
            person=a_person(world, "420106"), case=first, last_contact_on=date(2020, 2, 12), by=alice, at=NOON
        )
        for _ in range(2)
    ]
    at = NOON + DAY
    Observation.objects.create(
        contact=contacts[0], on=date(2020, 2, 13), seen="seen_ok", occurred_at=at, recorded_at=at
    )
    Mart(DISEASE).refresh(at=NOON + 4 * DAY)
    panel = Mart(DISEASE).read([COUNTY])
    assert panel.last == date(2020, 2, 15)
    assert panel["owed"][-4:, 0].tolist() == [2, 2, 1, 1]
    assert panel["tested"][-4:, 0].tolist() == [0, 1, 1, 1]
    assert [share("tested_share", panel, row) for row in (-4, -3, -1)] == [0, 0.5, 1]
    assert Contact.objects.filter(visit_until_on__isnull=False).count() == 2
    assert panel["observed"][-3, 0] == 2
    assert share("seen_share", panel, -3) == 0.5
    assert share("seen_share", panel, -1) == 0
    assert share("in_bed_share", panel) == 0
    assert share("treated_share", panel) is None, "nobody is severe"
    then = Mart(DISEASE).compute([COUNTY], known_by=NOON + DAY / 2)
    assert then["tested"].max() == 0, "the sample was not known yet"


@pytest.mark.django_db
def test_the_same_from_the_side_of_the_cases(world):
    """Of three confirmed cases one had been listed as a contact before its diagnosis."""
    source, later = a_case(world, 10), a_case(world, 20)
    a_case(world, 21)
    listed(world, source, later)
    Contact.objects.filter(person=later.person).update(case_later=later, named_at=NOON - 3 * DAY)
    assert Case.objects.filter(confirmed_at__isnull=False).count() == 3
    Mart(DISEASE).refresh(at=NOON + DAY)
    panel = Mart(DISEASE).read([COUNTY])
    assert share("listed_share", panel) == pytest.approx(1 / 3)


def test_the_adjusted_fatality_is_that_of_the_severity_module():
    """Deaths over what would be known to have died is the estimate of the likelihood, to what rounding to whole persons does."""
    rng = np.random.default_rng(3)
    new = np.rint(400 * np.exp(-(((np.arange(60) - 30) / 12) ** 2))).astype(np.int32)
    delay = prior_delay("COVID-19", "hospitalisation to death").pmf(91)
    died = rng.poisson(0.04 * np.convolve(new, delay)[:60]).astype(np.int32)
    law = fates_law(DISEASE)
    assert law is not None
    columns = {"total_died": np.cumsum(died)[:, None], "fates": with_fates(new[:, None], law)}
    panel = Panel(areas=("CN.",), first=date(2020, 1, 1), columns=columns)
    found = case_fatality(new, died, delay)
    adjusted, crude = share("fatality_adjusted", panel), died.sum() / new.sum()
    assert adjusted == pytest.approx(float(found.estimate[0]), abs=2e-4)
    assert crude < 0.95 * adjusted
    assert 0.035 < adjusted < 0.045
    assert fates_law("no_such_disease") is None
    assert with_fates(new[:, None], None).max() == 0


def test_the_interval_is_that_of_the_severity_module():
    for n, died, outcomes in ((400, 8, 300), (60, 0, 40), (50, 20, 20), (30, 5, 12)):
        whole = case_fatality([outcomes, *[0] * 5], [0] * 5 + [died], [0, 0, 1], likelihood="binomial")
        low, high = fatality_interval(died, outcomes)
        assert (low if died else 1e-4, high) == pytest.approx((whole.low[0], whole.high[0])), (n, died)
        assert low <= died / outcomes <= high
    assert fatality_interval(0, 0) is None
    assert fatality_interval(9, 4) is None, "more died than should have: the delay is wrong"
    assert INDICATORS["total"].interval_of(3) is None


def test_the_delay_of_records_allows_for_those_who_have_not_died_yet():
    """An outbreak that doubles each week: the plain mean of the deaths on file is days too short, the measured law is not."""
    rng = np.random.default_rng(8)
    start = 70 - np.minimum(rng.exponential(7 / np.log(2), size=4_000), 70).astype(int)
    truth = rng.lognormal(np.log(12), 0.5, size=start.size).astype(int)
    known = start + truth <= 70
    days = np.bincount(truth[known], minlength=91)[None]
    seen = np.bincount(70 - start[known], minlength=91)[None]
    law = delay_laws(days, seen)[0]
    mean = float(law @ np.arange(91))
    assert truth[known].mean() < truth.mean() - 2.5
    assert mean == pytest.approx(truth.mean(), abs=1.2)
    fit = fit_delay(*windows(truth[known]), truncated_at=(70 - start[known] + 1.0)).distribution
    assert mean == pytest.approx(float(fit.pmf(91) @ np.arange(91)), rel=0.06)


def windows(days):
    return np.zeros(days.size), np.zeros(days.size), days.astype(float), days + 1.0


@pytest.mark.django_db
def test_an_area_with_enough_deaths_has_a_delay_of_its_own(world):
    """Thirty of a county die two weeks after diagnosis, none elsewhere: its neighbour takes the delay of both, the nation too."""
    start = NOON - 40 * DAY
    for n in range(60):
        code = "420106" if n < 50 else "420107"
        case = Case.objects.create(
            number=f"D{n}", person=a_person(world, code), disease=DISEASE, place=world.places[code], path=world.places[code].path,
            residence_path=world.places[code].path, opened_at=start, classification="confirmed", classified_at=start,
            confirmed_at=start, reported_at=start, diagnosed_at=start,
        )  # fmt: skip
        StatusChange.objects.create(case=case, before="", after="confirmed", at=start)
        if n < ENOUGH:
            died = start + (20 + n % 5) * DAY
            Outcome.objects.create(case=case, kind="died", on=died.date(), occurred_at=died, recorded_at=died)
    mart = Mart(DISEASE)
    mart.refresh(at=start + 15 * DAY)
    assert mart.delays() == {}
    mart.refresh(at=NOON)
    delays = mart.delays()
    assert set(delays) == {"CN.", "CN.42.", "CN.42.4201.", COUNTY}
    assert delays[COUNTY].n == ENOUGH
    assert delays[COUNTY].mean == pytest.approx(22.5, abs=1.5)
    panel = mart.read([COUNTY, "CN.42.4201.420107."])
    assert panel["fates"][-1].tolist() == [50, 10], "all would have died by now"
    published = with_fates(panel["confirmed"], fates_law(DISEASE))
    day = (start.date() - panel.first).days + 15
    assert panel["fates"][day, 0] < 0.2 * published[day, 0]
    value, (low, high) = share("fatality_adjusted", panel), INDICATORS["fatality_adjusted"].interval(panel)
    assert value == pytest.approx(0.6)
    assert (low, high) == pytest.approx((0.462, 0.729), abs=0.01)
    then = mart.compute([COUNTY], known_by=start + 15 * DAY)
    assert then["fates"][day, 0] == published[day, 0], "what was known then: nobody had died"
    late = mart.compute([COUNTY], known_by=NOON + timedelta(hours=3))
    np.testing.assert_array_equal(late["fates"], panel["fates"][:, :1])


@pytest.mark.django_db
def test_who_is_entered_after_leaving_is_severe_on_no_day(world):
    """An archive tells at once that a patient was severe and has died; one who lies there is counted until they leave."""
    archived, lies = a_case(world, 10), a_case(world, 20)
    steps = (
        (archived, "stage", "died", 0), (archived, "severity", "severe", 0),
        (lies, "severity", "severe", 0), (lies, "stage", "treated", 0), (lies, "severity", "critical", 1),
        (lies, "stage", "died", 2),
    )  # fmt: skip
    PathwayChange.objects.all().delete()
    for case, what, after, days in steps:
        PathwayChange.objects.create(
            case=case, what=what, after=after, at=NOON + days * DAY, because="import"
        )
    Mart(DISEASE).refresh(at=NOON + 4 * DAY)
    panel = Mart(DISEASE).read([COUNTY])
    assert panel["severe"][-4:, 0].tolist() == [1, 0, 0, 0]
    assert panel["critical"][-4:, 0].tolist() == [0, 1, 0, 0]
