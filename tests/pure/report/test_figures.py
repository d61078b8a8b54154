from datetime import date, timedelta

import numpy as np
import pytest

from lianfang.report.alerts import Alerts
from lianfang.report.chains import Chains
from lianfang.report.curve import Completed, Curve, arrived_by_age, curve_of, weeks_of
from lianfang.report.fatality import Fatality
from lianfang.report.figures import Figures, compute
from lianfang.report.left_out import LeftOut
from lianfang.report.natural_history import UnknownDiseaseError, natural_history
from lianfang.report.persons import protect
from lianfang.report.reading import LinkFile, read_line_list, read_links
from lianfang.report.transmission import Outlook, Transmission

TODAY = date(2026, 1, 1)
START = date(2020, 1, 1)


def outbreak(n_days: int = 50, growth: float = 0.06, *, until: int | None = None) -> str:
    """A growing outbreak, reported 0 to 9 days after onset; one in ten dies 12 days after onset."""
    rng = np.random.default_rng(7)
    rows = ["case_id,sex,age,district,date_onset,date_report,date_hospitalised,outcome,date_death"]
    for day in range(n_days):
        for _ in range(rng.poisson(2 * np.exp(growth * day))):
            onset = START + timedelta(days=day)
            report = onset + timedelta(days=int(rng.integers(0, 10)))
            if until is not None and (report - START).days > until:
                continue
            dies = rng.random() < 0.1
            died = (onset + timedelta(days=12)).isoformat() if dies else ""
            rows.append(
                f"{len(rows)},{'FM'[len(rows) % 2]},{int(rng.integers(1, 90))},{'ABC'[len(rows) % 3]},{onset},{report},"
                f"{onset + timedelta(days=2)},{'died' if dies else 'recovered'},{died}"
            )
    return "\n".join(rows)


def figures(text: str, **options: object) -> Figures:
    return compute(read_line_list(text.encode(), today=TODAY), today=TODAY, **options)


@pytest.fixture(scope="module")
def growing() -> Figures:
    return figures(outbreak(until=49), disease="covid_19")


def test_the_nowcast_is_nearer_to_the_truth_than_the_count(growing):
    truth = curve_of(read_line_list(outbreak().encode(), today=TODAY).at(None))
    curve = growing.curve
    assert isinstance(curve, Curve)
    assert isinstance(truth, Curve)
    last = slice(43, 50)
    final = truth.counts[last].sum()
    assert abs(curve.expected[last].sum() - final) < 0.5 * abs(curve.counts[last].sum() - final)
    assert curve.n_complete < 50
    assert isinstance(curve.completed, Completed)
    assert np.all(curve.completed.low <= curve.completed.median)


def test_r_of_a_growing_outbreak_is_above_one(growing):
    spread = growing.transmission
    assert isinstance(spread, Transmission)
    assert spread.latest is not None
    when, middle, low, high, probability = spread.latest
    # 6 % a day and a serial interval of 4.7 days give 1.3.
    assert low < 1.3 < high
    assert middle > 1
    assert probability > 0.8
    assert when < date(2020, 2, 19)


def test_the_forecast_of_two_models_holds_what_came(growing):
    outlook = growing.outlook
    assert isinstance(outlook, Outlook)
    truth = curve_of(read_line_list(outbreak(57).encode(), today=TODAY).at(None))
    assert isinstance(truth, Curve)
    came = truth.counts[50:57].sum()
    for weeks in (outlook.weeks, outlook.trend_weeks):
        first, last, middle, low, high = weeks[0]
        assert (first, last) == (date(2020, 2, 20), date(2020, 2, 26))
        assert low < came < high
        assert low < middle < high


def test_fatality_is_corrected_upwards_while_the_outbreak_grows():
    found = figures(outbreak(until=49), disease="covid_19", as_of=date(2020, 2, 19)).fatality
    assert isinstance(found, Fatality)
    assert not isinstance(found.corrected, LeftOut)
    assert found.corrected.estimate[0] > found.naive[0]
    assert "Linton" in found.delay_source


def test_delays_allow_for_cases_still_to_be_reported(growing):
    report = next(delay for delay in growing.delays if delay.code == "onset_to_report")
    assert not isinstance(report.fit, LeftOut)
    assert report.fit.distribution.mean > report.days.mean()


def test_a_fit_that_says_nothing_is_left_out(shared_data):
    content = (shared_data / "chains_singapore_2020" / "cases.csv").read_bytes()
    found = compute(read_line_list(content, today=TODAY), today=TODAY, as_of=date(2020, 2, 10)).delays[0]
    assert isinstance(found.fit, LeftOut)
    assert found.fit.reason == "left.fit_open"


def test_the_share_that_has_arrived_allows_for_what_has_not():
    rng = np.random.default_rng(3)
    ages = rng.integers(0, 40, 20_000)
    delays = rng.binomial(8, 0.4, 20_000)
    in_time = delays <= ages
    found = arrived_by_age(delays[in_time], ages[in_time], 8)
    truth = [(delays <= d).mean() for d in range(9)]
    assert np.allclose(found, truth, atol=0.02)


