"""The interview of a case: contacts are pasted, looked over, and named, each where they live."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.cases.selectors import get_case
from lianfang.common.clock import local_day
from lianfang.common.naming import listed
from lianfang.common.paths import code_of
from lianfang.contacts.errors import NothingPasted
from lianfang.contacts.models import Protection
from lianfang.contacts.pasting import read_paste
from lianfang.contacts.selectors import contacts_of_case, get_teller
from lianfang.contacts.services import list_from_interview
from lianfang.contacts.services.interviewing import Told
from lianfang.core.access.permissions import Permission
from lianfang.core.registry.selectors import places_meant, small_places, whole_names
from lianfang.outlook.methods import together
from lianfang.web.contact_words import setting_choices
from lianfang.web.door import page

_MOST = 100


class PasteForm(forms.Form):
    """What the case told, as it was written down."""

    text = forms.CharField(
        label=_("People, one on a line"),
        widget=forms.Textarea({"rows": 7, "placeholder": "李娜 13800138000 妻子 2月10日 西河县西城镇"}),
        help_text=_(
            "Name, telephone, relation, day of the last contact, township and village or their code: in any order."
        ),
    )


class RowForm(forms.Form):
    """One person who was told of; a row without a name is left out."""

    name = forms.CharField(label=_("Name"), required=False, max_length=80)
    phone = forms.CharField(label=_("Telephone"), required=False, max_length=30)
    relation = forms.CharField(label=_("Relation"), required=False, max_length=40)
    first_contact_on = forms.DateField(
        label=_("First contact"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    last_contact_on = forms.DateField(
        label=_("Last contact"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    setting = forms.ChoiceField(label=_("Setting"), required=False)
    distance_m = forms.FloatField(label=_("Nearest distance, m"), required=False, min_value=0, max_value=1000)
    protection = forms.ChoiceField(label=_("Protection"), choices=Protection.choices, required=False)
    place_text = forms.CharField(label=_("Where they met"), required=False, max_length=200)
    place_code = forms.CharField(
        label=_("Lives in (name or code)"),
        required=False,
        max_length=80,
        widget=forms.TextInput({"list": "places", "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], within: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._within = within
        self.fields["setting"].choices = [("", "–"), *choices]  # type: ignore[attr-defined]

    def clean_place_code(self) -> Any:
        """Return the place that is meant: by its code, or by a name that only one place of the area has."""
        text = self.cleaned_data["place_code"].strip()
        if not text:
            return None
        found = places_meant(text, within=self._within)
        if len(found) == 1:
            return found[0]
        if not found:
            raise forms.ValidationError(gettext("No place has this name or code."))
        named = listed((f"{place.code} {name}" for place, name in whole_names(found[:8])), ";")
        raise forms.ValidationError(
            gettext("Several places are called so: %s. Write the county before the name, or give the code.")
            % named
        )

    def clean(self) -> dict[str, Any]:
        """Ask for the last day where somebody is named."""
        values: dict[str, Any] = super().clean() or {}
        if values.get("name") and not values.get("last_contact_on"):
            self.add_error("last_contact_on", gettext("Needed."))
        return values


@page("cases/<str:number>/contacts/interview", name="interview", permission=Permission.CONTACT_EDIT)
def interview(request: Any, number: str) -> HttpResponse:
    """Show the form into which people are pasted, and who is listed already."""
    case = get_case(request.actor, number, Permission.CONTACT_EDIT)
    return _show(request, case, PasteForm())


@page(
    "cases/<str:number>/contacts/interview",
    name="interview",
    permission=Permission.CONTACT_EDIT,
    method="POST",
)
def list_people(request: Any, number: str) -> HttpResponse:
    """Read the pasted lines into rows to look over, or name the people of the rows."""
    case = get_case(request.actor, number, Permission.CONTACT_EDIT)
    more: dict[str, Any] = {"choices": _settings(case, request), "within": together(case.path)[0]}
    if "text" in request.POST:
        form = PasteForm(request.POST)
        if not form.is_valid():
            return _show(request, case, form, status=422)
        read = read_paste(form.cleaned_data["text"], on=local_day(request.at))[:_MOST]
        rows = [
            RowForm(prefix=f"r{n}", initial=_initial(one), **more) for n, one in enumerate(read) if one.name
        ]
        if not rows:
            raise NothingPasted
        return _show(request, case, form, rows=rows)
    rows = [RowForm(request.POST, prefix=f"r{n}", **more) for n in _numbers(request.POST)]
    if not all([row.is_valid() for row in rows]):  # noqa: C419 - every row shows what is wrong with it
        return _show(request, case, PasteForm(), rows=rows, status=422)
    told = [_told(row.cleaned_data) for row in rows if row.cleaned_data["name"]]
    if not told:
        raise NothingPasted
    via = _via(request, case)
    listed = list_from_interview(case=case, people=told, via=via, by=request.actor, at=request.at)
    n_doubtful = sum(one.is_undecided for one in listed)
    messages.success(request, gettext("Contacts named: %(n)d.") % {"n": len(listed)})
    if n_doubtful:
        messages.warning(
            request,
            gettext("%(n)d of them may be on file already: see the review queue.") % {"n": n_doubtful},
        )
    return redirect(request.get_full_path())


def _via(request: Any, case: Any) -> Any:
    """Return the contact of the case who tells, where the address names one."""
    told_by = request.GET.get("via", "")
    if not told_by:
        return None
    return get_teller(request.actor, case, int(told_by) if told_by.isdigit() else 0)


def _show(
    request: Any, case: Any, form: PasteForm, *, rows: list[RowForm] | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "case": case,
        "via": _via(request, case),
        "form": form,
        "rows": rows,
        "places": small_places(case.place) if rows else [],
        "contacts": contacts_of_case(request.actor, case),
    }
    return render(request, "contacts/interview.html", context, status=status)


def _settings(case: Any, request: Any) -> list[tuple[str, str]]:
    return setting_choices(case.disease, local_day(request.at), code_of(case.path))


def _initial(one: Any) -> dict[str, Any]:
    told = {name: getattr(one, name) for name in ("name", "phone", "relation", "last_contact_on")}
    return {**told, "place_code": one.place}


def _numbers(posted: Any) -> list[int]:
    found = {name.split("-")[0][1:] for name in posted if name.startswith("r") and name.endswith("-name")}
    return sorted(int(n) for n in found if n.isdigit())[:_MOST]


def _told(values: dict[str, Any]) -> Told:
    fields = {
        name: values[name]
        for name in ("relation", "setting", "protection", "first_contact_on", "distance_m", "place_text")
        if values.get(name) not in (None, "")
    }
    return Told(
        name=values["name"],
        phone=values["phone"],
        place=values["place_code"],
        last_contact_on=values["last_contact_on"],
        fields=fields,
    )
