import doctest

import numpy as np
import polars as pl
import pytest

from lianfang.analytics import scoring
from lianfang.analytics.scoring import HUB_LEVELS, pit_values, relative_skill, score_quantiles

KEYS = ["model", "target_type", "location", "forecast_date", "horizon", "target_end_date"]


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(scoring).failed == 0
    assert doctest.testmod(scoring).attempted >= 3


def test_wis_equals_the_published_table_of_the_european_hub(shared_data):
    folder = shared_data / "forecast_eu_hub_2021"
    reference = pl.read_csv(folder / "wis_reference.csv")
    wide = (
        pl.read_csv(folder / "forecasts_quantiles.csv")
        .pivot(on="quantile_level", index=KEYS, values="predicted")
        .join(pl.read_csv(folder / "observed_weekly.csv"), on=["location", "target_type", "target_end_date"])
        .join(reference, on=KEYS)
    )
    columns = sorted((c for c in wide.columns if c[0] == "0"), key=float)
    assert tuple(float(c) for c in columns) == HUB_LEVELS
    scores = score_quantiles(wide["observed"], wide.select(columns))
    assert len(wide) == len(reference) == 448
    assert np.abs(scores.wis - wide["wis"].to_numpy()).max() < 5.1e-5  # the table has four decimals


def test_wis_is_the_mean_of_twice_the_pinball_losses():
    rng = np.random.default_rng(3)
    tau = np.asarray(HUB_LEVELS)
    quantiles = np.sort(rng.gamma(2, 50, size=(200, tau.size)), axis=1)
    truth = rng.gamma(2, 50, size=200)
    gap = truth[:, None] - quantiles
    pinball = np.where(gap >= 0, tau * gap, (tau - 1) * gap)
    scores = score_quantiles(truth, quantiles)
    np.testing.assert_allclose(scores.wis, 2 * pinball.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(scores.wis, scores.overprediction + scores.underprediction + scores.dispersion)


def test_median_alone_scores_the_absolute_error():
    scores = score_quantiles([3, 9], [[5], [5]], levels=[0.5])
    assert scores.wis.tolist() == [2, 4]
    assert scores.overprediction.tolist() == [2, 0]
    assert scores.bias.tolist() == [1, -1]


@pytest.mark.parametrize(
    ("truth", "bias", "rank"), [(0, 1.0, 0.125), (10, 0.0, 0.5), (25, -1.0, 0.875), (15, -0.5, 0.625)]
)
def test_bias_and_rank_of_a_truth(truth, bias, rank):
    scores = score_quantiles([truth], [[5, 10, 20]], levels=[0.25, 0.5, 0.75])
    assert scores.rank[0] == rank
    assert scores.bias[0] == bias


def test_coverage_of_a_calibrated_forecast_is_nominal():
    rng = np.random.default_rng(5)
    from scipy import stats

    truth = rng.normal(size=4000)
    quantiles = np.tile(stats.norm.ppf(HUB_LEVELS), (4000, 1))
    scores = score_quantiles(truth, quantiles)
    for nominal in (0.5, 0.9, 0.95):
        assert scores.coverage(nominal) == pytest.approx(nominal, abs=0.02)
    assert scores.rank.mean() == pytest.approx(0.5, abs=0.02)
    with pytest.raises(ValueError, match="nominal must be one of"):
        scores.coverage(0.77)


def test_pit_is_uniform_for_calibrated_counts_and_u_shaped_for_narrow_ones():
    rng = np.random.default_rng(7)
    rate = rng.gamma(5, 2, size=3000)
    truth = rng.poisson(rate)
    good = pit_values(truth, rng.poisson(rate[:, None], size=(3000, 200)), seed=1)
    narrow = pit_values(truth, np.tile(np.round(rate)[:, None], (1, 200)), seed=1)
    assert np.histogram(good, 10, (0, 1))[0] == pytest.approx(300, abs=70)
    assert np.histogram(narrow, 10, (0, 1))[0][[0, -1]].sum() > 1500


def test_relative_skill_compares_only_common_targets():
    easy_only = [1.0, np.nan, 1.0, np.nan]
    skill = relative_skill(
        {"picky": easy_only, "all": [1.0, 9.0, 1.0, 9.0], "naive": [2.0, 10.0, 2.0, 10.0]}, baseline="naive"
    )
    by_name = dict(zip(skill.models, skill.scaled, strict=True))
    assert skill.ratios[0, 1] == 1.0
    assert by_name["naive"] == 1.0
    assert by_name["all"] < 1
    assert skill.table()["model"][0] in {"picky", "all"}
    with pytest.raises(ValueError, match="baseline must be one of"):
        relative_skill({"a": [1.0]}, baseline="b")


@pytest.mark.parametrize(
    ("observed", "predicted", "levels", "rule"),
    [
        ([1.0], [[3, 2, 1]], [0.25, 0.5, 0.75], "never fall"),
        ([np.nan], [[1, 2, 3]], [0.25, 0.5, 0.75], "finite"),
        ([1.0], [[1, np.nan, 3]], [0.25, 0.5, 0.75], "finite"),
        ([1.0], [[1, 2]], [0.25, 0.5, 0.75], "of shape"),
        ([1.0], [[1, 2, 3]], [0.1, 0.5, 0.75], "symmetric"),
        ([1.0], [[1, 2]], [0.25, 0.75], "odd number"),
        ([1.0], [[1, 2, 3]], [0.75, 0.5, 0.25], "rising"),
    ],
)
def test_what_cannot_be_scored_is_said(observed, predicted, levels, rule):
    with pytest.raises(ValueError, match=rule):
        score_quantiles(observed, predicted, levels)


def test_results_show_themselves():
    scores = score_quantiles([3, 9], [[1, 5, 9], [2, 5, 8]], levels=[0.25, 0.5, 0.75])
    assert scores.to_polars().height == 2
    assert scores.plot().get_xlabel() == "nominal coverage"
    skill = relative_skill({"a": [1.0], "b": [2.0]}, baseline="b")
    assert skill.plot().patches
