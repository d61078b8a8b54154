"""Treated against untreated days: known answers, the trap of immortal time, missing values stated or refused."""

import numpy as np
import pytest

from lianfang.outlook.treatment_effect import Refused, treatment_effect


def patients(seed: int, n: int, ratio: float, *, sicker: float = 0.0):
    """Patients with a daily hazard of death of 4 % times `ratio` once treated, treated after a random wait if alive.

    `sicker` makes severe patients (a covariate) die more and be treated more.
    """
    dice = np.random.default_rng(seed)
    severe = (dice.random(n) < 0.4).astype(float)
    hazard = 0.04 * np.exp(sicker * severe)
    wait = dice.exponential(8 / (1 + sicker * severe))
    first = dice.exponential(1 / hazard)
    after = wait + dice.exponential(1 / (hazard * ratio))
    death = np.where(first < wait, first, after)
    leaves = np.minimum(dice.exponential(30, n), 40)
    end = np.minimum(death, leaves)
    treated_from = np.where(wait < end, wait, np.nan)
    return np.maximum(end, 1e-3), death <= leaves, treated_from, severe


@pytest.mark.parametrize("seed", [1])
def test_a_useless_treatment_is_not_made_to_look_good_by_immortal_time(seed: int) -> None:
    """The treatment does nothing. Ever against never says that it saves most lives; treated days say that it does not."""
    end, died, begun, _ = patients(seed, 1500, ratio=1.0)
    found = treatment_effect(end, died, begun)
    assert found.ever_never is not None
    assert found.ever_never < 0.6, "the trap"
    assert found.ratio is not None
    estimate, low, high = found.ratio
    assert low < 1 < high or abs(estimate - 1) < 0.1


@pytest.mark.parametrize("true", [0.5, 1.0, 2.0])
def test_the_true_ratio_comes_back(true: float) -> None:
    covered, estimates = 0, []
    for seed in range(8):
        end, died, begun, _ = patients(100 + seed, 700, ratio=true)
        found = treatment_effect(end, died, begun)
        assert found.ratio is not None
        covered += found.ratio[1] <= true <= found.ratio[2]
        estimates.append(np.log(found.ratio[0]))
    assert abs(np.mean(estimates) - np.log(true)) < 0.12
    assert covered >= 6


def test_confounding_by_severity_is_adjusted_for() -> None:
    """Severe patients die more and are treated more: crude, a useless treatment harms; adjusted, it does nothing."""
    end, died, begun, severe = patients(7, 2500, ratio=1.0, sicker=1.5)
    found = treatment_effect(end, died, begun, {"severe": severe})
    assert found.crude is not None
    assert found.ratio is not None
    assert found.crude[1] > 1.0, "crude: harmful"
    assert found.ratio[1] < 1 < found.ratio[2] or abs(found.ratio[0] - 1) < 0.08
    assert found.adjusted_for == ("severe",)


def test_few_deaths_are_refused_and_so_is_adjustment_for_much_by_few() -> None:
    end, died, begun, severe = patients(3, 60, ratio=1.0)
    few = treatment_effect(end, np.arange(60) < 3, begun)
    assert (few.ratio, few.refused) == (None, Refused.FEW_DEATHS)
    many = {f"x{k}": np.random.default_rng(k).random(60) for k in range(9)}
    much = treatment_effect(end, died, begun, many)
    assert (much.ratio, much.refused) == (None, Refused.FEW_FOR_ADJUSTMENT)
    assert severe.size == 60


def test_missing_values_are_counted_and_too_many_are_refused() -> None:
    end, died, begun, severe = patients(5, 2000, ratio=1.0)
    some = np.where(np.arange(2000) % 10 == 0, np.nan, severe)
    found = treatment_effect(end, died, begun, {"severe": some})
    assert (found.missing["severe"], found.n_left_out, found.n) == (200, 200, 1800)
    assert found.ratio is not None
    much = treatment_effect(end, died, begun, {"severe": np.where(np.arange(2000) % 3 == 0, np.nan, severe)})
    assert (much.ratio, much.refused) == (None, Refused.MISSING)


def test_a_treatment_begun_after_the_end_was_never_given_and_one_before_admission_counts_from_it() -> None:
    end, died, begun, _ = patients(9, 800, ratio=1.0)
    late = treatment_effect(end, died, np.where(np.isnan(begun), end + 1, begun))
    assert late.n_treated == int((~np.isnan(begun)).sum())
    early = treatment_effect(end, died, np.where(np.isnan(begun), begun, -2.0))
    assert early.n_treated == late.n_treated
    assert early.ever_never == pytest.approx(early.crude[0]), (
        "from the first day on there is no immortal time"
    )


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        treatment_effect([1, 2], [True], [1, 2])
    with pytest.raises(ValueError, match="above 0"):
        treatment_effect([0, 2], [True, False], [1, 2])
