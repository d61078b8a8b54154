"""Foci of an area: households, neighbourhoods, units and events whose cases make a cluster, and special places with a case.

A cluster is judged by the edition in force on the day of the case that made it one: a new edition changes nothing about
what was found before. Where a case was is what its investigation recorded, and where it met the contacts that it named; that two cases were in one
place is a reason to look, not a proof, and so each cluster is a finding for a person.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from lianfang.cases.models import Case
from lianfang.common.clock import local_day
from lianfang.core.access.actor import Actor
from lianfang.core.audit.services import record
from lianfang.core.registry.models import Level, Place, Unit
from lianfang.core.rules import site_rules
from lianfang.loop.findings import Proposal, propose_findings
from lianfang.loop.touch import touch
from lianfang.outlook.events import OutlookEvent
from lianfang.outlook.evidence import CaseFacts, Evidence, Venue, fold, gather
from lianfang.outlook.models import Focus, FocusKind, RunStatus, Study
from lianfang.outlook.runs import digest_of, keep_run
from lianfang.rulebook.areas import ClusterMember, cluster
from lianfang.rulebook.edition import RuleEdition
from lianfang.rulebook.kinds.surveillance import ClockParameters, ClusterParameters, SpecialPlacesParameters
from lianfang.rulebook.terms import Status

FINDING = "outlook.cluster"
METHOD = "clusters 2"
_COLUMNS = (
    "label", "special", "place_id", "path", "is_cluster", "edition", "n_cases", "first_on", "last_on", "identified_at",
    "gone_at",
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Group:
    """Cases that share a household, a neighbourhood or a venue, and when the system knew that of each."""

    kind: str
    key: str
    label: str = ""
    special: str = ""
    place_id: int | None = None
    members: dict[int, tuple[CaseFacts, datetime]] = field(default_factory=dict)

    def add(self, case: CaseFacts, known_at: datetime) -> None:
        """Take a case in; of several moments the first counts."""
        known = max(case.known_at, known_at)
        held = self.members.get(case.pk)
        self.members[case.pk] = (case, min(known, held[1]) if held else known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """What stands in the table for one spell of cases in a group."""

    group: Group
    members: tuple[CaseFacts, ...]
    is_cluster: bool
    edition: str
    identified_at: datetime


def refresh(study: Study, at: datetime) -> datetime | None:
    """Bring the foci of the study's area in line with the facts, and propose each cluster to a person."""
    evidence = gather(study.disease, study.path)
    found = [
        episode
        for group in groups(evidence, at)
        for episode in episodes(group, study.disease)
        if episode.is_cluster or group.special
    ]
    found.sort(key=lambda one: (one.identified_at, one.group.kind, one.group.key))
    digest = digest_of(METHOD, [_plain(one) for one in found])
    if study.latest is not None and study.latest.digest == digest:
        return None
    inputs = {"n_cases": len(evidence.cases)}
    result = {
        "n_clusters": sum(one.is_cluster for one in found),
        "n_special": sum(bool(one.group.special) for one in found),
    }
    with transaction.atomic():
        _write(study, found, at)
        keep_run(
            study, at=at, status=RunStatus.DONE, inputs=inputs, digest=digest, result=result, method=METHOD
        )
    return None


def _plain(one: Episode) -> list[Any]:
    group = one.group
    members = [(case.pk, case.on, case.classification) for case in one.members]
    return [group.kind, group.key, group.label, group.special, members, one.edition, one.identified_at]


def groups(evidence: Evidence, at: datetime) -> list[Group]:
    """Return the groups of cases by household, by neighbourhood, by named venue, and by event."""
    found: dict[tuple[str, str], Group] = {}
    for case in evidence.cases:
        home = evidence.household.get(case.pk)
        if home is not None:
            _group(found, FocusKind.HOUSEHOLD, home).add(case, case.known_at)
        if case.home_id is not None and (case.home_level or 0) >= Level.VILLAGE:
            group = _group(found, FocusKind.NEIGHBOURHOOD, str(case.home_id))
            group.place_id = case.home_id
            group.add(case, case.known_at)
    _add_venues(found, evidence, at)
    return list(found.values())


def _group(found: dict[tuple[str, str], Group], kind: str, key: str) -> Group:
    return found.setdefault((kind, key), Group(kind=kind, key=key))


