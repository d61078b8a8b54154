import doctest
from datetime import date

import numpy as np
import polars as pl
import pytest

from lianfang.analytics import artefacts
from lianfang.analytics.aberration import ears
from lianfang.analytics.artefacts import reporting_artefacts, set_aside

STEADY = np.cumsum([20, 25, 22, 28, 24, 26, 21, 23, 27, 25, 24, 22, 26, 25, 23, 24]) + 100.0


def kinds(result):
    return [(a.step, a.kind) for a in result.found]


def wuhan(folder, column):
    table = pl.read_csv(
        folder / "china_covid_2020" / "city_daily_to_2020-04-30.csv",
        try_parse_dates=True,
        schema_overrides={"cityCode": pl.String},
    ).filter(pl.col("city") == "武汉市")
    return table.sort("date").select("date", column)


def test_examples_in_the_docstrings_hold():
    result = doctest.testmod(artefacts)
    assert result.failed == 0
    assert result.attempted > 0


def test_the_known_defects_of_wuhan_are_flagged(shared_data):
    table = wuhan(shared_data, "confirmed")
    result = reporting_artefacts(table["confirmed"], dates=table["date"].to_list(), names=["武汉市"])
    by_day = {a.on: a for a in result.found}
    assert by_day[date(2020, 2, 13)].kind == "jump"
    assert by_day[date(2020, 2, 13)].size == 13436
    assert {by_day[date(2020, 1, d)].kind for d in (20, 21, 22)} == {"missing"}
    assert by_day[date(2020, 2, 7)].kind == "repeated"
    deaths = wuhan(shared_data, "dead")
    jumps = [
        (a.on, a.size)
        for a in reporting_artefacts(deaths["dead"], dates=deaths["date"].to_list()).found
        if a.kind == "jump"
    ]
    assert (date(2020, 4, 17), 1290.0) in jumps


def test_falls_of_all_cities_are_found(shared_data):
    table = pl.read_csv(
        shared_data / "china_covid_2020" / "city_daily_to_2020-04-30.csv",
        schema_overrides={"cityCode": pl.String},
    )
    falls, counted = 0, 0
    for _, city in table.sort("date").group_by(["provinceCode", "cityCode", "city"]):
        values = city["confirmed"].to_numpy().astype(float)
        counted += int((np.diff(values) < 0).sum())
        falls += sum(a.kind == "fall" for a in reporting_artefacts(values).found)
    assert falls == counted > 0


def test_a_steady_series_has_none_and_a_real_start_is_not_a_jump():
    assert reporting_artefacts(STEADY).found == ()
    start = np.cumsum([0, 0, 0, 1, 0, 2, 3, 5, 9, 15, 26, 44, 75, 120, 210, 350])
    assert reporting_artefacts(start).found == ()
    surge = np.concatenate([STEADY, STEADY[-1] + np.cumsum([130, 160, 200, 260])])
    assert reporting_artefacts(surge).found == ()


def test_a_jump_on_the_last_day_waits_for_the_next():
    result = reporting_artefacts(np.append(STEADY, STEADY[-1] + 900))
    assert kinds(result) == [(16, "jump")]
    assert "wait for the next day" in result.found[0].note
    later = reporting_artefacts(np.append(STEADY, STEADY[-1] + np.array([900, 925])))
    assert "not continued" in later.found[0].note


def test_missing_days_from_dates_and_the_catch_up_after_them():
    days = [date(2020, 2, 1 + k) for k in range(16) if k not in (10, 11)]
    values = np.delete(STEADY, [10, 11])
    result = reporting_artefacts(values, dates=days)
    assert kinds(result) == [(10, "missing"), (11, "missing"), (12, "catch-up")]
    assert result.increments.shape == (16, 1)
    assert np.isnan(result.increments[10:12, 0]).all()
    assert not result.usable[10:13, 0].any()


def test_repeated_values_and_falls():
    values = STEADY.copy()
    values[9] = values[8]
    values[12] = values[11] - 5
    result = reporting_artefacts(values)
    assert kinds(result)[:3] == [(9, "repeated"), (10, "catch-up"), (12, "fall")]
    quiet = np.cumsum([0, 1, 0, 0, 2, 0, 1, 0, 0, 0, 1, 0])
    assert reporting_artefacts(quiet).found == ()


def test_alarms_at_artefacts_are_set_aside_and_counted():
    values = np.append(STEADY, STEADY[-1] + np.array([900, 925, 949]))
    flagged = reporting_artefacts(values)
    counts = np.concatenate([[20], np.diff(values)])
    alarms = ears(counts)
    assert alarms.alarm[16, 0]
    cleaned = set_aside(alarms, flagged)
    assert not cleaned.alarm[16, 0]
    assert not cleaned.assessed[16, 0]
    assert "1 alarms set aside" in cleaned.advice[-1]
    with pytest.raises(ValueError, match="artefacts"):
        set_aside(ears(counts[:-1]), flagged)


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (lambda: reporting_artefacts([1, -1]), "cumulative"),
        (lambda: reporting_artefacts([]), "cumulative"),
        (lambda: reporting_artefacts([1, np.inf]), "cumulative"),
        (lambda: reporting_artefacts([1, 2], dates=["2020-01-02", "2020-01-01"]), "after the day before"),
        (lambda: reporting_artefacts([1, 2], dates=["2020-01-02", "2020-01-02"]), "after the day before"),
        (lambda: reporting_artefacts([1, 2], dates=["2020-01-02"]), "dates"),
        (lambda: reporting_artefacts([1, 2], dates=["x", "y"]), "dates"),
        (lambda: reporting_artefacts([1, 2], jump=1), "jump"),
        (lambda: reporting_artefacts([1, 2], names=["a", "b"]), "names"),
    ],
)
def test_wrong_input_is_named(call, rule):
    with pytest.raises(ValueError, match=rule):
        call()


def test_a_series_without_any_value_is_one_finding():
    result = reporting_artefacts([[np.nan, 1], [np.nan, 2]], names=["silent", "heard"])
    assert [(a.series, a.kind) for a in result.found] == [("silent", "missing")]
    assert result.to_polars().height == 1
    assert result.plot(series=1).get_title() == "heard"
