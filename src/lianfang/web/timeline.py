"""What happened about one case, in the order in which it happened: facts, changes of class, tasks done, late and climbed."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from lianfang.cases.facts import Known
from lianfang.cases.models import Case, Review, Sample, StatusChange
from lianfang.common.naming import called, listed
from lianfang.loop.duty import duties
from lianfang.loop.models import Escalation, Task
from lianfang.web.words import criterion_words, words_of

# A fact that became known this long after it happened says so.
_LAG = timedelta(hours=24)


@dataclass(frozen=True)
class Moment:
    """One line: when, what kind (its colour), what, more of it, and when the system came to know."""

    at: datetime
    kind: str
    title: str
    detail: str = ""
    url: str = ""
    known_at: datetime | None = None

    @property
    def was_known_late(self) -> bool:
        """Whether the system came to know long after."""
        return self.known_at is not None and self.known_at - self.at > _LAG


def timeline(
    case: Case,
    known: Known,
    *,
    samples: Sequence[Sample],
    tasks: Sequence[Task],
    contacts: Sequence[Any],
    at: datetime,
) -> list[Moment]:
    """Return everything about the case, the newest first; three queries."""
    found = [
        *_facts(known),
        *_laboratory(samples),
        *_changes(case),
        *_reviews(case),
        *_contacts(contacts),
        *_tasks(tasks, at),
    ]
    return sorted(found, key=lambda moment: moment.at, reverse=True)


def _facts(known: Known) -> Iterator[Moment]:
    for report in known.reports:
        yield Moment(
            report.occurred_at, "fact", gettext("Diagnosed: %s") % report.get_diagnosis_display(),
            called(report.unit) if report.unit else "", known_at=report.received_at,
        )  # fmt: skip
    signs: dict[datetime, list[Any]] = defaultdict(list)
    for sign in known.signs:
        if sign.is_onset:
            yield Moment(sign.occurred_at, "fact", gettext("Onset of the illness"), known_at=sign.recorded_at)
        elif sign.present is not False:
            signs[sign.occurred_at].append(sign)
    for moment, seen in signs.items():
        words = listed(
            f"{words_of(s.code)} {s.value:g}" if s.value is not None else words_of(s.code) for s in seen
        )
        yield Moment(moment, "fact", gettext("Signs seen"), words, known_at=min(s.recorded_at for s in seen))
    for link in known.epi_links:
        yield Moment(
            link.occurred_at,
            "fact",
            gettext("Exposure"),
            f"{words_of(link.kind)} {link.place_text}",
            known_at=link.recorded_at,
        )
    for one in known.investigations:
        title = gettext("Investigation completed") if one.is_complete else gettext("Investigation in part")
        yield Moment(one.occurred_at, "fact", title, one.summary, known_at=one.recorded_at)
    for outcome in known.outcomes:
        title = gettext("Outcome: %s") % outcome.get_kind_display()
        yield Moment(outcome.occurred_at, "fact", title, known_at=outcome.recorded_at)


def _laboratory(samples: Sequence[Sample]) -> Iterator[Moment]:
    for sample in samples:
        yield Moment(
            sample.occurred_at,
            "fact",
            gettext("Sample %s taken") % sample.number,
            words_of(sample.specimen),
            known_at=sample.recorded_at,
        )
        if sample.received_at:
            yield Moment(sample.received_at, "fact", gettext("Sample %s at the laboratory") % sample.number)
        for result in sample.results.all():
            words = f"{words_of(result.kind)}: {result.get_finding_display()}"
            if result.superseded_at:
                title, detail = (
                    gettext("Result withdrawn or corrected"),
                    f"{words} {result.withdrawn_because}",
                )
                yield Moment(result.superseded_at, "withdrawn", title, detail)
            else:
                yield Moment(
                    result.occurred_at, "fact", gettext("Result"), words, known_at=result.recorded_at
                )


def _changes(case: Case) -> Iterator[Moment]:
    for change in StatusChange.objects.filter(case=case).select_related("by"):
        title = f"{change.get_before_display()} → {change.get_after_display()}"
        why = " · ".join(
            filter(None, [criterion_words(change.criterion), change.edition, words_of(change.because)])
        )
        yield Moment(change.at, "change", title, why)


def _reviews(case: Case) -> Iterator[Moment]:
    for review in Review.objects.current().filter(case=case):
        yield Moment(review.occurred_at, "fact", gettext("Report reviewed"), review.note)


def _contacts(contacts: Sequence[Any]) -> Iterator[Moment]:
    by_hour: dict[datetime, int] = defaultdict(int)
    for contact in contacts:
        by_hour[contact.named_at] += 1
    for moment, n in by_hour.items():
        yield Moment(moment, "fact", gettext("Contacts named: %d") % n)


def _tasks(tasks: Sequence[Task], at: datetime) -> Iterator[Moment]:
    climbed = Escalation.objects.filter(task__in=[task.pk for task in tasks]).select_related("task", "unit")
    for task in tasks:
        title, url = str(duties.get(task.duty).title), reverse("web:task", kwargs={"pk": task.pk})
        if task.met_at is not None:
            kind = "late" if task.met_at > task.due_at else "done"
            words = gettext("done late: %s") if kind == "late" else gettext("done in time: %s")
            yield Moment(task.met_at, kind, words % title, called(task.unit), url)
        elif task.status == "open" and task.due_at < at:
            yield Moment(task.due_at, "late", gettext("deadline missed: %s") % title, called(task.unit), url)
    for step in climbed:
        url = reverse("web:task", kwargs={"pk": step.task_id})
        title = str(duties.get(step.task.duty).title)
        yield Moment(step.at, "late", gettext("climbed: %s") % title, called(step.unit), url)


@dataclass(frozen=True)
class Clock:
    """A task with the share of its time that is used, in percent; beyond 100 it is late."""

    task: Task
    percent: int
    kind: str


def clocks(tasks: Sequence[Task], at: datetime) -> list[Clock]:
    """Return the clocks of tasks that are or were owed, in the order of their deadlines."""
    return [_clock(task, at) for task in tasks]


def _clock(task: Task, at: datetime) -> Clock:
    whole = (task.due_at - task.since_at).total_seconds() or 1
    used = ((task.met_at or at) - task.since_at).total_seconds() / whole
    late = (task.met_at or at) > task.due_at
    kind = "void" if task.status == "void" else "late" if late else "done" if task.met_at else "running"
    return Clock(task, max(2, min(100, round(100 * used))), kind)
