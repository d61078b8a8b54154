"""Delay fits against coarseDataTools, brute force and simulated truncation; serial intervals by period."""

import doctest

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from lianfang.analytics.delays import (
    DelayDistribution,
    compare_delays,
    families,
    fit_delay,
    fitting,
    periods,
    serial_interval_by_period,
)
from lianfang.analytics.delays.likelihood import checked_records, log_likelihood

SCIPY = {
    "lognormal": lambda a, b: stats.lognorm(b, scale=np.exp(a)),
    "gamma": lambda a, b: stats.gamma(a, scale=b),
    "weibull": lambda a, b: stats.weibull_min(a, scale=b),
    "normal": stats.norm,
}
EXAMPLES = {"lognormal": (1.5, 0.5), "gamma": (4.0, 1.3), "weibull": (2.0, 6.0), "normal": (4.0, 5.0)}


def columns(frame):
    return [frame[name] for name in ("EL", "ER", "SL", "SR")]


@pytest.mark.parametrize("module", [families, fitting, periods])
def test_examples_of_the_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("name", EXAMPLES)
def test_formulas_agree_with_scipy(name):
    family, (a, b) = families.FAMILIES[name], EXAMPLES[name]
    frozen = SCIPY[name](a, b)
    x = np.array([0.1, 0.9, 3.0, 7.5, 20.0])
    np.testing.assert_allclose(family.cdf(x, a, b), frozen.cdf(x), rtol=1e-10)
    np.testing.assert_allclose(family.log_density(x, a, b), frozen.logpdf(x), rtol=1e-10)
    np.testing.assert_allclose(family.quantile(np.array([0.1, 0.5, 0.9]), a, b), frozen.ppf([0.1, 0.5, 0.9]))
    np.testing.assert_allclose(family.moments(a, b), (frozen.mean(), frozen.std()))
    np.testing.assert_allclose(family.moments(*family.from_moments(5.0, 2.0)), (5.0, 2.0), rtol=1e-6)
    low = 0 if family.positive else -60
    for at in x:
        assert family.integral(np.array([at]), a, b)[0] == pytest.approx(
            quad(frozen.cdf, low, at)[0], rel=1e-6
        )
    shape = a if family.shape_first else b
    assert family.quantile(0.3, *family.from_quantile(3.0, 0.3, shape)) == pytest.approx(3.0)


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(list(EXAMPLES)),
    st.floats(0.5, 6),
    st.floats(-4, 9),
    st.floats(0.5, 5),
    st.sampled_from([0.0, 0.15, -0.1]),
)
def test_likelihood_of_a_window_by_quadrature(name, exposed_for, gap, onset_for, growth):
    family, (a, b) = families.FAMILIES[name], EXAMPLES[name]
    el, er = 0.0, exposed_for
    sl = max(exposed_for + gap, 0.0)
    sr = sl + onset_for
    records = checked_records([el] * 3, [er] * 3, [sl] * 3, [sr] * 3, growth_rate=growth)
    middle = (el + er) / 2

    def inner(x):
        return np.exp(growth * (x - middle)) * (
            family.cdf(np.array([sr - x]), a, b)[0] - family.cdf(np.array([sl - x]), a, b)[0]
        )

    kinks = sorted({min(max(k, el), er) for k in (sl, sr)})
    expected = quad(inner, el, er, points=kinks, limit=200)[0]
    assert np.exp(log_likelihood(records, family, a, b) / 3) == pytest.approx(expected, rel=1e-4, abs=1e-9)


