"""Chains: accuracy on outbreaks with truth, calibration, forbidden trees, evidence, and bad input."""

import csv
import doctest
import sys
from pathlib import Path

import numpy as np
import pytest

from lianfang.analytics import chains
from lianfang.analytics.chains import Exposure, Interval, infer_chains, review_links
from lianfang.analytics.chains import inference as inference_module
from lianfang.analytics.chains import links as links_module
from lianfang.analytics.chains.candidates import find_candidates
from lianfang.analytics.chains.posterior import find_circle

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks"))
from analytics_chains import china_cities, mers_cases, ranks
from calibrating import wards
from calibrating.chains import in_credible_sets
from calibrating.outbreaks import simulate


def read(path):
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def fake(shared_data):
    folder = shared_data / "chains_fake_outbreak"
    cases = read(folder / "cases.csv")
    ids = [row["id"] for row in cases]
    return {
        "ids": ids,
        "onset": [float(row["onset_day"]) for row in cases],
        "truth": [row["true_infector"] or None for row in cases],
        "interval": Interval(pmf=[float(row["w"]) for row in read(folder / "w.csv")], first=1),
        "contacts": [(row["i"], row["j"]) for row in read(folder / "contacts.csv")],
        "snps": [[float(row[i]) for i in ids] for row in read(folder / "snp_distance.csv")],
        "reference": read(folder / "outbreaker2_reference.csv"),
    }


@pytest.mark.parametrize("data", ["times+dna+contacts", "times+dna", "times+contacts", "times"])
def test_no_worse_than_outbreaker2_on_its_own_example(fake, data):
    given = {name: fake[name] for name, word in (("contacts", "contacts"), ("snps", "dna")) if word in data}
    found = infer_chains(fake["ids"], fake["onset"], fake["interval"], **given)
    right = np.mean([a == b for a, b in zip(found.table()["infector"], fake["truth"], strict=True)])
    mass = np.mean(
        [dict(found.candidates(i, 99)).get(t, 0) for i, t in zip(fake["ids"], fake["truth"], strict=True)]
    )
    other = [row for row in fake["reference"] if row["data"] == data]
    assert right >= np.mean([row["true"] == row["consensus"] for row in other]) - 1e-9
    assert mass > np.mean([float(row["posterior_true"]) for row in other])


def shares(places):
    return float((places == 1).mean()), float((places <= 3).mean())


@pytest.mark.parametrize("windows", [False, True])
def test_mers_without_a_traced_link_is_better_than_the_interval_and_not_too_sure(shared_data, windows):
    ids, onset, exposure, outside, pairs = mers_cases()
    given = exposure if windows else Exposure(place=exposure.place)
    found = infer_chains(ids, onset, Interval.gamma(12.6, 2.8), source_outside=outside, exposure=given)
    first, _ = shares(ranks(found, pairs))
    assert first > 0.235  # gamma density of the lag alone
    stated = [max(p for name, p in found.candidates(case, 999) if name) for case in {b for _, b in pairs}]
    assert (
        abs(np.mean(stated) - first) < 0.12
    )  # two patients infected 59 of 98, and nothing says which of many


@pytest.mark.parametrize("windows", [False, True])
def test_hospital_outbreaks_of_few_events_hold_their_probabilities(windows):
    first, stated, inside = [], [], []
    for seed in (1, 3, 5, 7):
        made = wards.simulate(seed)
        n = len(made.onset)
        given = {"exposure": made.exposure(windows=windows), "n_sweeps": 200, "n_chains": 2}
        found = infer_chains(range(n), made.onset, made.interval, **given)
        for j in np.flatnonzero(made.source >= 0):
            named = [(p, name) for name, p in found.candidates(j, n + 1) if name is not None]
            first.append(named[0][1] == made.source[j])
            stated.append(named[0][0])
        truth = {j: {None if i < 0 else int(i)} for j, i in enumerate(made.source)}
        inside.append(in_credible_sets(found, truth, seed)[:, 2])
    assert abs(np.mean(first) - np.mean(stated)) < 0.15
    assert np.concatenate(inside).mean() > 0.87


def test_better_than_the_interval_ranking_on_mers_with_every_fifth_link_traced(shared_data):
    ids, onset, exposure, outside, pairs = mers_cases()
    known = pairs[::5]
    found = infer_chains(
        ids, onset, Interval.gamma(12.6, 2.8), source_outside=outside, exposure=exposure, traced=known
    )
    named = {infectee for _, infectee in known}
    first, among_three = shares(ranks(found, [pair for pair in pairs if pair[1] not in named]))
    assert first > 0.45
    assert among_three > 0.85


