"""Every number of the rulebook with its side, once by hand: 以上 and 以下 include it, 超过 and 不足 exclude it."""

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from lianfang.rulebook import Rulebook, Threshold, default

# (rule, parameter, sign and number): editions. Read against the sources; a new number is added here by hand.
NUMBERS = {
    ("boarding", "fever_celsius", "≥ 37.3"): "default",
    ("charter", "load_percent", "≤ 50"): "2020-02",
    ("cluster", "cases", "≥ 2"): "3 4 9",
    ("cluster", "cases", "≥ 5"): "7",
    ("community_spread", "outbreak_cases", "≥ 2"): "2020-01",
    ("community_spread", "spread_cases_unknown_source", "≥ 2"): "2020-01",
    ("county_exit", "incidence_percent", "≤ 2"): "2016",
    ("county_exit", "incidence_percent_west", "≤ 3"): "2016",
    ("covid_19_cn_2020/contact_definition", "distance_m", "≤ 1"): "5",
    ("covid_19_cn_2020/diagnosis", "items.epi_area.test.days_before", "≤ 14"): "4 5 5-hubei 6 7",
    ("covid_19_cn_2020/diagnosis", "items.epi_cluster.test.cases", "≥ 2"): "4 5 5-hubei 6 7",
    ("covid_19_cn_2020/diagnosis", "items.epi_cluster.test.days_before", "≤ 14"): "4 5 5-hubei 6 7",
    ("covid_19_cn_2020/diagnosis", "items.epi_ill.test.days_before", "≤ 14"): "4 5 5-hubei 6 7",
    ("covid_19_cn_2020/diagnosis", "items.epi_infected.test.days_before", "≤ 14"): "4 5 5-hubei 6 7",
    ("covid_19_cn_2020/diagnosis", "items.fever.test.celsius", "≥ 37.3"): "4 5 5-hubei 6 7",
    ("covid_19_cn_2020/diagnosis", "items.igg_negative.test.days_after_onset", "≥ 7"): "7",
    ("covid_19_cn_2020/diagnosis", "items.igg_rise.test.fold", "≥ 4"): "7",
    ("covid_19_cn_2020/diagnosis", "items.igm_negative.test.days_after_onset", "≥ 7"): "7",
    ("covid_19_cn_2020/diagnosis", "items.lymphocytes_low.test.value", "< 1.1"): "4 5 5-hubei 6 7",
    ("covid_19_cn_2020/diagnosis", "items.lymphocytes_not_raised.test.value", "≤ 3.2"): "4 5 5-hubei 6 7",
    ("covid_19_cn_2020/diagnosis", "items.symptom_free.test.celsius", "≥ 37.3"): "4 5 5-hubei 6 7",
    ("covid_19_cn_2020/diagnosis", "items.two_negatives.test.apart.calendar_days", "≥ 1"): "4 5 5-hubei 6",
    ("covid_19_cn_2020/diagnosis", "items.two_negatives.test.apart.hours", "≥ 24"): "7",
    ("covid_19_cn_2020/diagnosis", "items.white_cells.test.value", "≤ 9.5"): "4 5 5-hubei 6 7",
    ("covid_19_cn_2020/discharge", "negatives.apart.calendar_days", "≥ 1"): "4 5 6",
    ("covid_19_cn_2020/discharge", "negatives.apart.hours", "≥ 24"): "7",
    ("covid_19_cn_2020/discharge", "temperature.fever", "≥ 37.3"): "4 5 6 7",
    ("covid_19_cn_2020/discharge", "temperature.normal_for_hours", "≥ 72"): "4 5 6 7",
    ("covid_19_cn_2020/discharge", "temperature.reading_age_hours", "≤ 24"): "4 5 6 7",
    ("covid_19_cn_2020/observation", "fever", "≥ 37.3"): "2020 2020-09",
    ("covid_19_cn_2020/observation.asymptomatic", "fever", "≥ 37.3"): "4 2020-04",
    ("covid_19_cn_2020/observation.asymptomatic", "negatives.apart.calendar_days", "≥ 1"): "4",
    ("covid_19_cn_2020/observation.asymptomatic", "negatives.apart.hours", "≥ 24"): "2020-04",
    ("covid_19_cn_2020/severity", "altitude_corrected_m", "> 1000"): "6 7",
    ("covid_19_cn_2020/severity", "pao2_fio2_mmhg", "≤ 300"): "4 5 6 7",
    ("covid_19_cn_2020/severity", "progress_percent", "> 50"): "6 7",
    ("covid_19_cn_2020/severity", "progress_within_hours", "≤ 48"): "6 7",
    ("covid_19_cn_2020/severity", "respiratory_rate", "≥ 30"): "4 5 6 7",
    ("covid_19_cn_2020/severity", "spo2_percent", "≤ 93"): "4 5 6 7",
    ("credit_relief", "extension_months", "≤ 6"): "2020-02",
    ("ebola/diagnosis", "items.exposure.test.days_before", "≤ 21"): "2014",
    ("ebola/diagnosis", "items.high_fever.test.celsius", "≥ 38"): "2014",
    ("ebola/diagnosis", "items.late_negative.test.hours_after_onset", "≥ 72"): "2014",
    ("ebola/diagnosis", "items.link.test.days_before", "≤ 21"): "2014",
    ("ebola/discharge", "negatives.apart.hours", "≥ 48"): "2015",
    ("ebola/discharge", "temperature.fever", "≥ 38"): "2015",
    ("ebola/discharge", "temperature.normal_for_hours", "≥ 72"): "2015",
    ("ebola/discharge", "temperature.reading_age_hours", "≤ 24"): "2015",
    ("ebola/observation", "fever", "≥ 38"): "2014",
    ("exit_evaluation", "veto_approval_percent", "< 90"): "2019",
    ("exit_evaluation", "veto_incidence_percent", "> 2"): "2019",
    ("exit_evaluation", "veto_incidence_percent_west", "> 3"): "2019",
    ("exit_evaluation", "veto_miss_percent", "> 2"): "2019",
    ("exit_evaluation", "veto_wrong_exit_percent", "> 2"): "2019",
    ("measles/diagnosis", "items.fever.test.celsius", "≥ 38"): "2018",
    ("measles/diagnosis", "items.igg_rise.test.fold", "≥ 4"): "2018",
    ("measles/diagnosis", "items.igm_negative.test.days_after_onset", "≥ 4"): "2018",
    ("measles/diagnosis", "items.link.test.days_before", "≤ 23"): "2018",
    ("measles/discharge", "since.days", "> 4"): "2018",
    ("measles/observation", "fever", "≥ 38"): "2018",
    ("medical_waste", "storage_days", "≤ 2"): "2003",
    ("medical_waste", "warm_celsius", "> 25"): "2003",
    ("medical_waste", "warm_storage_celsius", "< 20"): "2003",
    ("medical_waste", "warm_storage_hours", "≤ 48"): "2003",
    ("mers/diagnosis", "items.cluster.test.days_before", "≤ 14"): "2017",
    ("mers/diagnosis", "items.direct_exposure.test.days_before", "≤ 14"): "2017",
    ("mers/diagnosis", "items.fever.test.celsius", "≥ 38"): "2017",
    ("mers/diagnosis", "items.health_worker.test.days_before", "≤ 14"): "2017",
    ("mers/diagnosis", "items.link.test.days_before", "≤ 14"): "2017",
    ("mers/diagnosis", "items.middle_east.test.days_before", "≤ 14"): "2017",
    ("mers/diagnosis", "items.seroconversion.test.days_apart", "≥ 14"): "2017",
    ("mers/diagnosis", "items.seroconversion.test.fold", "≥ 4"): "2017",
    ("mers/diagnosis", "items.two_negatives.test.apart.hours", "≥ 24"): "2017",
    ("mers/diagnosis", "items.two_targets.test.targets", "≥ 2"): "2017",
    ("mers/discharge", "negatives.apart.hours", "≥ 24"): "2015",
    ("mers/observation", "fever", "≥ 38"): "2013",
    ("monitoring", "income_ratio_to_line", "< 1.5"): "2020 2021",
    ("monitoring", "share_of_registered_percent", "≤ 5"): "2020",
    ("monitoring", "share_of_registered_percent_deep", "≤ 10"): "2020",
    ("monitoring_floor", "income_yuan", "< 7300"): "guizhou-2023",
    ("monitoring_floor", "income_yuan", "< 8800"): "guizhou-2024",
    ("poverty_line", "exited", "> 2300"): "2010",
    ("poverty_line", "exited", "> 3218"): "2019",
    ("poverty_line", "exited", "> 4000"): "2020",
    ("poverty_line", "poor", "≤ 2300"): "2010",
    ("poverty_line", "poor", "≤ 3218"): "2019",
    ("poverty_line", "poor", "≤ 4000"): "2020",
    ("premium_relief", "deferral_months", "≤ 6"): "2020-02 2020-02-hubei",
    ("price_rise", "markup_percent", "> 15"): "hunan",
    ("price_rise", "markup_percent", "> 35"): "weifang",
    ("quiet_hours", "broken_by_clock_hours", "≤ 2"): "local",
    ("risk_grade", "large_cumulative", "> 50"): "2020-02",
    ("risk_removal", "months_since_entry", "≥ 6"): "2020",
    ("risk_removal", "stable_months", "≥ 6"): "2020",
    ("safe_water", "days_without_per_year", "≤ 36"): "2018 chongqing",
    ("safe_water", "fetch_distance_m", "≤ 1000"): "2018",
    ("safe_water", "fetch_distance_m", "≤ 800"): "chongqing",
    ("safe_water", "fetch_height_m", "≤ 100"): "2018",
    ("safe_water", "fetch_height_m", "≤ 80"): "chongqing",
    ("safe_water", "fetch_minutes", "≤ 20"): "2018 chongqing",
    ("safe_water", "litres_per_head_day", "≥ 35"): "2018 chongqing",
    ("safe_water", "litres_per_head_day_scarce", "≥ 20"): "2018 chongqing",
    ("safe_water", "supply_percent", "≥ 90"): "2018 chongqing",
    ("supervision_list", "village_incidence_percent", "> 10"): "2020",
    ("supervision_list", "village_poor", "> 1000"): "2020",
    ("team_rest", "days_off", "≥ 2"): "wuhan",
    ("team_rest", "months_continuous", "≤ 1"): "hubei",
    ("timeliness_targets", "detect_days", "≤ 7"): "7-1-7",
    ("timeliness_targets", "notify_days", "≤ 1"): "7-1-7",
    ("timeliness_targets", "respond_days", "≤ 7"): "7-1-7",
    ("village_exit", "collective_income_yuan", "≥ 20000"): "gansu-2020",
    ("village_exit", "incidence_percent", "≤ 0"): "gansu-2020",
    ("village_exit", "incidence_percent", "≤ 2"): "2016",
    ("village_exit", "incidence_percent_west", "≤ 0"): "gansu-2020",
    ("village_exit", "incidence_percent_west", "≤ 3"): "2016",
    ("warning_lines", "inpatient_self_paid_other_yuan", "≥ 20000"): "county",
    ("warning_lines", "inpatient_self_paid_registered_yuan", "≥ 5000"): "county",
    ("warning_lines", "outpatient_monthly_yuan", "≥ 500"): "county",
    ("warning_lines", "schooling_yearly_yuan", "≥ 10000"): "county",
}


