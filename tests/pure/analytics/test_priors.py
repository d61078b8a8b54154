"""Published parameters: every entry is cited, says what the paper says, and can be used."""

import doctest
import json

import numpy as np
import pytest

from lianfang.analytics.delays import DelayDistribution
from lianfang.analytics.priors import (
    OffspringDistribution,
    find_priors,
    prior_delay,
    published_priors,
    read_priors,
    table,
)


def test_examples_of_the_docstrings_hold():
    assert doctest.testmod(table).failed == 0


def test_every_shipped_entry_is_cited_and_usable():
    for prior in published_priors():
        assert prior.citation.doi.startswith("10."), prior
        assert prior.citation.authors
        assert 1990 < prior.citation.year < 2030
        assert prior.distribution is not None
        assert str(prior.citation).count(prior.citation.doi) == 1
        if isinstance(prior.distribution, DelayDistribution):
            assert 0 < prior.delay().mean < 40
            assert prior.delay().pmf(60).sum() == pytest.approx(1)


@pytest.mark.parametrize(
    "disease", ["COVID-19", "SARS", "MERS", "Influenza", "Measles", "Smallpox", "Mpox", "Ebola"]
)
def test_the_diseases_of_the_packs_have_what_rt_needs(disease):
    serial = prior_delay(disease, "serial interval")
    pmf = serial.pmf(60, generation=True)
    assert pmf[0] == 0
    assert pmf @ np.arange(60) == pytest.approx(serial.mean, rel=0.2)


def test_one_preferred_entry_a_quantity():
    seen = [(p.disease, p.quantity) for p in published_priors() if p.is_preferred]
    assert len(seen) == len(set(seen))


def test_published_values():
    lauer = prior_delay("COVID-19", "incubation period")
    assert float(lauer.quantile(0.5)) == pytest.approx(5.1)
    assert float(lauer.quantile(0.975)) == pytest.approx(11.5, abs=0.2)
    measles = prior_delay("Measles", "incubation period")
    assert float(measles.quantile(0.95)) == pytest.approx(17.7, abs=0.2)
    mers = prior_delay("MERS", "incubation period")
    assert float(mers.quantile(0.95)) == pytest.approx(12.4)
    covid = find_priors("COVID-19", "offspring distribution")[0].distribution
    assert covid == OffspringDistribution(2.5, 0.1)


def test_shipped_entries_agree_with_epiparameter_db(shared_data):
    given = read_priors(shared_data / "priors_epiparameter/parameters.json")
    assert len(given) == 133
    known = [(p.citation.doi, p.quantity, p.distribution) for p in given]
    ours = [p for p in published_priors() if p.collected == "epiparameterDB"]
    assert len(ours) > 25
    for prior in ours:
        assert (prior.citation.doi, prior.quantity, prior.distribution) in known, prior


def test_a_file_is_read_and_kept_whole(shared_data):
    given = read_priors(shared_data / "priors_epiparameter/parameters.json")
    assert sum(p.distribution is not None for p in given) > 60
    without = next(p for p in given if p.distribution is None)
    with pytest.raises(ValueError, match="published distribution"):
        without.delay()
    assert find_priors("Zika Virus Disease", among=given)


def test_unknown_names_list_what_there_is(tmp_path):
    with pytest.raises(ValueError, match="Measles: incubation period"):
        find_priors("Measels")
    with pytest.raises(ValueError, match="a delay"):
        prior_delay("SARS", "offspring distribution")
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({"a": 1}))
    with pytest.raises(ValueError, match="JSON list"):
        read_priors(wrong)
