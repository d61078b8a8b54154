"""Who is poor, who is watched, and what exit from poverty asks for. Money is yuan, rates are percent.

Every verdict lists each condition, so that each veto is seen and not only the first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from lianfang.rulebook.book import Rulebook
from lianfang.rulebook.edition import RuleEdition
from lianfang.rulebook.expression import ItemFinding
from lianfang.rulebook.kinds.livelihood import (
    AreaExitParameters,
    EvaluationParameters,
    IncomeWindowParameters,
    MonitoringFloorParameters,
    MonitoringParameters,
    PersonExitParameters,
    PovertyLineParameters,
    RiskRemovalParameters,
    SafeWaterParameters,
    SupervisionParameters,
    WarningLinesParameters,
)
from lianfang.rulebook.terms import Text, Threshold, complain
from lianfang.rulebook.verdict import Verdict, measured, stated, with_number


@dataclass(frozen=True, slots=True)
class PovertyStanding:
    """Where an income stands: at or below the line is poor, above it has left; equal to the line has not left."""

    is_poor: bool
    has_exited: bool
    line_yuan: float
    edition: RuleEdition


def poverty_standing(
    income_per_head: float, book: Rulebook, at: date | datetime, place: str = ""
) -> PovertyStanding:
    """Return whether a yearly net income per head is poor by the line of the time and place."""
    edition = book.rule("poverty_line", at=at, place=place)
    rule = edition.of(PovertyLineParameters)
    return PovertyStanding(
        rule.poor.holds(income_per_head), rule.exited.holds(income_per_head), rule.poor.value, edition
    )


def person_exit(
    income_per_head: float | None,
    guarantees: Mapping[str, bool],
    book: Rulebook,
    at: date | datetime,
    place: str = "",
) -> Verdict:
    """Return whether a household may exit: income above the line and every guarantee of the rule given.

    `guarantees` holds the rule's guarantees by name; one that is absent was not checked, and is not met.
    """
    edition = book.rule("person_exit", at=at, place=place)
    line = book.rule("poverty_line", at=at, place=place).of(PovertyLineParameters).exited
    income = measured(
        "income",
        with_number("net income per head, yuan a year", "人均纯收入（元/年）", line),
        line,
        income_per_head,
    )
    rule = edition.of(PersonExitParameters)
    rest = [stated(name, text, guarantees.get(name)) for name, text in rule.guarantees.items()]
    return Verdict((income, *rest), edition)


def area_exit(
    area: Literal["village", "county"],
    incidence_percent: float,
    *,
    is_west: bool,
    collective_income_yuan: float | None = None,
    book: Rulebook,
    at: date | datetime,
    place: str = "",
) -> Verdict:
    """Return whether a village or county may exit by its incidence of poverty (2 %, in the west 3 %, included)."""
    edition = book.rule(f"{area}_exit", at=at, place=place)
    rule = edition.of(AreaExitParameters)
    limit = rule.incidence_percent_west if is_west else rule.incidence_percent
    findings = [
        measured(
            "incidence",
            with_number("incidence of poverty, percent", "贫困发生率（%）", limit),
            limit,
            incidence_percent,
        )
    ]
    if rule.collective_income_yuan is not None:
        least = rule.collective_income_yuan
        text = with_number("collective income, yuan", "村集体经济收入（元）", least)
        findings.append(measured("collective_income", text, least, collective_income_yuan))
    return Verdict(tuple(findings), edition)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitRates:
    """Three rates and one degree, in percent."""

    incidence: float
    wrong_exit: float
    miss: float
    approval: float


def exit_rates(
    *,
    poor_left: int,
    missed: int,
    wrongly_exited: int,
    rural_population: int,
    sampled_exited: int,
    surveyed_unregistered: int,
    approving: int,
    surveyed_households: int,
) -> ExitRates:
    """Return the rates of an exit evaluation from its counts; a denominator of 0 raises ValueError.

    Composite incidence = (registered poor left + missed + wrongly exited) / rural population (People's Daily,
    2 Jul 2019).
    """
    for name, count in (
        ("rural_population", rural_population),
        ("sampled_exited", sampled_exited),
        ("surveyed_unregistered", surveyed_unregistered),
        ("surveyed_households", surveyed_households),
    ):
        if count <= 0:
            raise complain(name, "above 0", count)
    return ExitRates(
        incidence=100 * (poor_left + missed + wrongly_exited) / rural_population,
        wrong_exit=100 * wrongly_exited / sampled_exited,
        miss=100 * missed / surveyed_unregistered,
        approval=100 * approving / surveyed_households,
    )


def exit_vetoes(
    rates: ExitRates, *, is_west: bool, book: Rulebook, at: date | datetime, place: str = ""
) -> tuple[ItemFinding, ...]:
    """Return the vetoes that stand against an exit; empty means none. One is enough to stop it."""
    rule = book.rule("exit_evaluation", at=at, place=place).of(EvaluationParameters)
    incidence = rule.veto_incidence_percent_west if is_west else rule.veto_incidence_percent
    wrong, miss, approval = rule.veto_wrong_exit_percent, rule.veto_miss_percent, rule.veto_approval_percent
    tested = (
        measured(
            "incidence",
            with_number("composite incidence, percent", "综合贫困发生率（%）", incidence),
            incidence,
            rates.incidence,
        ),
        measured(
            "wrong_exit",
            with_number("wrong-exit rate, percent", "错退率（%）", wrong),
            wrong,
            rates.wrong_exit,
        ),
        measured("miss", with_number("miss rate, percent", "漏评率（%）", miss), miss, rates.miss),
        measured(
            "approval",
            with_number("approval, percent", "群众认可度（%）", approval),
            approval,
            rates.approval,
        ),
    )
    return tuple(f for f in tested if f.met)


@dataclass(frozen=True, slots=True)
class MonitoringCheck:
    """Whether an income is below the bound of the watch, and the bound in yuan."""

    is_below: bool
    bound_yuan: float
    classes: Mapping[str, Text]
    edition: RuleEdition


def monitoring_check(
    income_per_head: float, book: Rulebook, at: date | datetime, place: str = ""
) -> MonitoringCheck:
    """Return whether income per head is below the bound of the watch at that time and place.

    A province's own line of the year goes before the national multiple of the poverty line. Equal to the bound is not
    below it. Income is one criterion: shocks are judged apart.
    """
    edition = book.rule("monitoring", at=at, place=place)
    rule = edition.of(MonitoringParameters)
    ratio = rule.income_ratio_to_line
    line = book.rule("poverty_line", at=at, place=place).of(PovertyLineParameters).poor.value
    bound = Threshold.model_validate({ratio.side: rule.floor_yuan or ratio.value * line})
    own = book.find("monitoring_floor", at=at, place=place)
    if own is not None:
        edition, bound = own, own.of(MonitoringFloorParameters).income_yuan
    return MonitoringCheck(bound.holds(income_per_head), bound.value, rule.classes, edition)


def income_window(identified_on: date, book: Rulebook, place: str = "") -> tuple[date, date]:
    """Return the first and last day whose income counts: whole months up to the end of the month before."""
    months = book.rule("income_window", at=identified_on, place=place).of(IncomeWindowParameters).months
    last = identified_on.replace(day=1) - timedelta(days=1)
    years, month0 = divmod(last.month - months, 12)
    return date(last.year + years, month0 + 1, 1), last


def risk_removal(
    conditions_met: tuple[bool | None, ...],
    *,
    stable_months: float,
    months_since_entry: float,
    book: Rulebook,
    at: date | datetime,
    place: str = "",
) -> Verdict:
    """Return whether the risk of a watched household counts as removed.

    `conditions_met` answers the rule's conditions in their order; ValueError if there are not as many.
    """
    edition = book.rule("risk_removal", at=at, place=place)
    rule = edition.of(RiskRemovalParameters)
    if len(conditions_met) != len(rule.conditions):
        raise complain("conditions_met", f"{len(rule.conditions)} answers", conditions_met)
    stable, since = rule.stable_months, rule.months_since_entry
    findings = [
        measured(
            "stable_months",
            with_number("months of stable income", "收入持续稳定（月）", stable),
            stable,
            stable_months,
        ),
        measured(
            "months_since_entry",
            with_number("months since entry", "纳入监测时间（月）", since),
            since,
            months_since_entry,
        ),
    ]
    findings += [
        stated(f"condition_{n}", text, answer)
        for n, (text, answer) in enumerate(zip(rule.conditions, conditions_met, strict=True), start=1)
    ]
    return Verdict(tuple(findings), edition)


def spending_warnings(
    *,
    is_registered: bool,
    inpatient_self_paid: float | None = None,
    outpatient_monthly: float | None = None,
    schooling_yearly: float | None = None,
    book: Rulebook,
    at: date | datetime,
    place: str = "",
) -> tuple[ItemFinding, ...]:
    """Return the kinds of spending that reach a warning line; what was not reported raises none."""
    rule = book.rule("warning_lines", at=at, place=place).of(WarningLinesParameters)
    inpatient = (
        rule.inpatient_self_paid_registered_yuan if is_registered else rule.inpatient_self_paid_other_yuan
    )
    monthly, schooling = rule.outpatient_monthly_yuan, rule.schooling_yearly_yuan
    tested = (
        measured(
            "inpatient_self_paid",
            with_number("self-paid inpatient cost, yuan", "住院自付费用（元）", inpatient),
            inpatient,
            inpatient_self_paid,
        ),
        measured(
            "outpatient_monthly",
            with_number("out-patient cost a month, yuan", "门诊月费用（元）", monthly),
            monthly,
            outpatient_monthly,
        ),
        measured(
            "schooling_yearly",
            with_number("schooling cost a year, yuan", "年教育支出（元）", schooling),
            schooling,
            schooling_yearly,
        ),
    )
    return tuple(f for f in tested if f.met)


@dataclass(frozen=True, slots=True, kw_only=True)
class Water:
    """What was found at a household's water; None where not assessed. Distance and height are to the source."""

    litres_per_head_day: float | None = None
    quality_ok: bool | None = None
    fetch_minutes: float | None = None
    days_without_per_year: float | None = None
    supply_percent: float | None = None


