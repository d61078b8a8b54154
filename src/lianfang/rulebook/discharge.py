"""When a patient may leave, by the protocol in force, and what is owed afterwards."""

from dataclasses import dataclass
from datetime import datetime

from lianfang.rulebook.book import Pack
from lianfang.rulebook.expression import ItemFinding
from lianfang.rulebook.facts import CaseFacts, Temperature, usable_tests
from lianfang.rulebook.kinds.care import (
    AssessmentRule,
    DischargeParameters,
    FollowOn,
    RecurrenceParameters,
    SinceRule,
    TemperatureRule,
)
from lianfang.rulebook.kinds.case_definition import NegativesTest
from lianfang.rulebook.leaves import Evidence, negatives_apart
from lianfang.rulebook.terms import Text
from lianfang.rulebook.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Discharge(Verdict):
    """Whether every criterion of the edition is met, and the regime that follows."""

    follow_on: FollowOn


def discharge(facts: CaseFacts, pack: Pack, at: datetime, place: str = "") -> Discharge:
    """Return whether the patient may leave at `at`; only what was known then is looked at.

    Every finding says met or not with its evidence. What was not recorded is not met.
    """
    edition = pack.rule("discharge", at=at, place=place)
    rule = edition.of(DischargeParameters)
    findings: list[ItemFinding] = []
    if rule.temperature is not None:
        findings.append(_temperature(rule.temperature, facts.temperatures, at))
    findings += [_assessment(part, facts, at) for part in rule.assessments]
    if rule.imaging_any_of:
        findings.append(_imaging(rule, facts, at))
    if rule.symptom_free:
        findings.append(_symptom_free(facts))
    if rule.negatives is not None:
        findings.append(negatives(rule.negatives, facts, at))
    if rule.since is not None:
        findings.append(_since(rule.since, facts, at))
    return Discharge(tuple(findings), edition, rule.follow_on)


def _temperature(rule: TemperatureRule, readings: tuple[Temperature, ...], at: datetime) -> ItemFinding:
    text = Text(
        en=f"temperature normal for {rule.normal_for_hours} h (fever is {rule.fever} °C)",
        zh=f"体温恢复正常{rule.normal_for_hours}小时（发热为{rule.fever}℃）",
    )
    known = sorted((r for r in readings if r.at <= at), key=lambda r: r.at)
    if not known:
        return ItemFinding("temperature", text, met=False, evidence=())
    fevers = [r for r in known if rule.fever.holds(r.celsius)]
    start, latest = (fevers[-1] if fevers else known[0]), known[-1]
    met = (
        not rule.fever.holds(latest.celsius)
        and rule.reading_age_hours.holds(_hours(latest.at, at))
        and rule.normal_for_hours.holds(_hours(start.at, at))
    )
    evidence = tuple(
        Evidence("temperature", f"{r.celsius:g} °C", r.at) for r in dict.fromkeys((start, latest))
    )
    return ItemFinding("temperature", text, met, evidence)


def _assessment(rule: AssessmentRule, facts: CaseFacts, at: datetime) -> ItemFinding:
    judged = [a for a in facts.assessments if a.aspect == rule.aspect and a.at <= at]
    if not judged:
        return ItemFinding(rule.aspect, rule.text, met=False, evidence=())
    latest = max(judged, key=lambda a: a.at)
    evidence = (Evidence("assessment", latest.value, latest.at),)
    return ItemFinding(rule.aspect, rule.text, latest.value in rule.any_of, evidence)


def _imaging(rule: DischargeParameters, facts: CaseFacts, at: datetime) -> ItemFinding:
    text = rule.imaging_text or Text(en="lung imaging improved", zh="肺部影像好转")
    images = [i for i in facts.imaging if i.at <= at]
    if not images:
        return ItemFinding("imaging", text, met=False, evidence=())
    latest = max(images, key=lambda i: i.at)
    evidence = tuple(Evidence("imaging", f, latest.at) for f in sorted(latest.findings))
    return ItemFinding("imaging", text, not latest.findings.isdisjoint(rule.imaging_any_of), evidence)


def _symptom_free(facts: CaseFacts) -> ItemFinding:
    present = [name for name, is_present in facts.symptoms.items() if is_present]
    text = Text(en="no symptoms left", zh="症状消失")
    evidence = tuple(Evidence("sign", name) for name in present)
    return ItemFinding("symptom_free", text, bool(facts.symptoms) and not present, evidence)


def negatives(rule: NegativesTest, facts: CaseFacts, at: datetime) -> ItemFinding:
    """Return whether the consecutive negatives that a rule asks for are there, known at `at`."""
    apart = f", {rule.apart} apart" if rule.apart is not None else ""
    apart_zh = f"，间隔{rule.apart}" if rule.apart is not None else ""
    text = Text(en=f"{rule.n} consecutive negative tests{apart}", zh=f"连续{rule.n}次检测阴性{apart_zh}")
    found = negatives_apart(rule, usable_tests(facts.tests, at))
    evidence = tuple(
        Evidence("laboratory", f"{t.kind} {t.result} {t.specimen}".rstrip(), t.sampled_at) for t in found
    )
    return ItemFinding("negatives", text, bool(found), evidence)


def _since(rule: SinceRule, facts: CaseFacts, at: datetime) -> ItemFinding:
    text = Text(en=f"days since {rule.sign}: {rule.days}", zh=f"距{rule.sign}天数{rule.days}")
    began = facts.onset_on if rule.sign == "onset" else facts.onset_of.get(rule.sign)
    if began is None:
        return ItemFinding("since", text, met=False, evidence=())
    met = rule.days.holds((at.date() - began).days)
    return ItemFinding("since", text, met, (Evidence("sign", rule.sign, began),))


@dataclass(frozen=True, slots=True)
class Recurrence:
    """What a positive test after discharge means; neither way adds to the new cases."""

    is_ill_again: bool
    action: Text
    isolation_days: int
    recheck_weeks: tuple[int, ...]
    findings: tuple[ItemFinding, ...]


def recurrence(facts: CaseFacts, pack: Pack, at: datetime, place: str = "") -> Recurrence:
    """Return how a discharged person who tests positive again is handled.

    Signs *and* a worse image mean the designated hospital; without, isolation goes on. Signs and images are those
    since discharge: the caller selects them.
    """
    rule = pack.parameters("recurrence", RecurrenceParameters, at=at, place=place)
    signs = [n for n in rule.signs_any_of if facts.symptoms.get(n)]
    worse = [(f, i.at) for i in facts.imaging for f in sorted(i.findings & set(rule.findings_any_of))]
    findings = (
        ItemFinding(
            "signs",
            Text(en="fever, cough or other signs", zh="出现发热、咳嗽等表现"),
            bool(signs),
            tuple(Evidence("sign", n) for n in signs),
        ),
        ItemFinding(
            "imaging",
            Text(en="image worse than before", zh="影像学加重"),
            bool(worse),
            tuple(Evidence("imaging", f, moment) for f, moment in worse),
        ),
    )
    is_ill = bool(signs and worse)
    action = rule.with_signs if is_ill else rule.without_signs
    return Recurrence(is_ill, action, rule.isolation_days, rule.recheck_weeks, findings)


def _hours(earlier: datetime, later: datetime) -> float:
    return (later - earlier).total_seconds() / 3600
