"""The delay-aware estimator against known truth, against EpiNow2, and on awkward data."""

import doctest
import json
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy.special import gammainc, ndtr
from scipy.stats import nbinom, norm

from lianfang.analytics.nowcast import reported_share
from lianfang.analytics.renewal import cholesky, estimate, estimate_renewal, likelihood, mixtures

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "benchmarks"))
from calibrating.epidemics import simulate

GENERATION = np.array([0, 0.1, 0.25, 0.25, 0.2, 0.1, 0.06, 0.04])
DELAY = np.array([0.0, 0.02, 0.08, 0.15, 0.2, 0.2, 0.15, 0.1, 0.06, 0.04])


def outbreak(n=80, level=80, seed=0, dispersion=0.01):
    """Counts with R from 1.3 down to 0.8, weekday effects and negative binomial noise."""
    lead = 40
    r = np.exp(
        np.interp(np.arange(n + lead), [0, lead + n * 0.3, lead + n * 0.7, lead + n], [0.2, 0.2, -0.2, -0.2])
    )
    infected = np.zeros(n + lead)
    infected[:10] = np.exp(0.05 * np.arange(10))
    for t in range(10, n + lead):
        infected[t] = r[t] * (GENERATION[1:] @ infected[t - 1 : t - len(GENERATION) : -1])
    mean = np.convolve(infected, DELAY)[lead : lead + n]
    mean *= level / np.median(mean)
    week = np.array([1.2, 1.1, 1.0, 1.0, 1.0, 0.9, 0.8])[np.arange(n) % 7]
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(1 / dispersion, dispersion * mean * week)).astype(float), r[lead:], mean


def fit(counts, **options):
    return estimate_renewal(counts, **{"generation_interval": GENERATION, "delay": DELAY, **options})


def covered(result, truth, low, high, quantity="r"):
    return np.mean((truth >= result.quantile(quantity, low)) & (truth <= result.quantile(quantity, high)))


def test_examples_of_the_docstrings_hold():
    assert doctest.testmod(estimate).failed == 0


def test_compiled_algebra_agrees_with_numpy():
    rng = np.random.default_rng(0)
    half = rng.normal(size=(9, 12))
    matrix = half @ half.T
    root = cholesky.factor(matrix)
    np.testing.assert_allclose(root, np.linalg.cholesky(matrix), atol=1e-10)
    np.testing.assert_allclose(cholesky.inverse(root), np.linalg.inv(matrix), rtol=1e-8)
    np.testing.assert_allclose(
        cholesky.solve(root, half[:, 0]), np.linalg.solve(matrix, half[:, 0]), rtol=1e-8
    )
    np.testing.assert_allclose(cholesky.product(half, half.T), matrix)
    np.testing.assert_allclose(cholesky.spreads(half.T, matrix) ** 2, np.diag(half.T @ matrix @ half))
    assert cholesky.log_determinant(root) == pytest.approx(np.linalg.slogdet(matrix)[1])


def test_derivatives_agree_with_differences():
    counts, _, _ = outbreak(n=30)
    options = estimate._options(
        counts, generation_interval=GENERATION, delay=DELAY, horizon=0, days_per_count=1, reporting_delay=None,
        weekdays=True, ascertainment=1, offspring_k=None, start_r=(1, 0.7), spacing=3, probabilities=(0.5,), draws=0,
    )  # fmt: skip
    problem = estimate._problem(counts, options, GENERATION, DELAY, options.shares[0])
    theta = np.random.default_rng(1).normal(0, 0.1, 2 + problem.n_knots + 7)
    _, slope = likelihood.forward(theta, problem)
    for q in range(len(theta)):
        up, down = theta.copy(), theta.copy()
        up[q] += 1e-6
        down[q] -= 1e-6
        change = np.log(likelihood.forward(up, problem)[0]) - np.log(likelihood.forward(down, problem)[0])
        np.testing.assert_allclose(slope[:, q], change / 2e-6, atol=1e-6)


