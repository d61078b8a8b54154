"""What can be done with visits: take them in, search around a case, decide on what was found, delete what is over."""

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import Any

import pyarrow.compute as pc
from django.db import transaction

from lianfang.cases.models import Case
from lianfang.common.clock import end_of, local_day
from lianfang.common.paths import code_of
from lianfang.contacts.models import Origin
from lianfang.contacts.rules import settings_in_force
from lianfang.contacts.services import name_contact
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import Entry, record, record_many
from lianfang.core.registry.models import Place
from lianfang.discovery.errors import NobodyAsks, NoPurpose
from lianfang.discovery.events import DiscoveryEvent
from lianfang.discovery.lake import the_store, the_working_set, who_table
from lianfang.discovery.models import Found, Search, VisitDay
from lianfang.discovery.reading import Records
from lianfang.discovery.rules import search_rule
from lianfang.discovery.searching import Outcome, run_search
from lianfang.loop.findings import Proposal, propose_findings, withdraw_unjudged
from lianfang.loop.models import Decision, Finding, Judgement
from lianfang.loop.services import judge_finding
from lianfang.loop.touch import touch
from lianfang.visits.ingest import Taken, take
from lianfang.visits.store import number_of, text_of

KIND = "discovery.shared_places"
_CONFIRMING = (Decision.CONFIRMED, Decision.CORRECTED)
# The setting of the contact definition that a kind of place speaks for, where the edition in force has it.
_SETTINGS = {
    "home": ("household",),
    "work": ("office", "household"),
    "class": ("office",),
    "ward": ("visitor", "ward", "care"),
    "meal": ("meal",),
    "vehicle": ("vehicle", "travel"),
}


def take_visits(*, records: Records, source: str, by: Actor, at: datetime) -> Taken:
    """Take records of a source into the store, once each; note the days and until when they are kept."""
    by.require(Permission.IMPORT_RUN)
    rule = search_rule(local_day(at))
    store = the_store()
    taken = take(
        records.frame.to_arrow(), source=source, store=store, how=rule.assumptions, at=int(at.timestamp())
    )
    table = who_table(records.people)
    for day in map(number_of, taken.days):
        here = pc.is_in(
            table["person"], value_set=store.read(day, day, ["person"])["person"].combine_chunks()
        )
        store.append_who(day, table.filter(here))
    _note_days([date.fromisoformat(day) for day in taken.days], keep_days=rule.parameters.keep_days, at=at)
    counts = {name: getattr(taken, name) for name in ("new", "known", "closed", "parked")}
    record(DiscoveryEvent.TAKEN, by=by, at=at, after={"source": source, **counts, "days": list(taken.days)})
    return taken


@transaction.atomic
def _note_days(days: Collection[date], *, keep_days: int, at: datetime) -> None:
    top = Place.objects.order_by("level", "pk").first()
    if top is None or not days:
        return
    rows = [
        VisitDay(
            on=on, place=top, path=top.path, received_at=at, drop_at=end_of(on + timedelta(days=keep_days))
        )
        for on in days
    ]
    VisitDay.objects.bulk_create(rows, ignore_conflicts=True)
    touch(VisitDay, VisitDay.objects.filter(on__in=days).values_list("pk", flat=True), at=at)


def search_visits(*, case: Case, purpose: str, by: Actor, at: datetime) -> Search:
    """Search who shared places with a case inside its window, and put before a person whoever weighs enough.

    Only a person may ask, with a purpose, in the area of the case, around a case that is open, before the results'
    time is over. Everything that was asked and counted is recorded, whatever was found.
    """
    by.require(Permission.VISITS_SEARCH, case.path)
    if by.user_id is None:
        raise NobodyAsks
    purpose = purpose.strip()
    if not purpose:
        raise NoPurpose
    store = the_store()
    outcome = run_search(case, store=store, columns=lambda: the_working_set(store), at=at)
    return _keep(case, purpose, outcome, by=by, at=at)