def _add_venues(found: dict[tuple[str, str], Group], evidence: Evidence, at: datetime) -> None:
    special = _special_places(evidence.path, at)
    for case in evidence.cases:
        for venue in evidence.venues.get(case.pk, ()):
            # Who was admitted because of the illness did not fall ill there.
            if venue.is_stay and venue.from_on is not None and venue.from_on >= case.on:
                continue
            group = _group_of(found, venue)
            if group.kind == FocusKind.VENUE:
                group.special = special.of(venue.text)
                group.place_id = special.place_of(venue.text) or group.place_id or venue.place_id
            group.add(case, venue.known_at)


def _group_of(found: dict[tuple[str, str], Group], venue: Venue) -> Group:
    """Return the group of an event, of a place of the register that has no other name, or of a named place."""
    if not venue.is_named and venue.place_id is not None:
        group = _group(found, FocusKind.NEIGHBOURHOOD, str(venue.place_id))
        group.place_id = venue.place_id
        return group
    kind = FocusKind.EVENT if venue.is_event else FocusKind.VENUE
    group = _group(found, kind, fold(venue.text)[:160])
    group.label = group.label or venue.text[:200]
    return group


class _Special:
    """Which special place a text names: by the register of units first, then by the words of the rule."""

    def __init__(self, rule: SpecialPlacesParameters, units: Iterable[tuple[str, str, str, int]]) -> None:
        self._rule = rule
        self._units = {fold(name): (kind, place) for *names, kind, place in units for name in names if name}

    def of(self, text: str) -> str:
        kind = self._units.get(fold(text), ("", 0))[0]
        words = fold(text)
        for name, place in self._rule.places.items():
            if kind and kind in place.unit_kinds:
                return name
            if any(word in words for word in place.words):
                return name
        return ""

    def place_of(self, text: str) -> int | None:
        return self._units.get(fold(text), ("", None))[1]


def _special_places(path: str, at: datetime) -> _Special:
    rule = site_rules().rule("special_places", at=local_day(at)).of(SpecialPlacesParameters)
    rows = Unit.objects.filter(path__within=path).values_list("name", "name_en", "kind", "place_id")
    return _Special(rule, rows)


def episodes(group: Group, disease: str) -> list[Episode]:
    """Return the spells of a group, each with whether and by which edition it is a cluster."""
    members = sorted(group.members.values(), key=lambda pair: (pair[0].on, pair[0].pk))
    found, spell = [], members[:1]
    for pair in members[1:]:
        width = _edition(pair[0].on, disease).of(ClusterParameters).window_days
        if (pair[0].on - spell[-1][0].on).days >= width:
            found.append(_episode(group, spell, disease))
            spell = []
        spell.append(pair)
    return [*found, _episode(group, spell, disease)]


def _episode(group: Group, spell: Sequence[tuple[CaseFacts, datetime]], disease: str) -> Episode:
    edition = _reached(spell, disease)
    known = sorted(known_at for _, known_at in spell)
    needed = 1
    if edition is not None and not group.special:
        needed = next(n for n in range(1, len(spell) + 1) if edition.of(ClusterParameters).cases.holds(n))
    return Episode(
        group=group,
        members=tuple(case for case, _ in spell),
        is_cluster=edition is not None,
        edition=edition.edition_id if edition else "",
        identified_at=known[needed - 1],
    )


def _reached(spell: Sequence[tuple[CaseFacts, datetime]], disease: str) -> RuleEdition | None:
    """Return the edition by which the spell became a cluster, on the day of the case that made it one."""
    members = [
        ClusterMember(
            case.on, Status(case.classification), is_ill=case.is_onset and case.classification == "suspected"
        )
        for case, _ in spell
    ]
    for n, member in enumerate(members[1:], start=2):
        on = max(member.on, _first_day(disease))
        if (found := cluster(members[:n], site_rules(), on, disease=disease)) is not None:
            return found.edition
    return None


def _first_day(disease: str) -> date:
    book = site_rules()
    own = f"{disease}/cluster"
    return book.editions(own if own in book.rule_ids() else "cluster")[0].effective_from


def _edition(on: date, disease: str) -> RuleEdition:
    """Return the edition in force; before the first the first counts, so that an old outbreak is judged at all."""
    return site_rules().resolve("cluster", at=max(on, _first_day(disease)), disease=disease)