def test_mixture_quantiles_invert_the_distribution():
    rng = np.random.default_rng(2)
    weights = rng.dirichlet(np.ones(4))
    means, sds = rng.normal(size=(4, 6)), rng.uniform(0.2, 2, (4, 6))
    values = mixtures.normal_mixture_quantiles(weights, means, sds, (0.05, 0.5, 0.99))
    for probability, x in zip((0.05, 0.5, 0.99), values, strict=True):
        np.testing.assert_allclose(weights @ ndtr((x - means) / sds), probability, atol=1e-7)


def test_count_quantiles_are_those_of_the_negative_binomial():
    mean, size = np.array([0.3, 5.0, 400.0]), 7.0
    ours = mixtures.count_quantiles(mean, mean + mean**2 / size, (0.05, 0.5, 0.95))
    expected = [nbinom.ppf(p, size, size / (size + mean)) for p in (0.05, 0.5, 0.95)]
    np.testing.assert_array_equal(ours, expected)


def test_remaining_counts_by_brute_force():
    mean, dispersion, share, seen = 20.0, 0.2, 0.4, 5
    rng = np.random.default_rng(3)
    rate = rng.gamma(1 / dispersion, dispersion * mean, 400_000)
    arrived = rng.poisson(share * rate)
    rest = rng.poisson((1 - share) * rate)[arrived == seen]
    ours = mixtures.remaining_counts(
        np.log([mean]), np.zeros(1), dispersion, np.array([seen]), np.array([share])
    )
    assert ours[0][0] == pytest.approx(rest.mean(), rel=0.02)
    assert ours[1][0] == pytest.approx(rest.var(), rel=0.04)


def test_known_truth_of_pyrenew(shared_data):
    folder = shared_data / "rt_truth_ca126"
    interval = json.loads((folder / "true_parameters.json").read_text())["generation_interval_pmf"]
    delay = pl.read_csv(folder / "infection_admission_interval.tsv", separator="\t")[
        "probability_mass"
    ].to_numpy()
    admissions = pl.read_csv(folder / "daily_hospital_admissions.csv")["daily_hosp_admits"]
    truth = pl.read_csv(folder / "daily_infections.csv")["true_rt"].to_numpy()
    known = {"generation_interval": [0, *interval], "delay": delay / delay.sum()}
    result = estimate_renewal(admissions, **known)
    assert np.abs(result.quantile("r", 0.5) - truth).mean() <= 0.03
    assert covered(result, truth, 0.05, 0.95) >= 0.88
    weekly = pl.read_csv(folder / "weekly_hospital_admissions.csv")["weekly_hosp_admits"]
    by_week = estimate_renewal(weekly, days_per_count=7, **known)
    assert np.abs(by_week.quantile("r", 0.5) - truth).mean() <= 0.05
    assert covered(by_week, truth, 0.05, 0.95) >= 0.85


def test_known_truth_of_pyrenew_from_visits_with_a_weekly_pattern(shared_data):
    folder = shared_data / "rt_truth_ca126"
    known = json.loads((folder / "true_parameters.json").read_text())
    delay = np.array(known["ed_visits"]["delay_pmf"])
    visits = pl.read_csv(folder / "daily_ed_visits.csv", try_parse_dates=True)
    truth = pl.read_csv(folder / "daily_infections.csv")["true_rt"].to_numpy()
    result = estimate_renewal(
        visits["ed_visits"],
        generation_interval=[0, *known["generation_interval_pmf"]],
        delay=delay / delay.sum(),
    )
    assert np.abs(result.quantile("r", 0.5) - truth).mean() <= 0.03
    assert covered(result, truth, 0.05, 0.95) >= 0.88
    weekday = np.roll(known["ed_visits"]["day_of_week_effects"], -visits["date"][0].weekday())
    np.testing.assert_allclose(result.weekday, weekday, atol=0.08)