@transaction.atomic
def _keep(case: Case, purpose: str, outcome: Outcome, *, by: Actor, at: datetime) -> Search:
    """Write a search and what it found; the search itself ran before, so that nobody waits for the database's lock."""
    assert by.user_id is not None
    row = Search.objects.create(
        case=case,
        place_id=case.place_id,
        path=case.path,
        purpose=purpose,
        asked_by_id=by.user_id,
        searched_at=at,
        **outcome.columns,
    )
    findings = _propose(row, outcome, by=by, at=at)
    Found.objects.bulk_create(
        (Found(search=row, finding_id=findings.get(one["person_id"]), **one) for one in outcome.found),
        batch_size=500,
    )
    counts = {name: outcome.columns[name] for name in ("n_found", "n_proposed", "n_unregistered")}
    window = {"opens_at": row.opens_at.isoformat(), "closes_at": row.closes_at.isoformat()}
    record(
        DiscoveryEvent.SEARCHED, subject=case, path=case.path, by=by, at=at, reason=purpose,
        after={"search": row.pk, **window, **counts, "edition": row.edition},
    )  # fmt: skip
    touch(Search, [row.pk], at=at)
    return row


def _propose(search: Search, outcome: Outcome, *, by: Actor, at: datetime) -> dict[int, int]:
    """Bring the findings about the case in line with what was found; return person -> finding."""
    case = search.case
    due_at = at + timedelta(hours=outcome.judge_within_hours)
    proposals = [
        Proposal(
            subject_id=case.pk,
            key=str(one["person_id"]),
            place_id=case.place_id,
            path=case.path,
            capability="trace",
            edition=search.rule_edition,
            due_at=due_at,
            evidence=_summary(search, one),
        )
        for one in outcome.found
    ]
    propose_findings(KIND, Case, proposals, about=[case.pk], by=by, at=at)
    rows = Finding.objects.filter(kind=KIND, subject="cases.Case", subject_id=case.pk, withdrawn_at=None)
    return {int(key): pk for key, pk in rows.values_list("key", "pk")}


def _summary(search: Search, one: dict[str, Any]) -> dict[str, Any]:
    """Return what stays of a finding when the search's results are deleted: no place and no hour."""
    return {
        "person": one["person_id"],
        "score": round(one["score"], 3),
        "minutes": one["seconds"] // 60,
        "shared_stays": one["n_stays"],
        "kinds": sorted({stay["kind"] for stay in one["stays"]}),
        "last_day": local_day(one["last_at"]).isoformat(),
        "search": search.pk,
    }


@transaction.atomic
def judge_found(*, found: Iterable[Found], decision: str, reason: str, by: Actor, at: datetime) -> int:
    """Decide on several people who were found, with one reason; who is confirmed is named as a contact. Return how many."""
    rows = [row for row in found if row.finding is not None]
    for row in rows:
        assert row.finding is not None
        judge_finding(finding=row.finding, decision=decision, reason=reason, by=by, at=at)
    name_confirmed([row.pk for row in rows], by=by, at=at)
    return len(rows)


@transaction.atomic
def name_confirmed(found: Collection[int], *, by: Actor, at: datetime) -> int:
    """Name as contacts those found people whose finding was confirmed and who are not named yet; return how many."""
    rows = Found.objects.filter(pk__in=found, contact=None, finding__withdrawn_at=None)
    named = 0
    for row in rows.select_related("search__case__place", "person__place", "finding").order_by("pk"):
        latest = Judgement.objects.filter(finding=row.finding).order_by("-pk").first()
        if latest is None or latest.decision not in _CONFIRMING:
            continue
        _name(row, by=by, at=at)
        named += 1
    return named


