"""The work that is killed: taking in files, passes of the loop, sending messages - each with the state it leads to."""

import random
import sys
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from lianfang.cases.models import Case, EpiLink, Outcome, Report, Result, Sample, Sign
from lianfang.cli.main import run
from lianfang.common.errors import LianfangError
from lianfang.core.access.models import User
from lianfang.core.access.selectors import actor_for
from lianfang.core.audit.models import Event
from lianfang.core.registry.models import ExternalNumber, Identity, Person, Place, Unit
from lianfang.intake.models import Batch, Signal, Source
from lianfang.intake.services import accept_batch, confirm_mapping, propose_mapping, receive_file
from lianfang.loop.models import (
    Escalation,
    Feedback,
    Finding,
    Message,
    Task,
    Touched,
    Transition,
    Verification,
)
from lianfang.loop.outbox import enqueue
from tests.acceptance.killing import Scenario
from tests.conformance.histories import HISTORY_STEPS, Stage
from tests.world import NOON, World, build_world

HOUR = timedelta(hours=1)


def stand() -> World:
    """Return the world that `prepare` has made."""
    return World(
        {place.code: place for place in Place.objects.all()},
        {unit.code: unit for unit in Unit.objects.all()},
        {user.login: user for user in User.objects.all()},
    )


def command(*words: str) -> None:
    """Run the installed command, in this process, from its entry point on; anything but exit status 0 ends the process."""
    sys.argv = ["lianfang", *words]
    try:
        run()
    except SystemExit as end:
        if end.code:
            raise


def sorted_rows(rows: Any) -> list[str]:
    return sorted(str(tuple(row)) for row in rows)


def make_world() -> World:
    call_command("migrate", verbosity=0)
    return build_world()


# ---- files


class Files(Scenario):
    """Each round brings a file of new rows, corrected rows, doubled rows and rows that cannot be read."""

    n_rows = 24
    chunk = 4  # many small transactions, so that a kill falls between two of them as often as into one

    def prepare(self, said: Any) -> None:
        world = make_world()
        Source.objects.create(code="clinic", name="Clinic", unit=world.units["420106-cdc"])

    def work(self, n: int, turn: int, said: Any) -> None:
        at = NOON + n * HOUR
        by = actor_for(User.objects.get(login="alice"), at)
        received = receive_file(
            content=self.file(n), name=f"{n}.csv", source=Source.objects.get(), by=by, at=at, target="case"
        )
        said(["received", n, received.n_new])
        batch = received.batch
        if batch.mapping is None:
            plan = propose_mapping(batch=batch, by=by, at=at)
            confirm_mapping(
                batch=batch, columns=plan.columns, options=plan.options, target=plan.target, by=by, at=at
            )
            batch.refresh_from_db()
        accept_batch(batch=batch, by=by, at=at, chunk=self.chunk)
        said(["accepted", n, batch.n_rows])

    def file(self, n: int) -> bytes:
        dice = random.Random(n)
        lines = ["case_id,name,phone,sex,age,date_onset,date_report,disease"]
        for row in range(self.n_rows):
            # One row in six speaks of a case that an earlier file brought; one in twelve cannot be read.
            number = n * 100 + row if row % 6 or not n else (n - 1) * 100 + row + 1
            sex, age = "FM"[number % 2], 20 + number % 60
            day = "2020-02-3x" if row % 12 == 11 else f"2020-02-{1 + dice.randrange(9):02d}"
            phone = f"138{number:08d}"
            lines.append(f"L-{number},王{chr(0x4E00 + number)},{phone},{sex},{age},{day},2020-02-10,covid_19")
        return ("\n".join([*lines, lines[-1]]) + "\n").encode()

    def state(self, said: Any) -> None:
        cases = dict(Case.objects.values_list("pk", "number"))
        facts = {
            model.__name__: sorted_rows(
                (cases[row.case_id], row.occurred_at, row.recorded_at, row.superseded_at)
                for row in model.objects.all()
            )
            for model in (Report, Sign, Sample, Result, EpiLink, Outcome)
        }
        said(
            {
                "signals": sorted_rows(Signal.objects.values_list("batch__name", "row", "status", "key")),
                "batches": sorted_rows(
                    (b.name, b.n_rows, sorted(b.report.get("counts", {}).items()), b.finished_at)
                    for b in Batch.objects.all()
                ),
                "cases": sorted_rows(
                    (cases[c.pk], c.classification, c.criterion, c.onset_on, c.reported_at, c.opened_at)
                    for c in Case.objects.all()
                ),
                "counts": {
                    m.__name__: m._default_manager.count() for m in (Person, Identity, ExternalNumber)
                },
                "events": dict(Counter(Event.objects.values_list("tag", flat=True))),
                **facts,
            }
        )


