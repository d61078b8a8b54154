"""What is on file about who could have infected whom: read once for an area, for chains and for clusters alike."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from django.db.models import Q, QuerySet

from lianfang.cases.models import Case, EpiLink
from lianfang.common.clock import local_day
from lianfang.contacts.models import Contact, Exposure, Protection
from lianfang.core.registry.models import Level, Membership, Place
from lianfang.outlook.models import SourceRuling

# Which cases stand in chains: a suspected case leaves with the run after it was excluded.
COUNTED = ("suspected", "probable", "confirmed", "asymptomatic")
HOUSEHOLD = "household"
STAY = "hospital_stay"
TRAVEL = "affected_area"
EVENT = "clustered_illness"  # the place is a gathering, by its number in the system that it came from
# Fewer reports than this say nothing about the usual delay.
_FEWEST_DELAYS = 5


@dataclass(slots=True, kw_only=True)
class CaseFacts:
    """One case as chains and clusters need it. `on` is the day of onset, or else that of the diagnosis or report."""

    pk: int
    path: str
    place_id: int
    person_id: int
    classification: str
    on: date
    is_onset: bool
    known_at: datetime
    removed_on: date | None
    home_id: int | None
    home_level: int | None


@dataclass(slots=True, kw_only=True)
class Venue:
    """A place or event where a case was, with its days and when the system learnt of it.

    `place_id` where the record names a place of the register; `is_named` says whether it gave a text of its own.
    `infects` is of the case that met others there: it was ill by then, and was infected before and elsewhere.
    """

    text: str
    from_on: date | None
    to_on: date | None
    known_at: datetime
    is_stay: bool = False
    is_event: bool = False
    infects: bool = False
    is_named: bool = True
    place_id: int | None = None


@dataclass(slots=True, kw_only=True)
class Evidence:
    """Everything on file about the cases of an area and those elsewhere that a record ties to them, by case id."""

    path: str
    cases: list[CaseFacts] = field(default_factory=list)
    traced: set[tuple[int, int]] = field(default_factory=set)  # (source, case) as investigators named them
    contacts: set[tuple[int, int]] = field(default_factory=set)  # (case that listed, case that was listed)
    household: dict[int, str] = field(default_factory=dict)
    windows: dict[int, tuple[date | None, date | None]] = field(default_factory=dict)
    venues: dict[int, list[Venue]] = field(default_factory=lambda: defaultdict(list))
    outside: set[int] = field(default_factory=set)
    confirmed: dict[int, int] = field(default_factory=dict)  # case -> source, as a person decided
    rejected: set[tuple[int, int]] = field(default_factory=set)  # (source, case)
    ruled_outside: set[int] = field(default_factory=set)
    report_delay: int = 0  # usual days from onset to `on` of a case without onset


def gather(disease: str, path: str) -> Evidence:
    """Return the evidence on the counted cases of a disease in an area: ten queries, whatever their number."""
    found = Evidence(path=path)
    inside = Case.objects.filter(disease=disease, classification__in=COUNTED, path__within=path)
    mine = inside.order_by().values("pk")
    links = list(
        EpiLink.objects.current()
        .filter(Q(case__in=mine) | Q(source_case__in=mine))
        .order_by("recorded_at", "pk")
    )
    ties = list(
        Contact.objects.filter(Q(case__in=mine) | Q(case_later__in=mine))
        .filter(case__isnull=False, case_later__isnull=False)
        .order_by("pk")
        .values_list("case_id", "case_later_id", "setting")
    )
    tied = {pk for link in links if link.source_case_id for pk in (link.case_id, link.source_case_id)}
    tied |= {pk for case, later, _ in ties for pk in (case, later)}
    elsewhere = Case.objects.filter(disease=disease, classification__in=COUNTED, pk__in=tied)
    found.cases = _cases(inside | elsewhere)
    known = {case.pk for case in found.cases}
    _read_links(found, links, known)
    _read_meetings(found, mine, known)
    found.contacts = {(a, b) for a, b, _ in ties if a in known and b in known and a != b}
    at_home = [(a, b) for a, b, setting in ties if setting == HOUSEHOLD and a in known and b in known]
    found.household = _households(found.cases, at_home)
    _read_rulings(found, known)
    found.report_delay = _report_delay(inside)
    return found


def _cases(rows: QuerySet[Any]) -> list[CaseFacts]:
    columns = (
        "pk", "path", "place_id", "person_id", "classification", "onset_on", "reported_at", "diagnosed_at",
        "confirmed_at", "opened_at", "classified_at", "outcome", "outcome_on", "person__place_id", "person__place__level",
    )  # fmt: skip
    cases = []
    for row in rows.order_by().values(*columns):
        diagnosed = row["diagnosed_at"] or row["reported_at"]
        taken = [local_day(row["confirmed_at"])] if row["confirmed_at"] else []
        if row["outcome"] == "died" and row["outcome_on"]:
            taken.append(row["outcome_on"])
        cases.append(
            CaseFacts(
                pk=row["pk"],
                path=row["path"],
                place_id=row["place_id"],
                person_id=row["person_id"],
                classification=row["classification"],
                on=row["onset_on"] or local_day(diagnosed),
                is_onset=row["onset_on"] is not None,
                known_at=row["classified_at"] or row["opened_at"],
                removed_on=min(taken, default=None),
                home_id=row["person__place_id"],
                home_level=row["person__place__level"],
            )
        )
    return sorted(cases, key=lambda case: (case.on, case.pk))


def _report_delay(rows: QuerySet[Any]) -> int:
    """Return the usual days from onset to diagnosis among the cases that have both."""
    pairs = rows.filter(onset_on__isnull=False, diagnosed_at__isnull=False).order_by()
    days = [(local_day(at) - on).days for on, at in pairs.values_list("onset_on", "diagnosed_at")]
    usable = [day for day in days if 0 <= day <= 60]
    return round(median(usable)) if len(usable) >= _FEWEST_DELAYS else 0


def _read_links(found: Evidence, links: Iterable[EpiLink], known: set[int]) -> None:
    """Sort epidemiological links into named sources, windows of exposure, places, and travel from elsewhere."""
    own_names = _names_within(found.path)
    for link in links:
        if link.case_id not in known:
            continue
        source = link.source_case_id
        if source in known and source != link.case_id:
            found.traced.add((source, link.case_id))
        if link.kind != STAY and (link.from_on or link.to_on):
            found.windows[link.case_id] = _wider(
                found.windows.get(link.case_id), (link.from_on, link.to_on or link.from_on)
            )
        text = link.place_text.strip()
        if link.kind == TRAVEL and source is None and text and fold(text) not in own_names:
            found.outside.add(link.case_id)
        elif text:
            found.venues[link.case_id].append(
                Venue(
                    text=text,
                    from_on=link.from_on,
                    to_on=link.to_on,
                    known_at=link.recorded_at,
                    is_stay=link.kind == STAY,
                    is_event=link.kind == EVENT and ":" in text,
                )
            )
    found.outside -= {case for _, case in found.traced}


def _read_meetings(found: Evidence, mine: QuerySet[Any], known: set[int]) -> None:
    """Read where contacts met the case: the case was there, and so was the contact who became one.

    Meetings of a household are the household's; one under full protection says nothing of infection. Of a place of the
    register only villages and cells are small enough to belong together by.
    """
    met = (
        Exposure.objects.current()
        .filter(Q(contact__case__in=mine) | Q(contact__case_later__in=mine))
        .exclude(Q(setting=HOUSEHOLD) | Q(protection=Protection.FULL))
        .filter(~Q(place_text="") | Q(place__level__gte=Level.VILLAGE))
        .order_by("recorded_at", "pk")
    )
    columns = (
        "contact__case_id", "contact__via_id", "contact__via__case_later_id", "contact__case_later_id", "place_text",
        "place__name", "place_id", "place__level", "from_on", "to_on", "recorded_at",
    )  # fmt: skip
    for case, via, via_later, later, text, name, place, level, first, last, known_at in met.values_list(
        *columns
    ):
        is_small = (level or 0) >= Level.VILLAGE
        for pk, infects in ((via_later if via else case, True), (later, False)):
            if pk in known:
                found.venues[pk].append(
                    Venue(
                        text=text.strip() or name,
                        from_on=first or last,
                        to_on=last,
                        known_at=known_at,
                        infects=infects,
                        is_named=bool(text.strip()),
                        place_id=place if is_small else None,
                    )
                )


def fold(text: str) -> str:
    """Return a name without regard to case and spacing."""
    return " ".join(text.casefold().split())


def _names_within(path: str) -> set[str]:
    rows = Place.objects.filter(path__within=path, level__lte=Level.COUNTY)
    return {fold(name) for row in rows.values_list("name", "name_en", "code") for name in row if name}


def _wider(
    one: tuple[date | None, date | None] | None, other: tuple[date | None, date | None]
) -> tuple[date | None, date | None]:
    """Return the window that holds both; an open end stays open."""
    if one is None:
        return other
    first = None if one[0] is None or other[0] is None else min(one[0], other[0])
    last = None if one[1] is None or other[1] is None else max(one[1], other[1])
    return first, last


def _households(cases: list[CaseFacts], at_home: list[tuple[int, int]]) -> dict[int, str]:
    """Return a household label per case: membership on the day, and contacts that were recorded as of one household."""
    leader: dict[int, int] = {}

    def lead(pk: int) -> int:
        while leader.setdefault(pk, pk) != pk:
            pk = leader[pk]
        return pk

    by_person: dict[int, list[CaseFacts]] = defaultdict(list)
    for case in cases:
        by_person[case.person_id].append(case)
    members: dict[int, list[int]] = defaultdict(list)
    rows = Membership.objects.filter(person_id__in=by_person).order_by("household_id", "pk")
    for household, person, from_on, to_on in rows.values_list(
        "household_id", "person_id", "from_on", "to_on"
    ):
        members[household] += [
            case.pk
            for case in by_person[person]
            if from_on <= case.on + timedelta(days=1) and (to_on is None or to_on >= case.on)
        ]
    pairs = [*at_home, *((group[0], pk) for group in members.values() for pk in group[1:])]
    for one, other in pairs:
        first, second = sorted((lead(one), lead(other)))
        leader[second] = first
    return {pk: f"h{lead(pk)}" for pk in list(leader)}


def _read_rulings(found: Evidence, known: set[int]) -> None:
    rows = SourceRuling.objects.current().filter(case_id__in=known)
    for case, source, decision in rows.values_list("case_id", "source_id", "decision"):
        if decision == "outside":
            found.ruled_outside.add(case)
        elif source in known and decision == "confirmed":
            found.confirmed[case] = source
        elif source in known:
            found.rejected.add((source, case))