def _name(row: Found, *, by: Actor, at: datetime) -> None:
    case = row.search.case
    best = row.stays[0]
    last_on = local_day(row.last_at - timedelta(seconds=1))
    known = settings_in_force(case.disease, last_on, code_of(case.path))
    setting = next((word for word in _SETTINGS.get(best["kind"], ()) if word in known), "")
    actor = by if by.may(Permission.CONTACT_EDIT, case.path) else Actor.system("discovery")
    contact = name_contact(
        person=row.person,
        case=case,
        last_contact_on=last_on,
        first_contact_on=local_day(row.first_at),
        minutes=round(row.seconds / 60),
        place_text=best["venue"][:200],
        setting=setting or ("other" if "other" in known else ""),
        origin=Origin.VISITS,
        by=actor,
        at=at,
    )
    Found.objects.filter(pk=row.pk).update(contact=contact)
    record(
        DiscoveryEvent.NAMED,
        subject=contact,
        by=by,
        at=at,
        after={"search": row.search_id, "case": case.number},
    )


@transaction.atomic
def drop_results(*, searches: Collection[int], by: Actor, at: datetime) -> int:
    """Delete what these searches found; that they were made, their counts and the judgements stay. Return how many.

    A finding on which nobody decided is withdrawn: its evidence is gone.
    """
    rows = list(Search.objects.filter(pk__in=searches, dropped_at=None).select_related("case").order_by("pk"))
    counts = {row.pk: row.found.count() for row in rows}
    found = Found.objects.filter(search__in=rows)
    withdraw_unjudged(found.exclude(finding=None).values_list("finding_id", flat=True), by=by, at=at)
    found.delete()
    Search.objects.filter(pk__in=[row.pk for row in rows]).update(dropped_at=at, crowd=[])
    entries = [Entry(subject=row, path=row.path, after={"found": counts[row.pk]}) for row in rows]
    record_many(DiscoveryEvent.RESULTS_DROPPED, entries, by=by, at=at)
    touch(Search, [row.pk for row in rows], at=at)
    return len(rows)


def drop_days(*, before: date, by: Actor, at: datetime) -> list[VisitDay]:
    """Delete all visits of the days before `before`, in the files and in the columns, and record the proof."""
    store = the_store()
    proofs = {proof.day: proof for proof in store.drop_before(number_of(before.isoformat()))}
    the_working_set(store)
    parked_before = int(at.timestamp()) - 86_400 * search_rule(local_day(at)).parameters.keep_days
    store.keep_parked([row for row in store.parked() if row.parked_at >= parked_before])
    held = {text_of(day) for day in store.days()}
    with transaction.atomic():
        rows = list(VisitDay.objects.filter(on__lt=before, dropped_at=None).order_by("on"))
        gone = [row for row in rows if row.on.isoformat() not in held]
        for row in gone:
            proof = proofs.get(row.on.isoformat())
            row.dropped_at = at
            row.proof = (
                {"files": list(proof.files), "rows": proof.rows, "bytes": proof.bytes, "is_gone": proof.is_gone,
                 "manifest": proof.manifest}
                if proof else {"files": [], "rows": 0, "is_gone": True}
            )  # fmt: skip
        VisitDay.objects.bulk_update(gone, ["dropped_at", "proof"])
        entries = [Entry(subject=row, path=row.path, after=row.proof) for row in gone]
        record_many(DiscoveryEvent.DAY_DROPPED, entries, by=by, at=at)
        touch(VisitDay, [row.pk for row in gone], at=at)
    return gone


def drop_over(*, by: Actor, at: datetime) -> tuple[list[VisitDay], int]:
    """Delete every day and every search's results whose time is over; return the days, and of how many searches."""
    over = VisitDay.objects.filter(drop_at__lt=at, dropped_at=None).order_by("-on").first()
    gone = [] if over is None else drop_days(before=over.on + timedelta(days=1), by=by, at=at)
    results = Search.objects.filter(drop_at__lt=at, dropped_at=None).values_list("pk", flat=True)
    return gone, drop_results(searches=list(results), by=by, at=at)
