"""People and their particulars, pairs that may be one person, the first report of a case, emergency access."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.cases.models import Case
from lianfang.cases.services import open_case
from lianfang.common.naming import called
from lianfang.contacts.models import Contact
from lianfang.contacts.selectors import stays_of_person
from lianfang.core.access.permissions import Permission
from lianfang.core.access.selectors import emergencies_to_review, get_emergency, own_emergencies
from lianfang.core.access.services import break_glass, review_break_glass
from lianfang.core.audit.selectors import events_about
from lianfang.core.registry.matching import PersonCandidate
from lianfang.core.registry.matching.comparisons import sentence_of_line
from lianfang.core.registry.models import IdentityKind, MatchDecision, Merge, Place
from lianfang.core.registry.selectors import get_person, merges_of, open_reviews
from lianfang.core.registry.services import (
    decide_match,
    resolve_people,
    reveal_identity,
    search_identity,
    undo_merge,
)
from lianfang.core.rules import site_rules
from lianfang.teams.models import Worker
from lianfang.web.area import chosen_area
from lianfang.web.door import page
from lianfang.web.language import in_language

_LIMIT = 100


class Search(forms.Form):
    """Looking for a person by a particular; the search itself is recorded, not what was searched for."""

    kind = forms.ChoiceField(
        label=_("By"),
        choices=[
            (k.value, k.label)
            for k in (IdentityKind.NAME, IdentityKind.NATIONAL_ID, IdentityKind.PHONE, IdentityKind.PASSPORT)
        ],
    )
    text = forms.CharField(label=_("Particular"), max_length=120)
    purpose = forms.CharField(label=_("Purpose"), max_length=200, help_text=_("Is recorded with your name."))


@page("people", name="people", permission=Permission.PERSON_VIEW)
def people(request: Any) -> HttpResponse:
    """Offer the search, and the pairs that wait for a decision."""
    return _show_people(request, Search())


def _show_people(request: Any, form: Search, found: Any = None, status: int = 200) -> HttpResponse:
    may_merge = request.actor.may(Permission.PERSON_MERGE)
    reviews = list(open_reviews(request.actor)[:_LIMIT]) if may_merge else []
    context = {
        "form": form,
        "found": found,
        "reviews": [(review, _account(review)) for review in reviews],
        "may_merge": may_merge,
        "may_break_glass": request.actor.may(Permission.ACCESS_BREAK_GLASS),
    }
    return render(request, "registry/people.html", context, status=status)


def _account(review: Any) -> list[tuple[str, float]]:
    """Return (sentence, bits) of each comparison, the weightiest first."""
    lines = [(sentence_of_line(one["what"], one["level"]), one["bits"]) for one in review.evidence]
    return sorted(lines, key=lambda line: -abs(line[1]))


@page("people", name="people", permission=Permission.PERSON_VIEW, method="POST")
def search(request: Any) -> HttpResponse:
    """Look a person up."""
    form = Search(request.POST)
    found = None
    if form.is_valid():
        values = form.cleaned_data
        found = search_identity(
            kind=IdentityKind(values["kind"]),
            text=values["text"],
            purpose=values["purpose"],
            by=request.actor,
            at=request.at,
        )
    return _show_people(request, form, found, status=422 if found is None else 200)


@page("people/<uuid:uid>", name="person", permission=Permission.PERSON_VIEW)
def person(request: Any, uid: Any) -> HttpResponse:
    """Show a person without particulars; each of these is read with a purpose."""
    return _show_person(request, get_person(request.actor, uid=uid))


def _show_person(request: Any, row: Any, revealed: Any = None) -> HttpResponse:
    kinds = (
        row.identities.filter(retracted_at__isnull=True).order_by().values_list("kind", flat=True).distinct()
    )
    may_see_cases = request.actor.may(Permission.CASE_VIEW)
    may_see_contacts = request.actor.may(Permission.CONTACT_VIEW)
    context = {
        "person": row,
        "kinds": [(kind, IdentityKind(kind).label) for kind in kinds],
        "revealed": [(IdentityKind(k).label, v) for k, v in revealed.values.items()] if revealed else None,
        "may_reveal": request.actor.may(Permission.IDENTITY_REVEAL),
        "cases": Case.objects.visible_to(request.actor).filter(person=row) if may_see_cases else [],
        "contacts": Contact.objects.visible_to(request.actor).filter(person=row).select_related("case")
        if may_see_contacts
        else [],
        "workers": Worker.objects.visible_to(request.actor).filter(person=row).select_related("team")
        if request.actor.may(Permission.TEAM_VIEW)
        else [],
        "stays": stays_of_person(request.actor, row) if may_see_contacts else [],
        "memberships": row.memberships.select_related("household").order_by("-from_on"),
        "merges": merges_of(row) if request.actor.may(Permission.PERSON_MERGE) else [],
        "reads": events_about(request.actor, subject="registry.Person", subject_id=row.pk)[:20]
        if request.actor.may(Permission.AUDIT_VIEW)
        else [],
    }
    return render(request, "registry/person.html", context)


@page("people/<uuid:uid>", name="person", permission=Permission.IDENTITY_REVEAL, method="POST")
def reveal(request: Any, uid: Any) -> HttpResponse:
    """Read particulars of the person, with the purpose that is recorded."""
    row = get_person(request.actor, uid=uid)
    kinds = [IdentityKind(kind) for kind in request.POST.getlist("kind") if kind in IdentityKind.values]
    read = reveal_identity(
        person=row, kinds=kinds, purpose=request.POST.get("purpose", ""), by=request.actor, at=request.at
    )
    return _show_person(request, row, read)


@page("people/pairs/<int:pk>", name="decide_match", permission=Permission.PERSON_MERGE, method="POST")
def decide(request: Any, pk: int) -> HttpResponse:
    """Decide whether two records are one person."""
    review = open_reviews(request.actor).get_visible(request.actor, pk=pk)
    decision = MatchDecision.SAME if request.POST.get("decision") == "same" else MatchDecision.DISTINCT
    decide_match(
        review=review,
        decision=decision,
        reason=request.POST.get("reason", ""),
        by=request.actor,
        at=request.at,
    )
    messages.success(request, gettext("Recorded. A merge can be undone on the person's page."))
    return redirect("web:people")


@page("people/merges/<int:pk>/undo", name="undo_merge", permission=Permission.PERSON_MERGE, method="POST")
def undo(request: Any, pk: int) -> HttpResponse:
    """Undo a merge."""
    merge = Merge.objects.select_related("kept").filter(pk=pk).first()
    kept = get_person(request.actor, pk=merge.kept_id if merge else 0)
    if merge is not None:
        undo_merge(merge=merge, reason=request.POST.get("reason", ""), by=request.actor, at=request.at)
        messages.success(request, gettext("Undone: both records stand as they were."))
    return redirect("web:person", uid=kept.uid)


class NewCase(forms.Form):
    """A first report with the person it is about."""

    name = forms.CharField(label=_("Name"), max_length=120)
    sex = forms.ChoiceField(
        label=_("Sex"), choices=[("female", _("female")), ("male", _("male")), ("unknown", _("unknown"))]
    )
    birth_date = forms.DateField(
        label=_("Born"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    national_id = forms.CharField(label=_("Identity number"), max_length=30, required=False)
    phone = forms.CharField(label=_("Telephone"), max_length=30, required=False)
    home = forms.CharField(
        label=_("Lives in (code)"), max_length=24, help_text=_("Code of the township, village or cell")
    )
    disease = forms.ChoiceField(label=_("Disease"))
    diagnosis = forms.ChoiceField(
        label=_("Diagnosis"),
        choices=[
            ("suspected", _("suspected")),
            ("confirmed", _("confirmed")),
            ("asymptomatic", _("asymptomatic infection")),
        ],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(code, in_language(name)) for code, name in site_rules().diseases().items()]
        self.fields["disease"].choices = choices  # type: ignore[attr-defined]

    def clean_home(self) -> Place:
        place: Place | None = Place.objects.filter(code=self.cleaned_data["home"].strip()).first()
        if place is None:
            raise forms.ValidationError(gettext("No place has this code; see the list of places."))
        return place


@page("report-a-case", name="new_case", permission=Permission.CASE_EDIT)
def new_case(request: Any) -> HttpResponse:
    """Offer the form of a first report."""
    area = chosen_area(request, Permission.CASE_EDIT)
    return render(request, "cases/new.html", {"form": NewCase(), "area": area})


@page("report-a-case", name="new_case", permission=Permission.CASE_EDIT, method="POST")
def report_case(request: Any) -> HttpResponse:
    """Register the person, or find who it is, and open the case in the chosen area."""
    area = chosen_area(request, Permission.CASE_EDIT)
    form = NewCase(request.POST)
    if not form.is_valid() or area.place is None:
        return render(request, "cases/new.html", {"form": form, "area": area}, status=422)
    values = form.cleaned_data
    who = PersonCandidate(
        name=values["name"],
        sex=values["sex"],
        birth_date=values["birth_date"],
        national_id=values["national_id"],
        phone=values["phone"],
        place_id=values["home"].pk,
        path=values["home"].path,
    )
    person = resolve_people([who], by=request.actor, at=request.at)[0].person
    case = open_case(
        person=person,
        disease=values["disease"],
        place=area.place,
        diagnosis=values["diagnosis"],
        by=request.actor,
        at=request.at,
    )
    messages.success(
        request, gettext("The case is open; what is owed about it follows with the loop's next turn.")
    )
    return redirect("web:case", number=case.number)


@page("emergency", name="emergency", permission=Permission.ACCESS_BREAK_GLASS)
def emergency(request: Any) -> HttpResponse:
    """Offer emergency access to another area, and show one's own of late."""
    return render(request, "registry/emergency.html", {"mine": own_emergencies(request.actor)})


