"""Contacts: the list with today's unseen, one contact day by day, and the acts on it."""

import re
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.common.clock import local_day, site_zone, start_of
from lianfang.common.naming import listed
from lianfang.contacts import services
from lianfang.contacts.models import FollowUp, Seen
from lianfang.contacts.release import release_verdict
from lianfang.contacts.rules import number_of_contact_day
from lianfang.contacts.selectors import (
    ContactFilter,
    also_named,
    closings_of,
    coverage,
    days_of,
    get_contact,
    judged_exposures,
    liaison_of,
    list_contacts,
    roles_of,
    sees_the_person,
    stays_of,
    swabs_of,
)
from lianfang.core.access.permissions import Permission
from lianfang.core.rules import site_rules
from lianfang.loop.desk import tasks_about
from lianfang.web.area import chosen_area
from lianfang.web.contact_acts import acts_for
from lianfang.web.door import page
from lianfang.web.language import in_language

_PAGE = 50
_TWIN_DAYS = 14


@page("contacts", name="contacts", permission=Permission.CONTACT_VIEW)
def contacts(request: Any) -> HttpResponse:
    """List contacts, with the follow-up of today beside its case-side twin."""
    area = chosen_area(request, Permission.CONTACT_VIEW)
    query = request.GET
    today = local_day(request.at)
    which = query.get("which", "under")
    wanted = ContactFilter(
        path=area.path,
        status="" if which in {"under", "unseen", "all"} else which,
        on=today if which in {"under", "unseen"} else None,
        unseen=which == "unseen",
        once=True,
    )
    left, _dot, right = query.get("after", "").partition(".")
    after = (int(left), int(right)) if left.isdigit() and right.isdigit() else None
    rows = list_contacts(request.actor, wanted, after=after, limit=_PAGE + 1)
    more, rows = len(rows) > _PAGE, rows[:_PAGE]
    others = also_named(request.actor, rows)
    twin = None
    if request.actor.may(Permission.CASE_VIEW):
        twin = coverage(
            request.actor, path=area.path, on=today, since=start_of(today - timedelta(days=_TWIN_DAYS))
        )
    context = {
        "area": area,
        "which": which,
        "choices": [
            ("under", _("under observation today")),
            ("unseen", _("not yet seen today")),
            *FollowUp.choices[1:],
            ("all", _("all")),
        ],
        "contacts": [(row, others[row.pk]) for row in rows],
        "twin": twin,
        "after": f"{int(rows[-1].named_at.timestamp())}.{rows[-1].pk}" if more else "",
    }
    return render(request, "contacts/list.html", context)


class Visit(forms.Form):
    """What was seen of the contact."""

    seen = forms.ChoiceField(label=_("Seen"), choices=Seen.choices, widget=forms.RadioSelect)
    temperature = forms.FloatField(label=_("Temperature, °C"), required=False, min_value=30, max_value=45)
    signs = forms.CharField(label=_("Signs"), required=False, help_text=_("Separated by commas"))
    seen_at = forms.DateTimeField(
        label=_("When"), widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M")
    )


class CloseForm(forms.Form):
    """Ending the observation early."""

    status = forms.ChoiceField(
        label=_("Status"),
        choices=[(s.value, s.label) for s in (FollowUp.LOST, FollowUp.CANCELLED, FollowUp.NONE)],
    )
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea({"rows": 2}))


@page("contacts/<int:pk>", name="contact", permission=Permission.CONTACT_VIEW)
def contact(request: Any, pk: int) -> HttpResponse:
    """Show one contact: how long, what was seen on each day, what is owed."""
    return _show(request, get_contact(request.actor, pk))


