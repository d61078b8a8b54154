"""Rosters: a proposal from what the beds need and the rules of rest allow, and a person's decision on it."""

from datetime import date, datetime, timedelta
from importlib import import_module
from typing import Any

import numpy as np
from django.db import IntegrityError, transaction

from lianfang.common.clock import start_of
from lianfang.core.access.actor import Actor
from lianfang.core.access.permissions import Permission
from lianfang.core.audit.services import record
from lianfang.core.intervals import refused_by
from lianfang.core.registry.models import Unit
from lianfang.loop.touch import touch
from lianfang.teams.errors import NotDeployed, RosterDecided, WorkerBusy
from lianfang.teams.events import TeamEvent
from lianfang.teams.health import ailing
from lianfang.teams.hours import PROFESSIONS, hours_of
from lianfang.teams.models import Deployment, Roster, Shift, Skill, Team, Worker
from lianfang.teams.rules import rest_rules, staffing

# Who can do the work of whom, own profession first.
CAN: dict[str, tuple[str, ...]] = {
    Skill.DOCTOR: (Skill.DOCTOR,),
    Skill.INTENSIVE_DOCTOR: (Skill.INTENSIVE_DOCTOR, Skill.DOCTOR),
    Skill.NURSE: (Skill.NURSE,),
    Skill.INTENSIVE_NURSE: (Skill.INTENSIVE_NURSE, Skill.NURSE),
    Skill.INFECTION_CONTROL: (),
}
SHIFTS = ("day", "evening", "night")


@transaction.atomic
def propose_shifts(*, team: Team, from_on: date, days: int, by: Actor, at: datetime) -> Roster:
    """Propose who of a team works when, from what the beds of its facility need and the rules of rest allow.

    Of a facility where several teams work, a team covers its share of the hands there.
    """
    by.require(Permission.TEAM_EDIT, team.path)
    deployment = Deployment.objects.current().at(at).filter(team=team).select_related("unit__place").first()
    if deployment is None:
        raise NotDeployed
    unit, workers = deployment.unit, list(team.workers.order_by("pk"))
    rest, rule = rest_rules(unit.place, at), staffing(unit.place, at)
    need = _need(unit, workers, days, at)
    optimise = import_module("lianfang.optimise.roster")
    past = _worked(workers, from_on, rest.within_days - 1)
    plan = optimise.propose_roster(
        optimise.Crew(
            id=[worker.pk for worker in workers],
            can=[CAN[worker.skill] for worker in workers],
            worked=past,
            away=_away(workers, from_on, days),
        ),
        optimise.ShiftNeed(shifts=SHIFTS, professions=PROFESSIONS, need=need),
        rest=optimise.Rest(days_off=rest.days_off, within_days=rest.within_days),
    )
    row = Roster.objects.create(
        team=team, unit=unit, path=unit.path, source_path=team.source_path, from_on=from_on, days=days,
        at=at, by_id=by.user_id, is_optimal=plan.is_optimal,
        rules={
            "days_off": rest.days_off, "within_days": rest.within_days, "editions": list(rest.editions),
            "shift_hours": rule.shift_hours,
        },
        plan=[
            {"worker": workers[i].pk, "day": int(d), "shift": int(plan.shift[i, d]), "profession": PROFESSIONS[plan.profession[i, d]]}
            for i, d in np.argwhere(plan.shift >= 0)
        ],
        missing=[
            {
                "day": int(d), "shift": int(s), "profession": PROFESSIONS[p], "n": int(plan.missing[d, s, p]),
                "why": str(plan.why_short(int(d), int(p))),
            }
            for d, s, p in np.argwhere(plan.missing)
        ],
    )  # fmt: skip
    after = {"days": days, "shifts": len(row.plan), "missing": int(plan.missing.sum())}
    record(TeamEvent.PROPOSED, subject=row, by=by, at=at, after=after)
    return row