def test_equal_to_coarse_data_tools(shared_data):
    folder = shared_data / "delays_lauer2020"
    reference = pl.read_csv(folder / "coarseDataTools_reference.csv")
    sources = {
        "lauer2020": pl.read_csv(folder / "intervals.csv"),
        "Flu2009_si_data": pl.read_csv(shared_data / "rt_epiestim/Flu2009_si_data.csv"),
    }
    letters = {"lognormal": "L", "gamma": "G", "weibull": "W"}
    for name, frame in sources.items():
        comparison = compare_delays(*columns(frame), probabilities=(0.05, 0.5, 0.95, 0.99))
        for fit in comparison.fits:
            rows = reference.filter(
                (pl.col("data") == name) & (pl.col("dist") == letters[fit.distribution.family])
            )
            assert fit.n == rows["n"][0]
            assert fit.log_likelihood == pytest.approx(rows["loglik"][0], abs=1e-4)
            for param, est, low, high in rows.select("param", "est", "lo", "hi").iter_rows():
                ours = fit.estimate(f"q{float(param[1:]) / 100:g}" if param.startswith("p") else param)
                assert ours[0] == pytest.approx(est, abs=0.0015)
                # Profile limits against Wald limits and a bootstrap of 60: alike in width, not equal.
                assert 0.4 < (ours[2] - ours[1]) / (high - low) < 2.5
        table = comparison.table()
        assert table["delta"][0] == 0
        assert sum(table["weight"]) == pytest.approx(1)
    lauer = fit_delay(*columns(sources["lauer2020"]))
    assert lauer.estimate("meanlog")[0] == pytest.approx(1.621, abs=5e-4)
    assert lauer.estimate("q0.975")[0] == pytest.approx(11.5, abs=0.05)
    assert (round(lauer.estimate("q0.5")[1], 1), round(lauer.estimate("q0.5")[2], 1)) == (4.4, 5.8)


def test_the_three_intervals_agree_when_data_are_plenty():
    rng = np.random.default_rng(1)
    exposed = rng.uniform(0, 50, 300)
    onset = exposed + rng.lognormal(1.6, 0.4, 300)
    records = np.floor(exposed), np.floor(exposed) + 1, np.floor(onset), np.floor(onset) + 1
    limits = [
        fit_delay(*records, intervals=kind, seed=1, n_bootstrap=60).estimate("q0.5")
        for kind in ("profile", "asymptotic", "bootstrap")
    ]
    for one in limits:
        assert one[1] < np.exp(1.6) < one[2]
        assert one[2] - one[1] == pytest.approx(limits[0][2] - limits[0][1], rel=0.35)


def test_profile_limits_cover():
    rng, hits = np.random.default_rng(2), 0
    for _ in range(40):
        exposed = rng.uniform(0, 20, 25)
        onset = exposed + rng.gamma(4, 1.3, 25)
        fit = fit_delay(
            np.floor(exposed), np.floor(exposed) + 2, np.floor(onset), np.floor(onset) + 1, family="gamma",
            probabilities=(0.95,), level=0.9,
        )  # fmt: skip
        _, low, high = fit.estimate("q0.95")
        hits += low < stats.gamma(4, scale=1.3).ppf(0.95) < high
    assert 30 <= hits <= 40


def test_right_truncation_in_growth_is_undone():
    rng = np.random.default_rng(3)
    exposed = 40 + np.log(rng.uniform(size=4000)) / 0.2
    onset = exposed + rng.lognormal(1.621, 0.418, 4000)
    seen = onset < 40
    el, sl = np.floor(exposed[seen]), np.floor(onset[seen])
    records = el, el + 1, sl, sl + 1
    naive = fit_delay(*records, intervals="asymptotic").distribution.mean
    aware = fit_delay(*records, truncated_at=40.0, growth_rate=0.2, intervals="asymptotic").distribution.mean
    truth = np.exp(1.621 + 0.418**2 / 2)
    assert naive < truth - 0.7
    assert aware == pytest.approx(truth, abs=0.25)


def test_exact_and_half_known_records():
    rng = np.random.default_rng(4)
    onset = rng.gamma(4, 1.3, 200)
    exact = fit_delay(np.zeros(200), np.zeros(200), onset, onset, family="gamma", intervals="asymptotic")
    a, _, b = stats.gamma.fit(onset, floc=0)
    np.testing.assert_allclose((exact.distribution.a, exact.distribution.b), (a, b), rtol=1e-4)
    single = fit_delay(
        np.zeros(200),
        np.zeros(200),
        np.floor(onset),
        np.floor(onset) + 1,
        family="gamma",
        intervals="asymptotic",
    )
    assert single.distribution.mean == pytest.approx(onset.mean(), abs=0.1)


