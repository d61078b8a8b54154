"""What every template may use: the actor, the moment, and the navigation that the actor's roles allow."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from lianfang.core.access.permissions import Permission
from lianfang.loop.desk import n_unread

P = Permission
_ITEMS: list[tuple[str, Any, Permission]] = [
    ("web:start", _("Today"), P.TASK_VIEW),
    ("web:areas", _("Areas"), P.AREA_VIEW),
    ("web:measures", _("Measures"), P.AREA_VIEW),
    ("web:bulletins", _("Bulletins"), P.AREA_VIEW),
    ("web:tasks", _("Tasks"), P.TASK_VIEW),
    ("web:cases", _("Cases"), P.CASE_VIEW),
    ("web:contacts", _("Contacts"), P.CONTACT_VIEW),
    ("web:beds", _("Beds"), P.BED_VIEW),
    ("web:teams", _("Teams"), P.TEAM_VIEW),
    ("web:chains", _("Chains"), P.CASE_VIEW),
    ("web:findings", _("To judge"), P.FINDING_JUDGE),
    ("web:imports", _("Import"), P.IMPORT_RUN),
    ("web:metrics", _("Figures"), P.METRICS_VIEW),
    ("web:people", _("People"), P.PERSON_VIEW),
    ("web:units", _("Places and units"), P.REGISTRY_EDIT),
    ("web:users", _("Users"), P.ACCESS_GRANT),
    ("web:audit", _("Audit"), P.AUDIT_VIEW),
    ("web:rulebook", _("Rules"), P.RULEBOOK_VIEW),
]


@dataclass(frozen=True)
class Item:
    """One entry of the navigation."""

    url: str
    label: Any
    here: bool


def site(request: HttpRequest) -> dict[str, object]:
    """Return the actor, the moment of the request and the navigation."""
    actor, at = getattr(request, "actor", None), getattr(request, "at", None)
    items: list[Item] = []
    if actor is not None and actor.user_id is not None:
        for name, label, permission in _ITEMS:
            if actor.may(permission):
                url = reverse(name)
                here = request.path == url or (
                    url != reverse("web:start") and request.path.startswith(f"{url}/")
                )
                items.append(Item(url, label, here))
    return {
        "actor": actor,
        "at": at,
        "navigation": items,
        "n_unread": n_unread(actor, at) if actor is not None and at is not None else 0,
    }
