"""What a task is about, in words and with a link: one query per kind of subject, however many tasks."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from lianfang.care.models import BedRequest, FollowUp, Stay, VisitDue
from lianfang.cases.models import Case, Report, Sample, Screening
from lianfang.common.naming import called
from lianfang.contacts.models import Contact, Observation
from lianfang.contacts.models import Stay as Isolation
from lianfang.core.access.models import BreakGlass
from lianfang.core.registry.models import Jurisdiction, MatchReview, Place
from lianfang.discovery.models import Search, VisitDay
from lianfang.loop.duty import duties
from lianfang.loop.models import Finding, Task, Verification
from lianfang.measures.models import Review, Work
from lianfang.outlook.models import Focus
from lianfang.resumption.models import Arrival, Charter, HelpRequest, Reopening, Stranded, Traveller
from lianfang.teams.models import Consultation, Deployment, Exposure, RestDue
from lianfang.web.words import words_of


@dataclass(frozen=True)
class Subject:
    """A title, the page that shows it, and the person concerned, if one is."""

    title: str
    url: str = ""
    person_id: int | None = None
    detail: str = ""


Describe = Callable[[list[int]], dict[int, Subject]]


def _case_url(number: str) -> str:
    return reverse("web:case", kwargs={"number": number})


def _cases(ids: list[int]) -> dict[int, Subject]:
    rows = Case.objects.filter(pk__in=ids).select_related("place")
    return {c.pk: Subject(c.number, _case_url(c.number), c.person_id, called(c.place)) for c in rows}


def _of_case(model: type[Report] | type[Sample]) -> Describe:
    def describe(ids: list[int]) -> dict[int, Subject]:
        rows = model.objects.filter(pk__in=ids).select_related("case__place")
        return {
            row.pk: Subject(
                row.case.number, _case_url(row.case.number), row.case.person_id, getattr(row, "number", "")
            )
            for row in rows
        }

    return describe


def _contacts(ids: list[int]) -> dict[int, Subject]:
    rows = Contact.objects.filter(pk__in=ids).select_related("person", "place", "case")
    return {
        c.pk: Subject(
            gettext("contact %s") % c.person.label,
            reverse("web:contact", kwargs={"pk": c.pk}),
            c.person_id,
            gettext("of case %s") % c.case.number if c.case else "",
        )
        for c in rows
    }


def _observations(ids: list[int]) -> dict[int, Subject]:
    rows = dict(Observation.objects.filter(pk__in=ids).values_list("pk", "contact_id"))
    contacts = _contacts(list(rows.values()))
    return {pk: contacts[contact] for pk, contact in rows.items() if contact in contacts}


def _screenings(ids: list[int]) -> dict[int, Subject]:
    rows = Screening.objects.filter(pk__in=ids).select_related("person", "place")
    return {
        s.pk: Subject(
            gettext("%(person)s, %(temperature)s °C")
            % {"person": s.person.label, "temperature": s.temperature or "–"},
            reverse("web:screening", kwargs={"pk": s.pk}),
            s.person_id,
            called(s.place),
        )
        for s in rows
    }


def _jurisdictions(ids: list[int]) -> dict[int, Subject]:
    rows = Jurisdiction.objects.filter(pk__in=ids).select_related("place")
    return {
        j.pk: Subject(f"{called(j.place)}: {j.get_capability_display()}", reverse("web:units")) for j in rows
    }


def _findings(ids: list[int]) -> dict[int, Subject]:
    rows = list(Finding.objects.filter(pk__in=ids))
    about = describe_rows([(row.subject, row.subject_id) for row in rows])
    found = {}
    for row in rows:
        subject = about[row.subject, row.subject_id]
        found[row.pk] = Subject(
            subject.title, reverse("web:finding", kwargs={"pk": row.pk}), subject.person_id, words_of(row.key)
        )
    return found


def _verifications(ids: list[int]) -> dict[int, Subject]:
    rows = list(Verification.objects.filter(pk__in=ids).select_related("task", "task__unit"))
    about = describe([row.task for row in rows])
    found = {}
    for row in rows:
        subject = about[row.task_id]
        title = f"{duties.get(row.task.duty).title}: {subject.title}"
        url = reverse("web:task", kwargs={"pk": row.task_id})
        found[row.pk] = Subject(title, url, subject.person_id, called(row.task.unit))
    return found


def _foci(ids: list[int]) -> dict[int, Subject]:
    rows = Focus.objects.filter(pk__in=ids).select_related("place")
    return {
        f.pk: Subject(
            f.label or f"{f.get_kind_display()} · {called(f.place)}",
            reverse("web:focus", kwargs={"pk": f.pk}),
            None,
            called(f.place) if f.label else "",  # else the title says it
        )
        for f in rows
    }


def _places(ids: list[int]) -> dict[int, Subject]:
    rows = Place.objects.filter(pk__in=ids).select_related("parent")
    return {
        p.pk: Subject(called(p), f"{reverse('web:areas')}?area={p.code}", None, called(p.parent))
        for p in rows
    }


def _care_url(number: str) -> str:
    return reverse("web:care", kwargs={"number": number})


def _bed_requests(ids: list[int]) -> dict[int, Subject]:
    rows = BedRequest.objects.filter(pk__in=ids).select_related("case")
    return {
        r.pk: Subject(r.case.number, _care_url(r.case.number), r.case.person_id, r.get_level_display())
        for r in rows
    }


def _patients(ids: list[int]) -> dict[int, Subject]:
    rows = Stay.objects.filter(pk__in=ids).select_related("case", "bed__ward")
    return {
        s.pk: Subject(
            s.case.number, _care_url(s.case.number), s.person_id, f"{called(s.bed.ward)} {s.bed.label}"
        )
        for s in rows
    }


def _visits_due(ids: list[int]) -> dict[int, Subject]:
    rows = VisitDue.objects.filter(pk__in=ids).select_related("departure__case")
    return {
        v.pk: Subject(
            v.departure.case.number,
            _care_url(v.departure.case.number),
            v.departure.case.person_id,
            gettext("week %d after discharge") % v.week,
        )
        for v in rows
    }


def _isolated(ids: list[int]) -> dict[int, Subject]:
    rows = Isolation.objects.filter(pk__in=ids).select_related("person", "place")
    return {
        s.pk: Subject(
            gettext("contact %s") % s.person.label,
            reverse("web:contact", kwargs={"pk": s.contact_id}) if s.contact_id else "",
            s.person_id,
            f"{s.get_kind_display()}, {called(s.place)}",
        )
        for s in rows
    }


def _searches(ids: list[int]) -> dict[int, Subject]:
    rows = Search.objects.filter(pk__in=ids).select_related("case")
    return {
        s.pk: Subject(
            s.case.number,
            reverse("web:discovery", kwargs={"number": s.case.number}),
            s.case.person_id,
            s.purpose,
        )
        for s in rows
    }


def _visit_days(ids: list[int]) -> dict[int, Subject]:
    rows = VisitDay.objects.filter(pk__in=ids).select_related("place")
    return {d.pk: Subject(d.on.isoformat(), detail=called(d.place)) for d in rows}


def _emergencies(ids: list[int]) -> dict[int, Subject]:
    rows = BreakGlass.objects.filter(pk__in=ids).select_related("user", "place")
    return {e.pk: Subject(e.user.name, reverse("web:emergencies"), detail=called(e.place)) for e in rows}


def _pairs(ids: list[int]) -> dict[int, Subject]:
    rows = MatchReview.objects.filter(pk__in=ids).select_related("first", "second")
    return {m.pk: Subject(f"{m.first.label} / {m.second.label}", reverse("web:people")) for m in rows}


def _works(ids: list[int]) -> dict[int, Subject]:
    rows = Work.objects.filter(pk__in=ids).select_related("place")
    return {
        w.pk: Subject(words_of(w.text), reverse("web:work", kwargs={"pk": w.pk}), detail=called(w.place))
        for w in rows
    }


def _reviews(ids: list[int]) -> dict[int, Subject]:
    rows = Review.objects.filter(pk__in=ids).select_related("measure", "plan", "place")
    found = {}
    for row in rows:
        if row.measure is not None:
            title, url = words_of(row.measure.text), reverse("web:measure", kwargs={"pk": row.measure_id})
        else:
            title, url = str(row.plan.title), reverse("web:plan", kwargs={"pk": row.plan_id})
        found[row.pk] = Subject(title, url, detail=called(row.place))
    return found


def _of_firms(model: type[Reopening] | type[HelpRequest]) -> Describe:
    def describe(ids: list[int]) -> dict[int, Subject]:
        rows = model.objects.filter(pk__in=ids).select_related("firm", "place")
        return {
            r.pk: Subject(r.firm.name, reverse("web:firm", kwargs={"pk": r.firm_id}), detail=called(r.place))
            for r in rows
        }

    return describe


def _charters(ids: list[int]) -> dict[int, Subject]:
    rows = Charter.objects.filter(pk__in=ids).select_related("from_place")
    return {
        c.pk: Subject(c.vehicle, reverse("web:charter", kwargs={"pk": c.pk}), detail=called(c.from_place))
        for c in rows
    }


def _travellers(ids: list[int]) -> dict[int, Subject]:
    rows = Traveller.objects.filter(pk__in=ids).select_related("person", "charter")
    return {
        t.pk: Subject(
            t.person.label,
            reverse("web:charter", kwargs={"pk": t.charter_id}),
            t.person_id,
            t.charter.vehicle,
        )
        for t in rows
    }


def _stranded(ids: list[int]) -> dict[int, Subject]:
    rows = Stranded.objects.filter(pk__in=ids).select_related("person", "place")
    return {
        s.pk: Subject(s.person.label, reverse("web:resumption"), s.person_id, called(s.place)) for s in rows
    }


def _arrivals(ids: list[int]) -> dict[int, Subject]:
    rows = Arrival.objects.filter(pk__in=ids).select_related("person", "from_place")
    return {
        a.pk: Subject(a.person.label, reverse("web:charters"), a.person_id, called(a.from_place))
        for a in rows
    }


def _follow_ups(ids: list[int]) -> dict[int, Subject]:
    rows = FollowUp.objects.filter(pk__in=ids).select_related("case")
    return {
        f.pk: Subject(
            f.case.number, _care_url(f.case.number), f.case.person_id, gettext("visit after discharge")
        )
        for f in rows
    }


def _team_url(pk: int) -> str:
    return reverse("web:team", kwargs={"pk": pk})


def _of_workers(model: type[Exposure] | type[RestDue]) -> Describe:
    def describe_them(ids: list[int]) -> dict[int, Subject]:
        rows: Iterable[Any] = model.objects.filter(pk__in=ids).select_related("worker__team")
        workers = ((row.pk, row.worker) for row in rows)
        return {pk: Subject(w.code, _team_url(w.team_id), w.person_id, called(w.team)) for pk, w in workers}

    return describe_them


def _deployments(ids: list[int]) -> dict[int, Subject]:
    rows = Deployment.objects.filter(pk__in=ids).select_related("team", "unit")
    return {d.pk: Subject(called(d.team), _team_url(d.team_id), None, f"→ {called(d.unit)}") for d in rows}


def _consultations(ids: list[int]) -> dict[int, Subject]:
    rows = Consultation.objects.filter(pk__in=ids).select_related("case", "from_unit")
    return {
        c.pk: Subject(
            c.case.number if c.case else gettext("a question"),
            reverse("web:consultations"),
            None,
            called(c.from_unit),
        )
        for c in rows
    }


_DESCRIBE: dict[str, Describe] = {
    "resumption.Arrival": _arrivals,
    "care.FollowUp": _follow_ups,
    "teams.Exposure": _of_workers(Exposure),
    "teams.RestDue": _of_workers(RestDue),
    "teams.Deployment": _deployments,
    "teams.Consultation": _consultations,
    "resumption.Reopening": _of_firms(Reopening),
    "resumption.HelpRequest": _of_firms(HelpRequest),
    "resumption.Charter": _charters,
    "resumption.Traveller": _travellers,
    "resumption.Stranded": _stranded,
    "measures.Work": _works,
    "measures.Review": _reviews,
    "registry.Place": _places,
    "access.BreakGlass": _emergencies,
    "registry.MatchReview": _pairs,
    "discovery.Search": _searches,
    "discovery.VisitDay": _visit_days,
    "care.BedRequest": _bed_requests,
    "care.Stay": _patients,
    "care.VisitDue": _visits_due,
    "contacts.Stay": _isolated,
    "outlook.Focus": _foci,
    "loop.Finding": _findings,
    "loop.Verification": _verifications,
    "cases.Case": _cases,
    "cases.Report": _of_case(Report),
    "cases.Sample": _of_case(Sample),
    "cases.Screening": _screenings,
    "contacts.Contact": _contacts,
    "contacts.Observation": _observations,
    "registry.Jurisdiction": _jurisdictions,
}


def describe(tasks: Iterable[Task]) -> dict[int, Subject]:
    """Return the subject of each task by task id."""
    labels = {task.pk: (duties.get(task.duty).subject._meta.label, task.subject_id) for task in tasks}  # noqa: SLF001
    found = describe_rows(labels.values())
    return {task_id: found[row] for task_id, row in labels.items()}


def describe_rows(rows: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Subject]:
    """Return the subject of each (model label, id); what has no page of its own is named by its number."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for label, pk in rows:
        wanted[label].add(pk)
    found: dict[tuple[str, int], Subject] = {}
    for label, ids in wanted.items():
        known = _DESCRIBE[label](sorted(ids)) if label in _DESCRIBE else {}
        for pk in ids:
            found[label, pk] = known.get(pk) or Subject(f"{label.rpartition('.')[2]} {pk}")
    return found
