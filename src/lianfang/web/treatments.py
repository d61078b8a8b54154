"""What is known of each treatment, and how surely."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from lianfang.common.errors import NotVisible
from lianfang.core.access.permissions import Permission
from lianfang.outlook.selectors import treatments_known
from lianfang.web.door import page

REFUSED = {
    "": "",
    "few_deaths": _("fewer than five deaths among the treated or among the others"),
    "few_for_adjustment": _("too few deaths to adjust for what patients were like at first"),
    "missing": _("what patients were like at first is not known of more than a fifth"),
    "no_estimate": _("the records do not determine an answer"),
}
SURENESS = {
    "fewer": _("fewer deaths on treated days than chance explains"),
    "more": _("more deaths on treated days than chance explains"),
    "unclear": _("no difference beyond chance"),
    "refused": _("nothing can be said"),
}
COVARIATES = {"age": _("age"), "male": _("sex"), "severity": _("severity in the first two days")}


@page("treatments", name="treatments", permission=Permission.CARE_VIEW)
def index(request: Any) -> HttpResponse:
    """List the treatments given, each with what is known of it and how surely."""
    rows = [(one, SURENESS[one.sureness]) for one in treatments_known(request.actor)]
    return render(request, "care/treatments.html", {"rows": rows})


@page("treatments/<str:disease>/<path:what>", name="treatment", permission=Permission.CARE_VIEW)
def one(request: Any, disease: str, what: str) -> HttpResponse:
    """Show one treatment: how many had it, what came of them, and what that rests on."""
    found = [k for k in treatments_known(request.actor) if (k.disease, k.what) == (disease, what)]
    if not found:
        raise NotVisible(thing="treatment")
    known = found[0]
    context = {
        "known": known,
        "sureness": SURENESS[known.sureness],
        "refused": REFUSED[known.effect["refused"]],
        "adjusted": [COVARIATES.get(name, name) for name in known.effect["adjusted_for"]],
        "missing": [(COVARIATES.get(name, name), n) for name, n in known.effect["missing"].items()],
    }
    return render(request, "care/treatment.html", context)
