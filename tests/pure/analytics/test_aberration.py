import dataclasses
import doctest
import importlib
import time

import numpy as np
import polars as pl
import pytest

from lianfang.analytics.aberration import (
    IMPROVED,
    ORIGINAL,
    cusum,
    ears,
    exceedance,
    farrington,
    re_emergence,
    small_counts,
)

MODULES = ["ears", "farrington", "cusum", "re_emergence", "small_counts"]
EARS_SERIES = ["k1", "m1", "m2", "m3", "m4", "m5", "salmonella.agona", "shadar", "abattoir"]


def read(folder, name):
    return pl.read_csv(folder / "aberration_surveillance" / f"{name}.csv", null_values=["NA", ""])


@pytest.mark.parametrize("module", MODULES)
def test_examples_in_the_docstrings_hold(module):
    result = doctest.testmod(importlib.import_module(f"lianfang.analytics.aberration.{module}"))
    assert result.failed == 0
    assert result.attempted > 0


@pytest.mark.parametrize("name", EARS_SERIES)
@pytest.mark.parametrize("method", ["C1", "C2", "C3"])
def test_ears_equals_the_reference(shared_data, name, method):
    counts = read(shared_data, f"{name}_series")["observed"]
    reference = read(shared_data, f"{name}_ears").filter(pl.col("method") == method)
    steps = reference["idx"].to_numpy() - 1
    result = ears(counts, method=method, alpha=0.001)
    bound = reference["upperbound"].cast(float).to_numpy()
    known = np.isfinite(bound)  # where the reference divides 0 by 0 it has no bound; ours has
    np.testing.assert_allclose(result.upperbound[steps, 0][known], bound[known], atol=6e-6)
    wanted = reference["alarm"].to_numpy()[known].astype(bool)
    np.testing.assert_array_equal(result.alarm[steps, 0][known], wanted)
    assert result.assessed[:, 0].sum() == len(reference)
    assert np.isfinite(result.upperbound[result.assessed]).all()


@pytest.mark.parametrize("name", ["salmonella.agona", "shadar"])
@pytest.mark.parametrize("settings", [IMPROVED, ORIGINAL], ids=["improved", "original"])
def test_farrington_equals_the_reference(shared_data, name, settings):
    counts = read(shared_data, f"{name}_series")["observed"]
    reference = read(shared_data, f"{name}_farringtonFlexible").filter(pl.col("method") == settings.variant)
    steps = reference["idx"].to_numpy() - 1
    result = farrington(counts, settings=settings)
    alarms = reference["alarm"].to_numpy().astype(bool)
    np.testing.assert_array_equal(result.alarm[steps, 0], alarms)
    for ours, theirs in (("upperbound", "upperbound"), ("expected", "expected")):
        wanted = reference[theirs].cast(float).to_numpy()
        known = np.isfinite(wanted)  # the reference gives none where there are few cases
        np.testing.assert_allclose(getattr(result, ours)[steps, 0][known], wanted[known], rtol=5e-5)


def test_farrington_equals_the_alarms_on_labelled_series(shared_data):
    """150 weeks of six series with one year of history, as algo.farrington judged them."""
    reference = read(shared_data, "rki_labelled_alarms_reference")
    for name, rows in reference.filter(pl.col("method") == "farrington_a0.01").group_by("series"):
        steps = rows["idx"].to_numpy() - 1
        result = farrington(
            read(shared_data, f"{name[0]}_series")["observed"],
            settings=dataclasses.replace(ORIGINAL, years=1),
            last=len(steps),
        )
        np.testing.assert_array_equal(result.alarm[steps, 0], rows["alarm"].to_numpy().astype(bool))


def test_farrington_many_series_equal_one_by_one_and_are_quick():
    counts = np.random.default_rng(1).poisson(5, size=(270, 300)).astype(float)
    began = time.process_time()
    together = farrington(counts, last=52)
    assert time.process_time() - began < 10  # first call: compilation or its cache included
    alone = farrington(counts[:, 17], last=52)
    np.testing.assert_array_equal(together.upperbound[:, 17], alone.upperbound[:, 0])
    assert together.assessed[-52:].all()
    assert not together.assessed[:-52].any()
    assert 0.0005 < together.alarm[-52:].mean() < 0.02


def test_farrington_leaves_out_marked_years_and_uses_population():
    rng = np.random.default_rng(2)
    counts = rng.poisson(20, size=280).astype(float)
    spoilt = counts.copy()
    spoilt[60:110] = 400
    mask = np.zeros(280, dtype=bool)
    mask[60:110] = True
    assert (
        abs(
            farrington(spoilt, last=10, leave_out=mask).expected[-1, 0]
            - farrington(counts, last=10, leave_out=mask).expected[-1, 0]
        )
        < 1e-9
    )
    growing = np.linspace(1e5, 4e5, 280)
    rated = rng.poisson(growing * 1e-4).astype(float)
    fit = farrington(rated, last=1, population=growing)
    assert fit.expected[-1, 0] == pytest.approx(40, rel=0.15)


