"""Cases as rows of a line list in our own form, which import again with nothing created and nothing changed."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from lianfang.cases.models import Case, EpiLink, Outcome, Report, Result, Sample, Sign
from lianfang.cases.targets.wanted import AFFECTED_AREA, FLAGS, HOSPITAL_STAY, INFECTION
from lianfang.common.clock import local_day, site_zone
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.models import IdentityKind
from lianfang.core.registry.services.identity import reveal_many
from lianfang.core.registry.ties import reachable
from lianfang.intake.records.words import SIGNS

_CHUNK = 1000
_SAMPLES, _TESTS = 3, 2
_NAMED: tuple[tuple[str, IdentityKind], ...] = (
    ("name", IdentityKind.NAME),
    ("birth_date", IdentityKind.BIRTH_DATE),
    ("phone", IdentityKind.PHONE),
    ("national_id", IdentityKind.NATIONAL_ID),
    ("address", IdentityKind.ADDRESS),
)
COLUMNS: tuple[str, ...] = (
    "number", "disease", "name", "sex", "birth_date", "birth_year", "occupation", "phone", "national_id", "address",
    "place_code", "classification", "diagnosed_at", "reported_at", "onset_on", "infected_on", "contact_with_case",
    "source_number", "travelled", "exposed_from_on", "exposed_to_on", "exposure_place", "hospital", "admitted_on",
    "discharged_on", "outcome", "outcome_on", "temperature", *(f"sign.{code}" for code in SIGNS),
    "sign.imaging.pneumonia_features", *FLAGS,
    *(f"sample.{name}#{s}" for s in range(1, _SAMPLES + 1) for name in ("number", "taken_at", "specimen", "received_at", "laboratory")),
    *(f"result.{name}#{s}.{t}" for s in range(1, _SAMPLES + 1) for t in range(1, _TESTS + 1) for name in ("kind", "at", "finding", "value", "key")),
)  # fmt: skip

_OF_CASE = ("pk", "number", "disease", "person_id", "person__sex", "person__birth_year", "person__occupation", "person__place__code")  # fmt: skip
_OF_FACTS: Mapping[Any, Sequence[str]] = {
    Report: ("diagnosis", "occurred_at", "received_at"),
    Sign: ("code", "present", "value", "is_onset", "occurred_at"),
    EpiLink: ("kind", "from_on", "to_on", "place_text", "source_case__number"),
    Outcome: ("kind", "on"),
    Sample: ("pk", "number", "occurred_at", "specimen", "received_at", "laboratory__code"),
    Result: ("sample_id", "kind", "occurred_at", "finding", "value", "key"),
}


def export_cases(
    actor: Actor, *, path: str, at: datetime, purpose: str, ids: Sequence[int] | None = None
) -> Iterator[Mapping[str, Any]]:
    """Yield the visible cases within `path`, of `ids` where given, in the order of their ids; a dozen queries per 1,000.

    Names and numbers are given where `actor` may reveal them, and every reading is recorded. Of a case with more than
    three samples, or two results of one, the latest are given.
    """
    rows = Case.objects.visible_to(actor).order_by("pk")
    if path:
        rows = rows.filter(path__within=path)
    for chunk in _chunks(rows.values_list(*_OF_CASE, named=True), ids):
        facts = _facts([case.pk for case in chunk])
        names = names_of(actor, [case.person_id for case in chunk], at=at, purpose=purpose)
        for case in chunk:
            yield {**_person(case, names), **_case(case, facts), **_samples(facts, case.pk)}


def _chunks(rows: QuerySet[Any], ids: Sequence[int] | None) -> Iterator[list[Any]]:
    if ids is not None:
        chosen = sorted(ids)
        yield from (list(rows.filter(pk__in=chosen[n : n + _CHUNK])) for n in range(0, len(chosen), _CHUNK))
        return
    last = 0
    while chunk := list(rows.filter(pk__gt=last)[:_CHUNK]):
        last = chunk[-1].pk
        yield chunk


def names_of(
    actor: Actor, people: Sequence[int], *, at: datetime, purpose: str
) -> dict[int, Mapping[str, str]]:
    """Return person id -> particulars of those whom the actor may reveal; the readings are recorded."""
    if not actor.may(Permission.IDENTITY_REVEAL):
        return {}
    within = reachable(actor, set(people), Permission.IDENTITY_REVEAL)
    kinds = [kind for _, kind in _NAMED]
    shown = (
        reveal_many(people=sorted(within), kinds=kinds, purpose=purpose, by=actor, at=at) if within else {}
    )
    return {pk: {name: one.first(kind) for name, kind in _NAMED} for pk, one in shown.items()}


def _person(case: Any, names: Mapping[int, Mapping[str, str]]) -> dict[str, Any]:
    return {
        **names.get(case.person_id, {}),
        "sex": case.person__sex if case.person__sex != "unknown" else None,
        "birth_year": case.person__birth_year,
        "occupation": case.person__occupation,
        "place_code": case.person__place__code,
    }


Facts = dict[tuple[str, int], list[Any]]


def _facts(ids: Sequence[int]) -> Facts:
    """Return the facts that hold, the oldest first, by model and case: tuples, since instances would cost three times as much."""
    facts: Facts = defaultdict(list)
    for model, columns in _OF_FACTS.items():
        rows = model.objects.current().filter(case_id__in=ids).order_by("recorded_at", "pk")
        for row in rows.values_list("case_id", *columns, named=True):
            facts[model.__name__, row.case_id].append(row)
    return facts


def _case(case: Any, facts: Facts) -> dict[str, Any]:
    reports, outcomes = facts["Report", case.pk], facts["Outcome", case.pk]
    signs = {s.code: s for s in facts["Sign", case.pk]}
    onset = [s for s in facts["Sign", case.pk] if s.is_onset]
    flags = {field: signs[code].present for field, code in FLAGS.items() if code in signs}
    row: dict[str, Any] = {
        "number": case.number,
        "disease": case.disease,
        "onset_on": local_day(onset[-1].occurred_at) if onset else None,
        "temperature": signs["temperature"].value if "temperature" in signs else None,
        **{
            f"sign.{code}": s.present for code, s in signs.items() if not s.is_onset and code != "temperature"
        },
        **{
            field: ("yes" if held else "no") if field == "pregnant" else held for field, held in flags.items()
        },
        **_links(facts["EpiLink", case.pk]),
    }
    if reports:
        last = reports[-1]
        row |= {
            "classification": last.diagnosis,
            "diagnosed_at": _at(last.occurred_at),
            "reported_at": _at(last.received_at),
        }
    if outcomes:
        row |= {"outcome": outcomes[-1].kind, "outcome_on": outcomes[-1].on}
    return row


def _links(links: Sequence[Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    by_kind = {link.kind: link for link in links}
    stay, infection = by_kind.pop(HOSPITAL_STAY, None), by_kind.pop(INFECTION, None)
    if stay is not None:
        row |= {"hospital": stay.place_text, "admitted_on": stay.from_on, "discharged_on": stay.to_on}
    if infection is not None:
        row["infected_on"] = infection.from_on
    contact = next((link for kind, link in by_kind.items() if kind.startswith("contact_with_")), None)
    exposure = contact or by_kind.get(AFFECTED_AREA) or by_kind.get("exposure")
    if exposure is not None:
        row |= {
            "exposed_from_on": exposure.from_on,
            "exposed_to_on": exposure.to_on,
            "exposure_place": exposure.place_text,
        }
        row["contact_with_case"] = True if contact is not None else None
        row["travelled"] = True if exposure.kind == AFFECTED_AREA else None
        row["source_number"] = exposure.source_case__number
    return row


def _samples(facts: Facts, case: int) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for s, sample in enumerate(facts["Sample", case][-_SAMPLES:], start=1):
        row |= {
            f"sample.number#{s}": sample.number,
            f"sample.taken_at#{s}": _at(sample.occurred_at),
            f"sample.specimen#{s}": sample.specimen,
            f"sample.received_at#{s}": _at(sample.received_at),
            f"sample.laboratory#{s}": sample.laboratory__code,
        }
        results = [r for r in facts["Result", case] if r.sample_id == sample.pk][-_TESTS:]
        for t, result in enumerate(results, start=1):
            row |= {
                f"result.kind#{s}.{t}": result.kind,
                f"result.at#{s}.{t}": _at(result.occurred_at),
                f"result.finding#{s}.{t}": result.finding,
                f"result.value#{s}.{t}": result.value,
                f"result.key#{s}.{t}": result.key,
            }
    return row


def _at(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(site_zone())