def test_pmf_is_that_of_calendar_days():
    delay = DelayDistribution("gamma", 4.0, 1.3)
    rng = np.random.default_rng(5)
    start = rng.uniform(0, 1, 400_000)
    lag = np.floor(start + rng.gamma(4, 1.3, 400_000)).astype(int)
    np.testing.assert_allclose(delay.pmf(40)[:12], np.bincount(lag, minlength=12)[:12] / 400_000, atol=0.003)
    generation = delay.pmf(40, generation=True)
    assert generation[0] == 0
    assert generation.sum() == pytest.approx(1)


def test_serial_intervals_in_china_by_period(shared_data):
    folder = shared_data / "chains_china_pairs_2020"
    pairs = pl.read_csv(folder / "pairs.csv", infer_schema_length=None)
    onsets = [
        pairs[f"{who}_onsetDate"].str.to_date("%Y/%m/%d", strict=False) for who in ("infector", "infectee")
    ]
    reference = pl.read_csv(folder / "serial_interval_reference.csv")[1:]
    result = serial_interval_by_period(
        *onsets,
        periods=[("2020-01-09", "2020-01-22"), ("2020-01-23", "2020-01-29"), ("2020-01-30", "2020-02-13")],
    )
    np.testing.assert_array_equal(result.n, reference["n"])
    for ours, column in (
        ("mean", "mean_si"),
        ("sd", "sd_si"),
        ("median", "median_si"),
        ("share_negative", "share_negative"),
    ):
        np.testing.assert_allclose(getattr(result, ours), reference[column], atol=6e-5)
    whole = serial_interval_by_period(*onsets, periods=[("2019-12-01", "2020-03-31")])
    assert whole.n[0] == 458
    assert whole.mean[0] == pytest.approx(4.764, abs=5e-4)
    assert whole.sd[0] == pytest.approx(4.983, abs=5e-4)
    assert whole.share_negative[0] == pytest.approx(0.081, abs=5e-4)
    fitted = [fit.estimate("mean") for fit in result.fits]
    for (value, low, high), mean in zip(fitted, result.mean, strict=True):
        assert value == pytest.approx(mean, abs=0.05)
        assert low < mean < high
    assert fitted[0][1] > fitted[1][2] > fitted[2][2]
    assert len(result.plot().lines) == 1


def test_singapore_within_what_was_published(shared_data):
    """Tindale 2020: incubation 4.91 (4.35-5.69) with unseen cases between, 5.99 (4.97-7.14) without; serial interval 4.17 (2.44-5.89)."""
    table = pl.read_csv(shared_data / "chains_singapore_2020" / "cases.csv", infer_schema_length=None)
    named = [
        pl.col(c).str.to_date(strict=False) for c in ("start_source", "end_source", "date_onset_symptoms")
    ]
    known = table.select(*named).drop_nulls()
    first, last, onset = (known[c].to_numpy().astype("datetime64[D]").astype(float) for c in known.columns)
    assert len(onset) == 83
    fit = fit_delay(first, np.minimum(last, onset) + 1, onset, onset + 1)
    mean, low, high = fit.estimate("mean")
    assert 4.91 < mean < 5.99
    assert low < 4.91
    assert high > 5.99
    onsets = dict(zip(table["CaseID"].cast(pl.String), table["date_onset_symptoms"], strict=True))
    pairs = {
        tuple(sorted((case, other.strip()), key=lambda one: onsets.get(one) or ""))
        for case, related in table.select(pl.col("CaseID").cast(pl.String), "Related cases").iter_rows()
        for other in (related or "").split(",")
        if other.strip() in onsets and onsets[case] and onsets[other.strip()]
    }
    lags = serial_interval_by_period(
        *([onsets[one] for one in side] for side in zip(*sorted(pairs), strict=True)),
        periods=[("2020-01-01", "2020-03-31")],
    )
    assert lags.n[0] > 40
    assert 2.44 < lags.mean[0] < 5.89