def safe_water(
    water: Water, *, is_scarce: bool, book: Rulebook, at: date | datetime, place: str = ""
) -> Verdict:
    """Return whether drinking water is safe: amount, quality, convenience and reliability must all hold.

    Water in the house is 0 minutes to fetch. Reliability is met by the share of supply or by the days without,
    whichever was recorded; both must hold where both were.
    """
    edition = book.rule("safe_water", at=at, place=place)
    rule = edition.of(SafeWaterParameters)
    litres = rule.litres_per_head_day_scarce if is_scarce else rule.litres_per_head_day
    fetch, share, days = rule.fetch_minutes, rule.supply_percent, rule.days_without_per_year
    reliability = [
        measured(
            "supply_percent",
            with_number("share of supply, percent", "供水保证率（%）", share),
            share,
            water.supply_percent,
        ),
        measured(
            "days_without",
            with_number("days without water a year", "年断水天数", days),
            days,
            water.days_without_per_year,
        ),
    ]
    recorded = [f for f in reliability if f.evidence] or reliability[:1]
    return Verdict(
        (
            measured(
                "litres",
                with_number("litres per head a day", "人均日用水量（升）", litres),
                litres,
                water.litres_per_head_day,
            ),
            stated("quality", Text(en="water quality meets the standard", zh="水质达标"), water.quality_ok),
            measured(
                "fetch_minutes",
                with_number("minutes to fetch", "取水往返时间（分钟）", fetch),
                fetch,
                water.fetch_minutes,
            ),
            *recorded,
        ),
        edition,
    )


def is_supervised_village(
    poor: int, incidence_percent: float, book: Rulebook, at: date | datetime, place: str = ""
) -> bool:
    """Return whether a village belongs on the supervision list by number of poor or by incidence."""
    rule = book.rule("supervision_list", at=at, place=place).of(SupervisionParameters)
    answers = (rule.village_poor.holds(poor), rule.village_incidence_percent.holds(incidence_percent))
    return any(answers) if rule.joined_by == "or" else all(answers)