@pytest.mark.slow
def test_better_than_the_interval_ranking_on_pairs_of_chinese_cities(shared_data):
    places = []
    for names, onset, given, here in china_cities():
        found = infer_chains(names, onset, Interval.normal(5.1, 5.3), n_sweeps=40, n_chains=2, **given)
        places.append(ranks(found, here))
    first, among_three = shares(np.concatenate(places))
    assert first > 0.38  # normal density of the lag alone: 0.234, 0.430
    assert among_three > 0.55


def posterior_of(outbreak, **given):
    mean, cv = outbreak.settings["interval"]
    n = len(outbreak.onset)
    return infer_chains(
        list(range(n)), outbreak.onset, Interval.gamma(mean, cv * mean), n_sweeps=300, n_chains=2, **given
    )


def test_stated_probabilities_hold_on_simulated_outbreaks():
    stated, true, unknown, really = [], [], 0.0, 0
    for seed in range(1, 17, 2):
        outbreak = simulate(seed)
        found = posterior_of(outbreak, contacts=outbreak.contacts, snps=outbreak.snps)
        infectee = np.repeat(np.arange(len(outbreak.onset)), np.diff(found.start))
        stated.append(found.probability)
        true.append(outbreak.source[infectee] == found.infector)
        unknown += found.unknown.sum()
        really += (outbreak.source < 0).sum()
    p, hit = np.concatenate(stated), np.concatenate(true)
    for low, high, slack in ((0.1, 0.4, 0.08), (0.4, 0.7, 0.15), (0.7, 0.95, 0.15), (0.95, 1.01, 0.07)):
        inside = (p >= low) & (p < high)
        assert inside.sum() > 30
        assert abs(hit[inside].mean() - p[inside].mean()) < slack, (
            low,
            high,
            hit[inside].mean(),
            p[inside].mean(),
        )
    assert 0.5 < unknown / really < 1.8


def test_every_case_has_one_source_and_the_consensus_has_no_circle():
    outbreak = simulate(3)
    found = infer_chains(
        list(range(len(outbreak.onset))), outbreak.onset, Interval.normal(4, 4), n_sweeps=200, n_chains=2
    )
    for j in range(len(found.ids)):
        a, b = found.start[j], found.start[j + 1]
        assert found.probability[a:b].sum() + found.unknown[j] == pytest.approx(1)
    source, _ = found.best()
    assert find_circle(source) == []
    assert (source < 0).any()
    assert found.offspring.sum() == pytest.approx(len(found.ids) - found.unknown.sum())
    assert found.offspring_share.sum() == pytest.approx(1)


def test_same_seed_same_answer():
    outbreak = simulate(5)
    one, two = (posterior_of(outbreak, contacts=outbreak.contacts, seed=9) for _ in range(2))
    assert np.array_equal(one.probability, two.probability)
    assert one.provenance.seed == 9


def test_super_spreading_is_learnt():
    rng = np.random.default_rng(1)
    onset = [0.0, *rng.integers(4, 7, 40), *rng.integers(9, 12, 4)]
    contacts = [(0, j) for j in range(1, 41)] + [(1 + 7 * k, 41 + k) for k in range(4)]
    found = infer_chains(
        list(range(45)), onset, Interval.gamma(5, 1), contacts=contacts, n_sweeps=300, n_chains=2
    )
    assert found.offspring[0] > 35
    assert found.summary()["dispersion_k"][2] < 0.5


def test_sources_known_to_be_outside_or_inside_are_respected():
    onset = [0, 4, 8, 12]
    interval = Interval.gamma(4, 1)
    outside = infer_chains(
        "abcd", onset, interval, source_outside=[True, None, True, None], n_sweeps=100, n_chains=2
    )
    assert outside.unknown[2] == 1
    inside = infer_chains(
        "abcd", onset, interval, source_outside=[True, False, False, False], n_sweeps=100, n_chains=2
    )
    assert inside.unknown[1:].max() == 0