def test_truncation_learnt_from_the_vintages_of_epinow2(shared_data):
    folder = shared_data / "rt_epinow2_example"
    seen = pl.read_csv(folder / "epinow2_example_truncated_vintages.csv", try_parse_dates=True)
    seen = seen.with_columns(published=pl.col("date").max().over("vintage"))
    final = pl.read_csv(folder / "epinow2_example_confirmed.csv", try_parse_dates=True)
    found = reported_share(seen["date"], seen["published"], seen["confirm"], max_delay=10)
    last = seen.filter(pl.col("vintage") == 5).join(final, on="date", suffix="_final").sort("date")
    complete = last["confirm_final"].to_numpy()
    np.testing.assert_allclose(
        found.share, (last["confirm"] / last["confirm_final"]).to_numpy()[:-12:-1], atol=0.002
    )
    low, high = found.interval()
    true = (last["confirm"] / last["confirm_final"]).to_numpy()[:-12:-1]
    assert ((low <= true) & (true <= high)).all()
    aware = fit(last["confirm"].to_numpy(), reporting_delay=found.delay)
    nowcast = aware.quantile("nowcast", 0.5)
    np.testing.assert_allclose(nowcast[-10:-1], complete[-10:-1], rtol=0.06)
    inside = (aware.quantile("nowcast", 0.025) <= complete) & (complete <= aware.quantile("nowcast", 0.975))
    assert inside[-11:].all()  # the newest day has 1.4 % of its reports


def test_alternative_reporting_delays_widen_what_is_not_in_yet():
    counts, _, _ = outbreak(n=40)
    quick, slow = np.array([0.6, 0.3, 0.1]), np.array([0.2, 0.2, 0.6])
    one = fit(counts, reporting_delay=quick)
    same = fit(counts, reporting_delay=np.stack([quick, quick], axis=1))
    both = fit(counts, reporting_delay=np.stack([quick, slow], axis=1))
    np.testing.assert_allclose(same.nowcast, one.nowcast)
    width = [
        found.quantile("nowcast", 0.975)[-1] - found.quantile("nowcast", 0.025)[-1] for found in (one, both)
    ]
    assert width[1] > 1.5 * width[0]
    with pytest.raises(ValueError, match="equally many"):
        fit(counts, reporting_delay=np.stack([quick] * 3, axis=1), delay=np.stack([DELAY] * 2, axis=1))


def _cells(cdf, n):
    """Probabilities of whole days, each the mass within half a day of it."""
    edges = cdf(np.maximum(np.arange(n + 2) - 0.5, 0))
    out = np.diff(edges)
    return out / out.sum()


def test_italian_example_of_epinow2(shared_data):
    folder = shared_data / "rt_epinow2_example"
    all_cases = pl.read_csv(folder / "epinow2_example_confirmed.csv")["confirm"].to_numpy()
    cases = all_cases[:60]
    summary = pl.read_csv(folder / "epinow2_regional_example_summary.csv", infer_schema_length=None)
    reference = summary.filter((pl.col("variable") == "R") & (pl.col("type") != "forecast"))
    interval = _cells(lambda x: gammainc(1.3973, 0.38438 * x), 14)
    interval[0] = 0
    incubation = _cells(lambda x: norm.cdf((np.log(np.maximum(x, 1e-9)) - 1.621) / 0.418), 14)
    spread = np.sqrt(np.log(1.25))
    report = _cells(
        lambda x: norm.cdf((np.log(np.maximum(x, 1e-9)) - np.log(2) + spread**2 / 2) / spread), 10
    )
    options = {
        "generation_interval": interval / interval.sum(),
        "delay": np.convolve(incubation, report),
        "start_r": (2.0, 0.1),
    }
    result = estimate_renewal(cases, **options)
    gap = np.abs(result.quantile("r", 0.5) - reference["median"].to_numpy())
    assert gap[7:50].max() < 0.05
    # The last ten days rest on partial data; there the two priors differ, and the days that followed agree with ours.
    assert gap[50:].max() < 0.065
    later = estimate_renewal(all_cases, **options).quantile("r", 0.5)[50:60]
    theirs = np.abs(reference["median"].to_numpy()[50:] - later)
    assert np.abs(result.quantile("r", 0.5)[50:] - later).mean() < theirs.mean()
    low, high = reference["lower_90"].to_numpy(), reference["upper_90"].to_numpy()
    ours = result.quantile("r", 0.95) - result.quantile("r", 0.05)
    assert 0.5 < np.median(ours[7:] / (high - low)[7:]) < 2


