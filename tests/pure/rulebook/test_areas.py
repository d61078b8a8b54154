"""Clusters, spread, the county risk grade with its whole truth table, measures and timeliness."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lianfang.rulebook import (
    ClusterMember,
    NoEditionError,
    Rulebook,
    Status,
    cluster,
    community_spread,
    default,
    event_alerts,
    grade,
    measures,
    timeliness,
    worst,
)
from lianfang.rulebook.kinds.supply import PairingParameters
from lianfang.rulebook.kinds.surveillance import (
    EventReportParameters,
    PersonGradeParameters,
    RiskGradeParameters,
)

MARCH = date(2020, 3, 15)


@pytest.mark.parametrize(
    ("figures", "level", "conflict"),
    [
        ((0, 0, False), "low", False),
        ((50, 0, False), "low", False),
        ((500, 0, False), "low", False),
        ((1, 1, False), "medium", False),
        ((50, 1, True), "medium", False),
        ((51, 1, False), "medium", False),
        ((51, 1, True), "high", False),
        ((51, 0, True), "low", True),
        ((50, 50, False), "medium", False),
        ((49, 1, True), "medium", False),
        ((52, 1, True), "high", False),
    ],
)
def test_the_risk_grade(book: Rulebook, figures: tuple[int, int, bool], level: str, conflict: bool) -> None:
    cumulative, new, has_cluster = figures
    result = grade(cumulative, new, cluster_14d=has_cluster, book=book, at=MARCH, place="330106")
    assert (result.level, result.conflict, result.edition.edition_id) == (
        level,
        conflict,
        "risk_grade@2020-02",
    )
    assert (result.alert is not None) is conflict
    assert result.label.zh == {"low": "低风险", "medium": "中风险", "high": "高风险"}[level]


def test_a_grade_is_explained_in_whole_sentences(book: Rulebook) -> None:
    def said(cumulative: int, new: int) -> tuple[str, str]:
        result = grade(cumulative, new, cluster_14d=True, book=book, at=MARCH, place="330106")
        assert result.edition.of(RiskGradeParameters).large_cumulative.side == "above"
        return result.clause.en, result.clause.zh

    assert said(5, 4) == (
        "new cases within 14 days, cumulative count at most 50",
        "14天内有新增确诊病例，累计确诊病例不超过50例",
    )
    assert said(52, 1) == (
        "cumulative count above 50 and a cluster within 14 days",
        "累计确诊病例超过50例，14天内有聚集性疫情",
    )


@pytest.mark.parametrize(("cumulative", "new"), [(0, 1), (5, -1)])
def test_impossible_counts_are_refused(book: Rulebook, cumulative: int, new: int) -> None:
    with pytest.raises(
        ValueError, match=f"new_14d must be between 0 and the cumulative count {cumulative}. Got {new}"
    ):
        grade(cumulative, new, cluster_14d=False, book=book, at=MARCH)


def test_no_grade_before_the_guidance(book: Rulebook) -> None:
    with pytest.raises(NoEditionError):
        grade(0, 0, cluster_14d=False, book=book, at=date(2020, 2, 16))


@given(st.integers(0, 200), st.integers(0, 200), st.booleans())
def test_more_cases_never_lower_the_grade(cumulative: int, new: int, has_cluster: bool) -> None:
    rank = {"low": 0, "medium": 1, "high": 2}
    new = min(new, cumulative)

    def level(more: int, more_new: int, *, flag: bool) -> int:
        return rank[
            grade(cumulative + more, new + more_new, cluster_14d=flag, book=default(), at=MARCH).level
        ]

    assert level(1, 1, flag=has_cluster) >= level(0, 0, flag=has_cluster)
    assert level(0, 0, flag=True) >= level(0, 0, flag=False)


def test_a_city_takes_the_worst_of_its_districts() -> None:
    assert worst(["low", "high", "medium"]) == "high"
    assert worst(["low"]) == "low"


def test_low_risk_reopens_without_permit(book: Rulebook) -> None:
    ids = {level: [m.measure_id for m in measures(level, book, MARCH)] for level in ("low", "medium", "high")}
    assert "no_reopening_conditions" in ids["low"]
    assert "orderly_reopening" in ids["medium"]
    assert "strict_control" in ids["high"]
    assert book.rule("person_grade", at=MARCH).of(PersonGradeParameters).arrival_observation_days == 14


FIRST = date(2020, 2, 20)


def members(*days: int, status: Status = Status.CONFIRMED, is_ill: bool = False) -> list[ClusterMember]:
    return [ClusterMember(FIRST + timedelta(days=d), status, is_ill) for d in days]


@pytest.mark.parametrize(("gap", "found"), [(0, True), (12, True), (13, True), (14, False)])
def test_two_cases_within_14_calendar_days(book: Rulebook, gap: int, found: bool) -> None:
    assert (cluster(members(0, gap), book, date(2020, 3, 10)) is not None) is found


@pytest.mark.parametrize(
    ("at", "n", "found"),
    [
        (date(2020, 2, 7), 1, False),
        (date(2020, 2, 7), 2, True),
        (date(2020, 9, 14), 2, True),
        (date(2020, 9, 15), 4, False),
        (date(2020, 9, 15), 5, True),
        (date(2020, 9, 15), 6, True),
        (date(2022, 6, 27), 4, False),
        (date(2022, 6, 28), 2, True),
    ],
)
def test_the_size_of_a_cluster_by_edition(book: Rulebook, at: date, n: int, found: bool) -> None:
    people = [ClusterMember(at - timedelta(days=k % 3), Status.CONFIRMED) for k in range(n)]
    assert (cluster(people, book, at) is not None) is found


@pytest.mark.parametrize(("gap", "found"), [(6, True), (7, False)])
def test_the_ninth_plan_counts_one_week(book: Rulebook, gap: int, found: bool) -> None:
    at = date(2022, 7, 20)
    people = [
        ClusterMember(at, Status.CONFIRMED),
        ClusterMember(at - timedelta(days=gap), Status.ASYMPTOMATIC),
    ]
    assert (cluster(people, book, at) is not None) is found


def test_who_counts_by_edition(book: Rulebook) -> None:
    january, february = date(2020, 2, 1), date(2020, 2, 20)
    one = ClusterMember(date(2020, 1, 30), Status.CONFIRMED)
    ill = ClusterMember(date(2020, 1, 31), Status.NOT_CLASSIFIED, is_ill=True)
    silent = ClusterMember(date(2020, 1, 31), Status.ASYMPTOMATIC)
    suspect = ClusterMember(date(2020, 1, 31), Status.SUSPECTED)
    assert cluster([one, ill], book, january) is not None
    assert cluster([ill, ill], book, january) is None
    assert cluster([one, silent], book, january) is None
    assert cluster([one, ill], book, february) is None
    assert cluster([one, silent], book, february) is not None
    assert cluster([one, suspect], book, february) is None


def test_the_fullest_window_is_reported(book: Rulebook) -> None:
    found = cluster(members(0, 20, 21, 22, 30), book, date(2020, 4, 1))
    assert found is not None
    assert (found.size, found.first_on, found.last_on) == (
        4,
        FIRST + timedelta(days=20),
        FIRST + timedelta(days=30),
    )
    assert cluster(members(0, 1), book, FIRST) is None, "days to come do not count"


@given(st.lists(st.integers(0, 60), max_size=12))
def test_the_sliding_window_agrees_with_trying_every_window(days: list[int]) -> None:
    found = cluster(members(*days), default(), date(2020, 6, 1))
    largest = max((sum(start <= d < start + 14 for d in days) for start in range(61)), default=0)
    assert (found.size if found else 0) == (largest if largest >= 2 else 0)


@pytest.mark.parametrize(("one_place", "unknown", "outbreak", "spread"), [(1, 1, False, False), (2, 1, True, False), (1, 2, False, True)])  # fmt: skip
def test_outbreak_and_community_spread(book: Rulebook, one_place, unknown, outbreak, spread) -> None:
    result = community_spread(one_place, unknown, book, MARCH)
    assert (result.is_outbreak, result.is_community_spread) == (outbreak, spread)


@pytest.mark.parametrize(
    ("size", "reached"), [(4, ()), (5, (5,)), (6, (5,)), (9, (5,)), (10, (5, 10)), (11, (5, 10))]
)
def test_event_alerts_are_local_defaults(book: Rulebook, size: int, reached: tuple[int, ...]) -> None:
    assert event_alerts(size, book, MARCH) == reached
    assert book.rule("event_alert", at=MARCH).confidence == "X"


def test_the_event_report_starts_ungraded(book: Rulebook) -> None:
    rule = book.rule("event_report", at=MARCH).of(EventReportParameters)
    assert (rule.within_hours, rule.initial_level.zh, set(rule.triggers)) == (
        2,
        "未分级",
        {"first_confirmed_of_county", "cluster"},
    )


@pytest.mark.parametrize(
    ("detect", "notify", "respond", "met"),
    [
        (7, 1, 7, (True, True, True)),
        (7.01, 1.01, 7.01, (False, False, False)),
        (0, 0, 0, (True, True, True)),
    ],
)
def test_seven_one_seven(
    book: Rulebook, detect: float, notify: float, respond: float, met: tuple[bool, ...]
) -> None:
    emerged = datetime.fromisoformat("2020-03-01T08:00+08:00")
    detected = emerged + timedelta(days=detect)
    notified = detected + timedelta(days=notify)
    result = timeliness(
        emerged_at=emerged,
        detected_at=detected,
        notified_at=notified,
        responded_at=notified + timedelta(days=respond),
        book=book,
    )
    assert (result.detected_in_time, result.notified_in_time, result.responded_in_time) == met
    open_event = timeliness(
        emerged_at=emerged, detected_at=None, notified_at=None, responded_at=None, book=book
    )
    assert (open_event.detect_days, open_event.detected_in_time) == (None, None)


def test_nineteen_provinces_help_sixteen_places(book: Rulebook) -> None:
    pairs = book.rule("pairing", at=MARCH).of(PairingParameters).pairs
    assert len({pair.place for pair in pairs}) == 16
    assert len({helper for pair in pairs for helper in pair.helpers}) == 19