def _show(
    request: Any, row: Any, *, visit: Visit | None = None, close: CloseForm | None = None, status: int = 200
) -> HttpResponse:
    local = request.at.astimezone(site_zone()).strftime("%Y-%m-%dT%H:%M")
    may_visit = request.actor.may(Permission.OBSERVATION_RECORD, row.path)
    may_close = request.actor.may(Permission.CONTACT_EDIT, row.path)
    visits = list(days_of(row))
    sees_person = sees_the_person(request.actor, row)
    stays = stays_of(request.actor, row) if sees_person else []
    running = next((stay for stay in stays if stay.until_at is None), None)
    first_number = number_of_contact_day(row.edition)
    verdict = release_verdict(row, at=request.at) if running else None
    context = {
        "contact": row,
        "days": _days(row, visits, first_number),
        "tasks": tasks_about(
            [
                ("contacts.Contact", [row.pk]),
                ("contacts.Observation", [v.pk for v in visits]),
                ("contacts.Stay", [stay.pk for stay in stays]),
            ]
        ),
        "visit": (visit or Visit(initial={"seen_at": local})) if may_visit else None,
        "close": (close or CloseForm()) if may_close and row.status == FollowUp.UNDER else None,
        "exposures": judged_exposures(row),
        "first_number": first_number,
        "swabs": swabs_of(row),
        "closings": closings_of(row),
        "may_withdraw": may_close,
        "may_list": row.case is not None and request.actor.may(Permission.CONTACT_EDIT, row.case.path),
        "sees_person": sees_person,
        "sees_case": row.case is not None and request.actor.may(Permission.CASE_VIEW, row.case.path),
        "stays": stays,
        "liaison": liaison_of(running) if running else None,
        "verdict": verdict,
        "missing": listed((in_language(item.text) for item in verdict.missing), ";") if verdict else "",
        "acts": acts_for(request, row, has_stay=running is not None),
        "may_link": may_visit and row.status == FollowUp.UNDER,
        "roles": roles_of(request.actor, row.person) if sees_person else [],
    }
    return render(request, "contacts/contact.html", context, status=status)


def _days(row: Any, visits: list[Any], first_number: int) -> list[tuple[Any, int | None, list[Any]]]:
    """Return (day, its number as the edition counts, visits) of the observation and of every day with a visit."""
    if row.observe_from_on is None:
        return [(visit.on, None, [visit]) for visit in visits]
    by_day: dict[Any, list[Any]] = {}
    for visit in visits:
        by_day.setdefault(visit.on, []).append(visit)
    n = (row.observe_until_on - row.observe_from_on).days + 1
    days = {row.observe_from_on + timedelta(days=k) for k in range(n)} | set(by_day)
    return [
        (day, (day - row.last_contact_on).days + first_number, by_day.get(day, [])) for day in sorted(days)
    ]


@page("contacts/<int:pk>", name="contact", permission=Permission.OBSERVATION_RECORD, method="POST")
def visit_contact(request: Any, pk: int) -> HttpResponse:
    """Record a visit."""
    row = get_contact(request.actor, pk)
    form = Visit(request.POST)
    if not form.is_valid():
        return _show(request, row, visit=form, status=422)
    values = form.cleaned_data
    services.record_observation(
        contact=row,
        seen=values["seen"],
        seen_at=values["seen_at"],
        temperature=values["temperature"],
        signs=signs_of(values["signs"]),
        by=request.actor,
        at=request.at,
    )
    messages.success(request, gettext("Recorded."))
    return redirect("web:contact", pk=pk)


def signs_of(text: str) -> list[str]:
    """Return the signs of a text with commas of either kind: by code where the rules know the word, else as written."""
    known = {
        word.casefold(): code
        for code, said in site_rules().vocabulary["signs"].items()
        for word in (code, said.en, said.zh)
    }
    parts = [part.strip() for part in re.split("[,，、;；]", text)]
    return [known.get(part.casefold(), part) for part in parts if part]


@page(
    "contacts/<int:pk>/notify", name="notify_contact", permission=Permission.OBSERVATION_RECORD, method="POST"
)
def notify(request: Any, pk: int) -> HttpResponse:
    """Record that the contact was told."""
    row = get_contact(request.actor, pk)
    services.notify_contact(contact=row, notified_at=request.at, by=request.actor, at=request.at)
    messages.success(request, gettext("Recorded."))
    return redirect("web:contact", pk=pk)


@page("contacts/<int:pk>/close", name="close_contact", permission=Permission.CONTACT_EDIT, method="POST")
def close(request: Any, pk: int) -> HttpResponse:
    """End the observation early, with a reason."""
    row = get_contact(request.actor, pk)
    form = CloseForm(request.POST)
    if not form.is_valid():
        return _show(request, row, close=form, status=422)
    services.close_observation(contact=row, **form.cleaned_data, by=request.actor, at=request.at)
    messages.success(request, gettext("Recorded."))
    return redirect("web:contact", pk=pk)