def thresholds(value: Any, path: str = "") -> Iterator[tuple[str, Threshold]]:
    if isinstance(value, Threshold):
        yield path, value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from thresholds(getattr(value, name), f"{path}.{name}" if path else name)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from thresholds(inner, f"{path}.{key}")
    elif isinstance(value, tuple):
        for position, inner in enumerate(value):
            yield from thresholds(inner, f"{path}.{position}")


def test_the_table_holds_every_number_of_the_rulebook(book: Rulebook) -> None:
    found = defaultdict(list)
    for edition in book.all_editions():
        for path, threshold in thresholds(edition.parameters):
            found[edition.rule_id, path, str(threshold)].append(edition.edition)
    assert {key: " ".join(editions) for key, editions in found.items()} == NUMBERS


CASES = [
    (edition_id, path, sign_and_number)
    for (rule_id, path, sign_and_number), editions in NUMBERS.items()
    for edition_id in (f"{rule_id}@{edition}" for edition in editions.split())
]


@pytest.mark.parametrize(("edition_id", "path", "sign_and_number"), CASES)
def test_at_the_number_just_below_and_just_above(edition_id: str, path: str, sign_and_number: str) -> None:
    threshold = dict(thresholds(default().edition(edition_id).parameters))[path]
    sign, number = sign_and_number.split(" ")
    value = float(number)
    below, above = math.nextafter(value, -math.inf), math.nextafter(value, math.inf)
    expected = {
        "≤": (True, True, False),
        "<": (True, False, False),
        "≥": (False, True, True),
        ">": (False, False, True),
    }[sign]
    assert tuple(map(threshold.holds, (below, value, above))) == expected


@pytest.mark.parametrize("given", [{}, {"at_most": 1, "below": 2}, {"at_least": math.nan}, {"at_most": None}])
def test_a_threshold_has_exactly_one_number(given: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"exactly one|NaN"):
        Threshold.model_validate(given)
