"""What counts say about an area: clusters, community spread, the county risk grade, measures, timeliness."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lianfang.rulebook.book import Rulebook
from lianfang.rulebook.edition import RuleEdition
from lianfang.rulebook.kinds.surveillance import (
    ClusterParameters,
    CommunitySpreadParameters,
    EventAlertParameters,
    Measure,
    MeasuresParameters,
    RiskGradeParameters,
    RiskLevel,
    TimelinessParameters,
)
from lianfang.rulebook.terms import Status, Text, complain, day_of

_RANK: dict[RiskLevel, int] = {"low": 0, "medium": 1, "high": 2}


@dataclass(frozen=True, slots=True)
class Grade:
    """The risk grade of a county, the clause that decided, and whether the figures contradict each other."""

    level: RiskLevel
    label: Text
    clause: Text
    edition: RuleEdition
    alert: Text | None = None

    @property
    def conflict(self) -> bool:
        """Return whether the figures cannot all be right under the text: a person must look."""
        return self.alert is not None


def grade(
    cumulative: int,
    new_14d: int,
    *,
    cluster_14d: bool,
    book: Rulebook,
    at: date | datetime,
    place: str = "",
    disease: str = "",
) -> Grade:
    """Return the risk grade of a county from its figures to the end of the day before `at`.

    `new_14d` and `cluster_14d` are those of the rule's window (14 days); the rule's parameters say what is counted. Low is
    tested first, as in the text. A cluster without any new case is a contradiction, graded by the text, with an
    alert.
    """
    if new_14d < 0 or cumulative < new_14d:
        raise complain("new_14d", f"between 0 and the cumulative count {cumulative}", new_14d)
    edition = book.resolve("risk_grade", at=at, place=place, disease=disease)
    rule = edition.of(RiskGradeParameters)
    days, large = rule.window_days, rule.large_cumulative
    if new_14d == 0:
        clause = Text(
            en=f"no new confirmed case for {days} consecutive days", zh=f"连续{days}天无新增确诊病例"
        )
        return Grade("low", rule.labels["low"], clause, edition, _CONTRADICTION if cluster_14d else None)
    if not large.holds(cumulative):
        clause = Text(
            en=f"new cases within {days} days, cumulative count {_FEW.en.format(n=large.value)}",
            zh=f"{days}天内有新增确诊病例，累计确诊病例{_FEW.zh.format(n=large.value)}",
        )
        return Grade("medium", rule.labels["medium"], clause, edition)
    level: RiskLevel = "high" if cluster_14d else "medium"
    clause = Text(
        en=f"cumulative count {_MANY.en.format(n=large.value)} and {'a' if cluster_14d else 'no'} cluster within {days} days",
        zh=f"累计确诊病例{_MANY.zh.format(n=large.value)}，{days}天内{'有' if cluster_14d else '未发生'}聚集性疫情",
    )
    return Grade(level, rule.labels[level], clause, edition)


# The text says "above 50" and "not above 50"; a rulebook test holds that the rule is an `above`.
_FEW = Text(en="at most {n:g}", zh="不超过{n:g}例")
_MANY = Text(en="above {n:g}", zh="超过{n:g}例")
_CONTRADICTION = Text(
    en="A cluster is recorded but no new confirmed case: check dates, and whether its members have no symptoms.",
    zh="有聚集性疫情记录但无新增确诊病例：请核对日期，并核对成员是否均为无症状感染者。",
)


def worst(levels: Iterable[RiskLevel]) -> RiskLevel:
    """Return the highest of several grades: a city takes the worst of its districts."""
    return max(levels, key=lambda level: _RANK[level])


def measures(level: RiskLevel, book: Rulebook, at: date | datetime, place: str = "") -> tuple[Measure, ...]:
    """Return what a grade switches on at that time and place."""
    return book.rule("measures", at=at, place=place).of(MeasuresParameters).by_grade[level]


@dataclass(frozen=True, slots=True)
class ClusterMember:
    """One person of a setting: the day that counts, the classification, and whether merely ill."""

    on: date
    status: Status
    is_ill: bool = False


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster found: the fullest window of a setting."""

    size: int
    first_on: date
    last_on: date
    edition: RuleEdition