# ---- passes


class Passes(Scenario):
    """Each round is some acts of a random history; then `lianfang loop sweep` or `turn` at one moment."""

    n_acts = 5

    def prepare(self, said: Any) -> None:
        make_world()
        for n in range(4):
            self.bring(1000 + n, said)

    def bring(self, n: int, said: Any) -> None:
        stage = Stage(stand(), random.Random(n), self.moment(n))
        for _ in range(self.n_acts):
            step = stage.dice.choice(HISTORY_STEPS)
            try:
                with transaction.atomic():
                    step(stage)
            except (IntegrityError, LianfangError):
                continue

    def moment(self, n: int) -> datetime:
        return NOON if n >= 1000 else NOON + n * 3 * HOUR

    def work(self, n: int, turn: int, said: Any) -> None:
        # A turn takes up what was touched, a sweep everything: both must bear being cut off anywhere.
        for which in ("turn",) if n % 2 else ("sweep", "turn"):
            command("loop", which, "--at", self.moment(n).isoformat())

    def state(self, said: Any) -> None:
        tasks = list(Task.objects.exclude(pk__in=drawn_by_id()))
        key = {task.pk: task_name(task) for task in tasks}
        said(
            {
                "tasks": sorted_rows(
                    (
                        key[t.pk],
                        t.unit_id,
                        t.path,
                        t.since_at,
                        t.due_at,
                        t.met_at,
                        t.status,
                        t.rung,
                        t.closed_at,
                    )
                    for t in tasks
                ),
                "transitions": sorted_rows(
                    (key[t.task_id], t.word, t.at, t.unit_id, t.due_at, t.met_at)
                    for t in Transition.objects.filter(task__in=key)
                ),
                "escalations": sorted_rows(
                    (key[e.task_id], e.due_at, e.rung, e.unit_id, e.at, e.digest_id is None)
                    for e in Escalation.objects.filter(task__in=key)
                ),
                "feedback": sorted_rows(Feedback.objects.values_list("signal_id", "stage", "unit_id")),
                "findings": sorted_rows(
                    Finding.objects.values_list("kind", "subject_id", "key", "found_at", "withdrawn_at")
                ),
                "unsent": Message.objects.filter(sent_at__isnull=True).count(),
                "touched": Touched.objects.count(),
            }
        )


def drawn_by_id() -> list[int]:
    """Return the tasks to check a sample: it is drawn by the id of a task, and PostgreSQL never gives an id back.

    What was killed has used up ids there, so that another run draws another sample, as it may.
    """
    if connection.vendor != "postgresql":
        return []
    sampled = Verification.objects.filter(kind="sample").values("pk")
    return list(Task.objects.filter(duty="loop.verify", subject_id__in=sampled).values_list("pk", flat=True))


def task_name(task: Task) -> str:
    """Return what a task is by what it is about: ids of rows that a pass writes may differ between two databases."""
    subject: Any = task.subject_id
    if task.duty == "loop.verify":
        check = Verification.objects.select_related("task").get(pk=task.subject_id)
        subject = (check.task.duty, check.task.subject_id, check.task.occasion, check.met_at)
    return str((task.duty, subject, task.occasion))


# ---- messages


class Messages(Scenario):
    """Each round queues messages for a unit with a webhook; then `lianfang loop turn` sends them."""

    n_messages = 8

    def __init__(self, url: str) -> None:
        self.url = url

    def prepare(self, said: Any) -> None:
        make_world()
        Unit.objects.filter(code="420106-cdc").update(webhook=self.url)

    def bring(self, n: int, said: Any) -> None:
        unit = Unit.objects.get(code="420106-cdc")
        for m in range(self.n_messages):
            enqueue([unit], kind="feedback", key=f"{n}-{m}", body={"n": n, "m": m}, at=self.moment(n, 0))

    def moment(self, n: int, turn: int) -> datetime:
        # What was taken up and cut off is tried again after a while: each attempt comes later than the wait.
        return NOON + n * 100 * HOUR + turn * 7 * HOUR

    def work(self, n: int, turn: int, said: Any) -> None:
        command("loop", "turn", "--at", self.moment(n, turn).isoformat())

    def state(self, said: Any) -> None:
        # The last turn may have been cut off: one more, later, sends what is left.
        rows = Message.objects.filter(channel="webhook")
        said(
            {
                "keys": sorted(rows.values_list("key", flat=True)),
                "unsent": sorted(rows.filter(sent_at__isnull=True).values_list("key", flat=True)),
                "attempts": sorted(rows.values_list("attempts", flat=True)),
            }
        )


SCENARIOS: dict[str, Any] = {"files": Files, "passes": Passes, "messages": Messages}
