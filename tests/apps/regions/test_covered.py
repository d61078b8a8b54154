"""The four "alls" day by day: who should be tested, in a bed, seen, and who is; and the fatality adjusted for delay."""

from datetime import date, timedelta

import numpy as np
import pytest
from tests.apps.outlook.story import DISEASE, a_case, listed
from tests.world import NOON, a_person

from lianfang.analytics.priors import prior_delay
from lianfang.analytics.severity import case_fatality
from lianfang.cases import services as cases
from lianfang.cases.models import Case
from lianfang.contacts.models import Contact, Observation
from lianfang.contacts.services import name_contact
from lianfang.regions.fates import fates_law, with_fates
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
