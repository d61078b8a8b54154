"""Reading the facts of many cases at once, in the form in which rules are applied to them.

A `Sign` row's code says which fact it is: `temperature`, `white_cells` and `lymphocytes` carry a value; `imaging.x` is a
finding x on a chest image, `flag.x` a statement x that a definition names, `assess.x` with a text is not used yet;
anything else is a sign that was present, absent or not asked.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from lianfang.cases.models import EpiLink, Investigation, Outcome, Report, Result, Ruling, Sign
from lianfang.common.clock import local_day, site_zone
from lianfang.rulebook.facts import BloodCount, CaseFacts, Exposure, Imaging, LabTest, Temperature

# The words of SORMAS for results, and those of the rulebook.
_RESULT = {"positive": "positive", "negative": "negative", "indeterminate": "inconclusive"}


_PARTS: Mapping[Any, str] = {
    Sign: "signs",
    Result: "results",
    EpiLink: "epi_links",
    Report: "reports",
    Investigation: "investigations",
    Ruling: "rulings",
    Outcome: "outcomes",
}


@dataclass(slots=True)
class Known:
    """Everything on file about one case, as it holds or as it was known at a moment."""

    signs: list[Sign] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    epi_links: list[EpiLink] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    investigations: list[Investigation] = field(default_factory=list)
    rulings: list[Ruling] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    n_results_ever: int = 0

    @property
    def onset_on(self) -> date | None:
        """The earliest day that holds as onset."""
        return min((local_day(sign.occurred_at) for sign in self.signs if sign.is_onset), default=None)


def known_of(case_ids: Iterable[int], *, as_known: datetime | None = None) -> dict[int, Known]:
    """Return what is on file about each case: 8 queries, however many cases; `as_known` gives it as of a moment."""
    ids = list(case_ids)
    known: dict[int, Known] = defaultdict(Known)
    if not ids:
        return known
    for model, name in _PARTS.items():
        for row in _holding(model.objects.filter(case_id__in=ids), as_known):
            getattr(known[row.case_id], name).append(row)
    for case_id in Result.objects.filter(case_id__in=ids).order_by().values_list("case_id", flat=True):
        known[case_id].n_results_ever += 1
    return known


def known_from(facts: Iterable[Any]) -> dict[int, Known]:
    """Return the same of cases all of whose facts the caller holds, as it has just written them."""
    known: dict[int, Known] = defaultdict(Known)
    for row in sorted(facts, key=lambda row: (row.occurred_at, row.id)):
        part = _PARTS.get(type(row))
        if part and row.superseded_at is None:
            getattr(known[row.case_id], part).append(row)
        known[row.case_id].n_results_ever += type(row) is Result
    return known


def _holding(rows: QuerySet[Any], as_known: datetime | None) -> QuerySet[Any]:
    related = ("sample",) if rows.model is Result else ()
    held: QuerySet[Any] = rows.current() if as_known is None else rows.as_known(as_known)  # type: ignore[attr-defined]
    return (
        held.order_by("occurred_at", "pk").select_related(*related)
        if related
        else held.order_by("occurred_at", "pk")
    )


def rule_facts(known: Known) -> CaseFacts:
    """Return the facts in the rulebook's form, in local time."""
    symptoms: dict[str, bool] = {}
    onset_of: dict[str, date] = {}
    measured = _Measured()
    for sign in known.signs:
        moment = sign.occurred_at.astimezone(site_zone())
        if sign.code == "onset" or measured.take(sign, moment):
            continue
        if sign.present is not None:
            symptoms[sign.code] = sign.present
            if sign.present:
                onset_of.setdefault(sign.code, moment.date())
    died = max((o.on for o in known.outcomes if o.kind == Outcome.Kind.DIED and o.on), default=None)
    return CaseFacts(
        onset_on=known.onset_on,
        onset_of=onset_of,
        symptoms=symptoms,
        temperatures=tuple(measured.temperatures),
        imaging=tuple(measured.imaging),
        blood=tuple(measured.blood),
        exposures=tuple(_exposures(known)),
        tests=tuple(_test(result) for result in known.results if result.finding in _RESULT),
        flags=frozenset(measured.flags),
        diagnosed_clinically="diagnosed_clinically" in measured.flags,
        died_on=died,
    )


@dataclass(slots=True)
class _Measured:
    """The signs that are more than present or absent."""

    temperatures: list[Temperature] = field(default_factory=list)
    imaging: list[Imaging] = field(default_factory=list)
    blood: list[BloodCount] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)

    def take(self, sign: Sign, moment: datetime) -> bool:
        """Take the sign if it is one of these, and say so."""
        group, _, name = sign.code.partition(".")
        if sign.code == "temperature" and sign.value is not None:
            self.temperatures.append(Temperature(moment, sign.value))
        elif sign.code in {"white_cells", "lymphocytes"}:
            self.blood.append(BloodCount(at=moment, **{sign.code: sign.value}))
        elif group == "imaging" and sign.present:
            self.imaging.append(Imaging(at=moment, findings=frozenset({name})))
        elif group == "flag" and sign.present:
            self.flags.add(name)
        return (
            sign.code == "temperature"
            or sign.code in {"white_cells", "lymphocytes"}
            or group in {"imaging", "flag"}
        )


def _exposures(known: Known) -> Iterable[Exposure]:
    for link in known.epi_links:
        day = link.to_on or link.from_on
        if day is not None:
            yield Exposure(link.kind, day)


def _test(result: Result) -> LabTest:
    zone = site_zone()
    return LabTest(
        kind=result.kind,
        sampled_at=result.sample.occurred_at.astimezone(zone),
        result=_RESULT[result.finding],
        resulted_at=result.occurred_at.astimezone(zone),
        specimen=result.sample.specimen,
        laboratory=str(result.laboratory_id or ""),
        titre=result.value,
    )
