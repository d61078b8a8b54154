"""Policies by which load is shed when duties exceed hands: adopted, seen, ended - each with its reason."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lianfang.common.clock import site_zone
from lianfang.core.access.permissions import Permission
from lianfang.loop.duty import duties
from lianfang.loop.models import SheddingMode, SheddingPolicy, Task
from lianfang.loop.selectors import get_policy, shedding_policies
from lianfang.loop.services import adopt_shedding_policy, end_shedding_policy
from lianfang.web.area import Area, chosen_area
from lianfang.web.door import page

SHED = Permission.POLICY_SHED
_PAST = 20


class Policy(forms.Form):
    """What is not done by hand, how it is chosen, until when, and why."""

    duty = forms.ChoiceField(label=_("Duty"))
    mode = forms.ChoiceField(label=_("How it is chosen"), choices=SheddingMode.choices)
    keep = forms.IntegerField(
        label=_("Kept by hand"),
        min_value=0,
        help_text=_("By rank: so many tasks per unit and day. By sample and self-check: so many percent."),
    )
    until_at = forms.DateTimeField(
        label=_("Until"), widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )
    reason = forms.CharField(
        label=_("Reason"), widget=forms.Textarea({"rows": 2}), help_text=_("The unit above is told.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        able = [(duty.code, duty.title) for duty in duties if duty.sheddable]
        self.fields["duty"].choices = able  # type: ignore[attr-defined]


@page("policies", name="policies", permission=SHED)
def policies(request: Any) -> HttpResponse:
    """List the policies that bear on the area, and offer to adopt one."""
    until = (request.at + timedelta(days=3)).astimezone(site_zone()).replace(minute=0)
    return _show(request, Policy(initial={"until_at": until.strftime("%Y-%m-%dT%H:%M")}))


def _show(request: Any, form: Policy, status: int = 200) -> HttpResponse:
    area = chosen_area(request, SHED)
    in_force = list(shedding_policies(request.actor, at=request.at, path=area.path))
    context = {
        "area": area,
        "form": form,
        "policies": [(policy, *_bearing(request, policy)) for policy in in_force],
        "past": [(policy, duties.get(policy.duty).title) for policy in _past(request, area)],
    }
    return render(request, "figures/policies.html", context, status=status)


def _bearing(request: Any, policy: SheddingPolicy) -> tuple[Any, int, bool]:
    """Return the duty's title, how many visible tasks the policy sets apart, and whether the reader may end it."""
    rows = Task.objects.visible_to(request.actor).filter(shed_by=policy, status="open")
    return duties.get(policy.duty).title, rows.count(), request.actor.may(SHED, policy.path)


def _past(request: Any, area: Area) -> list[SheddingPolicy]:
    rows = SheddingPolicy.objects.filter(until_at__lte=request.at, path__within=area.path)
    return list(rows.select_related("place", "decided_by").order_by("-until_at")[:_PAST])


@page("policies", name="policies", permission=SHED, method="POST")
def adopt(request: Any) -> HttpResponse:
    """Adopt a policy for the chosen area from now on."""
    area = chosen_area(request, SHED)
    form = Policy(request.POST)
    if not form.is_valid() or area.place is None:
        return _show(request, form, status=422)
    adopt_shedding_policy(
        **form.cleaned_data, place=area.place, from_at=request.at, by=request.actor, at=request.at
    )
    messages.success(request, gettext("Adopted; the unit above is told."))
    return redirect(f"{request.path}?area={area.place.code}")


@page("policies/<int:pk>/end", name="policy_end", permission=SHED, method="POST")
def end(request: Any, pk: int) -> HttpResponse:
    """End a policy before its time."""
    policy = get_policy(request.actor, pk)
    end_shedding_policy(policy=policy, reason=request.POST.get("reason", ""), by=request.actor, at=request.at)
    messages.success(request, gettext("Ended; what is still due is by hand again."))
    return redirect("web:policies")
