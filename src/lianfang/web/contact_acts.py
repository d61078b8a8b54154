"""The further acts on a contact's page: meetings, isolation and its care, tests, suspicion, the self-report link."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.cases.models import Finding
from lianfang.common.clock import local_day
from lianfang.common.errors import NotVisible
from lianfang.common.naming import called
from lianfang.common.paths import code_of
from lianfang.contacts import services
from lianfang.contacts.models import (
    Attendance,
    Closing,
    Exposure,
    IsolationSite,
    Need,
    Observation,
    Protection,
    Stay,
    Swab,
)
from lianfang.contacts.selectors import get_contact
from lianfang.core.access.permissions import Permission
from lianfang.web.contact_words import setting_choices
from lianfang.web.door import page


class ExposureForm(forms.Form):
    """A further meeting with the case."""

    from_on = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    to_on = forms.DateField(label=_("To"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    place_text = forms.CharField(label=_("Where"), required=False, max_length=200)
    setting = forms.ChoiceField(label=_("Setting"), required=False)
    distance_m = forms.FloatField(label=_("Distance, m"), required=False, min_value=0)
    minutes = forms.IntegerField(label=_("Minutes"), required=False, min_value=0)
    protection = forms.ChoiceField(label=_("Protection"), choices=Protection.choices)
    counts_because = forms.CharField(label=_("Counts in any case, because"), required=False)

    def __init__(self, *args: Any, settings: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["setting"].choices = [("", "–"), *settings]  # type: ignore[attr-defined]


class StayForm(forms.Form):
    """Where the person is isolated."""

    site = forms.ChoiceField(label=_("Where"), required=False)
    needs = forms.MultipleChoiceField(
        label=_("Needs somebody to look after"),
        choices=Need.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, sites: Any = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["site"].choices = [("", _("at home")), *((str(s.pk), called(s)) for s in sites)]  # type: ignore[attr-defined]


class LiaisonForm(forms.Form):
    """The named contact person."""

    name = forms.CharField(label=_("Name"), max_length=80)
    phone = forms.CharField(label=_("Telephone"), required=False, max_length=40)


class AttendForm(forms.Form):
    """A visit or call."""

    how = forms.ChoiceField(label=_("How"), choices=Attendance.How.choices)
    reached = forms.BooleanField(label=_("Reached"), required=False, initial=True)
    note = forms.CharField(label=_("Note"), required=False, max_length=200)


class SupplyForm(forms.Form):
    """What was brought."""

    what = forms.CharField(label=_("What was brought"), required=False, max_length=200)


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(label=_("Reason"), max_length=300)


class ReleaseForm(ReasonForm):
    """The end of a stay."""

    decides_otherwise = forms.BooleanField(label=_("Although a condition is missing"), required=False)


class SwabForm(forms.Form):
    """A specimen or its result."""

    number = forms.CharField(label=_("Number of the specimen"), max_length=80)
    finding = forms.ChoiceField(label=_("Result"), choices=Finding.choices, initial=Finding.PENDING)


Act = Callable[[Any, Any, dict[str, Any]], None]


def sites_for(request: Any) -> Any:
    """Return the sites into which the actor may place people."""
    return IsolationSite.objects.visible_to(request.actor, Permission.CONTACT_EDIT).order_by("name")


def _known(request: Any) -> dict[str, Any]:
    return {"by": request.actor, "at": request.at}


def _stay(contact: Any) -> Stay:
    stays = Stay.objects.current().filter(person=contact.person_id, until_at__isnull=True)
    stay: Stay | None = stays.first()
    if stay is None:
        raise NotVisible(thing=_("stay"))
    return stay


def _expose(request: Any, contact: Any, values: dict[str, Any]) -> None:
    services.record_exposure(contact=contact, **values, **_known(request))


def _place(request: Any, contact: Any, values: dict[str, Any]) -> None:
    site = sites_for(request).filter(pk=int(values["site"])).first() if values["site"] else None
    services.place_contact(contact=contact, site=site, needs=values["needs"], **_known(request))


def _liaison(request: Any, contact: Any, values: dict[str, Any]) -> None:
    services.name_liaison(stay=_stay(contact), **values, **_known(request))


def _attend(request: Any, contact: Any, values: dict[str, Any]) -> None:
    services.attend(stay=_stay(contact), seen_at=request.at, **values, **_known(request))


def _supply(request: Any, contact: Any, values: dict[str, Any]) -> None:
    services.supply(stay=_stay(contact), brought_at=request.at, **values, **_known(request))


def _release(request: Any, contact: Any, values: dict[str, Any]) -> None:
    services.release(stay=_stay(contact), **values, **_known(request))


def _swab(request: Any, contact: Any, values: dict[str, Any]) -> None:
    resulted = None if values["finding"] == Finding.PENDING else request.at
    services.record_swab(
        contact=contact, taken_at=request.at, resulted_at=resulted, **values, **_known(request)
    )


def _suspect(request: Any, contact: Any, values: dict[str, Any]) -> None:
    services.suspect_contact(contact=contact, **values, **_known(request))


def _revoke(request: Any, contact: Any, values: dict[str, Any]) -> None:
    services.revoke_self_links(contact=contact, **values, **_known(request))


# act -> (form, what it does, the permission in the area of the contact, what the button says)
ACTS: dict[str, tuple[type[forms.Form], Act, Permission, Any]] = {
    "expose": (ExposureForm, _expose, Permission.CONTACT_EDIT, _("Record a meeting")),
    "place": (StayForm, _place, Permission.CONTACT_EDIT, _("Place in isolation")),
    "liaison": (LiaisonForm, _liaison, Permission.OBSERVATION_RECORD, _("Name a contact person")),
    "attend": (AttendForm, _attend, Permission.OBSERVATION_RECORD, _("Visited or called")),
    "supply": (SupplyForm, _supply, Permission.OBSERVATION_RECORD, _("Supplies brought")),
    "release": (ReleaseForm, _release, Permission.CONTACT_EDIT, _("Release from isolation")),
    "swab": (SwabForm, _swab, Permission.OBSERVATION_RECORD, _("Record a test")),
    "suspect": (ReasonForm, _suspect, Permission.TASK_DO, _("Suspected: open a case")),
    "revoke": (ReasonForm, _revoke, Permission.OBSERVATION_RECORD, _("Revoke the links")),
}
# Acts that need a running stay.
_ON_STAY = frozenset({"liaison", "attend", "supply", "release"})


def acts_for(request: Any, contact: Any, *, has_stay: bool) -> list[tuple[str, Any, forms.Form]]:
    """Return (act, button, empty form) for what the actor may do with the contact as it stands."""
    return [
        (act, label, _form(request, contact, act))
        for act, (_f, _do, permission, label) in ACTS.items()
        if request.actor.may(permission, contact.path) and (has_stay or act not in _ON_STAY)
    ]


def _form(request: Any, contact: Any, act: str, data: Any = None) -> forms.Form:
    made: Any = ACTS[act][0]
    more: dict[str, Any] = {}
    if act == "place":
        more = {"sites": sites_for(request)}
    elif act == "expose":
        on, of_case = local_day(request.at), code_of(contact.source_path or contact.path)
        more = {"settings": setting_choices(contact.disease, on, of_case)}
    form: forms.Form = made(data, prefix=act, **more)
    return form


@page(
    "contacts/<int:pk>/acts/<str:act>",
    name="act_on_contact",
    permission=Permission.CONTACT_VIEW,
    method="POST",
)
def act_on_contact(request: Any, pk: int, act: str) -> HttpResponse:
    """Do one of the acts; what is wrong with the form is said on a page of its own."""
    if act not in ACTS:
        raise NotVisible(thing=_("act"))
    permission, label = ACTS[act][2], ACTS[act][3]
    row = get_contact(request.actor, pk)
    request.actor.require(permission, row.path)
    form = _form(request, row, act, request.POST)
    if not form.is_valid():
        context = {"contact": row, "act": act, "label": label, "form": form}
        return render(request, "contacts/act.html", context, status=422)
    ACTS[act][1](request, row, form.cleaned_data)
    messages.success(request, gettext("Recorded."))
    return redirect("web:contact", pk=pk)


@page(
    "contacts/<int:pk>/self-link", name="self_link", permission=Permission.OBSERVATION_RECORD, method="POST"
)
def self_link(request: Any, pk: int) -> HttpResponse:
    """Make a self-report link and show it once."""
    row = get_contact(request.actor, pk, Permission.OBSERVATION_RECORD)
    token = services.make_self_link(contact=row, **_known(request))
    address = request.build_absolute_uri(reverse("web:self_report", kwargs={"token": token}))
    return render(request, "contacts/self_link.html", {"contact": row, "address": address})


ENTRIES: dict[str, tuple[type[Any], Callable[..., None], str]] = {
    "visit": (Observation, services.withdraw_entry, "entry"),
    "meeting": (Exposure, services.withdraw_entry, "entry"),
    "closing": (Closing, services.withdraw_entry, "entry"),
    "swab": (Swab, services.withdraw_swab, "swab"),
    "stay": (Stay, services.withdraw_stay, "stay"),
}


@page(
    "contacts/<int:pk>/entries/<str:kind>/<int:entry>/withdraw",
    name="withdraw_contact_entry",
    permission=Permission.CONTACT_EDIT,
    method="POST",
)
def withdraw(request: Any, pk: int, kind: str, entry: int) -> HttpResponse:
    """Withdraw an entry about the contact: it stays on file, says why, and no longer counts."""
    contact = get_contact(request.actor, pk)
    if kind not in ENTRIES:
        raise NotVisible(thing=_("entry"))
    model, act, name = ENTRIES[kind]
    of_contact = {"person": contact.person_id} if model is Stay else {"contact": contact}
    row = model.objects.current().filter(pk=entry, **of_contact).first()
    if row is None:
        raise NotVisible(thing=_("entry"))
    request.actor.require(Permission.CONTACT_EDIT, contact.path)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        context = {"contact": contact, "act": kind, "label": gettext("Withdraw"), "form": form}
        return render(request, "contacts/act.html", context, status=422)
    act(**{name: row}, reason=form.cleaned_data["reason"], **_known(request))
    messages.success(request, gettext("Recorded."))
    return redirect("web:contact", pk=pk)