def cluster(
    members: Iterable[ClusterMember],
    book: Rulebook,
    at: date | datetime,
    place: str = "",
    *,
    disease: str = "",
) -> Cluster | None:
    """Return the cluster that the members of one setting make up by the definition in force, or None.

    Of several windows the one with most members is taken, of equal ones the latest. Days after `at` do not count.
    """
    edition = book.resolve("cluster", at=at, place=place, disease=disease)
    rule = edition.of(ClusterParameters)
    known = sorted(
        (
            m
            for m in members
            if m.on <= day_of(at) and (m.status in rule.counted or (rule.ill_counted and m.is_ill))
        ),
        key=lambda m: m.on,
    )
    best: Cluster | None = None
    for window in _windows(known, rule.window_days):
        cases = sum(m.status in rule.counted for m in window)
        if (
            rule.cases.holds(len(window))
            and cases >= rule.cases_confirmed
            and (not best or len(window) >= best.size)
        ):
            best = Cluster(len(window), window[0].on, window[-1].on, edition)
    return best


def _windows(members: Sequence[ClusterMember], days: int) -> Iterable[Sequence[ClusterMember]]:
    """Yield for each member those of the window of calendar days that ends with it (a sliding window)."""
    start = 0
    for stop, member in enumerate(members, start=1):
        while (member.on - members[start].on).days >= days:
            start += 1
        yield members[start:stop]


@dataclass(frozen=True, slots=True)
class Spread:
    """Whether one place has an outbreak, and whether the community has unexplained cases."""

    is_outbreak: bool
    is_community_spread: bool
    edition: RuleEdition


def community_spread(
    largest_in_one_place: int, unknown_source: int, book: Rulebook, at: date | datetime, place: str = ""
) -> Spread:
    """Return outbreak and spread by counts of confirmed cases within the rule's window of days."""
    edition = book.rule("community_spread", at=at, place=place)
    rule = edition.of(CommunitySpreadParameters)
    return Spread(
        rule.outbreak_cases.holds(largest_in_one_place),
        rule.spread_cases_unknown_source.holds(unknown_source),
        edition,
    )


def event_alerts(size: int, book: Rulebook, at: date | datetime, place: str = "") -> tuple[int, ...]:
    """Return the alert sizes that a cluster has reached; local defaults without a source (see the rule)."""
    sizes = book.rule("event_alert", at=at, place=place).of(EventAlertParameters).sizes
    return tuple(s for s in sizes if size >= s)


@dataclass(frozen=True, slots=True)
class Timeliness:
    """Days that an event took in each step, and whether each target was met; None while a step is open."""

    detect_days: float | None
    notify_days: float | None
    respond_days: float | None
    detected_in_time: bool | None
    notified_in_time: bool | None
    responded_in_time: bool | None
    edition: RuleEdition


def timeliness(
    *,
    emerged_at: datetime,
    detected_at: datetime | None,
    notified_at: datetime | None,
    responded_at: datetime | None,
    book: Rulebook,
) -> Timeliness:
    """Return the 7-1-7 timeliness of an event: detection, notification, completed early response.

    The targets are those in force when the event emerged.
    """
    edition = book.rule("timeliness_targets", at=emerged_at)
    rule = edition.of(TimelinessParameters)
    detect = _days(emerged_at, detected_at)
    notify = _days(detected_at, notified_at)
    respond = _days(notified_at, responded_at)
    return Timeliness(
        detect,
        notify,
        respond,
        None if detect is None else rule.detect_days.holds(detect),
        None if notify is None else rule.notify_days.holds(notify),
        None if respond is None else rule.respond_days.holds(respond),
        edition,
    )


def _days(earlier: datetime | None, later: datetime | None) -> float | None:
    return None if earlier is None or later is None else (later - earlier) / timedelta(days=1)