def _write(study: Study, found: Sequence[Episode], at: datetime) -> None:
    """Write the foci that differ, let go of those that no longer stand, and propose the clusters."""
    places = _places(found)
    standing: dict[tuple[str, str], list[Focus]] = defaultdict(list)
    mine = Focus.objects.filter(disease=study.disease, path__within=study.path)
    for focus in mine.order_by("pk"):
        standing[focus.kind, focus.key].append(focus)
    rows = []
    for one in found:
        focus = _match(standing[one.group.kind, one.group.key], one) or Focus(
            disease=study.disease, kind=one.group.kind, key=one.group.key
        )
        _fill(focus, one, places[_home(one)])
        rows.append(focus)
    gone = [focus for several in standing.values() for focus in several if focus.gone_at is None]
    for focus in gone:
        focus.gone_at = at
    fresh = [focus for focus in rows if focus.pk is None]
    Focus.objects.bulk_create(fresh, batch_size=500)
    kept = [focus for focus in rows if focus not in fresh]
    Focus.objects.bulk_update([*kept, *gone], _COLUMNS, batch_size=500)
    _write_members(
        {focus.pk: {case.pk for case in one.members} for focus, one in zip(rows, found, strict=True)}
    )
    touch(Focus, [focus.pk for focus in [*rows, *gone]], at=at)
    after = {"found": len(rows), "new": len(fresh), "gone": len(gone)}
    record(
        OutlookEvent.FOCI_DERIVED, path=study.path, by=Actor.system("outlook.clusters"), at=at, after=after
    )
    _propose(study, rows, at)


def _write_members(wanted: dict[int, set[int]]) -> None:
    """Bring the cases of the foci in line: one read, one delete, one insert."""
    through = Focus.cases.through
    held = through.objects.filter(focus_id__in=wanted)
    pairs = {(focus, case): pk for pk, focus, case in held.values_list("pk", "focus_id", "case_id")}
    new = {(focus, case) for focus, cases in wanted.items() for case in cases}
    through.objects.filter(pk__in=[pk for pair, pk in pairs.items() if pair not in new]).delete()
    through.objects.bulk_create(
        [through(focus_id=focus, case_id=case) for focus, case in sorted(new - set(pairs))], batch_size=500
    )


def _home(one: Episode) -> int:
    """Return the place that answers: the venue's or neighbourhood's own, else the area of most of the cases."""
    if one.group.place_id is not None:
        return one.group.place_id
    return Counter(case.place_id for case in one.members).most_common(1)[0][0]


def _places(found: Sequence[Episode]) -> dict[int, Place]:
    places: dict[int, Place] = Place.objects.in_bulk({_home(one) for one in found})
    return places


def _match(standing: list[Focus], one: Episode) -> Focus | None:
    """Take the standing focus of the same spell off the list: one whose days overlap, gone ones included."""
    first, last = one.members[0].on, one.members[-1].on
    for focus in standing:
        if focus.first_on <= last and focus.last_on >= first:
            standing.remove(focus)
            return focus
    return None


def _fill(focus: Focus, one: Episode, place: Place) -> None:
    focus.label, focus.special = one.group.label, one.group.special
    focus.place, focus.path = place, place.path
    focus.is_cluster, focus.edition = one.is_cluster, one.edition
    focus.n_cases = len(one.members)
    focus.first_on, focus.last_on = one.members[0].on, one.members[-1].on
    focus.identified_at, focus.gone_at = one.identified_at, None


def _propose(study: Study, rows: Sequence[Focus], at: datetime) -> None:
    hours = (
        site_rules()
        .rule("clock.event_report", at=max(local_day(at), _event_day()))
        .of(ClockParameters)
        .within
    )
    proposals = [
        Proposal(
            subject_id=focus.pk,
            place_id=focus.place_id,
            path=focus.path,
            edition=focus.edition,
            evidence={
                "kind": focus.kind,
                "label": focus.label,
                "special": focus.special,
                "n_cases": focus.n_cases,
                "first_on": focus.first_on.isoformat(),
                "last_on": focus.last_on.isoformat(),
            },
            due_at=at + timedelta(hours=hours),
        )
        for focus in rows
        if focus.is_cluster
    ]
    about = Focus.objects.filter(disease=study.disease, path__within=study.path).values("pk")
    propose_findings(FINDING, Focus, proposals, about=about, by=Actor.system("outlook.clusters"), at=at)


def _event_day() -> date:
    return site_rules().editions("clock.event_report")[0].effective_from


def cases_of(focus: Focus) -> Any:
    """Return the cases of a focus, by day."""
    return Case.objects.filter(foci=focus)