def test_intervals_cover_simulated_truth():
    hits = [covered(fit(c), r, 0.05, 0.95) for c, r, _ in (outbreak(seed=s) for s in range(12))]
    assert 0.85 <= np.mean(hits) <= 1.0


def test_weekday_effects_and_dispersion_are_found():
    counts, _, _ = outbreak(n=140, level=400, dispersion=0.02)
    result = fit(counts)
    np.testing.assert_allclose(result.weekday, [1.2, 1.1, 1, 1, 1, 0.9, 0.8], rtol=0.15)
    assert 0.01 < result.dispersion[0] < 0.04


def test_truncation_is_undone():
    counts, _, _ = outbreak(level=300)
    report = np.array([0.1, 0.2, 0.3, 0.2, 0.1, 0.1])
    share = np.cumsum(report)[::-1]
    rng = np.random.default_rng(5)
    cut = counts.copy()
    cut[-6:] = rng.binomial(counts[-6:].astype(int), share)
    naive, aware = fit(cut), fit(cut, reporting_delay=report)
    full = fit(counts)
    at = -1
    assert abs(np.log(aware.quantile("r", 0.5)[at] / full.quantile("r", 0.5)[at])) < 0.15
    assert naive.quantile("r", 0.5)[at] < aware.quantile("r", 0.5)[at]
    inside = (counts[-6:] >= aware.quantile("nowcast", 0.025)[-6:]) & (
        counts[-6:] <= aware.quantile("nowcast", 0.975)[-6:]
    )
    assert inside.sum() >= 5
    np.testing.assert_array_equal(aware.quantile("nowcast", 0.5)[:-6], cut[:-6])


def test_forecast_covers_what_came():
    hits = []
    for seed in range(8):
        counts, _, _ = outbreak(n=70, seed=seed)
        result = fit(counts[:56], horizon=14)
        hits.append(
            np.mean(
                (counts[56:] >= result.quantile("counts", 0.05)[56:])
                & (counts[56:] <= result.quantile("counts", 0.95)[56:])
            )
        )
        assert (result.status[56:] == "forecast").all()
    assert np.mean(hits) > 0.8


def test_draws_agree_with_quantiles():
    counts, _, _ = outbreak(n=40, level=200)
    result = fit(counts, horizon=5, draws=3000, seed=9)
    middle = np.median(result.draws.infections, axis=0)
    np.testing.assert_allclose(middle, result.quantile("infections", 0.5), rtol=0.05)
    again = fit(counts, horizon=5, draws=3000, seed=9)
    np.testing.assert_array_equal(again.draws.counts, result.draws.counts)
    inside = (result.draws.counts <= result.quantile("counts", 0.95)).mean(axis=0)
    assert np.abs(inside - 0.95).max() < 0.03


def test_gaps_are_bridged():
    counts, truth, _ = outbreak(level=300)
    holes = counts.copy()
    holes[20:34] = np.nan
    holes[50] = np.nan
    result, full = fit(holes), fit(counts)
    assert np.isfinite(result.r).all()
    assert covered(result, truth, 0.05, 0.95) > 0.8
    width = [np.log(x.quantile("r", 0.95) / x.quantile("r", 0.05))[20:30].mean() for x in (result, full)]
    assert width[0] > width[1]


@pytest.mark.parametrize(
    "counts",
    [np.zeros(40), np.r_[np.zeros(20), 1, np.zeros(19)], np.r_[np.full(20, 30.0), np.zeros(30)], [0, 3, 0]],
    ids=["only zeros", "one case", "sudden silence", "three days"],
)
def test_poor_data_give_wide_finite_answers(counts):
    result = fit(counts, weekdays=False)
    for name in ("r", "infections", "growth_rate", "expected", "counts", "nowcast"):
        assert np.isfinite(getattr(result, name)).all(), name
    assert (result.quantile("r", 0.975) > result.quantile("r", 0.025)).all()


