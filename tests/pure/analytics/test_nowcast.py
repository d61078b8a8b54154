import doctest
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from lianfang.analytics.nowcast import (
    estimate,
    nowcast,
    nowcast_strata,
    reported_share,
    triangle,
    triangle_from_counts,
    triangle_from_line_list,
    triangle_from_matrix,
)
from lianfang.analytics.scoring import score_quantiles

MONDAY = date(2021, 3, 1)


def outbreak(seed, *, level=60.0, rows=90, delays=20, weekday=True, median=3.0):
    """Simulated truth: smooth curve, weekday of reference, log-normal delay, half as many reports at weekends."""
    rng = np.random.default_rng(seed)
    t = np.arange(rows)
    effect = np.array([1.2, 1.1, 1.0, 1.0, 1.1, 0.8, 0.8]) if weekday else np.ones(7)
    final = rng.poisson(level * np.exp(0.6 * np.sin(t / 15 + seed)) * effect[t % 7])
    counts = np.zeros((rows, delays + 1))
    for i in t:
        onset = rng.lognormal(np.log(median), 0.6, final[i])
        delay = np.floor(onset).astype(int)
        if weekday:
            weekend = ((i + delay) % 7 >= 5) & (rng.random(final[i]) < 0.6)
            delay = delay + np.where(weekend, 7 - (i + delay) % 7, 0)
        np.add.at(counts[i], np.minimum(delay, delays), 1)
    return counts


def score(nowcasts, truth):
    quantiles = np.vstack([n.quantiles[-10:] for n in nowcasts])
    return score_quantiles(np.concatenate(truth), quantiles)


def nowcasts_of(counts, rows, **settings):
    results, truth = [], []
    for row in rows:
        results.append(nowcast(triangle_from_matrix(counts[: row + 1], start=MONDAY, **settings)))
        truth.append(counts[row - 9 : row + 1].sum(axis=1))
    return results, truth


def test_examples_in_the_docstrings_hold():
    assert doctest.testmod(triangle).failed == 0
    assert doctest.testmod(estimate, extraglobs={"triangle_from_matrix": triangle_from_matrix}).failed == 0


def test_intervals_hold_what_they_promise_and_beat_the_raw_counts():
    results, truth = [], []
    for seed in range(12):
        got, want = nowcasts_of(outbreak(seed), range(45, 90, 11))
        results += got
        truth += want
    scores = score(results, truth)
    raw = np.abs(np.concatenate([n.reported[-10:] for n in results]) - np.concatenate(truth)).mean()
    assert 0.90 <= scores.coverage(0.95) <= 0.995
    assert 0.45 <= scores.coverage(0.5) <= 0.75
    assert scores.mean_wis < raw / 4


def test_weekday_effects_are_used():
    counts = outbreak(3, level=300)
    with_days, truth = nowcasts_of(counts, range(50, 90, 5))
    without = [nowcast(triangle_from_matrix(counts[: row + 1], step_days=7)) for row in range(50, 90, 5)]
    assert score(with_days, truth).mean_wis < 0.8 * score(without, truth).mean_wis


@pytest.mark.parametrize(
    ("name", "limit"), [("germany", (14.8, 23.0)), ("hus", (6.3, 7.1)), ("dengue", (8.3, 13.2))]
)
def test_public_reference_sets(shared_data, name, limit):
    counts, first, rows, ages, step = globals()[f"load_{name}"](shared_data)
    quantiles, truth = [], []
    for row in rows:
        result = nowcast(triangle_from_matrix(counts[: row + 1], start=first, step_days=step))
        for age in ages:
            quantiles.append(result.quantiles[-1 - age])
            truth.append(counts[row - age].sum())
    scores = score_quantiles(truth, quantiles)
    error = np.abs(np.asarray(quantiles)[:, 11] - truth).mean()
    assert scores.mean_wis < limit[0]
    assert error < limit[1]
    assert scores.coverage(0.95) >= 0.9


def load_germany(folder):
    table = pl.read_csv(
        folder / "nowcast_germany_hosp_2021" / "triangle_DE_all_ages.csv", try_parse_dates=True
    )
    wide = table.pivot(on="delay", index="reference_date", values="count").sort("reference_date")
    first = wide["reference_date"][0]
    rows = [(date(2021, 8, 2) + timedelta(days=7 * k) - first).days for k in range(13)]
    return wide.drop("reference_date").to_numpy(), first, rows, range(15), 1