def test_what_persons_decided_holds_in_every_tree_and_speaks_about_other_cases():
    onset = [0, 0, 5, 5, 6, 6, 11]
    given = {
        "exposure": Exposure(place=["home", "home", *["ward"] * 4, "home"]),
        "source_outside": [True, True, *[False] * 5],
        "n_sweeps": 400,
        "n_chains": 2,
    }
    interval = Interval.gamma(5, 1.5)
    fixed = infer_chains(range(7), onset, interval, fixed={2: 1, 3: 1, 4: 1, 6: None}, **given)
    assert [fixed.candidates(case, 1) for case in (2, 3, 4, 6)] == [[(1, 1.0)]] * 3 + [[(None, 1.0)]]
    assert dict(fixed.candidates(5))[1] > 2 * dict(fixed.candidates(5))[0]  # nothing else tells them apart
    others = [(i, j) for j in (2, 3, 4) for i in (0, 2, 3, 4, 5, 6) if i != j]
    barred = infer_chains(range(7), onset, interval, fixed={6: None}, barred=others, **given)
    assert dict(barred.candidates(3)) == {1: pytest.approx(1), None: 0}
    assert np.allclose(dict(barred.candidates(5))[1], dict(fixed.candidates(5))[1], atol=0.06)
    against_time = infer_chains(range(7), onset, interval, fixed={0: 6}, **given)
    assert against_time.candidates(0, 1) == [(6, 1.0)]
    for wrong in ({"fixed": {2: 1, 1: 2}}, {"fixed": {2: 1}, "barred": [(1, 2)]}, {"fixed": {9: 1}}):
        with pytest.raises(ValueError, match="fixed"):
            infer_chains(range(7), onset, interval, **wrong, **given)


def test_a_decided_link_against_time_closes_no_circle_with_the_first_draw():
    for seed in range(12):
        found = infer_chains(
            "abcd",
            [3, 0, 1, 4],
            Interval.normal(1, 3),
            household="hhhh",
            fixed={"b": "a"},
            n_sweeps=10,
            seed=seed,
        )
        assert found.candidates("b", 1) == [("a", 1.0)]


def test_a_wave_that_comes_and_ends_is_not_one_case_that_infected_all():
    rng = np.random.default_rng(4)
    onset = np.concatenate([[0, 1, 2], rng.normal(11, 2, 15), rng.normal(22, 3, 80)]).round()
    household = [int(h) for h in rng.integers(0, 30, len(onset))]
    found = infer_chains(
        range(98), onset, Interval.gamma(11, 2.5), household=household, n_sweeps=200, n_chains=2
    )
    assert found.offspring.max() < 30


def village(seed, houses=60, home=0.8, outside=0.9):
    """Households of one to five in which all may fall ill, a fifth of whom escape those at home; return onsets, households and sources."""
    rng = np.random.default_rng(seed)
    house = np.repeat(np.arange(houses), rng.integers(1, 6, houses))
    onset, source = np.full(len(house), np.inf), np.full(len(house), -1)
    onset[rng.choice(len(house), 2, replace=False)] = rng.uniform(0, 5, 2)
    done = np.zeros(len(house), bool)
    while np.isfinite(waiting := np.where(done, np.inf, onset)).any():
        i = int(waiting.argmin())
        done[i] = True
        mates = [m for m in np.flatnonzero(house == house[i]) if rng.random() < home]
        for m in [*mates, *rng.integers(len(house), size=rng.poisson(outside))]:
            at = onset[i] + rng.gamma(16, 11 / 16)
            if not done[m] and at < onset[m]:
                onset[m], source[m] = at, i
    ill = np.flatnonzero(np.isfinite(onset))
    new = {int(old): k for k, old in enumerate(ill)}
    return onset[ill].round(), house[ill], np.array([new.get(int(source[old]), -1) for old in ill])


def test_who_is_the_first_of_a_household_does_not_speak_against_infection_at_home():
    """Most who have no ill house-mate had no choice; counted as links outside they made households look harmless."""
    for seed in (1, 2, 3):
        onset, house, source = village(seed)
        assert len(onset) > 120
        found = infer_chains(
            range(len(onset)),
            onset,
            Interval.gamma(11, 2.75),
            household=house.tolist(),
            n_sweeps=200,
            n_chains=2,
        )
        linked = np.flatnonzero(source >= 0)
        at_home = (house[linked] == house[source[linked]]).mean()
        assert 0.55 < at_home < 0.75
        assert at_home - 0.05 < found.sensitivity["household"] < at_home + 0.16  # over-stated: see the page
        truth = [dict(found.candidates(int(j), 999)).get(int(source[j]), 0) for j in linked]
        plain = infer_chains(range(len(onset)), onset, Interval.gamma(11, 2.75), n_sweeps=200, n_chains=2)
        without = [dict(plain.candidates(int(j), 999)).get(int(source[j]), 0) for j in linked]
        assert np.log(np.maximum(truth, 1e-4)).mean() > np.log(np.maximum(without, 1e-4)).mean() + 0.8