def test_series_side_by_side_equal_one_by_one():
    columns = np.stack([outbreak(n=40, seed=s)[0] for s in range(3)], axis=1)
    together = fit(columns, series=["a", "b", "c"])
    for i in range(3):
        np.testing.assert_allclose(together.r[..., i], fit(columns[:, i]).r, rtol=1e-6)


def test_uncertain_intervals_widen_the_answer():
    counts, _, _ = outbreak(n=50, level=300)
    short = np.array([0, 0.3, 0.4, 0.2, 0.1, 0, 0, 0])
    both = fit(counts, generation_interval=np.stack([GENERATION, short], axis=1))
    parts = [fit(counts), fit(counts, generation_interval=short)]
    middle = [p.quantile("r", 0.5)[10] for p in parts]
    assert min(middle) < both.quantile("r", 0.5)[10] < max(middle)
    assert both.quantile("r", 0.95)[10] - both.quantile("r", 0.05)[10] > min(
        p.quantile("r", 0.95)[10] - p.quantile("r", 0.05)[10] for p in parts
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"counts": [1, -1, 2]}, r"counts\[1\]"),
        ({"counts": [np.nan, np.nan, np.nan]}, "all missing"),
        ({"counts": [np.inf, 1, 2]}, "finite"),
        ({"counts": [3]}, "two rows"),
        ({"delay": [0.5, 0.2]}, "sum to 1"),
        ({"generation_interval": [0.5, 0.5]}, r"generation_interval\[0\]"),
        ({"reporting_delay": [0.5]}, "sum to 1"),
        ({"ascertainment": 0}, "ascertainment"),
        ({"horizon": -1}, "horizon"),
        ({"draws": 10}, "seed"),
        ({"start_r": (0, 1)}, "start_r"),
        ({"spacing": 0}, "spacing"),
        ({"probabilities": (0.9, 0.5)}, "rising"),
        ({"days": ["2020-01-01", "2020-01-03", "2020-01-04"]}, "consecutive"),
        (
            {"generation_interval": np.full((3, 2), [[0], [0.5], [0.5]]), "delay": np.full((2, 3), 0.5)},
            "equally many",
        ),
    ],
)
def test_bad_input_is_refused_with_the_reason(change, message):
    arguments = {"counts": [1, 2, 3], "generation_interval": GENERATION, "delay": DELAY, **change}
    with pytest.raises(ValueError, match=message):
        estimate_renewal(arguments.pop("counts"), **arguments)


def test_table_plot_and_doubling_time():
    counts, _, _ = outbreak(n=30)
    days = np.datetime64("2020-01-01") + np.arange(30)
    result = fit(np.stack([counts, counts], axis=1), days=days, series=["north", "south"], horizon=3)
    frame = result.to_polars()
    assert frame.height == 66
    assert str(frame["day"][32]) == "2020-02-02"
    assert len(result.plot().lines) >= 2
    growth = result.quantile("growth_rate", 0.5)
    np.testing.assert_allclose(result.doubling_time() * growth, np.log(2))
    assert ((result.growing > 0.5) == (result.quantile("r", 0.5) > 1)).all()


def test_infections_of_a_day_carry_their_chance_and_super_spreading_widens():
    held, n = 0, 0
    for seed, shape in enumerate(("linear", "sine", "piecewise")):
        made = simulate(shape, True, np.random.default_rng(seed), 30)
        given = {"generation_interval": made.interval, "delay": made.delay}
        result = estimate_renewal(made.counts, **given)
        low, high = (result.quantile("infections", p) for p in (0.025, 0.975))
        held += ((made.infections >= low) & (made.infections <= high)).sum()
        n += len(low)
    assert held / n > 0.9
    wider = estimate_renewal(made.counts, offspring_k=0.3, **given)
    for quantity in ("infections", "r"):
        spans = [one.quantile(quantity, 0.975) / one.quantile(quantity, 0.025) for one in (result, wider)]
        assert np.median(spans[1][20:80] / spans[0][20:80]) > 1.05
    with pytest.raises(ValueError, match="offspring_k"):
        estimate_renewal(made.counts, offspring_k=0, **given)