def _need(unit: Unit, workers: list[Worker], days: int, at: datetime) -> Any:
    """Return how many of each profession each shift needs of this team, every day as today."""
    rule = staffing(unit.place, at)
    need = np.zeros((days, len(SHIFTS), len(PROFESSIONS)), dtype=np.int64)
    for p, hours in enumerate(hours_of(unit, at)):
        mine = sum(worker.skill == hours.profession for worker in workers)
        share = mine / hours.workers if hours.workers else 1.0
        per_shift = hours.needed * share / rule.shift_hours / len(SHIFTS)
        need[:, :, p] = int(np.ceil(per_shift - 1e-9))
    return need


def _worked(workers: list[Worker], from_on: date, days: int) -> Any:
    found = np.zeros((len(workers), max(days, 1)), dtype=np.int64)
    first = from_on - timedelta(days=days)
    index = {worker.pk: i for i, worker in enumerate(workers)}
    rows = Shift.objects.current().filter(worker__in=workers, on__gte=first, on__lt=from_on)
    for pk, on in rows.values_list("worker_id", "on"):
        found[index[pk], (on - first).days] = 1
    return found


def _away(workers: list[Worker], from_on: date, days: int) -> Any:
    """Return who may not work on which day: those with another shift on file, and those who are infected."""
    found = np.zeros((len(workers), days), dtype=bool)
    index = {worker.pk: i for i, worker in enumerate(workers)}
    last = from_on + timedelta(days=days - 1)
    rows = Shift.objects.current().filter(worker__in=workers, on__range=(from_on, last))
    for pk, on in rows.values_list("worker_id", "on"):
        found[index[pk], (on - from_on).days] = True
    for pk in ailing(list(index)):
        found[index[pk]] = True
    return found


@transaction.atomic
def accept_roster(*, roster: Roster, by: Actor, at: datetime) -> int:
    """Accept a roster as it is: its shifts are written; return how many."""
    by.require(Permission.TEAM_EDIT, roster.path)
    _require_open(roster)
    hours = timedelta(hours=float(roster.rules["shift_hours"]))
    shifts = []
    for line in roster.plan:
        on = roster.from_on + timedelta(days=line["day"])
        begins = start_of(on) + timedelta(hours=8 + 8 * line["shift"])
        shifts.append(
            Shift(
                worker_id=line["worker"],
                unit=roster.unit,
                roster=roster,
                on=on,
                until_at=begins + hours,
                path=roster.path,
                source_path=roster.source_path,
                occurred_at=begins,
                recorded_at=at,
                recorded_by_id=by.user_id,
            )
        )
    try:
        with transaction.atomic():
            Shift.objects.bulk_create(shifts, batch_size=500)
    except IntegrityError as error:
        if refused_by(error) != "one_shift_at_a_time":
            raise
        raise WorkerBusy(worker=roster.team.name) from error
    _decide(roster, "accepted", "", by=by, at=at)
    touch(Shift, [shift.pk for shift in shifts], at=at)
    return len(shifts)


@transaction.atomic
def refuse_roster(*, roster: Roster, reason: str, by: Actor, at: datetime) -> None:
    """Refuse a roster, with the reason."""
    by.require(Permission.TEAM_EDIT, roster.path)
    _require_open(roster)
    _decide(roster, "refused", reason, by=by, at=at)


def _require_open(roster: Roster) -> None:
    roster.refresh_from_db()
    if roster.decision:
        raise RosterDecided(decision=roster.decision)


def _decide(roster: Roster, decision: str, reason: str, *, by: Actor, at: datetime) -> None:
    roster.decision, roster.decided_because, roster.decided_by_id, roster.decided_at = (
        decision,
        reason,
        by.user_id,
        at,
    )
    roster.save(update_fields=["decision", "decided_because", "decided_by", "decided_at"])
    record(TeamEvent.DECIDED, subject=roster, by=by, at=at, reason=reason, after={"decision": decision})
