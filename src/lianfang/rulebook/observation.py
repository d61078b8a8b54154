"""Contacts: which days make one, how long one is observed, and when one is released."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lianfang.rulebook.book import Pack
from lianfang.rulebook.discharge import negatives
from lianfang.rulebook.edition import RuleEdition
from lianfang.rulebook.expression import ItemFinding
from lianfang.rulebook.facts import CaseFacts
from lianfang.rulebook.kinds.care import (
    ContactDefinitionParameters,
    ObservationParameters,
    PlaceWindowParameters,
)
from lianfang.rulebook.leaves import Evidence
from lianfang.rulebook.terms import Text, complain
from lianfang.rulebook.verdict import Verdict


@dataclass(frozen=True, slots=True)
class ContactWindow:
    """The days, both included, on which meeting the case makes a contact; `closes_on` None: still open."""

    opens_on: date
    closes_on: date | None
    rule: ContactDefinitionParameters
    edition: RuleEdition

    def holds(self, met_on: date) -> bool:
        """Return whether a meeting on that day falls into the window."""
        return self.opens_on <= met_on and (self.closes_on is None or met_on <= self.closes_on)


def contact_window(
    pack: Pack,
    at: date | datetime,
    place: str = "",
    *,
    onset_on: date | None = None,
    sampled_on: date | None = None,
    isolated_on: date | None = None,
) -> ContactWindow:
    """Return the window of a case by the definition in force.

    `onset_on` is the onset of the sign the rule names as its anchor (illness, or rash in measles). Without onset, an
    infected person without symptoms, the day of sampling takes its place. ValueError if neither is known.
    """
    edition = pack.rule("contact_definition", at=at, place=place)
    rule = edition.of(ContactDefinitionParameters)
    anchor = onset_on or sampled_on
    if anchor is None:
        raise complain("onset_on", "given, or sampled_on for a person without symptoms", None)
    ends = [isolated_on] if isolated_on is not None else []
    if rule.days_after is not None:
        ends.append(anchor + timedelta(days=rule.days_after))
    return ContactWindow(anchor - timedelta(days=rule.days_before), min(ends, default=None), rule, edition)


def place_window_opens(onset_on: date, pack: Pack, at: date | datetime, place: str = "") -> date:
    """Return the first day on which a place that the case visited counts as infected."""
    rule = pack.parameters("place_window", PlaceWindowParameters, at=at, place=place)
    return onset_on - timedelta(days=rule.days_before)


def observation_end(
    last_contact_on: date, pack: Pack, at: date | datetime, place: str = "", *, subject: str = ""
) -> date:
    """Return the day of release: the last unprotected contact plus the days of observation.

    `subject` is empty for contacts, else the name of another observation rule of the pack, such as `asymptomatic`.
    """
    rule = pack.parameters(_rule_name(subject), ObservationParameters, at=at, place=place)
    return last_contact_on + timedelta(days=rule.days - rule.first_day_number)


def _rule_name(subject: str) -> str:
    return f"observation.{subject}" if subject else "observation"


@dataclass(frozen=True, slots=True)
class Release(Verdict):
    """Whether observation may end, and the first day on which it may."""

    due_on: date


def release(
    facts: CaseFacts, started_on: date, pack: Pack, at: datetime, place: str = "", *, subject: str = ""
) -> Release:
    """Return whether a person may be released from observation at `at`.

    `started_on` is the day of the last unprotected contact (for a person without symptoms: the first day of
    observation). A sign or a fever is not a reason to release late but to report: it shows as a missing condition.
    """
    edition = pack.rule(_rule_name(subject), at=at, place=place)
    rule = edition.of(ObservationParameters)
    due_on = started_on + timedelta(days=rule.days - rule.first_day_number)
    findings = [
        ItemFinding(
            "days",
            Text(en=f"{rule.days} days of observation have passed", zh=f"医学观察满{rule.days}天"),
            at.date() >= due_on,
            (Evidence("last_contact", started_on.isoformat(), started_on),),
        ),
        _no_signs(rule, facts, started_on, at),
    ]
    if rule.negatives is not None:
        findings.append(negatives(rule.negatives, facts, at))
    return Release(tuple(findings), edition, due_on)


def _no_signs(rule: ObservationParameters, facts: CaseFacts, started_on: date, at: datetime) -> ItemFinding:
    evidence = [Evidence("sign", name) for name, is_present in facts.symptoms.items() if is_present]
    if rule.fever is not None:
        evidence += [
            Evidence("temperature", f"{r.celsius:g} °C", r.at)
            for r in facts.temperatures
            if r.at <= at and r.at.date() >= started_on and rule.fever.holds(r.celsius)
        ]
    return ItemFinding(
        "no_signs", Text(en="no signs and no fever", zh="无症状且无发热"), not evidence, tuple(evidence)
    )