@page("emergency", name="emergency", permission=Permission.ACCESS_BREAK_GLASS, method="POST")
def open_emergency(request: Any) -> HttpResponse:
    """Open another area for reading, for a few hours, with a reason."""
    place = Place.objects.filter(code=request.POST.get("place", "").strip()).first()
    if place is None:
        messages.error(request, gettext("No place has this code; see the list of places."))
        return redirect("web:emergency")
    opened = break_glass(place=place, reason=request.POST.get("reason", ""), by=request.actor, at=request.at)
    messages.warning(
        request, gettext("%s is open to you for reading; its supervisor is told.") % called(opened.place)
    )
    return redirect("web:emergency")


@page("emergencies", name="emergencies", permission=Permission.ACCESS_REVIEW)
def emergencies(request: Any) -> HttpResponse:
    """List the emergency accesses to the area that wait for its supervisor."""
    rows = emergencies_to_review(request.actor)[:_LIMIT]
    return render(request, "registry/emergencies.html", {"emergencies": rows})


@page("emergencies/<int:pk>", name="review_emergency", permission=Permission.ACCESS_REVIEW, method="POST")
def review(request: Any, pk: int) -> HttpResponse:
    """Say whether an emergency access was justified."""
    row = get_emergency(request.actor, pk)
    justified = request.POST.get("justified") == "1"
    review_break_glass(
        emergency=row,
        justified=justified,
        review=request.POST.get("review", ""),
        by=request.actor,
        at=request.at,
    )
    messages.success(request, gettext("Recorded."))
    return redirect("web:emergencies")