def test_cusum_equals_the_reference(shared_data):
    reference = read(shared_data, "rki_labelled_alarms_reference").filter(pl.col("method") == "cusum")
    for name in ("k1", "m1", "m2", "m3", "m4", "m5"):
        rows = reference.filter(pl.col("series") == name)
        steps = rows["idx"].to_numpy() - 1
        result = cusum(read(shared_data, f"{name}_series")["observed"], baseline=59)
        np.testing.assert_array_equal(result.alarm[steps, 0], rows["alarm"].to_numpy().astype(bool))
        np.testing.assert_array_equal(np.ceil(result.upperbound[steps, 0]), rows["upperbound"].to_numpy())


def test_cusum_rossi_bound_is_where_the_alarm_begins():
    rng = np.random.default_rng(4)
    counts = rng.poisson(4, size=200)
    counts[120:140] += 6
    for reset in (False, True):
        result = cusum(counts, baseline=50, transformation="rossi", reset=reset)
        judged = result.assessed[:, 0]
        above = result.observed[judged] >= result.upperbound[judged]
        at_zero = result.upperbound[judged] == 0
        np.testing.assert_array_equal(result.alarm[judged] & ~at_zero, above & ~at_zero)
        assert result.alarm[120:140].any()


def test_small_counts_on_labelled_series(shared_data):
    alarms, states = [], []
    for name in ("k1", "m1", "m2", "m3", "m4", "m5"):
        table = read(shared_data, f"{name}_series")
        alarms.append(small_counts(table["observed"]).alarm[59:209, 0])
        states.append(table["state"].to_numpy()[59:209].astype(bool))
    alarm, state = np.concatenate(alarms), np.concatenate(states)
    assert alarm[state].mean() > 0.5  # Farrington .389, EARS C3 .222 on the same weeks
    assert 1 - alarm[~state].mean() >= 0.973  # Farrington


def test_small_counts_keeps_its_promise_on_simulated_quiet_and_finds_outbreaks():
    rng = np.random.default_rng(6)
    season = np.exp(0.5 * np.sin(np.arange(260) / 52 * 2 * np.pi))
    quiet = rng.poisson(np.outer(season, np.linspace(0.2, 3, 40))).astype(float)
    result = small_counts(quiet)
    assert result.alarm[110:].mean() < 0.05  # with two years of history
    outbreak = quiet.copy()
    outbreak[250:256] += rng.poisson(3, size=(6, 40))
    found = small_counts(outbreak).alarm[250:258].any(axis=0)
    assert found.mean() > 0.8
    assert (result.observed[result.alarm] > result.upperbound[result.alarm]).all()


def test_re_emergence_finds_the_first_cases_and_not_steady_ones():
    counts = np.zeros((60, 3))
    counts[:10, 0] = 4
    counts[40:45, 0] = [1, 1, 3, 6, 2]
    counts[:, 1] = 1
    counts[30, 2] = 1
    strict = re_emergence(counts)
    assert np.flatnonzero(strict.alarm[:, 0]).tolist()[0] == 42
    assert not strict.alarm[:, 1:].any()
    assert not strict.assessed[:, 1].any()
    assert "never fell silent" in strict.advice[0]
    sharp = re_emergence(counts, quiet=14, window=1, cases=1)
    assert np.flatnonzero(sharp.alarm[:, 0]).tolist() == [40]
    assert np.flatnonzero(sharp.alarm[:, 2]).tolist() == [30]


@pytest.mark.parametrize("rule", [(11, 3, 3, 0), (14, 1, 1, 0), (7, 2, 2, 1)])
def test_re_emergence_is_the_rule_counted_by_hand_in_quiet_and_in_busy_times(rule):
    quiet, window, cases, tolerated = rule
    rng = np.random.default_rng(3)
    counts = rng.poisson(np.array([0.02, 0.1, 0.3, 1.0]), size=(400, 4))
    counts[200:206] += [[0], [1], [1], [2], [4], [6]]
    found = re_emergence(counts, quiet=quiet, window=window, cases=cases, tolerated=tolerated)
    need = quiet + window
    for t, place in np.ndindex(counts.shape):
        silence = counts[max(t + 1 - need, 0) : t + 1 - window, place]
        silent = t + 1 >= need and silence.sum() <= tolerated
        enough = counts[t + 1 - window : t + 1, place].sum() >= cases if t + 1 >= window else False
        assert found.assessed[t, place] == silent
        assert found.alarm[t, place] == (silent and enough and counts[t, place] > 0), (t, place)
    assert found.alarm.any()
    assert not found.assessed.all()


def test_a_silence_one_day_too_short_raises_nothing():
    for days, alarms in ((10, 0), (11, 1)):
        counts = [5, *[0] * days, 1, 1, 1, 0, 0]
        assert re_emergence(counts).alarm.sum() == alarms


def test_quiet_weeks_with_stray_cases_seldom_alarm_and_an_outbreak_in_them_does():
    counts = np.random.default_rng(8).poisson(0.03, size=(365, 200))
    stray = re_emergence(counts).alarm.any(axis=0).mean()
    assert stray < 0.05  # three strays in three days: about 365 x 0.09^3 / 6 a year
    counts[300:306] += np.array([1, 1, 2, 3, 5, 8])[:, None]
    assert re_emergence(counts).alarm[300:306].any(axis=0).mean() > 0.6