def test_without_a_disease_the_rest_stands():
    found = figures(outbreak(until=49))
    assert isinstance(found.transmission, LeftOut)
    assert found.transmission.reason == "left.no_disease"
    assert isinstance(found.outlook, Outlook)
    assert not found.outlook.weeks
    assert found.outlook.trend_weeks


def test_the_disease_is_taken_from_the_file_where_it_says_one():
    text = "case_id,disease,date_onset\n1,Ebola,2020-01-01\n2,EVD,2020-01-02\n"
    found = figures(text)
    assert found.disease is not None
    assert found.disease.code == "ebola"


def test_an_unknown_disease_is_refused_only_where_it_was_asked_for():
    with pytest.raises(UnknownDiseaseError, match="covid_19_cn_2020"):
        figures("case_id,date_onset\n1,2020-01-01\n", disease="flu42")
    assert figures("case_id,disease,date_onset\n1,cholera,2020-01-01\n").disease is None


def test_a_disease_without_a_pack_has_published_delays():
    known = natural_history("SARS", TODAY)
    assert known.serial_interval is not None
    assert "Cori" in known.serial_interval.source


def test_forecasts_that_say_nothing_are_not_given():
    quiet = figures(
        "case_id,date_onset,date_report\n"
        + "\n".join(f"{n},2020-01-{n:02},2020-01-{n:02}" for n in range(1, 29))
        + "\n29,2020-06-01,2020-06-01\n",
        disease="covid_19",
    )
    assert isinstance(quiet.outlook, LeftOut)
    assert quiet.outlook.reason == "left.forecast_quiet"
    assert isinstance(quiet.transmission, Transmission)
    assert quiet.transmission.latest is None


def test_cases_after_a_quiet_time_raise_an_alarm():
    days = [*range(1, 11), 30, 31, 31]
    text = "case_id,date_onset\n" + "\n".join(f"{n},2020-03-{day:02}" for n, day in enumerate(days))
    found = figures(text).alerts
    assert isinstance(found, Alerts)
    assert [(alarm.rule, alarm.day) for alarm in found.alarms] == [("re_emergence", date(2020, 3, 31))]


def test_chains_count_sources_generations_and_circles():
    days = "\n".join(f"{n},2020-01-{5 * n + 1:02}" for n in range(6))
    file = read_line_list(f"case_id,date_onset\n{days}\n".encode(), today=TODAY)
    links = read_links(b"from,to\n0,1\n0,2\n1,3\n3,4\n4,1\n9,5\n", today=TODAY)
    found = compute(file, today=TODAY, links=links, disease="covid_19").chains
    assert isinstance(found, Chains)
    assert (found.n_pairs, found.n_outside, found.n_with_source) == (5, 1, 4)
    assert found.generations == (1, 2, 1, 1)
    assert found.offspring == (3, 2, 1)
    assert found.sizes == (5,)


def test_links_without_direction_do_not_make_every_source_unknown():
    days = "\n".join(f"{n},2020-01-{5 * n + 1:02}" for n in range(6))
    file = read_line_list(f"case_id,date_onset\n{days}\n".encode(), today=TODAY)
    pairs = ((0, 1), (0, 2), (1, 3), (3, 4), (4, 5))
    links = LinkFile(
        format="test",
        digest="0",
        pairs=tuple((str(a), str(b)) for a, b in pairs),
        directed=False,
        n_rows=5,
    )
    found = compute(file, today=TODAY, links=links).chains
    assert isinstance(found, Chains)
    assert found.n_unknown is None


def test_one_case_and_no_dates_leave_parts_out_with_reasons():
    one = figures("case_id,date_onset,date_report\n1,2020-01-01,2020-01-02\n", disease="covid_19")
    assert isinstance(one.persons, LeftOut)
    assert isinstance(one.transmission, LeftOut)
    undated = figures(
        "case_id,sex,outcome\n1,F,died\n2,M,recovered\n3,M,\n4,F,\n5,F,died\n", disease="covid_19"
    )
    assert isinstance(undated.curve, LeftOut)
    assert isinstance(undated.fatality, Fatality)
    assert undated.fatality.n_deaths == 2


def test_weeks_are_counted_back_from_the_last_day():
    days = tuple(START + timedelta(days=n) for n in range(16))
    starts, sums = weeks_of(days, np.arange(16.0))
    assert starts == [date(2020, 1, 3), date(2020, 1, 10)]
    assert sums.tolist() == [35.0, 84.0]


@pytest.mark.parametrize("seed", range(30))
def test_hidden_counts_cannot_be_computed_from_totals(seed):
    rng = np.random.default_rng(seed)
    table = rng.poisson(6, (5, 3)).tolist()
    safe = protect(table)
    for hidden, row in zip(safe, table, strict=True):
        for cell, n in zip(hidden, row, strict=True):
            assert cell is None or (cell == n and not 0 < n < 5)
    for line in (*safe, *zip(*safe, strict=True)):
        n_hidden = sum(cell is None for cell in line)
        assert n_hidden != 1 or not any(line)
