"""Writes what the health service of the demo world came to know, in the order in which it came to know it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from lianfang.cases.derive import derive_cases
from lianfang.cases.models import (
    Case,
    EpiLink,
    Investigation,
    Outcome,
    Report,
    Result,
    Review,
    Ruling,
    Sample,
    Screening,
    Sign,
)
from lianfang.common.clock import local_day, start_of
from lianfang.contacts.derive import derive_contacts
from lianfang.contacts.models import Contact, Exposure, Observation
from lianfang.core.access.actor import Actor
from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.models import Person
from lianfang.core.registry.services import register_people
from lianfang.demo.ground import Ground
from lianfang.loop.touch import touch
from lianfang.simulate.identities import identities
from lianfang.simulate.outcome import Outcome as Outbreak

DISEASE = "covid_19_cn_2020"
BY = Actor.system("demo world")
# The share of the days without a reading on which somebody of the clinic goes and looks.
_VISITED = 0.9
_SETTING = {"household": "household", "school": "office", "work": "office", "community": "other"}


@dataclass
class Story:
    """The outbreak, told fact by fact; `tell(until)` writes everything that was known by a moment and not yet told."""

    outbreak: Outbreak
    ground: Ground
    seed: int
    told_until: datetime
    days: int
    people: dict[int, Person] = field(default_factory=dict)
    cases: dict[int, Case] = field(default_factory=dict)  # by report
    contacts: dict[tuple[int, int], Contact] = field(default_factory=dict)  # by (case person, contact person)
    _queue: list[tuple[datetime, str, dict[str, Any]]] = field(default_factory=list)

    def prepare(self) -> None:
        """Register everybody who will be seen, and put all facts in the order in which they become known."""
        o = self.outbreak
        seen = {*o.reports["person"], *o.contacts["contact"]}
        rng = np.random.default_rng(self.seed)
        feverish = rng.choice(o.persons["person"].to_numpy(), size=24, replace=False)
        seen |= {int(person) for person in feverish}
        self._register(sorted(seen))
        self._queue = sorted(self._facts(rng, feverish), key=lambda each: each[0])

    def _register(self, wanted: list[int]) -> None:
        frame = identities(self.outbreak.city, np.asarray(wanted), at=self.outbreak.start, seed=self.seed)
        place_of = dict(zip(self.outbreak.persons["person"], self.outbreak.persons["place"], strict=True))
        rows = []
        for row in frame.iter_rows(named=True):
            place = self.ground.places[place_of[row["person"]]]
            rows.append(
                PersonCandidate(
                    name=row["name"],
                    sex=row["sex"],
                    birth_date=row["birth_date"],
                    phone=row["phone"],
                    address=row["address"],
                    place_id=place.pk,
                    path=place.path,
                )
            )
        people = register_people(rows, by=BY, at=self.told_until)
        self.people = dict(zip(frame["person"].to_list(), people, strict=True))

    def _facts(
        self, rng: np.random.Generator, feverish: Any
    ) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
        """Yield (when it becomes known, kind, row) of everything that happens before the end."""
        o = self.outbreak
        yield from _dated(
            o.reports, reported_at="report", excluded_at="ruling", investigated_at="investigation"
        )
        yield from _dated(o.tests, sampled_at="sample", received_at="received", resulted_at="resulted")
        yield from _dated(o.contacts, named_at="contact", reached_at="reached")
        yield from _dated(o.followups.filter(o.followups["is_made"]), due_at="reading")
        yield from self._further_visits(rng)
        yield from _dated(o.infections.filter(o.infections["outcome"].is_not_null()), outcome_at="outcome")
        for row in o.reports.iter_rows(named=True):
            if rng.random() < 0.9:  # one report in ten is not reviewed: a duty that stays open and climbs
                yield _utc(row["reported_at"]) + timedelta(minutes=int(rng.gamma(2, 40))), "review", row
        end = start_of(o.start + timedelta(days=self.days))
        for person in feverish:
            ago = timedelta(hours=float(rng.uniform(0, 12 * 24)))
            reading = {"person": int(person), "temperature": round(float(rng.normal(38.2, 0.4)), 1)}
            yield end - ago, "fever", reading

    def _further_visits(self, rng: np.random.Generator) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
        """Yield the visits of a township clinic to most of those who sent no reading of their own on a day."""
        made = {
            (row["case"], row["contact"], row["due_at"].date())
            for row in self.outbreak.followups.filter(self.outbreak.followups["is_made"]).iter_rows(
                named=True
            )
        }
        for row in self.outbreak.contacts.iter_rows(named=True):
            reached = row["reached_at"]
            if reached is None or row["observed_until"] is None:
                continue
            for n in range((row["observed_until"] - reached.date()).days + 1):
                day = reached.date() + timedelta(days=n)
                if (row["case"], row["contact"], day) not in made and rng.random() < _VISITED:
                    at = max(
                        start_of(day) + timedelta(hours=17, minutes=int(rng.integers(60))), _utc(reached)
                    )
                    yield (
                        at,
                        "reading",
                        {**row, "temperature": round(float(rng.normal(36.5, 0.2)), 1), "has_signs": False},
                    )

    def tell(self, until: datetime) -> int:
        """Write the facts known by `until`, grouped by kind; return how many."""
        due = [each for each in self._queue if each[0] <= until]
        self._queue = self._queue[len(due) :]
        touched_cases: set[int] = set()
        touched_contacts: set[int] = set()
        groups: dict[str, list[tuple[datetime, dict[str, Any]]]] = defaultdict(list)
        for moment, kind, row in due:
            groups[kind].append((moment, row))
        for kind in (
            "report",
            "review",
            "sample",
            "received",
            "resulted",
            "investigation",
            "ruling",
            "outcome",
        ):
            for moment, row in groups[kind]:
                touched_cases |= getattr(self, f"_{kind}")(moment, row)
        derive_cases(touched_cases, at=until, by=BY)
        for moment, row in groups["contact"]:
            touched_contacts |= self._contact(moment, row)
        for moment, row in groups["reached"]:
            touched_contacts |= self._reached(moment, row)
        touched_contacts |= self._readings(groups["reading"])
        self._fevers(groups["fever"], until)
        derive_contacts(touched_contacts, at=until, by=BY)
        touch(
            Case,
            {c.case_id for c in self.contacts.values() if c.pk in touched_contacts and c.case_id},
            at=until,
        )
        self.told_until = until
        return len(due)

    # ---- one method a kind of fact; each returns the ids that must be derived again

    def _report(self, moment: datetime, row: dict[str, Any]) -> set[int]:
        person = self.people[row["person"]]
        county = self.ground.places[_county(person)]
        case = Case.objects.create(
            number=f"{county.code}-{local_day(moment).year}-{row['report'] + 1:04d}",
            person=person,
            disease=DISEASE,
            place=county,
            path=county.path,
            residence_path=person.path,
            opened_at=moment,
            reported_at=moment,
        )
        self.cases[row["report"]] = case
        visited = _utc(row["visited_at"])
        known = {"case": case, "recorded_at": moment}
        Report.objects.create(
            unit=self.ground.units.get(row["facility"]),
            diagnosis="suspected",
            occurred_at=visited,
            received_at=moment,
            **known,
        )
        signs = [Sign(code=code, present=True, occurred_at=visited, **known) for code in row["signs"]]
        signs.append(Sign(code="temperature", value=row["temperature"], occurred_at=visited, **known))
        signs.append(Sign(code="lymphocytes", value=0.9, occurred_at=visited, **known))
        if row["onset_on"] is not None:
            signs.append(
                Sign(
                    code="onset", present=True, is_onset=True, occurred_at=start_of(row["onset_on"]), **known
                )
            )
        Sign.objects.bulk_create(signs)
        if row["source"] == "tracing":
            EpiLink.objects.create(
                kind="contact_with_infected", to_on=local_day(visited), occurred_at=visited, **known
            )
        return {case.pk}

    def _review(self, moment: datetime, row: dict[str, Any]) -> set[int]:
        case = self.cases[row["report"]]
        Review.objects.create(case=case, complete=True, occurred_at=moment, recorded_at=moment)
        return {case.pk}

    def _sample(self, moment: datetime, row: dict[str, Any]) -> set[int]:
        case = self.cases.get(row["report"])
        if case is None:
            return set()
        Sample.objects.create(
            case=case,
            number=f"T{row['test']:05d}",
            specimen="oropharyngeal_swab",
            laboratory=self.ground.units.get(row["laboratory"]),
            occurred_at=moment,
            recorded_at=moment,
        )
        return {case.pk}

    def _received(self, moment: datetime, row: dict[str, Any]) -> set[int]:
        Sample.objects.filter(number=f"T{row['test']:05d}").update(received_at=moment)
        case = self.cases.get(row["report"])
        return {case.pk} if case else set()

    def _resulted(self, moment: datetime, row: dict[str, Any]) -> set[int]:
        sample = Sample.objects.filter(number=f"T{row['test']:05d}").first()
        if sample is None:
            return set()
        Result.objects.create(
            sample=sample,
            case_id=sample.case_id,
            kind="rt_pcr",
            finding=row["result"],
            laboratory_id=sample.laboratory_id,
            key=f"LIS-{row['test']}",
            occurred_at=moment,
            recorded_at=moment,
        )
        return {sample.case_id}

    def _investigation(self, moment: datetime, row: dict[str, Any]) -> set[int]:
        case = self.cases[row["report"]]
        Investigation.objects.create(
            case=case,
            unit=self.ground.units[f"{case.place.code}-cdc"],
            onset_asked=True,
            exposures_asked=True,
            places_asked=True,
            contacts_asked=True,
            occurred_at=moment,
            recorded_at=moment,
        )
        return {case.pk}

    def _ruling(self, moment: datetime, row: dict[str, Any]) -> set[int]:
        """Exclude by a person: the seventh edition also wants serology a week after onset, which nobody took."""
        case = self.cases[row["report"]]
        reason = "两次核酸阴性，另有明确诊断 (two negatives, another diagnosis)"
        Ruling.objects.create(
            case=case, classification="excluded", reason=reason, occurred_at=moment, recorded_at=moment
        )
        return {case.pk}

    def _outcome(self, moment: datetime, row: dict[str, Any]) -> set[int]:
        person = self.people.get(row["person"])
        case = next(
            (c for c in reversed(self.cases.values()) if person is not None and c.person_id == person.pk),
            None,
        )
        if case is None:
            return set()
        kind = "died" if row["outcome"] == "died" else "recovered"
        Outcome.objects.create(
            case=case, kind=kind, on=local_day(moment), occurred_at=moment, recorded_at=moment
        )
        return {case.pk}

    def _contact(self, moment: datetime, row: dict[str, Any]) -> set[int]:
        case = self.cases[row["report"]]
        person = self.people[row["contact"]]
        assert person.place is not None
        contact, _created = Contact.objects.get_or_create(
            person=person,
            case=case,
            disease=DISEASE,
            defaults={
                "place": person.place,
                "path": person.path,
                "source_path": case.path,
                "last_contact_on": row["last_contact_on"],
                "is_high_risk": row["layer"] == "household",
                "named_at": moment,
            },
        )
        Exposure.objects.create(
            contact=contact,
            to_on=row["last_contact_on"],
            setting=_SETTING[row["layer"]],
            protection="none",
            occurred_at=start_of(row["last_contact_on"]),
            recorded_at=moment,
        )
        self.contacts[row["case"], row["contact"]] = contact
        return {contact.pk}

    def _reached(self, moment: datetime, row: dict[str, Any]) -> set[int]:
        contact = self.contacts[row["case"], row["contact"]]
        Contact.objects.filter(pk=contact.pk, notified_at__isnull=True).update(notified_at=moment)
        return {contact.pk}

    def _readings(self, rows: list[tuple[datetime, dict[str, Any]]]) -> set[int]:
        made = []
        for moment, row in rows:
            contact = self.contacts.get((row["case"], row["contact"]))
            if contact is not None:
                made.append(_observation(contact, moment, row))
        saved = Observation.objects.bulk_create(made, batch_size=500)
        touch(
            Observation, [row.pk for row in saved], at=max((m for m, _row in rows), default=self.told_until)
        )
        return {row.contact_id for row in saved}

    def _fevers(self, rows: list[tuple[datetime, dict[str, Any]]], until: datetime) -> None:
        made = []
        for moment, row in rows:
            person = self.people[row["person"]]
            assert person.place is not None
            age = until - moment
            looked = moment + timedelta(minutes=50 + 7 * (row["person"] % 20))
            is_done = row["person"] % 6 != 0 and age > timedelta(hours=3)
            made.append(
                Screening(
                    person=person,
                    place=person.place,
                    path=person.path,
                    read_at=moment,
                    recorded_at=moment,
                    temperature=row["temperature"],
                    looked_at=looked if is_done and looked <= until else None,
                    conclusion="other_illness" if is_done and looked <= until else "",
                )
            )
        saved = Screening.objects.bulk_create(made)
        touch(Screening, [row.pk for row in saved], at=until)


def _observation(contact: Contact, moment: datetime, row: dict[str, Any]) -> Observation:
    return Observation(
        contact=contact,
        on=local_day(moment),
        seen="seen_not_ok" if row["has_signs"] else "seen_ok",
        temperature=row["temperature"],
        occurred_at=moment,
        recorded_at=moment,
    )


def _dated(frame: pl.DataFrame, **kinds: str) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
    """Yield each row once for each of the named moments that it has."""
    for row in frame.iter_rows(named=True):
        for column, kind in kinds.items():
            if row[column] is not None:  # what lies after the last day is not known yet
                yield _utc(row[column]), kind, row


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _county(person: Person) -> str:
    return next(str(code) for code in person.path.split(".") if len(code) == 6)
