"""Writes the facts of the demo world as a health service would have them on file: in bulk, one kind after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

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
from lianfang.common.bulk import write_columns
from lianfang.common.clock import local_day, start_of
from lianfang.contacts.derive import ContactStatus, derive_contacts
from lianfang.contacts.models import Contact, Exposure, Observation
from lianfang.core.access.actor import Actor
from lianfang.core.registry.models import Person
from lianfang.demo.ground import Ground
from lianfang.loop.touch import touch

DISEASE = "covid_19_cn_2020"
CASES = ("report", "review", "sample", "received", "resulted", "investigation", "ruling", "outcome")
CONTACTS = ("contact", "reached", "reading", "fever", "looked", "signs_looked")
_SETTING = {"household": "household", "school": "office", "work": "office", "community": "other"}
_EXCLUDED = "两次核酸阴性，另有明确诊断 (two negatives, another diagnosis)"
_BATCH = 500

Rows = Sequence[tuple[datetime, Mapping[str, Any]]]


@dataclass
class Known:
    """Who and what is on file: people by their number in the simulation, cases by report, contacts by both people."""

    ground: Ground
    people: dict[int, Person]
    cases: dict[int, Case] = field(default_factory=dict)
    case_of: dict[int, Case] = field(default_factory=dict)  # the latest case of a person of the register
    samples: dict[int, Sample] = field(default_factory=dict)
    contacts: dict[tuple[int, int], Contact] = field(default_factory=dict)
    screenings: dict[int, Screening] = field(default_factory=dict)


class Writer:
    """Writes groups of facts; what is touched is derived once per call."""

    def __init__(self, known: Known, *, by: Actor) -> None:
        self._known, self._by = known, by
        self._touched: set[int] = set()

    def write(self, kinds: Sequence[str], groups: Mapping[str, Rows], until: datetime) -> None:
        """Write the groups of the named kinds in their order, then derive what they bear on."""
        self._touched = set()
        for kind in kinds:
            if groups.get(kind):
                getattr(self, f"_{kind}")(groups[kind], until)
        if kinds is CASES:
            derive_cases(self._touched, at=until, by=self._by)
            return
        # Whose last day is over is not touched by any fact: the clock says so.
        over = set(ContactStatus().stale(until))
        derive_contacts(self._touched | over, at=until, by=self._by)
        of_contacts = Contact.objects.filter(pk__in=self._touched).values_list("case_id", flat=True)
        touch(Case, {pk for pk in of_contacts if pk is not None}, at=until)

    # ---- cases

    def _report(self, rows: Rows, _until: datetime) -> None:
        cases = []
        for moment, row in rows:
            person = self._known.people[row["person"]]
            county = self._known.ground.places[_county(person)]
            case = Case(
                number=f"{county.code}-{local_day(moment).year}-{row['report'] + 1:04d}",
                person=person,
                disease=DISEASE,
                place=county,
                path=county.path,
                residence_path=person.path,
                opened_at=moment,
                reported_at=moment,
            )
            self._known.cases[row["report"]] = self._known.case_of[person.pk] = case
            cases.append(case)
        Case.objects.bulk_create(cases, batch_size=_BATCH)
        reports, signs, links = [], [], []
        for case, (moment, row) in zip(cases, rows, strict=True):
            visited, known = _utc(row["visited_at"]), {"case": case, "recorded_at": moment}
            unit = self._known.ground.units.get(row["facility"])
            reports.append(
                Report(unit=unit, diagnosis="suspected", occurred_at=visited, received_at=moment, **known)
            )
            signs += _signs(row, visited, known)
            if row["source"] == "tracing":
                links.append(
                    EpiLink(
                        kind="contact_with_infected",
                        to_on=local_day(visited),
                        occurred_at=visited,
                        **known,
                    )
                )
        Report.objects.bulk_create(reports, batch_size=_BATCH)
        Sign.objects.bulk_create(signs, batch_size=_BATCH)
        EpiLink.objects.bulk_create(links, batch_size=_BATCH)
        self._touched |= {case.pk for case in cases}

    def _review(self, rows: Rows, _until: datetime) -> None:
        self._add(Review, rows, lambda _row: {"complete": True})

    def _investigation(self, rows: Rows, _until: datetime) -> None:
        asked = dict.fromkeys(("onset_asked", "exposures_asked", "places_asked", "contacts_asked"), True)
        units = self._known.ground.units
        self._add(
            Investigation,
            rows,
            lambda row: {"unit": units[f"{self._known.cases[row['report']].place.code}-cdc"], **asked},
        )

    def _ruling(self, rows: Rows, _until: datetime) -> None:
        """Exclude by a person: the seventh edition also wants serology a week after onset, which nobody took."""
        self._add(Ruling, rows, lambda _row: {"classification": "excluded", "reason": _EXCLUDED})

    def _add(self, model: Any, rows: Rows, columns: Any) -> None:
        made = [
            model(
                case=self._known.cases[row["report"]], occurred_at=moment, recorded_at=moment, **columns(row)
            )
            for moment, row in rows
        ]
        model.objects.bulk_create(made, batch_size=_BATCH)
        self._touched |= {fact.case_id for fact in made}

    def _sample(self, rows: Rows, _until: datetime) -> None:
        made = {
            row["test"]: Sample(
                case=self._known.cases[row["report"]],
                number=f"T{row['test']:05d}",
                specimen="oropharyngeal_swab",
                laboratory=self._known.ground.units.get(row["laboratory"]),
                occurred_at=moment,
                recorded_at=moment,
            )
            for moment, row in rows
            if row["report"] in self._known.cases
        }
        Sample.objects.bulk_create(made.values(), batch_size=_BATCH)
        self._known.samples |= made
        self._touched |= {sample.case_id for sample in made.values()}

    def _received(self, rows: Rows, _until: datetime) -> None:
        changed = []
        for moment, row in rows:
            sample = self._known.samples.get(row["test"])
            if sample is not None:
                sample.received_at = moment
                changed.append(sample)
        write_columns(changed, ["received_at"])
        self._touched |= {sample.case_id for sample in changed}

    def _resulted(self, rows: Rows, _until: datetime) -> None:
        made = [
            Result(
                sample=sample,
                case_id=sample.case_id,
                kind="rt_pcr",
                finding=row["result"],
                laboratory_id=sample.laboratory_id,
                key=f"LIS-{row['test']}",
                occurred_at=moment,
                recorded_at=moment,
            )
            for moment, row in rows
            if (sample := self._known.samples.get(row["test"])) is not None
        ]
        Result.objects.bulk_create(made, batch_size=_BATCH)
        self._touched |= {result.case_id for result in made}

    def _outcome(self, rows: Rows, _until: datetime) -> None:
        made = []
        for moment, row in rows:
            person = self._known.people.get(row["person"])
            case = self._known.case_of.get(person.pk) if person is not None else None
            if case is not None:
                kind = "died" if row["outcome"] == "died" else "recovered"
                day = local_day(moment)
                made.append(Outcome(case=case, kind=kind, on=day, occurred_at=moment, recorded_at=moment))
        Outcome.objects.bulk_create(made, batch_size=_BATCH)
        self._touched |= {outcome.case_id for outcome in made}

    # ---- contacts

    def _contact(self, rows: Rows, _until: datetime) -> None:
        fresh, exposures = {}, []
        by_pair = {(c.person_id, c.case_id): c for c in self._known.contacts.values()}
        for moment, row in rows:
            case, person = self._known.cases[row["report"]], self._known.people[row["contact"]]
            contact = by_pair.get((person.pk, case.pk))
            if contact is None:
                contact = by_pair[person.pk, case.pk] = fresh[person.pk, case.pk] = Contact(
                    person=person,
                    case=case,
                    disease=DISEASE,
                    place=person.place,
                    path=person.path,
                    source_path=case.path,
                    last_contact_on=row["last_contact_on"],
                    is_high_risk=row["layer"] == "household",
                    named_at=moment,
                )
            self._known.contacts[row["case"], row["contact"]] = contact
            exposures.append(
                Exposure(
                    contact=contact,
                    to_on=row["last_contact_on"],
                    setting=_SETTING[row["layer"]],
                    protection="none",
                    occurred_at=start_of(row["last_contact_on"]),
                    recorded_at=moment,
                )
            )
        Contact.objects.bulk_create(fresh.values(), batch_size=_BATCH)
        for exposure in exposures:
            exposure.contact_id = exposure.contact.pk
        Exposure.objects.bulk_create(exposures, batch_size=_BATCH)
        self._touched |= {exposure.contact_id for exposure in exposures}

    def _reached(self, rows: Rows, _until: datetime) -> None:
        first: dict[int, datetime] = {}
        for moment, row in rows:
            first.setdefault(self._known.contacts[row["case"], row["contact"]].pk, moment)
        untold = list(Contact.objects.filter(pk__in=first, notified_at__isnull=True))
        for contact in untold:
            contact.notified_at = first[contact.pk]
        write_columns(untold, ["notified_at"])
        self._touched |= set(first)

    def _reading(self, rows: Rows, until: datetime) -> None:
        made = [
            Observation(
                contact=contact,
                on=local_day(moment),
                seen="seen_not_ok" if row["has_signs"] else "seen_ok",
                temperature=row["temperature"],
                occurred_at=moment,
                recorded_at=moment,
            )
            for moment, row in rows
            if (contact := self._known.contacts.get((row["case"], row["contact"]))) is not None
        ]
        saved = Observation.objects.bulk_create(made, batch_size=_BATCH)
        touch(Observation, [row.pk for row in saved], at=until)

    def _fever(self, rows: Rows, until: datetime) -> None:
        self._screen([(self._known.people[row["person"]], moment, row, None) for moment, row in rows], until)

    def _looked(self, rows: Rows, until: datetime) -> None:
        looked = []
        for moment, row in rows:
            screening = self._known.screenings[row["person"]]
            screening.looked_at, screening.conclusion = moment, "other_illness"
            looked.append(screening)
        write_columns(looked, ["looked_at", "conclusion"])
        touch(Screening, [row.pk for row in looked], at=until)

    def _signs_looked(self, rows: Rows, until: datetime) -> None:
        """Somebody looked at a contact with signs: a screening of the reading that showed them."""
        people = self._known.people
        self._screen(
            [(people[row["contact"]], _utc(row["due_at"]), row, moment) for moment, row in rows], until
        )

    def _screen(self, rows: Sequence[tuple[Person, datetime, Any, datetime | None]], until: datetime) -> None:
        made = {
            row.get("person", person.pk): Screening(
                person=person,
                place=person.place,
                path=person.path,
                read_at=read_at,
                recorded_at=read_at,
                temperature=row["temperature"],
                looked_at=looked_at,
                conclusion="other_illness" if looked_at else "",
            )
            for person, read_at, row, looked_at in rows
            if person.place is not None
        }
        saved = Screening.objects.bulk_create(made.values(), batch_size=_BATCH)
        self._known.screenings |= made
        touch(Screening, [row.pk for row in saved], at=until)


def _signs(row: Mapping[str, Any], visited: datetime, known: dict[str, Any]) -> list[Sign]:
    codes = [name.replace(" ", "_") for name in row["signs"]]  # as the rulebook spells them
    signs = [Sign(code=code, present=True, occurred_at=visited, **known) for code in codes]
    signs.append(Sign(code="temperature", value=row["temperature"], occurred_at=visited, **known))
    signs.append(Sign(code="lymphocytes", value=0.9, occurred_at=visited, **known))
    if row["onset_on"] is not None and row["onset_on"] <= local_day(
        visited
    ):  # a contact's test may come first
        onset = start_of(row["onset_on"])
        signs.append(Sign(code="onset", present=True, is_onset=True, occurred_at=onset, **known))
    return signs


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)


def _county(person: Person) -> str:
    return next(str(code) for code in person.path.split(".") if len(code) == 6)