def test_a_period_without_pairs_says_so():
    result = serial_interval_by_period(["2020-01-01"], [None], periods=[("2020-01-01", "2020-01-31")])
    assert result.n[0] == 0
    assert np.isnan(result.mean[0])
    assert result.fits == (None,)
    assert result.to_polars().height == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"exposed_to": [-1, 1, 1]}, "record 0 must be exposure windows"),
        ({"onset_to": [6, 3, 6]}, "record 1 must be onset windows"),
        ({"onset_from": [5, -9, 5], "onset_to": [6, -8, 6]}, "record 1 must be an onset after"),
        ({"onset_from": [5, np.nan, 5]}, r"onset_from\[1\]"),
        ({"onset_from": [5, 5]}, "3 records"),
        ({"truncated_at": 5.5}, "no later than truncated_at"),
        ({"family": "pareto"}, "one of lognormal"),
        ({"level": 1.5}, "between 0 and 1"),
        ({"intervals": "bootstrap"}, "a seed"),
        ({"intervals": "guess"}, "profile, asymptotic or bootstrap"),
        ({"growth_rate": np.inf}, "finite"),
        ({}, "spread of delays"),
    ],
)
def test_bad_records_are_refused_with_the_reason(change, message):
    arguments = {
        "exposed_from": [0, 0, 0], "exposed_to": [1, 1, 1], "onset_from": [5, 5, 5], "onset_to": [6, 6, 6], **change,
    }  # fmt: skip
    with pytest.raises(ValueError, match=message):
        fit_delay(**arguments)


def test_one_record_is_too_few():
    with pytest.raises(ValueError, match="at least 3"):
        fit_delay([0], [1], [4], [5])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gamma", -1, 1), "above 0"),
        (("gamma", 1, 0), "second above 0"),
        (("lognormal", np.nan, 1), "finite"),
    ],
)
def test_impossible_distributions_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        DelayDistribution(*arguments)


def test_tables_and_plots():
    fit = fit_delay([0, 0, 0, 2, 1], [1, 2, 1, 3, 4], [4, 6, 3, 9, 5], [5, 7, 4, 10, 6])
    assert fit.to_polars().height == len(fit.names)
    assert len(fit.plot().lines) > 1
    assert fit.aic == pytest.approx(4 - 2 * fit.log_likelihood)
    comparison = compare_delays([0, 0, 0, 2, 1], [1, 2, 1, 3, 4], [4, 6, 3, 9, 5], [5, 7, 4, 10, 6])
    assert comparison.best is comparison.fits[0]
    assert len(comparison.plot().lines) > 3


def test_a_delay_in_doubt_keeps_its_shape_and_is_as_unsure_as_its_fit():
    fit = fit_delay([0, 0, 0, 2, 1, 3], [1, 2, 1, 3, 4, 4], [4, 6, 3, 9, 5, 8], [5, 7, 4, 10, 6, 9])
    laws = fit.in_doubt(99)
    value, low, high = fit.estimate("mean")
    means = np.array([law.mean for law in laws])
    assert means[49] == pytest.approx(value)
    np.testing.assert_allclose(
        [law.sd / law.mean for law in laws], fit.distribution.sd / fit.distribution.mean, rtol=1e-6
    )
    assert np.log(means[-3] / means[2]) == pytest.approx(np.log(high / low), rel=0.05)
    for family in ("lognormal", "gamma", "weibull", "normal"):
        one = DelayDistribution.from_moments(family, 5.0, 2.0)
        assert [round(law.mean, 2) for law in one.in_doubt(0.0, 3)] == [5.0] * 3
        assert one.in_doubt(0.2, 3)[2].mean > 5.5
    with pytest.raises(ValueError, match="log_sd"):
        one.in_doubt(-1)