def test_re_emergence_in_xinjiang_2020(shared_data):
    table = pl.read_csv(shared_data / "china_covid_2020" / "province_daily.csv", try_parse_dates=True)
    rows = table.filter(pl.col("province") == "新疆维吾尔自治区").sort("date")
    new = np.maximum(np.diff(rows["confirmed"].to_numpy(), prepend=0), 0)
    days = rows["date"].to_numpy()[np.flatnonzero(re_emergence(new).alarm[:, 0])].astype(str)
    assert next(d for d in days if d > "2020-05") == "2020-07-17"  # Urumqi
    assert "2020-10-27" in days  # Kashgar


@pytest.mark.parametrize("detect", [ears, farrington, small_counts, re_emergence])
def test_short_history_gets_advice_not_an_error(detect):
    result = detect([1, 0, 2, 1])
    assert result.advice
    assert not result.assessed.any()
    assert not result.alarm.any()
    assert "not assessed" in result.statements(2)[-1]


@pytest.mark.parametrize("detect", [ears, farrington, small_counts, re_emergence])
@pytest.mark.parametrize("bad", [[1, -1, 2], [1, np.nan, 2], [], [[[1]]], ["a", "b"]])
def test_bad_counts_are_refused(detect, bad):
    with pytest.raises(ValueError, match="counts"):
        detect(bad)


@pytest.mark.parametrize("detect", [ears, farrington, small_counts, re_emergence])
def test_all_zero_series_never_alarm_and_hold_no_silent_nan(detect):
    result = detect(np.zeros((300, 2)))
    assert not result.alarm.any()
    assert result.assessed.any()
    for column in (result.expected, result.upperbound, result.score):
        assert np.isfinite(column[result.assessed]).all()


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (lambda: ears([1] * 20, method="C4"), "method"),
        (lambda: ears([1] * 20, baseline=2), "baseline"),
        (lambda: ears([1] * 20, alpha=0.7), "alpha"),
        (lambda: ears([1] * 20, min_sigma=-1), "min_sigma"),
        (lambda: ears([[1, 2]] * 20, names=["a"]), "names"),
        (lambda: farrington([1] * 300, last=0), "last"),
        (lambda: farrington([1] * 300, population=[0] * 300), "population"),
        (lambda: farrington([1] * 300, leave_out=[1] * 300), "leave_out"),
        (lambda: farrington([1] * 300, steps_a_year=12), "steps_a_year"),
        (lambda: farrington([1] * 300, few_cases=(-1, 0)), "few_cases"),
        (lambda: cusum([1, 2], baseline=2), "baseline"),
        (lambda: cusum([1, 2, 3], baseline=2, transformation="none"), "transformation"),
        (lambda: cusum([1, 2, 3], baseline=2, mean=[np.nan]), "mean"),
        (lambda: re_emergence([1, 2, 3], quiet=0), "quiet"),
        (lambda: small_counts([1] * 99, windows=[]), "windows"),
        (lambda: small_counts([1] * 99, own_quantile=1.0), "own_quantile"),
        (lambda: ears([1] * 20).statements(0), "last"),
    ],
)
def test_wrong_settings_are_named(call, rule):
    with pytest.raises(ValueError, match=rule):
        call()


def test_cusum_without_a_case_in_the_baseline_says_what_to_use():
    result = cusum([[0, 1]] * 10 + [[3, 3]] * 3, baseline=10, names=["Hong'an", "Macheng"])
    assert "re_emergence" in result.advice[0]
    assert result.alarm[:, 1].any()
    assert not result.assessed[:, 0].any()


def test_statements_and_table_and_plot():
    counts = np.tile([3.0, 4, 2, 3, 5, 4, 3], (4, 3, 1)).transpose(1, 2, 0).reshape(-1, 4)
    counts[-1, 1] = 40
    result = ears(counts, names=["a", "b", "c", "d"])
    lines = result.statements(3)
    assert lines[0].startswith("b: last 3 steps, 1 alarms; newest at step 20: 40 cases")
    assert lines[-1] == "3 series: no alarm in the last 3 steps"
    table = result.to_polars()
    assert table.height == counts.size
    assert table.filter(pl.col("alarm"))["series"].to_list() == ["b"]
    assert result.plot(series="b").get_title() == "b"
    assert result.provenance.method == "EARS C1"


def test_exceedance_is_the_tail_of_the_negative_binomial():
    assert exceedance([0], [3.0], [2.0])[0] == 1.0
    draws = np.random.default_rng(1).negative_binomial(3.0, 0.5, 200_000)
    assert exceedance([6], [3.0], [2.0])[0] == pytest.approx((draws >= 6).mean(), abs=0.004)


def test_ears_is_quick():
    counts = np.random.default_rng(1).poisson(5, size=(400, 300)).astype(float)
    seconds = []
    for _ in range(5):
        began = time.process_time()
        for method in ("C1", "C2", "C3"):
            ears(counts, method=method)
        seconds.append(time.process_time() - began)
    assert min(seconds) < 0.2