def test_who_was_isolated_at_once_was_no_risk_to_the_household():
    laws = {"incubation": Interval.gamma(5, 2), "infectiousness": Interval.normal(1, 2)}
    onset, mates = np.array([0.0, 30.0]), [{0 * 2 + 1}]
    at_risk = {
        day: find_candidates(
            onset, Interval.gamma(6, 2), Exposure(removed=[day, np.nan], **laws), [], mates,
            snps=None, fixed={}, barred=set(), max_candidates=9,
        ).at_risk[0]
        for day in (-4.0, 1.0, 20.0)
    }  # fmt: skip
    assert at_risk[-4.0] < 0.1
    assert at_risk[-4.0] < at_risk[1.0] < at_risk[20.0]
    assert at_risk[20.0] == pytest.approx(1, abs=0.02)
    whole = find_candidates(
        onset, Interval.gamma(6, 2), Exposure(), [], mates, snps=None, fixed={}, barred=set(), max_candidates=9
    )  # fmt: skip
    assert whole.at_risk.tolist() == [1.0]


def test_other_settings_count_like_a_household():
    outbreak = simulate(9, size=30)
    home = posterior_of(outbreak, household=outbreak.household)
    school = posterior_of(outbreak, groups={"class": outbreak.household})
    assert np.array_equal(home.probability, school.probability)
    assert home.sensitivity["household"] == school.sensitivity["class"] > 0.2
    with pytest.raises(ValueError, match="groups"):
        infer_chains("ab", [0, 5], Interval.gamma(5, 1.5), groups={"traced": ["x", "x"]})


def test_isolated_infectors_and_windows_of_exposure_count():
    onset = [0.0, 0.0, 10.0] + [40.0 + 3 * k for k in range(8)]
    exposure = Exposure(
        start=[np.nan, np.nan, 5] + [np.nan] * 8,
        end=[np.nan, np.nan, 6] + [np.nan] * 8,
        removed=[1, 20] + [np.nan] * 9,
        incubation=Interval.gamma(5, 2),
        infectiousness=Interval.normal(4, 3),
    )
    found = infer_chains(
        list(range(11)),
        onset,
        Interval.gamma(9, 3),
        exposure=exposure,
        source_outside=[None, None, False] + [None] * 8,
        n_sweeps=300,
        n_chains=2,
    )
    given = dict(found.candidates(2))
    assert given[1] > 5 * given.get(0, 0)


def test_a_place_where_somebody_infected_others_points_to_the_same_person():
    # cases 0 and 1 fall ill together; contacts tie three ward cases to case 1, the fourth has no contact recorded
    onset = [0, 0, 5, 5, 6, 6]
    contacts = [(1, 2), (1, 3), (1, 4)]
    place = ["home", "home", "ward", "ward", "ward", "ward"]
    outside = [True, True, False, False, False, False]
    common = {"source_outside": outside, "contacts": contacts, "n_sweeps": 500, "n_chains": 2}
    found = infer_chains(
        list(range(6)), onset, Interval.gamma(5, 1.5), exposure=Exposure(place=place), **common
    )
    given = dict(found.candidates(5))
    assert given[1] > given[0]


def test_large_sets_stay_within_the_bound_of_candidates():
    rng = np.random.default_rng(2)
    onset = np.sort(rng.integers(0, 200, 1500)).astype(float)
    found = infer_chains(
        range(1500), onset, Interval.gamma(10, 5), max_candidates=40, n_sweeps=10, n_chains=2
    )
    assert np.diff(found.start).max() <= 40


def interval_of(**change):
    return Interval(**{"pmf": [0.5, 0.5], "first": 1, **change})