def load_hus(folder):
    lines = pl.read_csv(folder / "nowcast_hus_2011" / "linelist.csv", try_parse_dates=True)
    now = date(2011, 7, 5)
    full = triangle_from_line_list(lines["dHosp"], lines["dReport"], as_of=now, max_delay=15)
    rows = [(date(2011, 5, 25) + timedelta(days=3 * k) - full.start).days for k in range(9)]
    return np.nan_to_num(full.counts), full.start, rows, range(1, 11), 1


def load_dengue(folder):
    table = pl.read_csv(folder / "nowcast_dengue_pr" / "triangle_1990_2003.csv", try_parse_dates=True)
    full = triangle_from_counts(
        table["onset_week"], table["report_week"], table["n"], as_of="1995-06-26", max_delay=10, step_days=7
    )
    reference = pl.read_csv(folder / "nowcast_dengue_pr" / "nobbs_reference.csv", try_parse_dates=True)
    rows = [(d - full.start).days // 7 for d in sorted(set(reference["now"]))]
    return np.nan_to_num(full.counts), full.start, rows, range(6), 7


def test_explosive_start_with_almost_no_reports_stays_finite_and_wide():
    counts = np.zeros((12, 31))
    counts[8, 2] = counts[9, 1] = counts[10, 0] = counts[11, 0] = 1
    result = nowcast(triangle_from_matrix(counts))
    low, high = result.interval(0.95)
    assert np.isfinite(result.quantiles).all()
    assert (low >= result.reported).all()
    assert high[-1] >= 3
    assert result.mean.max() < 200


def test_no_reports_at_all_give_zero_not_nan():
    result = nowcast(triangle_from_matrix(np.zeros((30, 8))))
    assert np.isfinite(result.mean).all()
    assert result.median.max() == 0


def test_cases_taken_back_widen_the_range_downwards():
    counts = outbreak(1)
    counts[:, 8] -= 0.12 * counts[:, :8].sum(axis=1).round()
    truth = counts.sum(axis=1)
    inside = []
    for row in range(50, 90, 4):
        result = nowcast(triangle_from_matrix(counts[: row + 1], start=MONDAY))
        low, high = result.interval(0.95)
        assert (low[-8:] < result.reported[-8:]).any()
        inside += list(((low <= truth[result.step]) & (truth[result.step] <= high))[-10:])
    assert np.mean(inside) >= 0.85


def test_a_partial_last_day_teaches_nothing_but_its_reports_count():
    counts = outbreak(2)
    whole = triangle_from_matrix(counts[:70], start=MONDAY)
    yesterday = triangle_from_matrix(counts[:69], start=MONDAY)
    morning = np.nan_to_num(whole.counts)
    for t in range(70):
        if 69 - t <= 20:
            morning[t, 69 - t] = np.floor(morning[t, 69 - t] * 0.1)
    partial = nowcast(triangle_from_matrix(morning, start=MONDAY, last_step_partial=True))
    reference = nowcast(yesterday)
    assert partial.step[-1] == 68
    np.testing.assert_allclose(partial.mean, reference.mean)
    assert (partial.quantiles[:, 0] >= partial.reported).all()
    misled = nowcast(triangle_from_matrix(morning, start=MONDAY))
    truth = counts.sum(axis=1)
    assert abs(partial.median[-5:] - truth[64:69]).sum() < abs(misled.median[-6:-1] - truth[64:69]).sum()


def test_small_strata_borrow_delays():
    big = outbreak(4, level=400, median=5.0)
    gains = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        share = rng.binomial(big.astype(int), 0.004)
        rows = 60 + seed
        small = triangle_from_matrix(share[:rows], start=MONDAY)
        rest = triangle_from_matrix(big[:rows] - share[:rows], start=MONDAY)
        truth = share[rows - 10 : rows].sum(axis=1)
        together = nowcast_strata({"small": small, "rest": rest})["small"]
        gains.append(
            (
                score_quantiles(truth, together.quantiles[-10:]).mean_wis,
                score_quantiles(truth, nowcast(small).quantiles[-10:]).mean_wis,
            )
        )
    borrowed, alone = np.mean(gains, axis=0)
    assert borrowed < alone


def test_a_triangle_of_a_past_day_holds_only_what_was_known():
    rng = np.random.default_rng(8)
    onset = np.datetime64("2020-02-01") + rng.integers(0, 40, 500)
    report = onset + rng.integers(0, 12, 500)
    shuffled = rng.permutation(500)
    full = triangle_from_line_list(onset, report, as_of="2020-03-30", max_delay=9, start="2020-02-01")
    past = triangle_from_line_list(
        onset[shuffled], report[shuffled], as_of="2020-02-20", max_delay=9, start="2020-02-01"
    )
    np.testing.assert_array_equal(full.as_known_at(19).counts, past.counts)
    known = (report <= np.datetime64("2020-02-20")).sum()
    assert past.reported.sum() + past.n_beyond == known
    assert past.n_later == 500 - known
    assert full.n_beyond == ((report - onset).astype(int) > 9).sum()


def test_same_input_same_answer_and_provenance():
    drawn = triangle_from_matrix(outbreak(5)[:60], start=MONDAY)
    first, second = nowcast(drawn), nowcast(drawn)
    np.testing.assert_array_equal(first.quantiles, second.quantiles)
    assert first.provenance == second.provenance
    assert first.provenance.inputs["triangle"].startswith("60x21:")
    table = first.to_polars()
    assert table["reference"][-1] == MONDAY + timedelta(days=59)
    assert (np.diff(first.quantiles, axis=1) >= 0).all()
    assert first.plot().patches
    assert drawn.plot().get_ylabel() == "share reported"
    assert drawn.to_polars().height == np.isfinite(drawn.counts).sum()


@pytest.mark.parametrize(
    ("build", "rule"),
    [
        (lambda: triangle_from_matrix([[1, np.nan], [2, 0]]), "already known"),
        (lambda: triangle_from_matrix([[1], [2]]), "max_delay"),
        (lambda: triangle_from_matrix([[1, 2]], step_days=3), "step_days"),
        (
            lambda: triangle_from_line_list(["2020-02-03"], ["2020-02-01"], as_of="2020-02-09", max_delay=3),
            r"report\[0\] must be on or after",
        ),
        (
            lambda: triangle_from_line_list(["2020-02-03"], ["2020-02-30"], as_of="2020-02-09", max_delay=3),
            "report must be dates",
        ),
        (
            lambda: triangle_from_line_list(["2020-03-03"], ["2020-03-04"], as_of="2020-02-09", max_delay=3),
            "on or before as_of",
        ),
        (lambda: triangle_from_line_list(["2020-03-03"], ["2020-03-04"], as_of=None, max_delay=3), "a date"),
        (
            lambda: triangle_from_counts(
                ["2020-02-01"], ["2020-02-01"], [np.nan], as_of="2020-02-02", max_delay=2
            ),
            r"count\[0\]",
        ),
        (lambda: nowcast(triangle_from_matrix([[1, 2], [1, 2]])), "3 complete rows"),
        (lambda: nowcast(triangle_from_matrix(np.ones((9, 3))), growth_sd=0), "growth_sd"),
        (
            lambda: nowcast(
                triangle_from_matrix(np.ones((9, 3))), borrow=triangle_from_matrix(np.ones((8, 3)))
            ),
            "borrow",
        ),
        (lambda: nowcast_strata({}), "at least one"),
        (lambda: nowcast(triangle_from_matrix(np.ones((9, 3)))).interval(0.33), "coverage"),
    ],
)
def test_what_cannot_be_nowcast_is_said(build, rule):
    with pytest.raises(ValueError, match=rule):
        build()


def published(n, *, per_day=100, ages=8, newest=0):
    """A steady curve published on n days in turn: 40, 70 and 90 % are in after 0, 1 and 2 days."""
    share = np.array([0.4, 0.7, 0.9, *[1.0] * ages])
    rows = [(u - a, u, round(per_day * share[a])) for u in range(20, 20 + n) for a in range(newest, ages)]
    day, issue, count = np.array(rows).T
    start = np.datetime64("2020-01-01")
    return start + day, start + issue, count


def test_a_share_learnt_from_more_publications_is_surer():
    few, many = (reported_share(*published(n), max_delay=3) for n in (3, 30))
    np.testing.assert_allclose(few.share, [0.4, 0.7, 0.9, 1])
    for found in (few, many):
        low, high = found.interval(0.9)
        assert (low <= found.share).all()
        assert (found.share <= high).all()
        assert (np.diff(found.draws, axis=1) >= 0).all()
        assert found.delays(10).shape == (4, 10)
        np.testing.assert_allclose(found.delays(10).sum(axis=0), 1)
    widths = [np.subtract(*found.interval()[::-1])[:3] for found in (few, many)]
    assert (widths[1] < widths[0] / 2).all()
    assert many.spread < few.spread  # here days do not differ at all


def test_an_age_that_no_publication_tells_of_has_an_interval_down_to_nothing():
    found = reported_share(*published(10, newest=1), max_delay=3)
    assert found.cases[0] == 0
    assert found.interval()[0][0] < 0.05
    with pytest.raises(ValueError, match="at most the 1000 draws"):
        found.delays(1001)
    with pytest.raises(ValueError, match="n_draws"):
        reported_share(*published(10), max_delay=3, n_draws=3)
