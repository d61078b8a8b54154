"""What the processes of the acceptance tests do, each in an interpreter and a connection of its own."""

import random
import sys
from datetime import datetime
from typing import Any

from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.db.models import Max

from lianfang.care.derive import derive_pathways
from lianfang.care.models import Pathway
from lianfang.cases.derive import derive_cases
from lianfang.cases.models import Case
from lianfang.common.clock import now
from lianfang.common.errors import LianfangError
from lianfang.contacts.derive import derive_contacts
from lianfang.contacts.models import Contact
from lianfang.core.access.actor import Actor
from lianfang.core.access.models import User
from lianfang.core.registry.models import Place, Unit
from lianfang.loop.duty import duties
from lianfang.loop.models import Pass, Task
from lianfang.loop.reconcile import reconcile
from lianfang.loop.worker import Worker, sweep, turn
from tests.conformance.histories import HISTORY_STEPS, Stage, confirmed, name_contact
from tests.world import NOON, World, build_world

_COLUMNS = (
    "duty",
    "subject_id",
    "occasion",
    "unit_id",
    "path",
    "since_at",
    "due_at",
    "met_at",
    "risk",
    "status",
)


def play(role: str, number: int, n_acts: int) -> dict[str, Any]:
    """Play one role and return what it has to tell."""
    return {
        "prepare": _prepare,
        "write": _write,
        "write_only": _write_only,
        "worker": _work,
        "compare": _compare,
    }[role](number, n_acts)


def _stage(number: int) -> Stage:
    places = {place.code: place for place in Place.objects.all()}
    units = {unit.code: unit for unit in Unit.objects.all()}
    users = {user.login: user for user in User.objects.all()}
    return Stage(World(places, units, users), random.Random(number), NOON)


def _prepare(_number: int, _n_acts: int) -> dict[str, Any]:
    call_command("migrate", verbosity=0)
    build_world()
    stage = _stage(0)
    for _ in range(6):
        confirmed(stage)
        name_contact(stage)
    sweep(at=NOON)
    return {}


def _act(stage: Stage) -> None:
    """One act of a random history; where two people write the same at once, one of them is told so and tries again."""
    while True:
        step = stage.dice.choice(HISTORY_STEPS)
        try:
            with transaction.atomic():
                step(stage)
        except (IntegrityError, LianfangError):
            continue
        return


def _write(number: int, n_acts: int) -> dict[str, Any]:
    stage = _stage(number)
    passes, failed = 0, []
    for n in range(n_acts):
        _act(stage)
        done = sweep(at=NOON) if n % 6 == number % 6 else turn(at=NOON)
        passes += len(done.outcomes)
        failed += done.failed
    said = Pass.objects.filter(duty__in=failed).exclude(failure="").values_list("duty", "failure")
    return {"acts": n_acts, "passes": passes, "failed": [*failed, *map(list, said)]}


def _write_only(number: int, n_acts: int) -> dict[str, Any]:
    stage = _stage(number)
    for _ in range(n_acts):
        _act(stage)
    return {}


def _work(_number: int, _n_acts: int) -> dict[str, Any]:
    def clock() -> datetime:
        """Say that the worker has begun, so that the test can end it in the middle of its first step."""
        sys.stdout.write("turning\n")
        sys.stdout.flush()
        return now()

    Worker(clock).run()
    return {}


def _compare(_number: int, _n_acts: int) -> dict[str, Any]:
    """Work off what is left, as the next turn would; then a full computation must find nothing to write."""
    last = Pass.objects.aggregate(at=Max("at"))["at"]
    turn(at=last)
    before = set(Task.objects.values_list(*_COLUMNS))
    wrong = [duty.code for duty in duties if reconcile(duty, at=last).written]
    after = set(Task.objects.values_list(*_COLUMNS))
    derived = {
        "cases": (derive_cases, Case),
        "contacts": (derive_contacts, Contact),
        "pathways": (derive_pathways, Pathway),
    }
    for name, (derive, model) in derived.items():
        ids = model.objects.values_list("case_id" if model is Pathway else "pk", flat=True)
        n = derive(ids, at=last, by=Actor.system("test"))
        wrong += [f"{n} {name} derived from less than all facts"] if n else []
    failures = list(Pass.objects.exclude(failure="").values_list("duty", "failure"))
    return {"n_tasks": len(before), "wrong": wrong + sorted(map(str, before ^ after)) + failures}