@pytest.mark.parametrize(
    ("call", "parameter"),
    [
        (lambda: infer_chains([], [], interval_of()), "ids"),
        (lambda: infer_chains("aa", [0, 1], interval_of()), "ids"),
        (lambda: infer_chains("ab", [0], interval_of()), "onset"),
        (lambda: infer_chains("ab", [0, None], interval_of()), "onset of b"),
        (lambda: infer_chains("ab", [0, 1], interval_of(), contacts=[("a", "z")]), r"contacts\[0\]"),
        (lambda: infer_chains("ab", [0, 1], interval_of(), contacts=[("a", "a")]), r"contacts\[0\]"),
        (lambda: infer_chains("ab", [0, 1], interval_of(), household=["x"]), "household"),
        (lambda: infer_chains("ab", [0, 1], interval_of(), snps=[[0]]), "snps"),
        (lambda: infer_chains("ab", [0, 1], interval_of(), snps=[[0, -1], [-1, 0]]), "snps"),
        (lambda: infer_chains("ab", [0, 1], interval_of(), missed=2), "missed"),
        (lambda: infer_chains("ab", [0, 1], interval_of(), n_chains=1), "n_chains"),
        (lambda: infer_chains("ab", [0, 1], interval_of(), source_outside=[True]), "source_outside"),
        (lambda: infer_chains("ab", [0, 1], interval_of(), exposure=Exposure(place=["x"])), "exposure.place"),
        (lambda: interval_of(pmf=[0.5, 0.4]), "interval"),
        (lambda: Interval.gamma(5, 0), "sd"),
        (lambda: review_links([], "ab", [0]), "onset"),
        (lambda: review_links([], "ab", [0, 1], shortest=9, longest=1), "shortest"),
    ],
)
def test_bad_input_is_named(call, parameter):
    with pytest.raises(ValueError, match=parameter):
        call()


def test_impossible_links_are_named():
    links = [("a", "b"), ("b", "c"), ("c", "b"), ("a", "a"), ("a", "z"), ("d", "c"), ("a", "e")]
    review = review_links(links, "abcde", [0, 5, 3, 90, np.nan], longest=30)
    problems = {}
    for infector, infectee, problem in zip(review.infector, review.infectee, review.problem, strict=True):
        problems.setdefault(infector + infectee, set()).add(problem)
    assert problems["bc"] >= {links_module.ONSET_ORDER, links_module.TWO_SOURCES}
    assert links_module.TWO_SOURCES in problems["ab"]
    assert problems["aa"] == {links_module.ITSELF}
    assert problems["az"] == {links_module.NOT_LISTED}
    assert links_module.ONSET_ORDER in problems["dc"]
    assert problems["ae"] == {links_module.NO_ONSET}
    circle = review_links(["ab", "bc", "ca"], "abc", [0, 1, 2], shortest=-5)
    assert set(circle.problem) == {links_module.CIRCLE}
    assert len(circle.problem) == 3
    assert review_links(["ab"], "ab", [0, 3]).to_polars().height == 0


def test_results_show_themselves_and_doctests_hold():
    outbreak = simulate(7, size=20)
    found = posterior_of(outbreak)
    assert found.to_polars().height == len(found.ids)
    assert found.plot().get_xlabel() == "onset (day)"
    assert set(found.links(0.2)) == {"infector", "infectee", "probability", "lag_days"}
    assert review_links(["ab"], "ab", [5, 3]).plot().patches
    with pytest.raises(ValueError, match="case"):
        found.candidates("nobody")
    for module in (chains, inference_module, links_module):
        assert doctest.testmod(module).failed == 0


def test_whose_days_nobody_told_share_none() -> None:
    """Laws of incubation and infectiousness alone tell no event: the last case is not made the source of all before it."""
    rng = np.random.default_rng(7)
    n, late = 90, 3
    days = np.sort(np.floor(rng.beta(3, 2, n) * 26))
    days[-late:] = 27
    links = [(int(rng.integers(max(j - 25, 0), j)), j) for j in range(5, n - late)]
    found = infer_chains(
        range(n),
        days,
        Interval.gamma(4.7, 2.9),
        contacts=[pair for pair in links if rng.random() < 0.4],
        exposure=Exposure(
            removed=[*(days[:-late] + 3), *[np.nan] * late],
            incubation=Interval.gamma(5.5, 2.3),
            infectiousness=Interval.normal(-0.8, 4),
        ),
        n_sweeps=200,
    )
    best, _ = found.best()
    has = best >= 0
    assert np.bincount(best[has], minlength=n).max() < 30
    assert (days[best[has]] - days[has] <= 7).all()
